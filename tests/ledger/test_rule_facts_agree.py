"""The facts that terms require of a customer are the same from stored rows, from the replayed wallet and from the simulation.

Random histories of a real program in which everything is counted that can be; the facts of
one purchase are then computed from each of the three, at several moments and in two time zones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import Role
from app.domain.calendar import Period
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.customers.profile import BirthdayChange, ProfileChange
from app.domain.customers.rule_facts import NO_RULE_FACTS, RuleFacts
from app.domain.engine.usage_counters import BEGINNING
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.domain.simulation.customer_replay import CustomerHistory, CustomerReplay, PastRedemption, PurchaseWithReturns
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.member_for import MemberFor
from app.domain.terms.conditions.segments import Segments
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from app.store.customers import customers, profiles, rule_facts
from app.store.database.codecs import NIL_UUID
from app.store.database.session import Session
from app.store.events.replay import replay_wallet
from app.store.previews import customer_histories
from app.usecases.command import UseCase
from app.usecases.customers import enrol_customer, merge_customers, update_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.customers.merge_customers import MergeCustomers
from app.usecases.customers.update_customer import UpdateCustomer
from app.usecases.purchases import amend_purchase, move_purchase, record_exchange, record_purchase, record_refund
from app.usecases.purchases.amend_purchase import AmendPurchase
from app.usecases.purchases.commands import ReceiptToRecord, RecordExchange, RecordPurchase, RecordRefund
from app.usecases.purchases.move_purchase import MovePurchase
from app.usecases.results import ResultType
from app.usecases.rewards import cancel_redemption, create_reward, redeem_reward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.commands import NewHold, RedeemReward
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import CaptureHold, capture
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_clause, a_line, a_purchase
from tests.ledger.history_strategies import AUCKLAND
from tests.ledger.program_driver import DatabaseRunner, OutcomeCounts, ProgramDriver, open_runner
from tests.ledger.terms_strategies import LONDON, START
from tests.soak_settings import property_settings

LONG_AGO = START - timedelta(days=400)
CLAUSES: list[DraftedClause] = [
    a_clause(),
    ("welcome", (FirstPurchase(),), BonusPoints(5)),
    ("third-visit", (EveryNthVisit(3),), BonusPoints(4)),
    ("fourth-item", (EveryNthItem(4),), BonusPoints(3)),
    ("daily", (TimesPerPeriod(2, Period.DAY),), BonusPoints(2)),
    ("weekly", (TimesPerPeriod(2, Period.WEEK),), BonusPoints(2)),
    ("monthly-stamp", (TimesPerPeriod(3, Period.MONTH),), Stamps(1, StampOccasion.VISIT)),
    ("yearly", (TimesPerPeriod(5, Period.YEAR), EveryNthItem(3)), BonusPoints(1)),
    ("five", (TimesPerPeriod(5, Period.EVER),), BonusPoints(1)),
    ("birthday", (BirthdayWindow(before=3, after=10),), BonusPoints(6)),
    ("grown-up", (AgeAtLeast(18), Segments(frozenset({"vip"}))), BonusPoints(1)),
    ("old-friend", (MemberFor(3),), BonusPoints(1)),
    ("silver-bonus", (TierAtLeast("silver"),), BonusPoints(1)),
    ("day-cap", (), PointsCap(60, CapScope.DAY)),
    ("month-cap", (), PointsCap(400, CapScope.MONTH)),
    ("silver", (), Tier("silver", "Silver", 20)),
    ("tier-period", (), TierPeriod(TierWindow.SINCE_JOINING, 0)),
    ("coffee", (TimesPerPeriod(2, Period.WEEK),), RewardCost("coffee", 3)),
    ("mug", (TimesPerPeriod(1, Period.MONTH),), RewardCost("mug", 9)),
    ("undo", (), ReversalWindow(480)),
]
ANNA, BOB = (CustomerReference(card, IdentityKind.CARD) for card in ("ANNA", "BOB"))
ALL_ACTIONS = ("buys", "buys", "buys", "redeems", "refunds", "refunds", "buys_late", "captures", "cancels", "amends", "moves", "exchanges", "merges")  # fmt: skip
"""Everything that changes a counter, in any order."""
SIMULATED_ACTIONS = ("buys", "buys", "buys", "redeems", "captures", "refunds_at_once")
"""Actions that the simulation counts exactly: a refund directly follows its purchase."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a random history, `hours` after the one before; `pick` selects the receipt, reward or customer."""

    kind: str
    hours: int
    pick: int


