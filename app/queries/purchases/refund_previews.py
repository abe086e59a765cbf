"""Previews of refunds: what a refund would do, decided by the same rules as a real one; nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.amounts import Money
from app.domain.customers.current_tier import CurrentTier
from app.domain.customers.customer import CustomerReference
from app.domain.decisions import Decision
from app.domain.details import detail_of
from app.domain.engine.returned_payments import money_due
from app.domain.engine.returns import RemainingGoods, quantity_problem, resolve_return
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.pending_refund import PendingRefund
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import OWN_SOURCE, Numbering, ReceiptReference
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import RefundRecorded
from app.store.customers import customers
from app.store.database.session import Session
from app.store.events import event_log
from app.store.events.replay import NewEvent, replay_recorded
from app.store.purchases import pending_refunds, purchases, receipt_references, refunds
from app.store.terms import known_versions, versions

_PREVIEWED_ID = "ffffffff-ffff-7fff-bfff-ffffffffffff"
"""The id of a previewed refund. It is higher than every other id, as the id of the next refund would be."""


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What a refund would do.

    `decision` claws back points, of which `shortfall` are missing and not owed. `money` is paid out, and `restored`, by
    unit, are the points and stamps given back that had paid for the goods. `balances` are those after the refund.
    """

    customer_id: str
    decision: Decision
    terms: Terms
    money: Money
    restored: Mapping[Unit, int]
    shortfall: int
    balances: Mapping[Unit, Balance]
    tier_before: CurrentTier
    tier_after: CurrentTier


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund to preview: its purchase, by id or receipt, and what is returned, with the fields of `RecordRefund`."""

    purchase_id: str | None
    receipt: ReceiptReference | None
    lines: Mapping[int, Decimal | None] | None
    amounts: Mapping[int, Decimal]
    amount: Decimal | None
    at: datetime


async def preview_refund(session: Session, *, numbering: Numbering, request: RefundRequest) -> RefundPreview | Problem:
    """What a refund would do if it were recorded now, or the problem with which it would be rejected."""
    if (problem := quantity_problem(request.lines)) is not None:
        return problem
    purchase: Purchase | Problem | None
    if request.receipt is not None:
        purchase = await receipt_references.find(session, source=OWN_SOURCE, by=request.receipt, numbering=numbering)
    else:
        purchase = await purchases.by_id(session, purchase_id=request.purchase_id or "")
    if purchase is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    if isinstance(purchase, Problem):
        return purchase
    if request.at < purchase.occurred_at:
        return Problem(ProblemCode.CLOCK_SKEW, path=("occurredAt",), detail=detail_of("REFUND_BEFORE_PURCHASE"))
    earlier_refunds = await refunds.of_purchase(session, purchase_id=purchase.id)
    remaining = RemainingGoods.after_refunds(purchase.facts, refunds=earlier_refunds)
    returned = resolve_return(
        lines=request.lines, amounts=request.amounts, amount=request.amount, facts=purchase.facts, remaining=remaining
    )
    if isinstance(returned, Problem):
        return returned
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id))
    deciding_terms = await versions.version(session, number=purchase.terms_version)
    if customer is None or deciding_terms is None:
        raise LookupError(f"purchase {purchase.id} has lost its customer or its terms")
    terms_versions = await known_versions.load(session)
    history = await event_log.load(session, account=customer.account, versions=terms_versions)
    event = RefundRecorded(_PREVIEWED_ID, purchase.id, request.at, returned.lines, "", returned.amounts)
    without_refund = replay_recorded(history, versions=terms_versions, events=[], until=request.at)
    with_refund = replay_recorded(
        history, versions=terms_versions, events=[NewEvent(event, customer_id=purchase.customer_id)], until=request.at
    )
    remaining_after = remaining.less(purchase.facts, refund=returned).applied_to(purchase.facts)
    money = money_due(
        purchase.facts, remaining=remaining_after, paid_out=sum(refund.money for refund in earlier_refunds)
    )
    return_outcome = with_refund.wallet.return_outcomes[_PREVIEWED_ID]
    outcome = return_outcome.refund_outcome
    return RefundPreview(
        customer_id=customer.id,
        decision=outcome.decision,
        terms=deciding_terms,
        money=money if with_refund.wallet.receipts[purchase.id].has_no_exchange else with_refund.money_due(event.id),
        restored=return_outcome.restored,
        shortfall=outcome.shortfall,
        balances=with_refund.balances,
        tier_before=without_refund.wallet.memberships[purchase.customer_id].tier,
        tier_after=with_refund.wallet.memberships[purchase.customer_id].tier,
    )


async def pending_refund(session: Session, *, pending_id: str) -> PendingRefund | None:
    """A refund that is or was pending, by id; None if unknown."""
    return await pending_refunds.by_id(session, pending_id=pending_id)


async def pending_refunds_page(session: Session, *, limit: int) -> tuple[PendingRefund, ...]:
    """Pending refunds, and refunds that could not be applied when their purchase arrived, oldest first."""
    return await pending_refunds.to_review(session, limit=limit)
