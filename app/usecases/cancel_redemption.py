"""Undo a redemption: the very lots have their points again, and the goods are back in stock. Once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.access import Role
from app.domain.calendar import latest
from app.domain.deciding import reversing
from app.domain.decisions import Decision
from app.domain.ledger import Balance, Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.staff_limits import Budget
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.postings import Subject
from app.store import customers, redemptions, reversals, terms
from app.store.customers import CustomerBy, CustomerRow
from app.store.redemptions import Redemption, RedemptionState
from app.store.reversals import Reversal
from app.store.telling import Retold, retell
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.record import record
from app.usecases.redemption_payments import spent_on
from app.usecases.run_out import let_go
from app.usecases.staff_limits import above_budget, own_card

WITHOUT_REASON = frozenset({Role.TILL, Role.CUSTOMER})
"""Who says no reason; staff and the owner undo what was handed over, and have to say why."""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Which redemption, by whom (`customer_id` is that of a customer's own key), and why.

    `shop_at_fault`: points past their date can be spent for a while.
    """

    redemption_id: str
    role: Role
    customer_id: str | None
    reason: str | None
    shop_at_fault: bool


@dataclass(frozen=True, slots=True)
class _Paid:
    """A redemption that was paid for, whose it is, and the terms that decided it; the account is locked."""

    redemption: Redemption
    customer: CustomerRow
    terms: Terms


async def cancel_redemption(session: Session, *, call: Call, order: Cancellation) -> Answer | Problem:
    """Undo it, if this caller may.

    What paid a purchase comes back with that purchase, and in no other way.
    """
    paid = await _paid(session, call=call, order=order)
    if paid is None:
        return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("redemption",))
    if (known := await replay(session, call=call)) is not None:
        return known
    if (own := await own_card(session, call=call, customer=paid.customer, path=("redemption",))) is not None:
        return own
    if (problem := _unfit(paid.redemption, order=order)) is not None:
        return problem
    if (refused := await _refusal(session, call=call, order=order, paid=paid)) is not None:
        return refused
    if order.role not in WITHOUT_REASON and not order.reason:
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    moved = {unit: paid.redemption.decision.amount(unit) for unit in Unit}
    above = await above_budget(session, call=call, budget=Budget.ADJUSTMENTS, moved=moved, path=("redemption",))
    if above is not None:
        return above
    return await _undone(session, call=call, order=order, paid=paid)


async def _refusal(session: Session, *, call: Call, order: Cancellation, paid: _Paid) -> Problem | None:
    """Why it cannot be undone, or not by this caller; None where it can."""
    redemption, till_until = paid.redemption, None
    spent = await spent_on(
        session, program_id=call.program.id, redemption_id=redemption.id, account=paid.customer.account, at=call.now
    )
    if spent is not None:
        return spent
    if order.role is Role.TILL and call.actor is not None and redemption.fulfilled_at is not None:
        latest_one = await redemptions.latest_of_key(session, program_id=call.program.id, key_id=call.actor)
        till_until = redemption.fulfilled_at + reversing.TILL_TIME if latest_one == redemption.id else None
    refused = reversing.refusal(by=order.role, till_until=till_until, at=call.now)
    return Problem(refused, path=("redemption",)) if refused is not None else None


async def _paid(session: Session, *, call: Call, order: Cancellation) -> _Paid | None:
    """What is to be undone; None where there is no such redemption, or it is not the caller's."""
    program = call.program.id
    known = await redemptions.by_id(session, program_id=program, redemption_id=order.redemption_id)
    if known is None:
        return None
    customer = await customers.find(session, program_id=program, by=CustomerBy(known.customer_id), lock=True)
    if customer is None:
        return None
    if order.role is Role.CUSTOMER and order.customer_id not in (known.customer_id, customer.id):
        return None
    # Read again under the lock: somebody else may just have undone it.
    known = await redemptions.by_id(session, program_id=program, redemption_id=known.id)
    judged_by = await terms.version(session, program_id=program, number=known.terms_version) if known else None
    return _Paid(known, customer, judged_by) if known is not None and judged_by is not None else None


def _unfit(redemption: Redemption, *, order: Cancellation) -> Problem | None:
    """Why there is nothing to undo, or not in this way."""
    path = ("redemption",)
    if redemption.state is RedemptionState.HELD:
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail="it is only reserved: releaseHold lets it go")
    if redemption.ended_at is not None:
        return Problem(ProblemCode.NOT_HELD, path=path)
    if redemption.state is RedemptionState.CANCELLED:
        return Problem(ProblemCode.ALREADY_REVERSED, path=path)
    if order.shop_at_fault and order.role in WITHOUT_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("shopAtFault",), detail="staff and the owner can say so")
    return None


async def _undone(session: Session, *, call: Call, order: Cancellation, paid: _Paid) -> Answer:
    program, redemption = call.program.id, paid.redemption
    # The clock of the till that redeemed may be ahead: nothing is undone before it was done.
    at = latest(call.now, redemption.occurred_at)
    grace = reversing.grace_ends(at, zone=redemption.facts.zone) if order.shop_at_fault else None
    reversal = Reversal(
        id=call.new_id(),
        redemption_id=redemption.id,
        occurred_at=at,
        recorded_at=call.now,
        usable_until=grace,
        reason=order.reason,
        actor=call.actor,
    )
    changed = await let_go(
        session, program_id=program, redemption=redemption, state=RedemptionState.CANCELLED, ended_at=None
    )
    await reversals.add(session, program_id=program, reversal=reversal)
    retold = await retell(session, program_id=program, account=paid.customer.account, until=at)
    made = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        digests=(reversals.evidence(reversal),),
        changed=[changed],
        cause=reversal.id,
    )
    entry = made[Subject(EntryType.REVERSAL, reversal.id)]
    return await keep(session, call=call, answer=_booked(paid, retold=retold, reversal=reversal, entry=entry))


def _booked(paid: _Paid, *, retold: Retold, reversal: Reversal, entry: Entry) -> Answer:
    subject = Subject(EntryType.REVERSAL, reversal.id)
    postings = (one for purse in retold.course.purses.values() for one in purse.postings)
    decision = next(one.decision for one in postings if one.subject == subject)
    return _answer(paid, decision=decision, balances=retold.balances, entry=entry)


def _answer(paid: _Paid, *, decision: Decision, balances: Mapping[Unit, Balance], entry: Entry | None = None) -> Answer:
    return Answer(
        decision=decision,
        balances=balances,
        customer_id=paid.customer.id,
        redemption_id=paid.redemption.id,
        reward_id=paid.redemption.reward_id,
        entry_id=entry.id if entry is not None else None,
        terms=paid.terms,
    )
