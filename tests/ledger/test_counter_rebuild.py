"""The counters of clauses after late events, merges and shared wallets: only the command that changes the past replays
the history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from app.domain.access import Role
from app.domain.calendar import Period
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.account import Account
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.validation import DraftedClause
from app.queries.customers import current_state
from app.store.events import replay
from app.usecases.command import UseCase
from app.usecases.customers import enrol_customer, join_household, merge_customers
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.customers.join_household import JoinHousehold
from app.usecases.customers.merge_customers import MergeCustomers
from app.usecases.purchases import record_purchase, record_refund
from app.usecases.purchases.booking import book_purchase, book_refund
from app.usecases.purchases.commands import RecordPurchase, RecordPurchaseResult, RecordRefund
from app.usecases.results import ResultType
from app.usecases.rewards import book_redemption, cancel_redemption, create_reward, redeem_reward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.commands import NewHold, RedeemReward, RedeemRewardResult
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import CaptureHold, capture
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_line, a_purchase
from tests.ledger.program_driver import OutcomeCounts, ProgramDriver, open_runner
from tests.ledger.stored_wallets import load_stored_wallets
from tests.ledger.terms_strategies import LONDON, START, clauses_of

FOR_EVER = PointsValidity()
ALIVE = PointsValidity(days=90, expires=True, since=ValidityStart.ACTIVITY, notice_from=20, notice_until=5)
HOUR = timedelta(hours=1)
NEW_YEAR = START - timedelta(days=9)


class CountingProgram(ProgramDriver):
    """A program that counts visits, items, uses of a clause by month and in all, and points by month."""

    def begin(
        self,
        *,
        validity: PointsValidity = FOR_EVER,
        period: TierPeriod | None = None,
        plain: bool = False,
        more: Sequence[DraftedClause] = (),
    ) -> None:
        """Creates a reward, terms (with `plain` only clauses that the reference knows) and the cards of Anna and Bob."""
        self.plain = plain
        cap = PointsCap(40, CapScope.MONTH)
        clauses = clauses_of((validity, RefundPolicy(), None, cap, period, (10, 25), True, None))
        clauses += (
            []
            if plain
            else [
                ("third", (EveryNthVisit(3),), BonusPoints(4)),
                ("fifth", (EveryNthItem(5),), BonusPoints(7)),
            ]
        )
        clauses += [
            ("coffee", (TimesPerPeriod(2, Period.EVER),), RewardCost("coffee", 3)),
            ("undo", (), ReversalWindow(48)),
        ]
        clauses += more
        self.done(create_reward.run, CreateReward("coffee", "Coffee", "Nice.", None, None, None))
        self.done(publish_terms.run, PublishTerms(START - timedelta(days=400), clauses))
        for card in ("ANNA", "BOB"):
            self.done(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card),), None))
        self.receipts = 0

    def done(self, use_case: UseCase[Any, ResultType], command: Any) -> ResultType:
        """Executes a command that must succeed."""
        payload = self.execute(use_case, command)
        assert not isinstance(payload, Problem), payload
        return payload

    def buy(self, card: str, pounds: int, *, at: datetime | None = None) -> int:
        """A purchase an hour later, or at a given time; returns the points earned."""
        self.clock.now += HOUR
        self.receipts += 1
        facts = a_purchase(a_line(price=f"{pounds}.00"), at=at or self.now)
        done = self.done(record_purchase.run, RecordPurchase(by_card(card), f"r{self.receipts}", facts))
        assert isinstance(done, RecordPurchaseResult)
        return done.decision.points

    def redeem_coffee(self, card: str, *, hold: NewHold | None = None) -> RedeemRewardResult:
        """Redeems a coffee, or holds one."""
        self.clock.now += HOUR
        basket = PurchaseFacts(occurred_at=self.now, zone=LONDON, currency="GBP", lines=())
        return self.done(redeem_reward.run, RedeemReward(by_card(card), None, "coffee", basket, hold=hold))

    def verify(self) -> None:
        """The ledger and the counters verify; under plain terms they also equal the reference."""
        assert (
            not self.plain
            or [fault for stored in self.query(load_stored_wallets) for fault in stored.violations()] == []
        )
        assert self.discrepancies() == []


def by_card(card: str) -> CustomerReference:
    """The customer with a card."""
    return CustomerReference(card, IdentityKind.CARD)


@contextmanager
def recorded_replays() -> Iterator[list[str]]:
    """The replays that commands make to decide something."""
    found: list[str] = []

    async def seen(*args: Any, **named: Any) -> Any:
        found.append("replay")
        return await replay.replay_wallet(*args, **named)

    with ExitStack() as stack:
        for module in (book_purchase, book_redemption, book_refund, current_state):
            stack.enter_context(patch.object(module, "replay_wallet", seen))
        yield found


@pytest.fixture
def shop(database_url: str) -> Iterator[CountingProgram]:
    """The program, verified at the end."""
    with open_runner(database_url) as where:
        program = CountingProgram(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts())
        yield program
        program.verify()


def with_a_late_purchase(shop: CountingProgram) -> None:
    """The last purchase to arrive should have been the first."""
    for _ in range(4):
        shop.buy("ANNA", 20)
    with recorded_replays() as replays:
        shop.buy("ANNA", 30, at=START - HOUR)
    assert replays == ["replay"], "only the late purchase replays the history"


def with_a_merge(shop: CountingProgram) -> None:
    """Bob is merged into Anna."""
    for card in ("ANNA", "BOB", "BOB", "ANNA"):
        shop.buy(card, 20)
    shop.done(merge_customers.run, MergeCustomers(by_card("BOB"), by_card("ANNA"), "one person"))


def with_a_household(shop: CountingProgram) -> None:
    """Bob joins Anna's household."""
    for card in ("ANNA", "BOB", "BOB", "ANNA"):
        shop.buy(card, 20)
    shop.done(join_household.run, JoinHousehold(by_card("BOB"), by_card("ANNA"), "a family"))


