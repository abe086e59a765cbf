"""Amend a receipt that was recorded wrongly: what it says now earns what it would have earned, and only the difference is booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.amounts import MAX_POINTS, Money
from app.domain.deciding.returning import Left, returning
from app.domain.decisions import Decision
from app.domain.facts import FactsError, PurchaseFacts
from app.domain.ledger import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import OWN_SOURCE, ReceiptBy, Spot
from app.domain.staff_limits import Budget
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.happenings import Bought, Corrected
from app.domain.wallets.postings import Subject
from app.store import customers, locations, purchases, receipt_corrections, receipt_references, refunds
from app.store import terms as versions
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.receipt_corrections import ReceiptCorrection
from app.store.refunds import Refund
from app.store.telling import NewCorrection, Retold, retell, told_with
from app.store.unit import Session
from app.store.values import json_text
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.count import share_of_budgets
from app.usecases.going_over import reason_problem
from app.usecases.record import record
from app.usecases.redemption_payments import payment_problem, relink_payments
from app.usecases.staff_limits import above_budget, above_till_limits, changed, limited, own_card


@dataclass(frozen=True, slots=True)
class Amendment:
    """The whole receipt as it should have been, by its number, and why.

    A receipt keeps its time and place, whatever the facts say: `occurred_at` and `location_id` are those that were sent,
    None where none were. They tell it apart where its number alone does not. `completion` is None for the last one.
    """

    receipt: str
    facts: PurchaseFacts
    occurred_at: datetime | None
    location_id: str | None
    reason: str
    completion: int | None = None

    @property
    def receipts(self) -> tuple[str, ...]:
        """The number of the receipt, for which refunds may wait."""
        return (self.receipt,)


async def amend_purchase(session: Session, *, call: Call, order: Amendment) -> Answer | Problem:
    """Judge the receipt as it is known now, by the terms of its time, at its place in time, with all that follows from it.

    Its number, time, place, currency and customer stay. What came back of it, or for it in an exchange, stays as it was.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (wrong := reason_problem(order.reason)) is not None:
        return wrong
    program = call.program.id
    sale = await _sale(session, call=call, order=order)
    if sale is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase", "externalId"))
    if isinstance(sale, Problem):
        return sale
    customer = await customers.find(session, program_id=program, by=CustomerBy(sale.customer_id), lock=True)
    judged_by = await versions.version(session, program_id=program, number=sale.terms_version)
    if customer is None or judged_by is None:
        raise LookupError(f"purchase {sale.id} has no customer, or no terms")
    if (own := await own_card(session, call=call, customer=customer, path=("purchase",))) is not None:
        return own
    sale = await purchases.still(session, program_id=program, purchase=sale)
    facts = await _facts(session, call=call, order=order, sale=sale, customer=customer)
    if isinstance(facts, Problem):
        return facts
    if (above := await above_till_limits(session, call=call, sale=sale, amended=facts)) is not None:
        return above
    return await _amended(session, call=call, order=order, sale=sale, customer=customer, terms=judged_by, facts=facts)


async def _sale(session: Session, *, call: Call, order: Amendment) -> Purchase | Problem | None:
    """The purchase of the receipt, by as much as tells it apart."""
    program, numbering = call.program, call.program.numbering
    location_id = order.location_id if numbering.per_location else None
    day = None
    if numbering.per_day and order.occurred_at is not None:
        here = await locations.placed(session, program_id=program.id, facts=order.facts, location_id=order.location_id)
        if here is None:
            return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
        day = numbering.day_of(Spot(order.location_id, order.occurred_at, here.zone))
    return await receipt_references.one_referred_to(
        session,
        program_id=program.id,
        source=OWN_SOURCE,
        by=ReceiptBy(order.receipt, location_id, day),
        numbering=numbering,
        completion=order.completion,
    )


async def _facts(
    session: Session, *, call: Call, order: Amendment, sale: Purchase, customer: CustomerRow
) -> PurchaseFacts | Problem:
    """What is known of the purchase now, or why it cannot be."""
    program = call.program.id
    if order.occurred_at not in (None, sale.occurred_at):
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "occurredAt"), detail="a receipt keeps its time")
    if order.facts.currency != sale.facts.currency:
        return Problem(
            ProblemCode.INVALID_INPUT, path=("purchase", "currencyCode"), detail="a receipt keeps its currency"
        )
    here = await locations.placed(session, program_id=program, facts=order.facts, location_id=order.location_id)
    if here is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    if order.location_id is not None and here.location != sale.facts.location:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "locationId"), detail="a receipt keeps its place")
    unpaid = await payment_problem(session, program_id=program, facts=here, customer=customer, purchase_id=sale.id)
    if unpaid is not None:
        return unpaid
    facts = _in_place_of(sale, facts=order.facts)
    if isinstance(facts, Problem):
        return facts
    if facts == sale.facts:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase",), detail="the receipt says so already")
    came_back = await refunds.of_purchase(session, program_id=program, purchase_id=sale.id)
    if not _holds(facts, came_back=came_back):
        return Problem(
            ProblemCode.INVALID_INPUT, path=("purchase", "lines"), detail="more came back than the receipt would have"
        )
    return await share_of_budgets(session, program_id=program, customer_id=customer.id, purchase=sale, facts=facts)


