"""Pass points of one customer on to another one: the very lots, with their dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.domain import lots
from app.domain.amounts import MAX_POINTS
from app.domain.deciding.expiry import last_day
from app.domain.ledger import EntryType
from app.domain.lots import Draw, Lot
from app.domain.problems import Problem, ProblemCode
from app.domain.staff_limits import Budget
from app.domain.units import Unit
from app.domain.wallets.happenings import PassedOn, Received
from app.domain.wallets.postings import Subject
from app.store import customers, transfers
from app.store.customers import CustomerBy, CustomerRow
from app.store.telling import NewFact, Retold, retell, told_with
from app.store.transfers import Passed, Transfer
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.going_over import after_all_of, reason_problem
from app.usecases.record import record
from app.usecases.staff_limits import above_budget, own_card


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """Whose points go to whom, how many, and why."""

    giver: CustomerBy
    taker: CustomerBy
    points: int
    reason: str


async def transfer(session: Session, *, call: Call, order: NewTransfer) -> Answer | Problem:
    """Pass points on that can be spent now, those first that would be spent first. They keep their dates.

    What becomes known later of the time before does not call it back: whoever gave more than was theirs owes it.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if not 1 <= order.points <= MAX_POINTS:
        return Problem(ProblemCode.INVALID_INPUT, path=("points",), detail=f"1 to {MAX_POINTS}")
    if (wrong := reason_problem(order.reason)) is not None:
        return wrong
    giver, taker = await customers.find_two(session, program_id=call.program.id, first=order.giver, second=order.taker)
    if giver is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("from",))
    if taker is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("to",))
    if giver.account.id == taker.account.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("to",))
    for customer, path in ((giver, ("from",)), (taker, ("to",))):
        if (own := await own_card(session, call=call, customer=customer, path=path)) is not None:
            return own
    moved = {Unit.POINTS: order.points}
    above = await above_budget(session, call=call, budget=Budget.TRANSFERS, moved=moved, path=("points",))
    if above is not None:
        return above
    return await _passed(session, call=call, order=order, giver=giver, taker=taker)


async def _passed(
    session: Session, *, call: Call, order: NewTransfer, giver: CustomerRow, taker: CustomerRow
) -> Answer | Problem:
    at = after_all_of(giver.account, taker.account, now=call.now)
    before = await retell(session, program_id=call.program.id, account=giver.account, until=at)
    if not before.versions.standing:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=())
    if before.course.points.holdings.available(at=at) < order.points:
        return Problem(ProblemCode.NOT_ENOUGH_POINTS, path=("points",))
    passed = _lots(before, points=order.points, call=call)
    made = Transfer(
        id=call.new_id(),
        from_account_id=giver.account.id,
        to_account_id=taker.account.id,
        points=order.points,
        lots=passed,
        occurred_at=at,
        recorded_at=call.now,
        reason=order.reason,
        actor=call.actor,
    )
    received = Received(made.id, at, tuple(one.lot for one in passed))
    there = await retell(
        session, program_id=call.program.id, account=taker.account, until=at, facts=[NewFact(received)]
    )
    if there.balance.available + there.balance.pending > MAX_POINTS:
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("points",))
    gone = PassedOn(made.id, at, {one.source: one.lot.points for one in passed})
    here = told_with(before.told, versions=before.versions, facts=[NewFact(gone)], until=at)
    await transfers.add(session, program_id=call.program.id, transfer=made)
    entries = [await _booked(session, call=call, retold=one, made=made) for one in (here, there)]
    answer = Answer(
        balances=here.balances,
        customer_id=giver.id,
        entry_id=entries[0],
        other_id=taker.id,
        other_entry_id=entries[1],
    )
    return await keep(session, call=call, answer=answer)


async def _booked(session: Session, *, call: Call, retold: Retold, made: Transfer) -> str:
    """Book the transfer in one of its accounts; the id of the entry there."""
    entries = await record(session, stamp=call.stamp, retold=retold, digests=(transfers.evidence(made),), cause=made.id)
    return entries[Subject(EntryType.TRANSFER, made.id)].id


def _lots(before: Retold, *, points: int, call: Call) -> tuple[Passed, ...]:
    """The points by the lots that they are in, as lots of their own with the same dates.

    What the giver's activity put off stays put off: the last day is the one that the giver saw.
    """
    purse, holdings = before.course.points, before.course.points.holdings

    def part(draw: Draw) -> Lot:
        lot = holdings.lots[draw.lot_id]
        last = last_day(lot, validity=purse.validity_of(lot), active_at=purse.active_at)
        return _part(lot, points=draw.points, last=last, id=call.new_id())

    there = [lot for lot in holdings.free_lots() if lot.available_from <= before.until]
    return tuple(Passed(draw.lot_id, part(draw)) for draw in lots.take(there, points=points, ends=purse.ends))


def _part(lot: Lot, *, points: int, last: date | None, id: str) -> Lot:
    return Lot(
        id=id,
        points=points,
        remaining=points,
        earned_at=lot.earned_at,
        available_from=lot.available_from,
        valid_until=last,
        terms_version=lot.terms_version,
        zone=lot.zone,
    )
