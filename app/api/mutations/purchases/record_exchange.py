"""recordExchange: goods come back and others are bought for them, in one call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.money import Money, money
from app.api.conventions.payloads import ALREADY_RECORDED, Payload, canonical_json, was_recorded
from app.api.mutations.payload_objects import load_customer, load_entry, load_purchase
from app.api.mutations.purchases.record_purchase import receipt_of
from app.api.mutations.purchases.record_refund import RecordRefundInput, Refunded, refund_of, refunded
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.basket_input import PurchaseInput
from app.api.types.purchases.pending_refund import PendingRefund, load_pending_refund
from app.api.types.purchases.quarantine import QuarantinedReceipt, kept_back
from app.api.types.purchases.refund_input import PurchaseBy, RefundLineInput
from app.api.types.source_records import Purchase
from app.domain import amounts
from app.domain.access import Permission
from app.domain.problems import Problem
from app.usecases.command import Answer
from app.usecases.purchases import record_exchange
from app.usecases.purchases.record_exchange import RecordExchange


@strawberry.input(description="What comes back in an exchange; when, the new receipt says.")
class ExchangeRefundInput:
    """Of which purchase, and what of it."""

    purchase: PurchaseBy = strawberry.field(
        description="The purchase that it was bought with. One that is not known yet by its receipt is waited for."
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None, description="What comes back, each line once, at most 500; default everything that is left."
    )
    amount: Decimal | None = strawberry.field(
        default=None, description="Money of the whole price without goods, as with `recordRefund`. Not with `lines`."
    )
    external_id: str | None = strawberry.field(
        default=None, description="The refund's own number, as with `recordRefund`."
    )
    reason: str | None = strawberry.field(default=None, description="Why, at most 200 characters.")


@strawberry.input(description="An exchange to record.")
class RecordExchangeInput:
    """What comes back, and what is bought for it."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy | None = strawberry.field(
        default=None,
        description="Who exchanges; default who had bought what comes back. Anybody else is refused with OTHER_CUSTOMER.",
    )
    refund: ExchangeRefundInput = strawberry.field(description="What comes back.")
    purchase: PurchaseInput = strawberry.field(
        description="The receipt of what is bought for it. Its `occurredAt` is that of the refund, too: not before the purchase that is refunded."
    )


@strawberry.type(description="What an exchange came to: both of its parts were recorded, or neither.")
class RecordExchangePayload(Payload):
    """The decisions and the balances as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None, description="What was earned by the new purchase and why; null when refused, and while it waits."
    )
    refund: Refunded | None = strawberry.field(
        default=None, description="What came back; null when refused, and while it waits."
    )
    quarantined: QuarantinedReceipt | None = strawberry.field(
        default=None,
        description="The exchange, where `occurredAt` cannot be right (CLOCK_SKEW): nothing of it is booked until a person settles it as one. Sent again it is the same one.",
    )
    waiting: PendingRefund | None = strawberry.field(
        default=None,
        description="The exchange, where it came before the purchase of which goods come back: nothing of it is booked until that arrives. Its new receipt is taken for it meanwhile.",
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after both, one per unit."
    )

    @strawberry.field(description=ALREADY_RECORDED)
    def already_recorded(self) -> bool:
        """Kept with the answer."""
        return was_recorded(self.answer)

    @strawberry.field(
        description="What is to pay on balance: what the new goods cost more than those that came back, without what points paid of it. Below 0 it is given back, and is `cash` of the refund."
    )
    async def to_pay(self, info: Info) -> Money | None:
        """In the currency of both."""
        back = self.answer.returned if self.answer is not None else None
        bought = await load_purchase(self.answer, context=info.context)
        if back is None or back.cash is None or bought is None:
            return None
        facts, price = bought.row.facts, bought.row.total
        # An exchange that was recorded as a refund and a purchase apart replaces nothing.
        more = max(0, price.minor - (facts.replaces or 0))
        return money(amounts.Money(int(more - facts.paid_with_points()) - back.cash, price.currency))

    @strawberry.field(description="The new purchase, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Read again."""
        return await load_purchase(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that the new purchase made.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[RecordExchangeInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> RecordExchangePayload | None:
    """Record a refund and a purchase together, once."""
    context = info.context
    set_locale(info, locale)
    context.require(Permission.RECORD_REFUNDS)
    outcome = await execute_command(
        record_exchange.run,
        name="recordExchange",
        permission=Permission.RECORD_PURCHASES,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return RecordExchangePayload(problem=outcome)
    if (id := outcome.quarantined_id) is not None:
        kept = await kept_back(id, path=("purchase", "occurredAt"), context=context)
        return RecordExchangePayload(problem=kept.problem, quarantined=kept.quarantined)
    back = outcome.returned
    return RecordExchangePayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context),
        waiting=await load_pending_refund(outcome.pending_refund_id, context=context),
        refund=Refunded(**await refunded(back, context=context)) if back is not None else None,
        balances=balances(outcome.balances, context=context),
    )


def _order(sent: RecordExchangeInput, *, context: Context) -> RecordExchange | Problem:
    by = customer_by(sent.customer, context=context) if sent.customer is not None else None
    if isinstance(by, Problem):
        return by
    given = sent.refund
    back = refund_of(
        RecordRefundInput(
            idempotency_key=sent.idempotency_key,
            purchase=given.purchase,
            lines=given.lines,
            amount=given.amount,
            external_id=given.external_id,
            occurred_at=sent.purchase.occurred_at,
            reason=given.reason,
        ),
        context=context,
    )
    if isinstance(back, Problem):
        return replace(back, path=("refund", *back.path))
    bought = receipt_of(sent.purchase, context=context)
    if isinstance(bought, Problem):
        return bought
    return RecordExchange(back=replace(back, occurred_at=bought.facts.occurred_at), bought=bought, customer=by)