def _in_place_of(sale: Purchase, *, facts: PurchaseFacts) -> PurchaseFacts | Problem:
    """What a receipt says now, at the time and place of the sale; what was handed out in an exchange replaces the same goods."""
    try:
        return replace(
            facts,
            occurred_at=sale.occurred_at,
            zone=sale.facts.zone,
            location=sale.facts.location,
            member=sale.facts.member,
            replaces=sale.facts.replaces,
        )
    except FactsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", *error.path), detail=error.message)


def _holds(facts: PurchaseFacts, *, came_back: Sequence[Refund]) -> bool:
    """Whether what came back of a purchase can come back of these facts, too."""
    left = Left.after(facts, refunds=())
    for one in came_back:
        money = {number: Money(minor, facts.currency).decimal() for number, minor in one.amounts.items()}
        back = returning(lines=one.lines, amounts=money, amount=None, sale=facts, left=left)
        if isinstance(back, Problem):
            return False
        left = left.less(facts, refund=one)
    return True


async def _amended(
    session: Session,
    *,
    call: Call,
    order: Amendment,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    facts: PurchaseFacts,
) -> Answer | Problem:
    program = call.program.id
    correction = ReceiptCorrection.of(
        sale, id=call.new_id(), to=sale.customer_id, recorded_at=call.now, reason=order.reason, actor=call.actor
    )
    before = Bought(sale.id, sale.customer_id, sale.in_order, sale.facts, terms, sale.moved_by or "")
    fact = Corrected(correction.id, sale.id, sale.occurred_at, before)
    retold = await retell(
        session,
        program_id=program,
        account=customer.account,
        until=sale.occurred_at,
        facts=[NewCorrection(fact, replace(before, facts=facts), sale.customer_id)],
    )
    sold = retold.course.sales[sale.id]
    if (unfit := _unfit(retold, sale=sale, decision=sold.decision)) is not None:
        return unfit
    counted = await _counted(session, call=call, correction=correction, retold=retold)
    if isinstance(counted, Problem):
        return counted
    amended = replace(
        sale,
        total=facts.total(),
        earned=sold.decision.points,
        facts=sold.facts,
        facts_text=json_text(sold.facts.to_data()),
    )
    await purchases.correct(session, program_id=program, purchase=amended)
    await receipt_corrections.add(session, program_id=program, correction=counted)
    await relink_payments(session, program_id=program, purchase_id=sale.id, before=sale.facts, after=amended.facts)
    made = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        digests=(purchases.evidence(amended), receipt_corrections.evidence(counted)),
        gone=(purchases.evidence(sale),),
        cause=counted.id,
    )
    entry = made.get(Subject(EntryType.EARN, sale.id))
    answer = _answer(customer, sale=sale, decision=sold.decision, retold=retold, entry=entry, terms=terms)
    return await keep(session, call=call, answer=answer)


def _unfit(retold: Retold, *, sale: Purchase, decision: Decision) -> Problem | None:
    """Why what a receipt says now cannot be, by what the wallet comes to with it; or None.

    Goods of a higher price that came back leave less to be paid for what was handed out for them, in points, too.
    """
    if any(balance.lifetime > MAX_POINTS for balance in retold.balances.values()) or decision.largest() > MAX_POINTS:
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    if not retold.course.overpaid:
        return None
    before = told_with(retold.told, versions=retold.versions, facts=[], until=sale.occurred_at)
    overpaid = retold.course.overpaid - before.course.overpaid
    if not overpaid:
        return None
    field = "payments" if sale.id in overpaid else "lines"
    detail = "points would pay for more of what was handed out in an exchange than it costs on top"
    return Problem(ProblemCode.INVALID_INPUT, path=("purchase", field), detail=detail)


async def _counted(
    session: Session, *, call: Call, correction: ReceiptCorrection, retold: Retold
) -> ReceiptCorrection | Problem:
    """The correction with what it takes of a staff member's budget, or why it takes too much."""
    if not limited(call):
        return correction
    before = told_with(retold.told, versions=retold.versions, facts=[], until=correction.occurred_at)
    was, now = (course.sales[correction.purchase_id].decision for course in (before.course, retold.course))
    moved = changed(was, now)
    path = ("purchase", "lines")
    above = await above_budget(session, call=call, budget=Budget.ADJUSTMENTS, moved=moved, path=path)
    return above or replace(correction, counted_points=moved[Unit.POINTS], counted_stamps=moved[Unit.STAMPS])


def _answer(
    customer: CustomerRow, *, sale: Purchase, decision: Decision, retold: Retold, entry: Entry | None, terms: Terms
) -> Answer:
    return Answer(
        decision=decision,
        balances=retold.balances,
        customer_id=customer.id,
        purchase_id=sale.id,
        entry_id=entry.id if entry is not None else None,
        terms=terms,
    )
