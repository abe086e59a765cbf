"""Receipts in quarantine, as staff see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry

from app.api.conventions.arguments import After, Before, First, Last
from app.api.conventions.context import Context, Info
from app.api.conventions.enums import register_enum
from app.api.conventions.ids import encode
from app.api.conventions.money import Money, money_of
from app.api.conventions.node import Node
from app.api.conventions.pagination import PageInfo, encode_cursor, page_window
from app.api.types.customers.customer import Customer
from app.api.types.purchases.pending_refund import PendingRefund, load_pending_refund
from app.api.types.purchases.purchase import Purchase
from app.domain.access import Permission
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.implausible_time import ImplausibleTime
from app.domain.purchases.quarantine import QuarantinedRecord, QuarantineKind, QuarantineState
from app.queries.customers import customers
from app.queries.ledger import entries
from app.queries.purchases.quarantine import quarantine_page, quarantined_by_id

register_enum(
    ImplausibleTime,
    "Why a business time is implausible.",
    {
        ImplausibleTime.AHEAD: "More than 5 minutes ahead of the program's clock.",
        ImplausibleTime.TOO_OLD: "Older than the program accepts from a till: `program { receiptAgeDays }`.",
    },
)
register_enum(
    QuarantineKind,
    "What was sent.",
    {
        QuarantineKind.PURCHASE: "A purchase.",
        QuarantineKind.REFUND: "A refund.",
        QuarantineKind.EXCHANGE: "An exchange: the returned goods, and the purchase of the new ones.",
    },
)
register_enum(
    QuarantineState,
    "What became of a receipt in quarantine.",
    {
        QuarantineState.PENDING: "Nothing is booked: staff must settle it.",
        QuarantineState.BOOKED: "Staff booked it, at its own or at a corrected time.",
        QuarantineState.DISMISSED: "Staff dismissed it: it is not booked, even if it is sent again unchanged.",
    },
)


@strawberry.type(
    description="A purchase, refund or exchange whose `occurredAt` is implausible: stored as it was sent, and not booked. For owner and staff; tills see what they sent."
)
class QuarantinedReceipt(Node):
    """A receipt that a person has to settle, or has settled."""

    entity: strawberry.Private[QuarantinedRecord]
    id: strawberry.ID = strawberry.field(description="Opaque id; `settleQuarantined` takes it.")
    kind: QuarantineKind = strawberry.field(description="What was sent.")
    state: QuarantineState = strawberry.field(description="What became of it.")
    implausible_time: ImplausibleTime = strawberry.field(description="Why its business time is implausible.")
    external_id: str | None = strawberry.field(description="Its number; null for a refund without one.")
    occurred_at: datetime = strawberry.field(description="Business time, as it was sent.")
    recorded_at: datetime = strawberry.field(description="When it arrived, by the program's clock.")
    settled_at: datetime | None = strawberry.field(description="When it was settled; null while it is pending.")
    reason: str | None = strawberry.field(description="The reason given when it was settled; null while it is pending.")
    booked_for: datetime | None = strawberry.field(
        description="The business time at which it was booked; null if it is not booked."
    )

    @classmethod
    def of(cls, entity: QuarantinedRecord) -> QuarantinedReceipt:
        """The GraphQL object for a stored quarantined receipt."""
        return cls(
            entity=entity,
            id=strawberry.ID(encode("QuarantinedReceipt", entity.id)),
            kind=entity.kind,
            state=entity.state,
            implausible_time=entity.implausible_time,
            external_id=entity.external_id,
            occurred_at=entity.occurred_at,
            recorded_at=entity.recorded_at,
            settled_at=entity.settled_at,
            reason=entity.settlement_reason,
            booked_for=entity.booked_for,
        )

    @strawberry.field(description="The total of the receipt, tax included; null for a refund.")
    def total(self) -> Money | None:
        """The total of the receipt's lines."""
        command = self.entity.command
        facts = command.get("new_receipt", command).get("facts")
        return money_of(PurchaseFacts.from_data(facts).total()) if facts is not None else None

    @strawberry.field(description="The customer; null for a refund of an unknown purchase.")
    async def customer(self, info: Info) -> Customer | None:
        """The customer as they are now."""
        if self.entity.customer_id is None:
            return None
        customer = await info.context.load(customers.customers_as_of, self.entity.customer_id, at=info.context.now)
        return Customer.of(customer) if customer is not None else None

    @strawberry.field(
        description="The purchase as which it was booked, or whose goods it returns; null where there is none."
    )
    async def purchase(self, info: Info) -> Purchase | None:
        """The purchase as it is now."""
        if self.entity.purchase_id is None:
            return None
        purchase = await info.context.load(entries.purchases_by_id, self.entity.purchase_id)
        return Purchase.of(purchase) if purchase is not None else None

    @strawberry.field(
        description="The pending refund or exchange as which it was booked, if its purchase had not arrived; null otherwise."
    )
    async def pending(self, info: Info) -> PendingRefund | None:
        """The pending refund as it is now."""
        return await load_pending_refund(self.entity.pending_refund_id, context=info.context)


