"""Queries about refunds: a preview of one, and those that are pending."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry

from app.api.conventions.context import Info, bad_input
from app.api.conventions.money import Money, money_of
from app.api.types.decisions.decision import Decision, decision
from app.api.types.ledger.balance import Balance, balances
from app.api.types.purchases.pending_refund import PendingRefund
from app.api.types.purchases.refund_input import PurchaseBy, RefundLineInput, purchase_by, returned_part_of
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
        description="The money to give back: the price of what comes back, tax included, less what points had paid of it."
    )
    points_restored: int = strawberry.field(description="Points that had paid for it, and would come back.")
    stamps_restored: int = strawberry.field(description="Stamps that had paid for it, and would come back.")
    shortfall: int = strawberry.field(description="Points that should be taken back but are not there.")
    balances: list[Balance] = strawberry.field(description="The balances as they would be, one per unit.")
    tier_before: str | None = strawberry.field(description="The key of the tier held without it; null: none.")
    tier_after: str | None = strawberry.field(description="The key of the tier held right after it; null: none.")
    tier_kept_until: datetime | None = strawberry.field(
        description="Until when the tier would be kept although its points are gone; null where they are not."
    )


@strawberry.type(description="Queries about refunds.")
class RefundQueries:
    """Fields of `Query`."""

    @strawberry.field(
        description="What a refund would come to: cash, points back, points taken, tier. An error where it would be rejected. For owner, staff and tills."
    )
    async def refund_preview(
        self,
        info: Info,
        purchase: Annotated[PurchaseBy, strawberry.argument(description="The purchase that would be refunded.")],
        lines: Annotated[
            list[RefundLineInput] | None,
            strawberry.argument(
                description="What would come back, at most 500 lines; default everything that is left."
            ),
        ] = None,
        amount: Annotated[
            Decimal | None,
            strawberry.argument(description="An amount refunded of the whole price, without goods, above 0."),
        ] = None,
        occurred_at: Annotated[
            datetime | None, strawberry.argument(description="Business time; default now. Not before the purchase.")
        ] = None,
    ) -> RefundPreview | None:
        """Decided as the refund would be."""
        context = info.context
        context.require(Permission.RECORD_REFUNDS)
        purchase_id, receipt = purchase_by(purchase)
        if purchase_id is None and receipt is None:
            raise _query_error(Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",)))
        back = returned_part_of(lines, amount=amount)
        if isinstance(back, Problem):
            raise _query_error(back)
        request = RefundRequest(purchase_id, receipt, back.lines, back.amounts, amount, occurred_at or context.now)
        found = await context.query(preview_refund, numbering=context.program.numbering, request=request)
        if isinstance(found, Problem):
            raise _query_error(found)
        return RefundPreview(
            decision=decision(found.decision, deciding_terms=found.terms),
            cash=money_of(found.money),
            points_restored=found.restored[Unit.POINTS],
            stamps_restored=found.restored[Unit.STAMPS],
            shortfall=found.shortfall,
            balances=balances(found.balances, customer_id=found.customer_id, past=context.now, context=context),
            tier_before=found.tier_before.tier,
            tier_after=found.tier_after.tier,
            tier_kept_until=found.tier_after.grace_ends_at,
        )

    @strawberry.field(
        description="Pending refunds and exchanges, and those that their purchase could not take; oldest first, at most 100. For owner and staff."
    )
    async def pending_refunds(self, info: Info) -> list[PendingRefund] | None:
        """Oldest first, those that do not match their purchase included."""
        context = info.context
        context.require(Permission.READ_IDENTITIES)
        found = await context.query(pending_refunds_page, limit=MAX_PENDING_REFUNDS)
        return [PendingRefund.of(refund, context=context) for refund in found]


def _query_error(problem: Problem) -> Exception:
    """The error for a query that cannot be answered."""
    return bad_input(
        f"{problem.code.value} at {'.'.join(map(str, problem.path))}: {in_english(problem.detail) if problem.detail is not None else 'not taken here'}"
    )
