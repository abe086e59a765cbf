"""Pay for a reward that was asked for: decided on the spot, or at its place in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.domain.calendar import latest
from app.domain.deciding import redeeming
from app.domain.deciding.price_lists import Charge, PriceLists
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.facts import PurchaseFacts
from app.domain.ledger import Balance, Entry, EntryType
from app.domain.lots import Lot
from app.domain.problems import Problem
from app.domain.receipt_numbers import EVERYWHERE, Spot
from app.domain.terms import Clause, Terms
from app.domain.units import Unit
from app.domain.wallets.course import Course
from app.domain.wallets.happenings import Held, Redeemed
from app.domain.wallets.pending import pending_points
from app.domain.wallets.postings import Posting, Subject
from app.store import lots, price_lists, redemptions, rewards
from app.store.accounts import Account
from app.store.customers import CustomerBy, CustomerRow
from app.store.held_uses import counting_holds_as_used
from app.store.redemptions import Redemption, RedemptionState
from app.store.rewards import Reward
from app.store.telling import NewFact, balance_of, retell, told_with
from app.store.unit import Session
from app.store.values import json_text
from app.usecases.book import Book, Origin, held_in
from app.usecases.call import Answer, Call, keep
from app.usecases.count import count_uses
from app.usecases.record import record
from app.usecases.reserving import NewHold


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
class Asked:
    """A reward asked for, with the terms and the clause that price it, and the facts as the rules see them."""

    order: NewRedemption
    customer: CustomerRow
    reward: Reward
    terms: Terms
    clause: Clause
    facts: PurchaseFacts

    @property
    def unit(self) -> Unit:
        """What the reward costs."""
        return redeeming.price(self.clause).unit

    @property
    def owner(self) -> str:
        """Who redeems: before customers were merged, the one whose card it was."""
        return self.customer.asked_for or self.customer.id


async def on_the_spot(
    session: Session, *, call: Call, asked: Asked, wallet: Mapping[Unit, Account]
) -> Answer | Problem:
    """Decide by the balance as it stands, and book one entry."""
    program, account, at = call.program.id, wallet[asked.unit], asked.facts.occurred_at
    lists = None
    if asked.unit is Unit.POINTS:
        lists = await price_lists.known(
            session, program_id=program, customer=asked.customer, in_force=asked.terms, at=at
        )
    decision = redeeming.redeem(
        terms=asked.terms,
        clause=asked.clause,
        facts=asked.facts,
        available=account.balance.available,
        charge=lists.charge(asked.reward.key) if lists is not None else None,
    )
    balances = held_in(wallet)
    answer = answered(asked, decision=decision, balances=balances)
    if decision.outcome is DecisionOutcome.REFUSED:
        if account.balance.pending:  # only the whole history says when those can be spent
            return await in_its_place(session, call=call, asked=asked)
        return await keep(session, call=call, answer=answer)
    if not await rewards.take_one(session, program_id=program, reward=asked.reward):
        return rewards.OUT_OF_STOCK
    redemption = _redemption(call=call, asked=asked, facts=asked.facts, decision=decision)
    await _write(session, call=call, asked=asked, redemption=redemption)
    holdings = await lots.holdings(session, program_id=program, account_id=account.id)
    known, cost = dict(holdings.lots), decision.amount(asked.unit)
    draws = holdings.spend(redemption.id, cost, at=at, before=_prices(lists, asked=asked))
    book = Book(session=session, stamp=call.stamp, account=account, known=known)
    posting = Posting(Subject(EntryType.REDEEM, redemption.id), at, draws, decision)
    entry = await book.append(posting, lots_after=holdings.lots, origin=Origin(redemption_id=redemption.id))
    left = replace(account.balance, available=account.balance.available - cost)
    told = asked.customer.account
    if asked.unit is not Unit.POINTS:
        await book.close(lots_after=holdings.lots, balance=left)
        book = Book(session=session, stamp=call.stamp, account=told, known={})
    # What it was told for stands in the account of points, whatever was paid with.
    await book.close(
        lots_after=holdings.lots,
        balance=left if asked.unit is Unit.POINTS else told.balance,
        settled_at=at,
        due_at=told.due_at,
        notice_at=told.notice_at,
        terms_version=asked.terms.version,
        digests=(redemptions.evidence(redemption),),
    )
    balances[asked.unit] = left
    return await _granted(session, call=call, answer=answer, redemption=redemption, entry=entry, balances=balances)


async def in_its_place(session: Session, *, call: Call, asked: Asked) -> Answer | Problem:
    """Tell the wallet up to the redemption, decide by what it held then and holds now, and book what follows."""
    account, at = asked.customer.account, asked.facts.occurred_at
    before = await retell(session, program_id=call.program.id, account=account, until=at)
    then = before.course if account.precedes(at) else before.as_of(at, customer_id=asked.owner)
    facts = then.holders[asked.owner].seen(asked.facts, terms=asked.terms)
    facts = counting_holds_as_used(
        facts, customer_id=asked.owner, terms=asked.terms, told=before.told, then=then, at=before.until
    )
    held = balance_of(before.course, at=before.until, unit=asked.unit)
    available = min(then.purses[asked.unit].holdings.available(at=at), held.available)
    decision = redeeming.redeem(
        terms=asked.terms,
        clause=asked.clause,
        facts=facts,
        available=available,
        owed=held.owed,
        charge=_charge(then, asked=asked),
        foreseen=pending_points(before.course, terms=asked.terms, at=before.until).foreseen(asked.clause),
    )
    answer = answered(asked, decision=decision, balances=before.balances)
    if decision.outcome is DecisionOutcome.REFUSED:
        return await keep(session, call=call, answer=answer)
    if not await rewards.take_one(session, program_id=call.program.id, reward=asked.reward):
        return rewards.OUT_OF_STOCK
    redemption = _redemption(call=call, asked=asked, facts=facts, decision=decision)
    await _write(session, call=call, asked=asked, redemption=redemption)
    retold = told_with(before.told, versions=before.versions, facts=[_fact(asked, redemption=redemption)], until=at)
    made = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        digests=(redemptions.evidence(redemption),),
        cause=redemption.id,
        decisions={redemption.id: decision},
    )
    entry = made.get(Subject(EntryType.REDEEM, redemption.id))
    return await _granted(
        session, call=call, answer=answer, redemption=redemption, entry=entry, balances=retold.balances
    )


def _charge(then: Course, *, asked: Asked) -> Charge | None:
    """What the reward costs where points of different age pay different prices."""
    if asked.unit is not Unit.POINTS:
        return None
    lists = then.price_lists(terms=asked.terms, at=asked.facts.occurred_at)
    return lists.charge(asked.reward.key) if lists is not None else None


def _prices(lists: PriceLists | None, *, asked: Asked) -> Callable[[Lot], int] | None:
    """What each lot would pay."""
    if lists is None:
        return None
    now = redeeming.price(asked.clause).points
    return lambda lot: lists.price_of(lot, reward=asked.reward.key, now=now)


def _fact(asked: Asked, *, redemption: Redemption) -> NewFact:
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


async def _write(session: Session, *, call: Call, asked: Asked, redemption: Redemption) -> None:
    """Write the redemption with what clauses count in it."""
    await redemptions.add(session, program_id=call.program.id, redemption=redemption)
    if redemption.state is not RedemptionState.HELD:
        await count_uses(session, call=call, redemption=redemption, terms=asked.terms)


def answered(asked: Asked, *, decision: Decision, balances: Mapping[Unit, Balance]) -> Answer:
    """What was decided of a reward, with the balances behind it."""
    return Answer(
        decision=decision,
        balances=balances,
        customer_id=asked.customer.id,
        reward_id=asked.reward.id,
        terms=asked.terms,
    )


async def _granted(
    session: Session,
    *,
    call: Call,
    answer: Answer,
    redemption: Redemption,
    entry: Entry | None,
    balances: Mapping[Unit, Balance],
) -> Answer:
    made = answer._replace(
        balances=balances, entry_id=entry.id if entry is not None else None, redemption_id=redemption.id
    )
    return await keep(session, call=call, answer=made)


def _redemption(*, call: Call, asked: Asked, facts: PurchaseFacts, decision: Decision) -> Redemption:
    hold, spot = asked.order.hold, Spot(facts.location, facts.occurred_at, facts.zone)
    # Counted from what is known, so that no reservation is over before it began, whatever the clock of its till.
    since = latest(facts.occurred_at, call.now, asked.customer.account.settled_at)
    return Redemption(
        id=call.new_id(),
        customer_id=asked.owner,
        reward_id=asked.reward.id,
        state=RedemptionState.FULFILLED if hold is None else RedemptionState.HELD,
        points=decision.amount(asked.unit),
        occurred_at=facts.occurred_at,
        recorded_at=call.now,
        terms_version=decision.terms_version,
        facts=facts,
        decision=decision,
        facts_text=json_text(facts.to_data()),
        decision_text=json_text(decision.to_data()),
        held_until=since + hold.length if hold is not None else None,
        checkout=hold.checkout if hold is not None else None,
        fulfilled_at=call.now if hold is None else None,
        fulfilled_by=call.actor if hold is None else None,
        space=call.program.numbering.space(spot) if hold is not None else EVERYWHERE,
    )