@strawberry.type(description="A receipt in quarantine with its cursor.")
class QuarantinedReceiptEdge:
    """An edge of the connection."""

    cursor: str = strawberry.field(description="Opaque cursor, for `after` and `before`.")
    node: QuarantinedReceipt = strawberry.field(description="The receipt.")


@strawberry.type(description="A page of receipts in quarantine, in the order in which they arrived.")
class QuarantinedReceiptConnection:
    """A connection."""

    nodes: list[QuarantinedReceipt] = strawberry.field(description="The receipts alone.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages before and after.")

    @strawberry.field(description="The receipts with their cursors.")
    def edges(self) -> list[QuarantinedReceiptEdge]:
        """Each receipt with its cursor."""
        return [QuarantinedReceiptEdge(cursor=encode_cursor(node.entity.sequence), node=node) for node in self.nodes]


@strawberry.type(description="Queries about receipts in quarantine.")
class QuarantineQueries:
    """Fields of `Query`."""

    @strawberry.field(
        description="Receipts whose business time is implausible, in the order in which they arrived; by default those that are pending. `first` or `last`: 1 to 100, default 20. For owner and staff."
    )
    async def quarantine(
        self,
        info: Info,
        state: Annotated[
            QuarantineState | None, strawberry.argument(description="Only those in this state; null: all of them.")
        ] = QuarantineState.PENDING,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> QuarantinedReceiptConnection | None:
        """A page of receipts in quarantine."""
        context = info.context
        context.require(Permission.SETTLE_QUARANTINED)
        window = page_window(first=first, after=after, last=last, before=before)
        page = await context.query(
            quarantine_page,
            state=state,
            size=window.size,
            after=window.after,
            before=window.before,
            from_end=window.from_end,
        )
        nodes = [QuarantinedReceipt.of(item) for item in page.items]
        cursors = [encode_cursor(node.entity.sequence) for node in nodes]
        return QuarantinedReceiptConnection(
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=page.more_after,
                has_previous_page=page.more_before,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
        )


async def load_quarantined_receipt(id: str | None, *, context: Context) -> QuarantinedReceipt | None:
    """The receipt in quarantine with this id, as it is now; None if there is none."""
    if id is None:
        return None
    row = await context.load(quarantined_by_id, id)
    return QuarantinedReceipt.of(row) if row is not None else None


class QuarantinedPayload(NamedTuple):
    """For a payload: why a receipt was not booked, and the receipt in quarantine."""

    problem: Problem
    quarantined: QuarantinedReceipt | None


async def load_quarantined_payload(id: str, *, path: tuple[str, ...], context: Context) -> QuarantinedPayload:
    """The problem CLOCK_SKEW and the receipt in quarantine with this id; `path` leads to the receipt's time."""
    problem = Problem(ProblemCode.CLOCK_SKEW, path=path, detail=detail_of("QUARANTINED"))
    return QuarantinedPayload(problem, await load_quarantined_receipt(id, context=context))
