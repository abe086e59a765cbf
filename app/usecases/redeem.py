"""Redeem a reward: pay its points from the customer's lots and hand it over, or reserve it for a checkout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.domain import redeeming
from app.domain.calendar import latest
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.facts import PurchaseFacts
from app.domain.ledger import Balance, Entry, EntryType
from app.domain.lots import Lot
from app.domain.price_lists import Charge, PriceLists
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Clause, Terms
from app.domain.wallets.course import Course
from app.domain.wallets.happenings import Held, Redeemed
from app.domain.wallets.postings import Posting, Subject
from app.store import customers, levels, locations, lots, members, price_lists, redemptions, rewards, terms
from app.store.customers import CustomerBy, CustomerRow
from app.store.programs import ProgramKind
from app.store.redemptions import Redemption, RedemptionState
from app.store.rewards import Reward
from app.store.telling import NewFact, retell, told_with
from app.store.unit import Session
from app.usecases.book import Book, Origin
from app.usecases.call import CLOCK_TOLERANCE, Answer, Call, keep, replay
from app.usecases.count import count_uses
from app.usecases.record import record
from app.usecases.reserving import NewHold, with_reserved


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
    hold: NewHold | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A reward asked for, with the terms and the clause that price it, and the facts as the rules see them."""

    order: NewRedemption
    customer: CustomerRow
    reward: Reward
    terms: Terms
    clause: Clause
    facts: PurchaseFacts

    @property
    def owner(self) -> str:
        """Who redeems: before customers were merged, the one whose card it was."""
        return self.customer.asked_for or self.customer.id


