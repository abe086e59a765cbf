"""Give or take points by hand: with a reason, up to what the access key may, and never more than there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.access import Role
from app.domain.amounts import MAX_POINTS
from app.domain.ledger import EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.staff_limits import Budget
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.happenings import Adjusted
from app.domain.wallets.postings import Subject
from app.store import accounts, adjustments, customers, terms
from app.store.adjustments import Adjustment
from app.store.customers import CustomerBy, CustomerRow
from app.store.telling import NewFact, Retold, balance_of, retell, told_with
from app.store.unit import Session
from app.usecases.book import new_account
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.record import record
from app.usecases.staff_limits import above_budget, own_card

MOST = 1_000_000
"""The most points that one adjustment moves."""

LIMITS: Mapping[Role, int] = MappingProxyType({Role.OWNER: MOST, Role.STAFF: 1_000})
"""The most points that one adjustment by a key of a role moves, in either direction; other roles adjust nothing."""


@dataclass(frozen=True, slots=True)
class NewAdjustment:
    """Whose points or stamps, how many (negative: taken), why, and the role of the access key."""

    customer: CustomerBy
    points: int
    reason: str | None
    role: Role
    unit: Unit = Unit.POINTS


async def adjust(session: Session, *, call: Call, order: NewAdjustment) -> Answer | Problem:
    """Move the points now. Given points are earned now, by the terms in force; taken ones go as if they were spent."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if (problem := _unfit(order)) is not None:
        return problem
    customer = await customers.find(session, program_id=call.program.id, by=order.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if (own := await own_card(session, call=call, customer=customer, path=("customer",))) is not None:
        return own
    in_force = await terms.in_force(session, program_id=call.program.id, at=call.now)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE)
    if order.unit not in await terms.units(session, program_id=call.program.id, terms=in_force):
        return Problem(ProblemCode.INVALID_INPUT, path=("unit",), detail="the terms know no such unit")
    moved = {order.unit: abs(order.points)}
    above = await above_budget(session, call=call, budget=Budget.ADJUSTMENTS, moved=moved, path=("points",))
    if above is not None:
        return above
    before = await retell(session, program_id=call.program.id, account=customer.account, until=call.now)
    if -order.points > _spendable(before, order=order, customer=customer, call=call):
        return Problem(ProblemCode.NOT_ENOUGH_POINTS, path=("points",))
    return await _adjusted(session, call=call, order=order, customer=customer, terms=in_force, before=before)


def _unfit(order: NewAdjustment) -> Problem | None:
    if not order.reason:
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    if not 1 <= abs(order.points) <= MOST:
        detail = f"1 to {MOST:,}, given or taken"
        return Problem(ProblemCode.INVALID_INPUT, path=("points",), detail=detail)
    limit = LIMITS[order.role]
    if abs(order.points) > limit:
        detail = f"at most {limit:,} at once with a key of this role"
        return Problem(ProblemCode.ABOVE_LIMIT, path=("points",), detail=detail)
    return None


def _spendable(before: Retold, *, order: NewAdjustment, customer: CustomerRow, call: Call) -> int:
    """What can be taken: there now, and still there by all that is known to come."""
    then = before.course if customer.account.precedes(call.now) else before.as_of(call.now)
    there = then.purses[order.unit].holdings.available(at=call.now)
    return min(there, balance_of(before.course, at=before.until, unit=order.unit).available)


async def _adjusted(
    session: Session, *, call: Call, order: NewAdjustment, customer: CustomerRow, terms: Terms, before: Retold
) -> Answer | Problem:
    told, unit = before.told, order.unit
    # The wallet may have had no use for the unit so far.
    account = told.accounts.get(unit) or new_account(call.stamp, wallet_id=told.account.wallet_id, unit=unit)
    given = Adjustment(
        id=call.new_id(),
        account_id=account.id,
        customer_id=customer.id,
        points=order.points,
        occurred_at=call.now,
        recorded_at=call.now,
        terms_version=terms.version,
        reason=order.reason or "",
        actor=call.actor,
    )
    fact = NewFact(Adjusted(given.id, given.occurred_at, given.points, terms, unit))
    retold = told_with(told, versions=before.versions, facts=[fact], until=call.now)
    if any(one.lifetime > MAX_POINTS for one in retold.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("points",))
    if unit not in told.accounts:
        opened = await accounts.open_account(session, program_id=call.program.id, account=account)
        told.others = {**told.others, unit: opened}
    await adjustments.add(session, program_id=call.program.id, adjustment=given)
    made = await record(
        session, stamp=call.stamp, retold=retold, digests=(adjustments.evidence(given),), cause=given.id
    )
    answer = Answer(
        balances=retold.balances,
        customer_id=customer.id,
        entry_id=made[Subject(EntryType.ADJUST, given.id)].id,
    )
    return await keep(session, call=call, answer=answer)