def histories(kinds: Collection[str]) -> st.SearchStrategy[list[Action]]:
    """Twelve to sixteen actions, in up to four months."""
    hours = st.sampled_from([1, 1, 5, 9, 24, 200])
    return st.lists(
        st.builds(Action, st.sampled_from(list(kinds)), hours, st.integers(0, 99)), min_size=12, max_size=16
    )


class CountingShop(ProgramDriver):
    """A program under terms that count everything. Anna's birthday is in the first weeks, nobody knows Bob's."""

    def __init__(self, runner: DatabaseRunner, *, outcomes: Counter[str]) -> None:
        counts = OutcomeCounts(outcomes=outcomes)
        super().__init__(runner, kind=ProgramKind.SANDBOX, start=START, counts=counts)
        self.receipts: list[str] = []
        self.redemptions: list[str] = []
        for reward in ("coffee", "mug"):
            self.must(create_reward.run, CreateReward(reward, reward, "Nice.", None, None, None))
        self.must(publish_terms.run, PublishTerms(LONG_AGO, CLAUSES))
        for card in (ANNA, BOB):
            self.must(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card.value),), None))
        born = ProfileChange(birthday=BirthdayChange(date(1990, 1, 20)), segments=frozenset({"vip"}))
        self.must(update_customer.run, UpdateCustomer(ANNA, born, None))

    def must(self, use_case: UseCase[Any, ResultType], command: Any) -> ResultType:
        """The result of a command that must succeed."""
        data = self.execute(use_case, command)
        assert not isinstance(data, Problem), f"{data}"
        return data

    def carry_out(self, action: Action) -> None:
        """Carry the action out, if it is possible."""
        self.clock.now += timedelta(hours=action.hours)
        getattr(self, action.kind)(action.pick)

    def who(self, pick: int) -> CustomerReference:
        """Mostly Anna."""
        return BOB if pick % 3 == 2 else ANNA

    def goods(self, pick: int, *, at: datetime | None = None) -> PurchaseFacts:
        """Some items; now and then what is no visit."""
        lines = (a_line(1, price=f"{pick % 17}.50", quantity=f"{1 + pick % 3}"), a_line(2, price="2.00"))
        zone = AUCKLAND if pick % 5 == 4 else LONDON
        return a_purchase(*lines[pick % 7 == 6 :], at=at or self.now, zone=zone)

    def buys(self, pick: int, *, at: datetime | None = None) -> None:
        receipt = f"r{len(self.receipts)}"
        self.must(record_purchase.run, RecordPurchase(self.who(pick), receipt, self.goods(pick, at=at)))
        self.receipts.append(receipt)

    def buys_late(self, pick: int) -> None:
        self.buys(pick, at=self.now - timedelta(hours=1 + pick * 3))

    def refunds(self, pick: int) -> None:
        """Some of a purchase, or all of it; perhaps known late."""
        if self.receipts:
            lines = {1: Decimal(1)} if pick % 2 else None
            self.refund(self.receipts[pick % len(self.receipts)], lines, pick)

    def refunds_at_once(self, pick: int) -> None:
        """A purchase that is wholly refunded before any other event."""
        self.buys(pick)
        self.clock.now += timedelta(minutes=1)
        self.refund(self.receipts[-1], None, pick)

    def refund(self, receipt: str, lines: dict[int, Decimal | None] | None, pick: int) -> None:
        self.execute(
            record_refund.run, RecordRefund(None, ReceiptReference(receipt), lines, self.now, None, None, f"{pick}")
        )

    def exchanges(self, pick: int) -> None:
        if self.receipts:
            receipt = self.receipts[pick % len(self.receipts)]
            back = RecordRefund(None, ReceiptReference(receipt), {1: Decimal(1)}, self.now, None, None, f"{pick}")
            new = ReceiptToRecord(f"r{len(self.receipts)}", self.goods(pick + 1))
            if not isinstance(self.execute(record_exchange.run, RecordExchange(back, new, None)), Problem):
                self.receipts.append(new.external_id)

    def amends(self, pick: int) -> None:
        if self.receipts:
            receipt = self.receipts[pick % len(self.receipts)]
            self.execute(amend_purchase.run, AmendPurchase(receipt, self.goods(pick + 1), None, None, "typed wrong"))

    def moves(self, pick: int) -> None:
        if self.receipts:
            receipt = ReceiptReference(self.receipts[pick % len(self.receipts)])
            self.execute(move_purchase.run, MovePurchase(None, receipt, self.who(pick), "the wrong card"))

    def merges(self, pick: int) -> None:
        if pick % 3 == 0:
            self.execute(merge_customers.run, MergeCustomers(BOB, ANNA, "one person"))

    def redeems(self, pick: int, *, hold: NewHold | None = None) -> None:
        basket = PurchaseFacts(occurred_at=self.now, zone=LONDON, currency="GBP", lines=())
        reward = "mug" if pick % 4 == 3 else "coffee"
        done = self.must(redeem_reward.run, RedeemReward(self.who(pick), None, reward, basket, hold=hold))
        if done.redemption_id is not None:
            self.redemptions.append(done.redemption_id)
            if hold is not None:
                self.clock.now += timedelta(minutes=1)
                self.must(capture, CaptureHold(done.redemption_id, None))

    def captures(self, pick: int) -> None:
        """A hold that is paid for."""
        self.redeems(pick, hold=NewHold(f"checkout-{len(self.redemptions)}", timedelta(hours=2)))

    def cancels(self, pick: int) -> None:
        if self.redemptions:
            id = self.redemptions[pick % len(self.redemptions)]
            self.execute(cancel_redemption.run, CancelRedemption(id, Role.OWNER, "spilt", shop_at_fault=False))

    def probes(self) -> Iterator[PurchaseFacts]:
        """Purchases after all that happened: at once, on the next days, in the next month and year, in two zones."""
        for later in (timedelta(seconds=1), timedelta(hours=12), timedelta(days=8), timedelta(days=31), timedelta(365)):
            for zone in (LONDON, AUCKLAND):
                yield a_purchase(at=self.now + later, zone=zone)


