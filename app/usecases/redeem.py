"""Redeem a reward: pay its points from the customer's lots and hand it over, or reserve it for a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.domain.calendar import latest
from app.domain.facts import PurchaseFacts
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import Spot
from app.domain.units import Unit
from app.store import customers, following, levels, locations, members, redemptions, rewards, terms
from app.store.accounts import Account
from app.store.customers import CustomerRow
from app.store.programs import ProgramKind
from app.store.redemptions import Redemption, RedemptionState
from app.store.rewards import Reward
from app.store.unit import Session
from app.usecases.book import accounts_of
from app.usecases.call import CLOCK_TOLERANCE, Answer, Call, balances_now, keep, replay
from app.usecases.known_receipts import same_customer
from app.usecases.pay_reward import Asked, in_its_place, on_the_spot
from app.usecases.pay_reward import NewRedemption as NewRedemption
from app.usecases.staff_limits import own_card


async def redeem(session: Session, *, call: Call, order: NewRedemption) -> Answer | Problem:
    """Decide and, when granted, take one from stock and the points from the lots; or reserve both.

    A refusal by the terms is an answer like any other: it is kept under its key and moves nothing.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (skewed := _clock(call, order=order)) is not None:
        return skewed
    named = await _named(session, call=call, order=order)
    if isinstance(named, Problem):
        return named
    if order.hold is not None:
        known_hold = await redemptions.of_checkout(
            session,
            program_id=call.program.id,
            checkout=order.hold.checkout,
            spot=Spot(named.facts.location, named.facts.occurred_at, named.facts.zone),
            numbering=call.program.numbering,
        )
        if known_hold is not None:
            return await _same_checkout(session, call=call, named=named, known=known_hold)
    asked = await _asked(session, call=call, order=order, named=named)
    if isinstance(asked, Problem):
        return asked
    # Asked after the hold of a checkout, which stands as it was placed.
    if (undecided := asked.reward.choice_problem()) is not None:
        return undecided
    wallet = await accounts_of(session, stamp=call.stamp, customer=asked.customer, terms=asked.terms)
    reserved = any(one.balance.held for one in wallet.values())
    if order.hold is None and not reserved and await _follows(session, call=call, asked=asked, wallet=wallet):
        return await on_the_spot(session, call=call, asked=asked, wallet=wallet)
    return await in_its_place(session, call=call, asked=asked)


async def _follows(session: Session, *, call: Call, asked: Asked, wallet: Mapping[Unit, Account]) -> bool:
    program = call.program.id
    # What activity keeps alive is spent in another order than that of the stored dates.
    if wallet[asked.unit].balance.owed or await terms.kept_alive(session, program_id=program, terms=asked.terms):
        return False
    at = asked.facts.occurred_at
    return await following.follows(session, program_id=program, customer=asked.customer, terms=asked.terms, at=at)


class _Named(NamedTuple):
    """What an order names, as it is there: the facts with their place, the customer, whose account is locked, and the reward."""

    facts: PurchaseFacts
    customer: CustomerRow
    reward: Reward


async def _named(session: Session, *, call: Call, order: NewRedemption) -> _Named | Problem:
    program = call.program.id
    here = await locations.placed(session, program_id=program, facts=order.facts, location_id=order.location_id)
    if here is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("basket", "locationId"))
    customer = await customers.find(session, program_id=program, by=order.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if (own := await own_card(session, call=call, customer=customer, path=("customer",))) is not None:
        return own
    reward = await _reward(session, call=call, order=order)
    if reward is None:
        return Problem(ProblemCode.REWARD_NOT_FOUND, path=("reward",))
    return _Named(here, customer, reward)


async def _asked(session: Session, *, call: Call, order: NewRedemption, named: _Named) -> Asked | Problem:
    program, customer, reward = call.program.id, named.customer, named.reward
    in_force = await terms.in_force(session, program_id=program, at=order.facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("basket", "occurredAt"))
    clause = in_force.cost_of(reward.key)
    if clause is None:
        return Problem(ProblemCode.REWARD_NOT_OFFERED, path=("reward",))
    if in_force.asked.tier:
        customer = await levels.fresh(session, program_id=program, customer=customer)
    facts = await members.seen(session, program_id=program, customer=customer, terms=in_force, facts=named.facts)
    return Asked(order=order, customer=customer, reward=reward, terms=in_force, clause=clause, facts=facts)


async def _same_checkout(session: Session, *, call: Call, named: _Named, known: Redemption) -> Answer | Problem:
    """A second attempt of a checkout has the reservation of the first; another reward or customer is another checkout.

    It stands as it was decided, by the terms of its time, whatever has been published since.
    """
    customer = named.customer
    own = await same_customer(session, program_id=call.program.id, customer=customer, known_id=known.customer_id)
    if not own or known.reward_id != named.reward.id:
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("checkout",), redemption_ids=(known.id,))
    if known.state is not RedemptionState.HELD or known.has_run_out(at=latest(call.now, customer.account.settled_at)):
        return Problem(ProblemCode.NOT_HELD, path=("checkout",))
    answer = Answer(
        decision=known.decision,
        balances=await balances_now(session, program_id=call.program.id, customer=customer),
        customer_id=customer.id,
        reward_id=known.reward_id,
        redemption_id=known.id,
        already_recorded=True,
    )
    return await keep(session, call=call, answer=answer)


async def _reward(session: Session, *, call: Call, order: NewRedemption) -> Reward | None:
    if order.reward_id is not None:
        return await rewards.by_id(session, program_id=call.program.id, reward_id=order.reward_id)
    return await rewards.by_key(session, program_id=call.program.id, key=order.reward_key or "")


def _clock(call: Call, *, order: NewRedemption) -> Problem | None:
    """A till that redeems is online, so its clock must agree; a sandbox may replay the past, but reserves for now."""
    occurred_at = order.facts.occurred_at
    replays = call.program.kind is ProgramKind.SANDBOX and order.hold is None
    if replays or occurred_at >= call.now - CLOCK_TOLERANCE:
        return call.too_early(occurred_at, path=("basket", "occurredAt"))
    return Problem(ProblemCode.CLOCK_SKEW, path=("basket", "occurredAt"), detail="a redemption happens now")
