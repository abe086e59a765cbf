"""Queries about refunds: a preview of a refund, and the pending refunds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from app.api.conventions.context import Info, bad_input
from app.api.conventions.money import Money, money_of
from app.api.types.decisions.decision import Decision, decision_object
from app.api.types.ledger.balance import Balance, balance_objects
from app.api.types.purchases.pending_refund import PendingRefund
from app.api.types.purchases.refund_input import PurchaseBy, RefundLineInput, purchase_reference_of, returned_part_of
from app.domain.access import Permission
from app.domain.i18n.details import in_english
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.queries.purchases.refund_previews import RefundRequest, pending_refunds_page, preview_refund

MAX_PENDING_REFUNDS = 100


@strawberry.type(description="The result that a refund would have now. Nothing is recorded.")
class RefundPreview:
    """The cash paid out, the points clawed back and restored, and the tier afterwards."""

    decision: Decision = strawberry.field(description="What would be clawed back and why.")
    cash: Money = strawberry.field(
        description="The money to give back: the price of what is refunded, tax included, less the part that points had paid."
    )
    points_restored: int = strawberry.field(
        description="Points that had paid for what is refunded, and would be given back."
    )
    stamps_restored: int = strawberry.field(
        description="Stamps that had paid for what is refunded, and would be given back."
    )
    shortfall: int = strawberry.field(description="Points that should be clawed back but are not there.")
    balances: list[Balance] = strawberry.field(description="The balances as they would be, one per unit.")
    tier_before: str | None = strawberry.field(
        description="The key of the tier held without the refund; null if there is none."
    )
    tier_after: str | None = strawberry.field(
        description="The key of the tier held right after the refund; null if there is none."
    )
    tier_kept_until: datetime | None = strawberry.field(
        description="Until when the tier would be kept although its points are gone; null if they are not gone."
    )


@strawberry.type(description="Queries about refunds.")
class RefundQueries:
    """Fields of `Query`."""

    @strawberry.field(
        description="The result that a refund would have: cash, points restored, points clawed back, tier. An error if it would be rejected. For owner, staff and tills."
    )
    async def refund_preview(
        self,
        info: Info,
        purchase: Annotated[PurchaseBy, strawberry.argument(description="The purchase that would be refunded.")],
        lines: Annotated[
            list[RefundLineInput] | None,
            strawberry.argument(
                description="What would be returned, at most 500 lines; by default everything that is left."
            ),
        ] = None,
        amount: Annotated[
            Decimal | None,
            strawberry.argument(
                description="An amount to refund from the price of the whole purchase, above 0, with no goods returned."
            ),
        ] = None,
        occurred_at: Annotated[
            datetime | None, strawberry.argument(description="Business time; default now. Not before the purchase.")
        ] = None,
    ) -> RefundPreview | None:
        """The preview, decided as the refund would be."""
        context = info.context
        context.require(Permission.RECORD_REFUNDS)
        purchase_id, receipt = purchase_reference_of(purchase)
        if purchase_id is None and receipt is None:
            raise _query_error(Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",)))
        returned_part = returned_part_of(lines, amount=amount)
        if isinstance(returned_part, Problem):
            raise _query_error(returned_part)
        request = RefundRequest(
            purchase_id, receipt, returned_part.lines, returned_part.amounts, amount, occurred_at or context.now
        )
        preview = await context.query(preview_refund, numbering=context.program.numbering, request=request)
        if isinstance(preview, Problem):
            raise _query_error(preview)
        return RefundPreview(
            decision=decision_object(preview.decision, deciding_terms=preview.terms),
            cash=money_of(preview.money),
            points_restored=preview.restored[Unit.POINTS],
            stamps_restored=preview.restored[Unit.STAMPS],
            shortfall=preview.shortfall,
            balances=balance_objects(
                preview.balances, customer_id=preview.customer_id, past_instant=context.now, context=context
            ),
            tier_before=preview.tier_before.key,
            tier_after=preview.tier_after.key,
            tier_kept_until=preview.tier_after.grace_ends_at,
        )

    @strawberry.field(
        description="Refunds and exchanges that are pending, or were rejected when their purchase arrived; oldest first, at most 100. For owner and staff."
    )
    async def pending_refunds(self, info: Info) -> list[PendingRefund] | None:
        """Oldest first, with those that were rejected."""
        context = info.context
        context.require(Permission.READ_IDENTITIES)
        refunds = await context.query(pending_refunds_page, limit=MAX_PENDING_REFUNDS)
        return [PendingRefund.of(refund, context=context) for refund in refunds]


def _query_error(problem: Problem) -> Exception:
    """The error for a query that cannot be answered."""
    return bad_input(
        f"{problem.code.value} at {'.'.join(map(str, problem.path))}: {in_english(problem.detail) if problem.detail is not None else 'this is not accepted here'}"
    )
