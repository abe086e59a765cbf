"""Redeem a reward: pay its points from the customer's lots and hand it over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain import lots, redeeming
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.facts import PurchaseFacts
from app.domain.ledger import EntryType
from app.domain.lots import Draw
from app.domain.price_lists import Charge
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms
from app.store import customers, ledger, locations, members, price_lists, redemptions, rewards, terms
from app.store.customers import CustomerBy, CustomerRow
from app.store.programs import ProgramKind
from app.store.redemptions import Redemption, RedemptionState
from app.store.rewards import Reward
from app.store.unit import Session
from app.usecases.book import book, count_uses
from app.usecases.call import CLOCK_TOLERANCE, Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class NewRedemption:
    """What the till asks for: whose points, which reward (by id or by key), and the basket it goes with (without lines: none).

    `location_id` is the place, None where it has none; the facts are those of a basket without one.
    """

    customer: CustomerBy
    reward_id: str | None
    reward_key: str | None
    facts: PurchaseFacts
    location_id: str | None = None


async def redeem(session: Session, *, call: Call, order: NewRedemption) -> Answer | Problem:
    """Decide and, when granted, take one from stock and the points from the lots.

    A refusal by the terms is an answer like any other: it is kept under its key and moves nothing.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (skewed := _clock(call, occurred_at=order.facts.occurred_at)) is not None:
        return skewed
    program = call.program.id
    here = await locations.placed(session, program_id=program, facts=order.facts, location_id=order.location_id)
    if here is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("basket", "locationId"))
    customer = await customers.find(session, program_id=program, by=order.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    reward = await _reward(session, call=call, order=order)
    if reward is None:
        return Problem(ProblemCode.REWARD_NOT_FOUND, path=("reward",))
    in_force = await terms.in_force(session, program_id=program, at=order.facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("basket", "occurredAt"))
    clause = in_force.cost_of(reward.key)
    if clause is None:
        return Problem(ProblemCode.REWARD_NOT_OFFERED, path=("reward",))
    facts = await members.seen(session, program_id=program, customer=customer, terms=in_force, facts=here)
    charge = await _charge(session, call=call, customer=customer, terms=in_force, reward=reward, at=facts.occurred_at)
    decision = redeeming.redeem(
        terms=in_force, clause=clause, facts=facts, available=customer.balance.available, charge=charge
    )
    answer = Answer(
        decision=decision, balance=customer.balance, customer_id=customer.id, reward_id=reward.id, terms=in_force
    )
    if decision.outcome is DecisionOutcome.REFUSED:
        return await keep(session, call=call, answer=answer)
    if not await rewards.take_one(session, program_id=program, reward_id=reward.id):
        return Problem(ProblemCode.OUT_OF_STOCK, path=("reward",))
    redemption = _redemption(call=call, facts=facts, customer=customer, reward=reward, decision=decision)
    return await _record(session, call=call, customer=customer, redemption=redemption, answer=answer, charge=charge)


async def _record(
    session: Session,
    *,
    call: Call,
    customer: CustomerRow,
    redemption: Redemption,
    answer: Answer,
    charge: Charge | None,
) -> Answer:
    """Write the redemption with its entry, and keep the answer."""
    decision, judged_by = answer.decision, answer.terms
    assert decision is not None, "a redemption was decided"
    assert judged_by is not None, "by terms"
    await redemptions.add(session, program_id=call.program.id, redemption=redemption)
    await count_uses(session, call=call, customer=customer, terms=judged_by, decision=decision)
    entry, balance = await book(
        session,
        call=call,
        customer=customer,
        type=EntryType.REDEEM,
        points=-decision.points,
        occurred_at=redemption.occurred_at,
        decision=decision,
        redemption_id=redemption.id,
        draws=await _draws(session, call=call, customer=customer, decision=decision, charge=charge),
    )
    answer = replace(answer, balance=balance, entry_id=entry.id, redemption_id=redemption.id)
    return await keep(session, call=call, answer=answer)


async def _charge(
    session: Session, *, call: Call, customer: CustomerRow, terms: Terms, reward: Reward, at: datetime
) -> Charge | None:
    """What the reward costs where points of different age pay different prices."""
    lists = await price_lists.known(session, program_id=call.program.id, customer=customer, in_force=terms, at=at)
    return lists.charge(reward.key) if lists is not None else None


async def _draws(
    session: Session, *, call: Call, customer: CustomerRow, decision: Decision, charge: Charge | None
) -> tuple[Draw, ...]:
    """The lots that pay, in their order."""
    if charge is not None:
        return charge.draws
    open_lots = await ledger.open_lots(session, program_id=call.program.id, account_id=customer.account_id)
    return tuple(lots.take(open_lots, points=decision.points))


def _redemption(
    *, call: Call, facts: PurchaseFacts, customer: CustomerRow, reward: Reward, decision: Decision
) -> Redemption:
    return Redemption(
        id=call.new_id(),
        customer_id=customer.id,
        reward_id=reward.id,
        state=RedemptionState.FULFILLED,
        points=decision.points,
        occurred_at=facts.occurred_at,
        recorded_at=call.now,
        terms_version=decision.terms_version,
        facts=facts,
    )


async def _reward(session: Session, *, call: Call, order: NewRedemption) -> Reward | None:
    if order.reward_id is not None:
        return await rewards.by_id(session, program_id=call.program.id, reward_id=order.reward_id)
    return await rewards.by_key(session, program_id=call.program.id, key=order.reward_key or "")


def _clock(call: Call, *, occurred_at: datetime) -> Problem | None:
    """A till that redeems is online, so its clock must agree; a sandbox may replay the past."""
    if call.program.kind is ProgramKind.SANDBOX or occurred_at >= call.now - CLOCK_TOLERANCE:
        return call.too_early(occurred_at, path=("basket", "occurredAt"))
    return Problem(ProblemCode.CLOCK_SKEW, path=("basket", "occurredAt"), detail="a redemption happens now")
