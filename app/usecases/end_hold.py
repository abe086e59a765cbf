"""End a reservation: pay for it, as of the time when it began, or let it go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.domain.calendar import latest
from app.domain.ledger import EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.wallets.postings import Subject
from app.store import customers, redemptions, terms
from app.store.customers import CustomerBy, CustomerRow
from app.store.receipt_references import MOST_FITTING
from app.store.redemptions import Redemption, RedemptionState
from app.store.telling import retell
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.count import count_uses
from app.usecases.record import record
from app.usecases.run_out import Changed, let_go
from app.usecases.staff_limits import own_card


@dataclass(frozen=True, slots=True)
class HoldBy:
    """Which reservation: by the id of its redemption or by its checkout."""

    redemption_id: str | None
    checkout: str | None


_End: TypeAlias = Callable[..., Awaitable[Answer]]


async def capture(session: Session, *, call: Call, order: HoldBy) -> Answer | Problem:
    """Pay for what was reserved: the redemption as it was decided when the reservation began, and at that time."""
    return await _ended(session, call=call, order=order, by=_captured)


async def release(session: Session, *, call: Call, order: HoldBy) -> Answer | Problem:
    """Let go what was reserved: points and goods are free again. Points past their last day expire at once."""
    return await _ended(session, call=call, order=order, by=_released)


async def _ended(session: Session, *, call: Call, order: HoldBy, by: _End) -> Answer | Problem:
    if (known := await replay(session, call=call)) is not None:
        return known
    found = await _held(session, call=call, order=order)
    if found is None:
        return Problem(ProblemCode.HOLD_NOT_FOUND, path=("hold",))
    if isinstance(found, Problem):
        return found
    held, customer = found
    # Whoever lets a reservation go gains nothing.
    own = await own_card(session, call=call, customer=customer, path=("hold",)) if by is _captured else None
    if own is not None:
        return own
    # What time has ended is over, whether the books say so yet or not: they are told by those who keep time.
    run_out = held.has_run_out(at=latest(call.now, customer.account.settled_at))
    if held.state is not RedemptionState.HELD or run_out:
        return Problem(ProblemCode.NOT_HELD, path=("hold",))
    return await by(session, call=call, held=held, customer=customer)


async def _held(session: Session, *, call: Call, order: HoldBy) -> tuple[Redemption, CustomerRow] | Problem | None:
    """The reservation as it stands and whose it is, the account locked."""
    program = call.program.id
    known: Redemption | Problem | None
    if order.redemption_id is not None:
        known = await redemptions.by_id(session, program_id=program, redemption_id=order.redemption_id)
    else:
        known = await _of_checkout(session, call=call, checkout=order.checkout or "")
    if isinstance(known, Problem):
        return known
    if known is None or known.held_until is None:
        return None
    customer = await customers.find(session, program_id=program, by=CustomerBy(known.customer_id), lock=True)
    # Read again under the lock: somebody else may just have ended it.
    known = await redemptions.by_id(session, program_id=program, redemption_id=known.id)
    return (known, customer) if customer is not None and known is not None else None


async def _of_checkout(session: Session, *, call: Call, checkout: str) -> Redemption | Problem | None:
    """The reservation of a checkout: the one that runs, or else the newest; several that run are none, and none is guessed."""
    found = await redemptions.by_checkout(session, program_id=call.program.id, checkout=checkout, most=MOST_FITTING)
    running = [one for one in found if one.state is RedemptionState.HELD and not one.has_run_out(at=call.now)]
    if len(running) > 1:
        ids = tuple(redemption.id for redemption in running)
        return Problem(ProblemCode.RECEIPT_AMBIGUOUS, path=("hold",), redemption_ids=ids)
    return running[0] if running else max(found, key=lambda one: (one.occurred_at, one.id), default=None)


async def _captured(session: Session, *, call: Call, held: Redemption, customer: CustomerRow) -> Answer:
    program, id = call.program.id, held.id
    after = replace(held, state=RedemptionState.FULFILLED, fulfilled_at=call.now, fulfilled_by=call.actor)
    await redemptions.fulfil(session, program_id=program, redemption=after)
    judged_by = await terms.version(session, program_id=program, number=held.terms_version)
    if judged_by is None:
        raise LookupError(f"terms version {held.terms_version} is missing")
    await count_uses(session, call=call, redemption=held, terms=judged_by)
    retold = await retell(session, program_id=program, account=customer.account, until=call.now)
    changed = [Changed(before=held, after=after)]
    made = await record(session, stamp=call.stamp, retold=retold, changed=changed, cause=id)
    answer = Answer(
        decision=held.decision,
        balances=retold.balances,
        customer_id=customer.id,
        redemption_id=id,
        reward_id=held.reward_id,
        entry_id=made[Subject(EntryType.REDEEM, id)].id,
        terms=judged_by,
    )
    return await keep(session, call=call, answer=answer)


async def _released(session: Session, *, call: Call, held: Redemption, customer: CustomerRow) -> Answer:
    program = call.program.id
    changed = await let_go(
        session, program_id=program, redemption=held, state=RedemptionState.CANCELLED, ended_at=call.now
    )
    retold = await retell(session, program_id=program, account=customer.account, until=call.now)
    made = await record(session, stamp=call.stamp, retold=retold, changed=[changed])
    expired = [one.id for subject, one in made.items() if subject.type is EntryType.EXPIRE]
    answer = Answer(
        balances=retold.balances,
        customer_id=customer.id,
        redemption_id=held.id,
        reward_id=held.reward_id,
        entry_id=expired[0] if expired else None,
    )
    return await keep(session, call=call, answer=answer)
