"""What a refund would come to, by the very rules that decide it; nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.amounts import Money
from app.domain.deciding.returned_payments import cash_now
from app.domain.deciding.returning import Left, no_quantity, returning
from app.domain.deciding.tiers import TierStanding
from app.domain.decisions import Decision
from app.domain.ledger import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import OWN_SOURCE, Numbering, ReceiptBy
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.happenings import Returned
from app.store import customers, purchases, receipt_references, refunds, stories, terms, waiting_refunds
from app.store.customers import CustomerBy
from app.store.purchases import Purchase
from app.store.telling import NewFact, told_with
from app.store.unit import Session
from app.store.waiting_refunds import WaitingRefund

_NOBODY = "ffffffff-ffff-7fff-bfff-ffffffffffff"
"""The id of a refund that is only tried out: behind every other at its moment, as the next one would be."""


@dataclass(frozen=True, slots=True)
class RefundTried:
    """What a refund would come to: money, points and stamps back, points taken, the balances and the level behind it."""

    customer_id: str
    decision: Decision
    terms: Terms
    cash: Money
    back: Mapping[Unit, int]
    shortfall: int
    balances: Mapping[Unit, Balance]
    level_before: TierStanding
    level_after: TierStanding


@dataclass(frozen=True, slots=True)
class RefundTry:
    """A refund to try out: of a purchase by id or by its receipt, as an order for a refund says it."""

    purchase_id: str | None
    receipt: ReceiptBy | None
    lines: Mapping[int, Decimal | None] | None
    amounts: Mapping[int, Decimal]
    amount: Decimal | None
    at: datetime


async def try_refund(
    session: Session, *, program_id: str, numbering: Numbering, order: RefundTry
) -> RefundTried | Problem:
    """Decide a refund as it would be decided now; a technical refusal where it would be one."""
    if (wrong := no_quantity(order.lines)) is not None:
        return wrong
    sale: Purchase | Problem | None
    if order.receipt is not None:
        sale = await receipt_references.one_referred_to(
            session, program_id=program_id, source=OWN_SOURCE, by=order.receipt, numbering=numbering
        )
    else:
        sale = await purchases.by_id(session, program_id=program_id, purchase_id=order.purchase_id or "")
    if sale is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    if isinstance(sale, Problem):
        return sale
    if order.at < sale.occurred_at:
        return Problem(ProblemCode.CLOCK_SKEW, path=("occurredAt",), detail="a refund follows its purchase")
    earlier = await refunds.of_purchase(session, program_id=program_id, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=earlier)
    back = returning(lines=order.lines, amounts=order.amounts, amount=order.amount, sale=sale.facts, left=left)
    if isinstance(back, Problem):
        return back
    customer = await customers.find(session, program_id=program_id, by=CustomerBy(sale.customer_id))
    judged_by = await terms.version(session, program_id=program_id, number=sale.terms_version)
    if customer is None or judged_by is None:
        raise LookupError(f"purchase {sale.id} has lost its customer or its terms")
    versions = await stories.versions_of(session, program_id=program_id)
    told = await stories.told(session, program_id=program_id, account=customer.account, versions=versions)
    fact = Returned(_NOBODY, sale.id, order.at, back.lines, "", back.amounts)
    before = told_with(told, versions=versions, facts=[], until=order.at)
    after = told_with(told, versions=versions, facts=[NewFact(fact, customer_id=sale.customer_id)], until=order.at)
    kept = back.left(sale.facts, of=left).of(sale.facts)
    cash = cash_now(sale.facts, kept=kept, paid_out=sum(refund.cash for refund in earlier))
    came_back = after.course.returned[_NOBODY]
    outcome = came_back.outcome
    return RefundTried(
        customer_id=customer.id,
        decision=outcome.decision,
        terms=judged_by,
        cash=cash if after.course.receipts[sale.id].stands_alone else after.cash_now(_NOBODY),
        back=came_back.given_back,
        shortfall=outcome.shortfall,
        balances=after.balances,
        level_before=before.course.holders[sale.customer_id].standing,
        level_after=after.course.holders[sale.customer_id].standing,
    )


async def waiting_refund(session: Session, *, program_id: str, waiting_id: str) -> WaitingRefund | None:
    """A refund that waits or has waited, by id, or None."""
    return await waiting_refunds.by_id(session, program_id=program_id, waiting_id=waiting_id)


async def waiting(session: Session, *, program_id: str, limit: int) -> tuple[WaitingRefund, ...]:
    """Refunds that wait for their purchase, or could not be applied to it, longest waiting first."""
    return await waiting_refunds.open_ones(session, program_id=program_id, limit=limit)
