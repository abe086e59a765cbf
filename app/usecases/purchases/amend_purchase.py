"""Amend a wrongly recorded receipt: the difference to what the right one would have earned is booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.amounts import MAX_POINTS, Money
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.decisions import Decision
from app.domain.details import detail_of
from app.domain.engine.returns import RemainingGoods, resolve_return
from app.domain.ledger.entries import EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import StaffBudget
from app.domain.purchases.facts import FactsError, PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_correction import ReceiptCorrection
from app.domain.purchases.receipt_numbers import OWN_SOURCE, ReceiptOrigin, ReceiptReference
from app.domain.purchases.refund import Refund
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import PurchaseRecorded, ReceiptCorrected
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet
from app.store.database.codecs import json_text
from app.store.database.session import Session
from app.store.events.replay import NewCorrection, ReplayedWallet, replay_recorded, replay_wallet
from app.store.programs import locations
from app.store.purchases import corrections, purchases, receipt_references, refunds
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.ledger.count_usage import with_remaining_budgets
from app.usecases.ledger.post_differences import post_differences
from app.usecases.programs.staff_limits import budget_problem, has_staff_budget, points_changed, till_limit_problem
from app.usecases.results import DecidedResult, stored_as
from app.usecases.rewards.redemption_payments import payment_problem, relink_payments
from app.usecases.staff_reasons import reason_problem


@dataclass(frozen=True, slots=True)
class AmendPurchase:
    """The whole receipt as it should have been recorded, its number, and the reason.

    The time and the location of a receipt cannot be changed: `occurred_at` and `location_id` are those that were sent (None
    if none were) and identify the receipt if its number alone does not. `completion` None: the last one.
    """

    receipt: str
    facts: PurchaseFacts
    occurred_at: datetime | None
    location_id: str | None
    reason: str
    completion: int | None = None

    @property
    def receipts_to_lock(self) -> tuple[str, ...]:
        """The receipt number, which pending refunds may refer to."""
        return (self.receipt,)


@stored_as("purchase_amended")
@dataclass(frozen=True, slots=True, kw_only=True)
class AmendPurchaseResult(DecidedResult):
    """The decision on the amended receipt, and the entry of the difference; None if the points did not change."""

    customer_id: str
    purchase_id: str
    entry_id: str | None


@use_case(AmendPurchaseResult)
async def run(session: Session, *, context: CommandContext, command: AmendPurchase) -> AmendPurchaseResult | Problem:
    """Replay the wallet with the amended receipt, under the terms of its time, and book all that this changes.

    Its number, time, location, currency and customer stay, and so do its refunds and exchanges.
    """
    if (problem := reason_problem(command.reason)) is not None:
        return problem
    purchase = await _find_purchase(session, context=context, command=command)
    if purchase is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase", "externalId"))
    if isinstance(purchase, Problem):
        return purchase
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id), lock=True)
    terms = await versions.version(session, number=purchase.terms_version)
    if customer is None or terms is None:
        raise LookupError(f"purchase {purchase.id} has no customer, or no terms")
    problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=("purchase",))
    if problem is not None:
        return problem
    purchase = await purchases.reread(session, purchase=purchase)
    facts = await _checked_facts(session, command=command, purchase=purchase, customer=customer)
    if isinstance(facts, Problem):
        return facts
    if (problem := await till_limit_problem(session, context=context, purchase=purchase, amended=facts)) is not None:
        return problem
    return await _book_amendment(
        session, context=context, command=command, purchase=purchase, customer=customer, terms=terms, facts=facts
    )


async def _find_purchase(
    session: Session, *, context: CommandContext, command: AmendPurchase
) -> Purchase | Problem | None:
    """The purchase that the command refers to, None if there is none, or the problem that several fit."""
    numbering = context.program.numbering
    location_id = command.location_id if numbering.per_location else None
    day = None
    if numbering.per_day and command.occurred_at is not None:
        located_facts = await locations.facts_at_location(session, facts=command.facts, location_id=command.location_id)
        if located_facts is None:
            return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
        day = numbering.business_day(ReceiptOrigin(command.location_id, command.occurred_at, located_facts.zone))
    return await receipt_references.find(
        session,
        source=OWN_SOURCE,
        by=ReceiptReference(command.receipt, location_id, day),
        numbering=numbering,
        completion=command.completion,
    )


async def _checked_facts(
    session: Session, *, command: AmendPurchase, purchase: Purchase, customer: Customer
) -> PurchaseFacts | Problem:
    """The amended facts of the purchase, or why the purchase cannot have them."""
    if command.occurred_at not in (None, purchase.occurred_at):
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "occurredAt"), detail=detail_of("TIME_FIXED"))
    if command.facts.currency != purchase.facts.currency:
        return Problem(
            ProblemCode.INVALID_INPUT,
            path=("purchase", "currencyCode"),
            detail=detail_of("CURRENCY_FIXED"),
        )
    located_facts = await locations.facts_at_location(session, facts=command.facts, location_id=command.location_id)
    if located_facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    if command.location_id is not None and located_facts.location != purchase.facts.location:
        return Problem(
            ProblemCode.INVALID_INPUT,
            path=("purchase", "locationId"),
            detail=detail_of("LOCATION_FIXED"),
        )
    problem = await payment_problem(session, facts=located_facts, customer=customer, purchase_id=purchase.id)
    if problem is not None:
        return problem
    facts = _amended_facts(purchase, facts=command.facts)
    if isinstance(facts, Problem):
        return facts
    if facts == purchase.facts:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase",), detail=detail_of("SAME_CONTENT"))
    earlier_refunds = await refunds.of_purchase(session, purchase_id=purchase.id)
    if not _refunds_fit(facts, earlier_refunds=earlier_refunds):
        return Problem(
            ProblemCode.INVALID_INPUT,
            path=("purchase", "lines"),
            detail=detail_of("MORE_RETURNED"),
        )
    return await with_remaining_budgets(session, customer_id=customer.id, purchase=purchase, facts=facts)


def _amended_facts(purchase: Purchase, *, facts: PurchaseFacts) -> PurchaseFacts | Problem:
    """The amended facts with the time, location and rule facts of the purchase, and the goods that it replaces in an exchange."""
    try:
        return replace(
            facts,
            occurred_at=purchase.occurred_at,
            zone=purchase.facts.zone,
            location=purchase.facts.location,
            rule_facts=purchase.facts.rule_facts,
            replaced_price=purchase.facts.replaced_price,
        )
    except FactsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", *error.path), detail=error.detail)


def _refunds_fit(facts: PurchaseFacts, *, earlier_refunds: Sequence[Refund]) -> bool:
    """Would all refunds of the purchase be possible with these facts, too?"""
    remaining = RemainingGoods.after_refunds(facts, refunds=())
    for refund in earlier_refunds:
        money = {number: Money(minor, facts.currency).decimal() for number, minor in refund.amounts.items()}
        returned = resolve_return(lines=refund.lines, amounts=money, amount=None, facts=facts, remaining=remaining)
        if isinstance(returned, Problem):
            return False
        remaining = remaining.less(facts, refund=refund)
    return True


async def _book_amendment(
    session: Session,
    *,
    context: CommandContext,
    command: AmendPurchase,
    purchase: Purchase,
    customer: Customer,
    terms: Terms,
    facts: PurchaseFacts,
) -> AmendPurchaseResult | Problem:
    correction = ReceiptCorrection.of(
        purchase,
        id=context.new_id(),
        to_customer_id=purchase.customer_id,
        recorded_at=context.now,
        reason=command.reason,
        actor=context.actor,
    )
    amendment = _amendment(correction, purchase=purchase, terms=terms, facts=facts)
    replayed = await replay_wallet(session, account=customer.account, until=purchase.occurred_at, events=[amendment])
    state = replayed.wallet.purchases[purchase.id]
    if (problem := _amendment_problem(replayed, purchase=purchase, decision=state.decision)) is not None:
        return problem
    counted_correction = await _with_budget_usage(session, context=context, correction=correction, replayed=replayed)
    if isinstance(counted_correction, Problem):
        return counted_correction
    amended = _amended_row(purchase, total=facts.total(), facts=state.facts, decision=state.decision)
    await purchases.correct(session, purchase=amended)
    await corrections.add(session, correction=counted_correction)
    await relink_payments(session, purchase_id=purchase.id, before=purchase.facts, after=amended.facts)
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(purchases.row_digest(amended), corrections.row_digest(counted_correction)),
        replaced_digests=(purchases.row_digest(purchase),),
        event_id=counted_correction.id,
    )
    entry = entries.get(PostingKey(EntryType.EARN, purchase.id))
    return AmendPurchaseResult(
        decision=state.decision,
        balances=replayed.balances,
        customer_id=customer.id,
        purchase_id=purchase.id,
        entry_id=entry.id if entry is not None else None,
        terms=terms,
    )


def _amendment(
    correction: ReceiptCorrection, *, purchase: Purchase, terms: Terms, facts: PurchaseFacts
) -> NewCorrection:
    """The event of a correction: the purchase as it was recorded before, and with the amended facts."""
    before = PurchaseRecorded(
        purchase.id, purchase.customer_id, purchase.tie_breaker, purchase.facts, terms, purchase.move_id or ""
    )
    event = ReceiptCorrected(correction.id, purchase.id, purchase.occurred_at, before)
    return NewCorrection(event, replace(before, facts=facts), purchase.customer_id)


def _amended_row(purchase: Purchase, *, total: Money, facts: PurchaseFacts, decision: Decision) -> Purchase:
    """The row of the purchase with the amended receipt."""
    return replace(
        purchase, total=total, earned_points=decision.points, facts=facts, facts_text=json_text(facts.to_data())
    )


def _amendment_problem(replayed: ReplayedWallet, *, purchase: Purchase, decision: Decision) -> Problem | None:
    """Why the wallet cannot have the amended receipt, or None.

    If returned goods turn out to have a higher price, less may be paid with points for the new goods of their exchange.
    """
    if (
        any(balance.lifetime > MAX_POINTS for balance in replayed.balances.values())
        or decision.largest_amount() > MAX_POINTS
    ):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    if not replayed.wallet.overpaid_exchanges:
        return None
    before = replay_recorded(
        replayed.recorded_history, versions=replayed.versions, events=[], until=purchase.occurred_at
    )
    overpaid = replayed.wallet.overpaid_exchanges - before.wallet.overpaid_exchanges
    if not overpaid:
        return None
    field = "payments" if purchase.id in overpaid else "lines"
    return Problem(ProblemCode.INVALID_INPUT, path=("purchase", field), detail=detail_of("EXCHANGE_OVERPAID"))


async def _with_budget_usage(
    session: Session, *, context: CommandContext, correction: ReceiptCorrection, replayed: ReplayedWallet
) -> ReceiptCorrection | Problem:
    """The correction with the points and stamps that count towards a staff budget, or the problem that they are too many."""
    if not has_staff_budget(context):
        return correction
    before = replay_recorded(
        replayed.recorded_history, versions=replayed.versions, events=[], until=correction.occurred_at
    )
    decision_before, decision_after = (
        wallet.purchases[correction.purchase_id].decision for wallet in (before.wallet, replayed.wallet)
    )
    moved = points_changed(decision_before, decision_after)
    path = ("purchase", "lines")
    problem = await budget_problem(session, context=context, budget=StaffBudget.ADJUSTMENTS, moved=moved, path=path)
    return problem or replace(correction, counted_points=moved[Unit.POINTS], counted_stamps=moved[Unit.STAMPS])