async def stored_and_replayed(
    session: Session, *, by: CustomerReference, terms: Terms, purchase: PurchaseFacts
) -> tuple[RuleFacts, RuleFacts]:
    """The facts of a purchase, from stored rows and from the replayed wallet."""
    customer = await customers.find(session, by=by)
    assert customer is not None
    person = await profiles.of_customer(session, customer_id=customer.id)
    known = replace(purchase, rule_facts=terms.required_facts.profile_facts(person, purchase=purchase))
    counters = await rule_facts.usage_counters(session, customer=customer, terms=terms, facts=known)
    stored = counters.with_rule_facts(
        known, terms=terms, tier=customer.tier.key, qualifying_points=customer.account.balance.qualifying
    )
    if not customer.account.balance.owed:
        read = await rule_facts.with_rule_facts(session, customer=customer, terms=terms, facts=purchase)
        assert read == stored, "a till reads them all, unless a replay decides"
    replayed = await replay_wallet(session, account=customer.account, until=purchase.occurred_at)
    membership = replayed.wallet.memberships[customer.id]
    return stored.rule_facts, membership.with_rule_facts(known, terms=terms).rule_facts


async def replayed_histories(session: Session, *, since: datetime, terms: Terms) -> dict[str, CustomerHistory]:
    """What the simulation reads of the customers, by id."""
    page = await customer_histories.page(session, after=NIL_UUID, since=since, aspects=terms.required_facts.aspects)
    return {history.customer_id: history for history in page.histories}


async def id_of(session: Session, *, by: CustomerReference) -> str:
    customer = await customers.find(session, by=by)
    assert customer is not None
    return customer.id