@pytest.mark.parametrize("happened", [with_a_late_purchase, with_a_merge, with_a_household])
@pytest.mark.parametrize(("plain", "validity"), [(True, FOR_EVER), (True, ALIVE), (False, FOR_EVER)])
def test_later_purchases_need_no_replay_and_are_decided_the_same(
    database_url: str, happened: Any, plain: bool, validity: PointsValidity
) -> None:
    def went(shop: CountingProgram) -> list[int]:
        shop.begin(validity=validity, plain=plain)
        happened(shop)
        shop.verify()
        found = [shop.buy(card, 20) for card in ("ANNA", "BOB", "ANNA", "BOB", "BOB", "ANNA", "ANNA")]
        shop.redeem_coffee("BOB")
        shop.redeem_coffee("ANNA")
        found += [shop.buy("BOB", 100), shop.buy("ANNA", 300), shop.buy("BOB", 300)]
        # The month after that counts anew what is counted by the month.
        shop.clock.now += timedelta(days=30)
        return [*found, shop.buy("ANNA", 20), shop.buy("BOB", 20)]

    with open_runner(database_url) as where:
        quick, slow = (
            CountingProgram(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts())
            for _ in ("quick", "slow")
        )
        with recorded_replays() as replays:
            by_counts = went(quick)
        # What activity keeps alive is spent in an order of its own, which takes a look at all of it.
        assert replays == (["replay", "replay"] if validity is ALIVE else []), (
            "only the late purchases replayed the history"
        )
        with patch.object(Account, "can_append", lambda _, __: False):
            assert went(slow) == by_counts
        for shop in (quick, slow):
            shop.verify()
        balances = [
            [stored.recorded.account.balance for stored in shop.query(load_stored_wallets)] for shop in (quick, slow)
        ]
        assert balances[0] == balances[1]