async def redeem(session: Session, *, call: Call, order: NewRedemption) -> Answer | Problem:
    """Decide and, when granted, take one from stock and the points from the lots; or reserve both.

    A refusal by the terms is an answer like any other: it is kept under its key and moves nothing.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (skewed := _clock(call, order=order)) is not None:
        return skewed
    asked = await _asked(session, call=call, order=order)
    if isinstance(asked, Problem):
        return asked
    if order.hold is not None:
        known_hold = await redemptions.by_checkout(session, program_id=call.program.id, checkout=order.hold.checkout)
        if known_hold is not None:
            return await _same_checkout(session, call=call, asked=asked, known=known_hold)
    account = asked.customer.account
    # What keeps older points alive puts off their notices too.
    alive = await terms.kept_alive(session, program_id=call.program.id, terms=asked.terms)
    if (
        not alive
        and order.hold is None
        and not account.balance.held
        and account.is_followed_by(asked.facts.occurred_at)
    ):
        return await _on_the_spot(session, call=call, asked=asked)
    return await _in_its_place(session, call=call, asked=asked)


async def _asked(session: Session, *, call: Call, order: NewRedemption) -> _Asked | Problem:
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
    if in_force.asked.tier:
        customer = await levels.fresh(session, program_id=program, customer=customer)
    facts = await members.seen(session, program_id=program, customer=customer, terms=in_force, facts=here)
    return _Asked(order=order, customer=customer, reward=reward, terms=in_force, clause=clause, facts=facts)


async def _on_the_spot(session: Session, *, call: Call, asked: _Asked) -> Answer | Problem:
    """Decide by the balance as it stands, and book one entry."""
    program, account, at = call.program.id, asked.customer.account, asked.facts.occurred_at
    lists = await price_lists.known(session, program_id=program, customer=asked.customer, in_force=asked.terms, at=at)
    decision = redeeming.redeem(
        terms=asked.terms,
        clause=asked.clause,
        facts=asked.facts,
        available=account.balance.available,
        charge=lists.charge(asked.reward.key) if lists is not None else None,
    )
    answer = _answer(asked, decision=decision, balance=account.balance)
    if decision.outcome is DecisionOutcome.REFUSED:
        return await keep(session, call=call, answer=answer)
    if not await rewards.take_one(session, program_id=program, reward_id=asked.reward.id):
        return Problem(ProblemCode.OUT_OF_STOCK, path=("reward",))
    redemption = _redemption(call=call, asked=asked, facts=asked.facts, decision=decision)
    await _write(session, call=call, asked=asked, redemption=redemption)
    holdings = await lots.holdings(session, program_id=program, account_id=account.id)
    known = dict(holdings.lots)
    draws = holdings.spend(redemption.id, decision.points, at=at, before=_prices(lists, asked=asked))
    book = Book(session=session, stamp=call.stamp, account=account, known=known)
    posting = Posting(Subject(EntryType.REDEEM, redemption.id), at, draws, decision)
    entry = await book.append(posting, lots_after=holdings.lots, origin=Origin(redemption_id=redemption.id))
    after = await book.close(
        lots_after=holdings.lots,
        balance=replace(account.balance, available=account.balance.available - decision.points),
        settled_at=at,
        due_at=account.due_at,
        notice_at=account.notice_at,
        digests=(redemptions.evidence(redemption),),
    )
    return await _granted(session, call=call, answer=answer, redemption=redemption, entry=entry, balance=after.balance)


async def _in_its_place(session: Session, *, call: Call, asked: _Asked) -> Answer | Problem:
    """Tell the wallet up to the redemption, decide by what it held then and holds now, and book what follows."""
    account, at = asked.customer.account, asked.facts.occurred_at
    before = await retell(session, program_id=call.program.id, account=account, until=at)
    then = before.course if account.precedes(at) else before.as_of(at, customer_id=asked.owner)
    facts = then.holders[asked.owner].seen(asked.facts, terms=asked.terms)
    facts = with_reserved(
        facts, customer_id=asked.owner, terms=asked.terms, told=before.told, then=then, at=before.until
    )
    available = min(then.holdings.available(at=at), before.balance.available)
    decision = redeeming.redeem(
        terms=asked.terms,
        clause=asked.clause,
        facts=facts,
        available=available,
        owed=before.balance.owed,
        charge=_charge(then, asked=asked),
    )
    answer = _answer(asked, decision=decision, balance=before.balance)
    if decision.outcome is DecisionOutcome.REFUSED:
        return await keep(session, call=call, answer=answer)
    if not await rewards.take_one(session, program_id=call.program.id, reward_id=asked.reward.id):
        return Problem(ProblemCode.OUT_OF_STOCK, path=("reward",))
    redemption = _redemption(call=call, asked=asked, facts=facts, decision=decision)
    await _write(session, call=call, asked=asked, redemption=redemption)
    retold = told_with(before.told, versions=before.versions, facts=[_fact(asked, redemption=redemption)], until=at)
    made = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        late=not account.precedes(at),
        digests=(redemptions.evidence(redemption),),
        cause=redemption.id,
        decisions={redemption.id: decision},
    )
    entry = made.get(Subject(EntryType.REDEEM, redemption.id))
    return await _granted(session, call=call, answer=answer, redemption=redemption, entry=entry, balance=retold.balance)


def _charge(then: Course, *, asked: _Asked) -> Charge | None:
    """What the reward costs where points of different age pay different prices."""
    lists = then.price_lists(terms=asked.terms, at=asked.facts.occurred_at)
    return lists.charge(asked.reward.key) if lists is not None else None


def _prices(lists: PriceLists | None, *, asked: _Asked) -> Callable[[Lot], int] | None:
    """What each lot would pay."""
    if lists is None:
        return None
    now = redeeming.price(asked.clause).points
    return lambda lot: lists.price_of(lot, reward=asked.reward.key, now=now)


def _fact(asked: _Asked, *, redemption: Redemption) -> NewFact:
    if redemption.held_until is not None:
        held = Held(
            id=redemption.id,
            at=redemption.occurred_at,
            points=redemption.points,
            until=redemption.held_until,
            terms=asked.terms,
            reward=asked.reward.key,
        )
        return NewFact(held, customer_id=asked.owner)
    clauses = redemption.decision.applied()
    fact = Redeemed(
        redemption.id, asked.owner, redemption.facts, asked.terms, redemption.points, asked.reward.key, clauses
    )
    return NewFact(fact, customer_id=asked.owner)


async def _write(session: Session, *, call: Call, asked: _Asked, redemption: Redemption) -> None:
    """Write the redemption with what clauses count in it."""
    await redemptions.add(session, program_id=call.program.id, redemption=redemption)
    if redemption.state is not RedemptionState.HELD:
        await count_uses(session, call=call, customer_id=asked.owner, terms=asked.terms, decision=redemption.decision)


def _answer(asked: _Asked, *, decision: Decision, balance: Balance) -> Answer:
    return Answer(
        decision=decision,
        balance=balance,
        customer_id=asked.customer.id,
        reward_id=asked.reward.id,
        terms=asked.terms,
    )


async def _granted(
    session: Session, *, call: Call, answer: Answer, redemption: Redemption, entry: Entry | None, balance: Balance
) -> Answer:
    made = replace(
        answer, balance=balance, entry_id=entry.id if entry is not None else None, redemption_id=redemption.id
    )
    return await keep(session, call=call, answer=made)


async def _same_checkout(session: Session, *, call: Call, asked: _Asked, known: Redemption) -> Answer | Problem:
    """A second attempt of a checkout has the reservation of the first; another reward or customer is another checkout."""
    customer = asked.customer
    if known.customer_id not in (customer.id, customer.asked_for) or known.reward_id != asked.reward.id:
        return Problem(ProblemCode.IDEMPOTENCY_KEY_REUSED, path=("checkout",))
    if known.state is not RedemptionState.HELD or known.has_run_out(at=latest(call.now, customer.account.settled_at)):
        return Problem(ProblemCode.NOT_HELD, path=("checkout",))
    answer = _answer(asked, decision=known.decision, balance=customer.account.balance)
    return await keep(session, call=call, answer=replace(answer, redemption_id=known.id))


def _redemption(*, call: Call, asked: _Asked, facts: PurchaseFacts, decision: Decision) -> Redemption:
    hold = asked.order.hold
    # Counted from what is known, so that no reservation is over before it began, whatever the clock of its till.
    since = latest(facts.occurred_at, call.now, asked.customer.account.settled_at)
    return Redemption(
        id=call.new_id(),
        customer_id=asked.owner,
        reward_id=asked.reward.id,
        state=RedemptionState.FULFILLED if hold is None else RedemptionState.HELD,
        points=decision.points,
        occurred_at=facts.occurred_at,
        recorded_at=call.now,
        terms_version=decision.terms_version,
        facts=facts,
        decision=decision,
        held_until=since + hold.length if hold is not None else None,
        checkout=hold.checkout if hold is not None else None,
    )


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