def simulated(history: CustomerHistory, *, terms: Terms) -> CustomerReplay:
    """The customer after the simulation of the whole history."""
    replay = CustomerReplay(terms, history, {})
    for event in history.events:
        if isinstance(event, PastRedemption):
            assert replay.redeem(event) is not None, "it was granted, so it is"
            continue
        kept, whole = (
            (event.after_returns, event.before_returns) if isinstance(event, PurchaseWithReturns) else (event, None)
        )
        replay.book(kept, replay.decide(kept), before_returns=whole)
    return replay


def kinds_of(facts: RuleFacts) -> set[str]:
    """The kinds of facts that say something."""
    return {name for name in RuleFacts.__dataclass_fields__ if getattr(facts, name) != getattr(NO_RULE_FACTS, name)}


COUNTED = {
    "enrolled_at",
    "visits",
    "uses",
    "earned_by_period",
    "items",
    "condition_answers",
    "tier",
    "qualifying_points",
    "total_uses",
    "birthday_years",
    "used_birthdays",
    "profile",
}


def test_rows_and_replayed_wallet_give_the_same_facts(database_url: str) -> None:
    outcomes, seen = Counter[str](), set[str]()
    with open_runner(database_url) as runner:

        @property_settings(10)
        @given(actions=histories(ALL_ACTIONS))
        def agree(actions: list[Action]) -> None:
            shop = CountingShop(runner, outcomes=outcomes)
            for action in actions:
                shop.carry_out(action)
            terms = shop.in_force(shop.now)
            assert terms is not None
            for purchase in shop.probes():
                for by in (ANNA, BOB):
                    stored, replayed = shop.query(stored_and_replayed, by=by, terms=terms, purchase=purchase)
                    assert stored == replayed
                    seen.update(kinds_of(stored))

        agree()
    assert seen == COUNTED, "every kind of fact was compared"
    assert all(outcomes[f"{name} done"] or outcomes[f"{name} GRANTED"] for name in RECORDED), f"{outcomes}"


RECORDED = (
    "record_purchase",
    "record_refund",
    "record_exchange",
    "amend_purchase",
    "move_purchase",
    "redeem_reward",
    "capture",
    "cancel_redemption",
    "merge_customers",
)


def test_simulation_gives_the_same_facts_as_rows_and_wallet(database_url: str) -> None:
    seen = set[str]()
    with open_runner(database_url) as runner:

        @property_settings(10)
        @given(actions=histories(SIMULATED_ACTIONS))
        def agree(actions: list[Action]) -> None:
            shop = CountingShop(runner, outcomes=Counter())
            for action in actions:
                shop.carry_out(action)
            terms = shop.in_force(shop.now)
            assert terms is not None
            for by in (ANNA, BOB):
                id = shop.query(id_of, by=by)
                replay = simulated(shop.query(replayed_histories, since=BEGINNING, terms=terms)[id], terms=terms)
                for purchase in shop.probes():
                    stored, replayed = shop.query(stored_and_replayed, by=by, terms=terms, purchase=purchase)
                    assert stored == replayed
                    assert replay.with_rule_facts(purchase).rule_facts == stored
                    seen.update(kinds_of(stored))

        agree()
    assert seen == COUNTED, "every kind of fact was compared"


def test_simulation_that_begins_later_counts_visits_and_items_from_the_first_one(database_url: str) -> None:
    with open_runner(database_url) as runner:

        @property_settings(4)
        @given(before=histories(ALL_ACTIONS), after=histories(("buys",)))
        def agree(before: list[Action], after: list[Action]) -> None:
            shop = CountingShop(runner, outcomes=Counter())
            for action in before:
                shop.carry_out(action)
            since = shop.now + timedelta(minutes=1)
            for action in after:
                shop.carry_out(action)
            terms = shop.in_force(shop.now)
            assert terms is not None
            purchase = a_purchase(at=shop.now + timedelta(seconds=1))
            for by in (ANNA, BOB):
                id = shop.query(id_of, by=by)
                replay = simulated(shop.query(replayed_histories, since=since, terms=terms)[id], terms=terms)
                stored, _ = shop.query(stored_and_replayed, by=by, terms=terms, purchase=purchase)
                found = replay.with_rule_facts(purchase).rule_facts
                assert (found.visits, found.items) == (stored.visits, stored.items)

        agree()