def test_undone_redemption_can_be_repeated_without_a_replay(shop: CountingProgram) -> None:
    shop.begin()
    shop.buy("ANNA", 100)
    first = shop.redeem_coffee("ANNA")
    shop.redeem_coffee("ANNA")
    assert first.redemption_id is not None
    refused = shop.redeem_coffee("ANNA")
    assert refused.redemption_id is None, "twice and no more"
    shop.done(cancel_redemption.run, CancelRedemption(first.redemption_id, Role.STAFF, "spilt", False))
    shop.verify()
    with recorded_replays() as replays:
        assert shop.redeem_coffee("ANNA").redemption_id is not None
        assert shop.redeem_coffee("ANNA").redemption_id is None
    assert replays == []


def test_captured_hold_counts_from_its_beginning(shop: CountingProgram) -> None:
    shop.begin()
    shop.buy("ANNA", 100)
    held = shop.redeem_coffee("ANNA", hold=NewHold("checkout", timedelta(days=2)))
    shop.buy("ANNA", 20)
    shop.done(capture, CaptureHold(held.redemption_id, None))
    shop.verify()
    with recorded_replays() as replays:
        assert shop.redeem_coffee("ANNA").redemption_id is not None
        assert shop.redeem_coffee("ANNA").redemption_id is None
    assert replays == []


def test_refund_replays_where_uses_of_clauses_may_become_free(shop: CountingProgram) -> None:
    shop.begin()
    with_a_late_purchase(shop)
    shop.buy("ANNA", 20)
    whole = {1: Decimal(1)}
    shop.clock.now += HOUR
    with recorded_replays() as replays:
        # The fourth receipt was not the fourth visit.
        shop.done(record_refund.run, RecordRefund(None, ReceiptReference("r4"), whole, shop.now, None, None, "r4"))
    assert replays == ["replay"]
    with recorded_replays() as replays:
        shop.clock.now += HOUR
        shop.done(record_refund.run, RecordRefund(None, ReceiptReference("r6"), whole, shop.now, None, None, "r6"))
    assert replays == ["replay"]
    shop.verify()


def test_refund_of_a_purchase_before_a_merge_finds_its_points_in_the_merged_wallet(shop: CountingProgram) -> None:
    shop.begin()
    with_a_merge(shop)
    shop.clock.now += HOUR
    with recorded_replays() as replays:
        back = shop.done(
            record_refund.run, RecordRefund(None, ReceiptReference("r2"), {1: Decimal(1)}, shop.now, None, None, "r2")
        )
    assert replays == ["replay"]
    assert back.decision is not None
    assert (back.decision.points > 0, back.shortfall) == (True, 0)
    shop.verify()


def test_each_customer_of_a_household_has_their_own_tier(shop: CountingProgram) -> None:
    """A replay works out the qualifying points of each customer; the account only knows their sum."""
    shop.begin(period=TierPeriod(TierWindow.SINCE_JOINING, 0), plain=True)
    with_a_household(shop)
    with recorded_replays() as replays:
        for _ in range(6):
            shop.buy("ANNA", 20)
            shop.verify()
    assert replays == ["replay"] * 6
    with recorded_replays() as replays:
        shop.buy("BOB", 20)
    assert replays == ["replay"]
    shop.verify()


def test_late_event_of_a_merged_customer_counts_for_the_survivor(shop: CountingProgram) -> None:
    shop.begin()
    with_a_merge(shop)
    with recorded_replays() as replays:
        shop.buy("BOB", 40, at=NEW_YEAR)
    assert replays == ["replay"]
    shop.verify()
    with recorded_replays() as replays:
        # Six visits and five items before; the sixth was a third one.
        assert [shop.buy("BOB", 20), shop.buy("ANNA", 20)] == [2 + 4, 2]
    assert replays == []


def test_stamps_do_not_use_up_the_monthly_cap_of_points(shop: CountingProgram) -> None:
    shop.begin(more=[("card", (), Stamps(5, StampOccasion.VISIT))])
    assert [shop.buy("ANNA", 100) for _ in range(4)] == [17, 10, 13, 0], "40 in a month, and 15 stamps beside them"
