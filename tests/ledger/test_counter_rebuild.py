"""What clauses count after facts came late, cards were merged or a wallet is shared: only the call that changes it looks back."""

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
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.effects.undo_window import UndoWindow
from app.domain.terms.validation import DraftedClause
from app.queries.customers import current_state
from app.store.events import replay
from app.usecases.command import Answer
from app.usecases.customers import enrol_customer, join_household, merge_customers
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.customers.join_household import JoinHousehold
from app.usecases.customers.merge_customers import MergeCustomers
from app.usecases.purchases import book_purchase, book_refund, record_purchase, record_refund
from app.usecases.purchases.new_receipts import RecordPurchase
from app.usecases.purchases.new_refund import RecordRefund
from app.usecases.rewards import book_redemption, cancel_redemption, create_reward, redeem_reward
from app.usecases.rewards.book_redemption import RedeemReward
from app.usecases.rewards.cancel_redemption import CancelRedemption
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.rewards.end_hold import HoldReference, capture
from app.usecases.rewards.holds import NewHold
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


class Counting(ProgramDriver):
    """A program in which everything is counted that can be: visits, items, uses a month and ever, points a month."""

    def begin(
        self,
        *,
        validity: PointsValidity = FOR_EVER,
        period: TierPeriod | None = None,
        plain: bool = False,
        more: Sequence[DraftedClause] = (),
    ) -> None:
        """A reward and terms, `plain` ones that the reference knows; Anna and Bob have cards."""
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
            ("undo", (), UndoWindow(48)),
        ]
        clauses += more
        self.made(create_reward.run, CreateReward("coffee", "Coffee", "Nice.", None, None, None))
        self.made(publish_terms.run, PublishTerms(START - timedelta(days=400), clauses))
        for card in ("ANNA", "BOB"):
            self.made(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, card),), None))
        self.receipts = 0

    def made(self, verb: Any, order: Any) -> Answer:
        """Do what must be possible."""
        done = self.execute(verb, order)
        assert isinstance(done, Answer), done
        return done

    def buys(self, card: str, pounds: int, *, at: datetime | None = None) -> int:
        """A purchase, an hour after whatever was before or at a moment; what it earned."""
        self.clock.now += HOUR
        self.receipts += 1
        facts = a_purchase(a_line(price=f"{pounds}.00"), at=at or self.now)
        done = self.made(record_purchase.run, RecordPurchase(by(card), f"r{self.receipts}", facts))
        assert done.decision is not None
        return done.decision.points

    def drinks(self, card: str, *, hold: NewHold | None = None) -> Answer:
        """A coffee, or a reservation of one."""
        self.clock.now += HOUR
        basket = PurchaseFacts(occurred_at=self.now, zone=LONDON, currency="GBP", lines=())
        return self.made(redeem_reward.run, RedeemReward(by(card), None, "coffee", basket, hold=hold))

    def proved(self) -> None:
        """The books, the counts among them, are right; where the reference knows the terms, also as it tells them."""
        assert (
            not self.plain
            or [fault for stored in self.query(load_stored_wallets) for fault in stored.violations()] == []
        )
        assert self.discrepancies() == []


def by(card: str) -> CustomerReference:
    """A card."""
    return CustomerReference(card, IdentityKind.CARD)


@contextmanager
def looks_back() -> Iterator[list[str]]:
    """Who tells a wallet from the beginning to decide something."""
    found: list[str] = []

    async def seen(*args: Any, **named: Any) -> Any:
        found.append("told")
        return await replay.replay_account(*args, **named)

    with ExitStack() as stack:
        for module in (book_purchase, book_redemption, book_refund, current_state):
            stack.enter_context(patch.object(module, "replay_account", seen))
        yield found


@pytest.fixture
def shop(database_url: str) -> Iterator[Counting]:
    """The program, proved in the end."""
    with open_runner(database_url) as where:
        program = Counting(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts())
        yield program
        program.proved()


def late(shop: Counting) -> None:
    """A purchase that should have been the first one comes last."""
    for _ in range(4):
        shop.buys("ANNA", 20)
    with looks_back() as told:
        shop.buys("ANNA", 30, at=START - HOUR)
    assert told == ["told"], "the late one is told in its place"


def merged(shop: Counting) -> None:
    """Bob's card is one more of Anna's."""
    for card in ("ANNA", "BOB", "BOB", "ANNA"):
        shop.buys(card, 20)
    shop.made(merge_customers.run, MergeCustomers(by("BOB"), by("ANNA"), "one person"))


def shared(shop: Counting) -> None:
    """Bob buys for the wallet of Anna."""
    for card in ("ANNA", "BOB", "BOB", "ANNA"):
        shop.buys(card, 20)
    shop.made(join_household.run, JoinHousehold(by("BOB"), by("ANNA"), "a family"))


@pytest.mark.parametrize("happened", [late, merged, shared])
@pytest.mark.parametrize(("plain", "validity"), [(True, FOR_EVER), (True, ALIVE), (False, FOR_EVER)])
def test_what_comes_next_is_decided_on_the_spot_and_as_if_everything_were_told(
    database_url: str, happened: Any, plain: bool, validity: PointsValidity
) -> None:
    def went(shop: Counting) -> list[int]:
        shop.begin(validity=validity, plain=plain)
        happened(shop)
        shop.proved()
        found = [shop.buys(card, 20) for card in ("ANNA", "BOB", "ANNA", "BOB", "BOB", "ANNA", "ANNA")]
        shop.drinks("BOB")
        shop.drinks("ANNA")
        found += [shop.buys("BOB", 100), shop.buys("ANNA", 300), shop.buys("BOB", 300)]
        # The month after that counts anew what is counted by the month.
        shop.clock.now += timedelta(days=30)
        return [*found, shop.buys("ANNA", 20), shop.buys("BOB", 20)]

    with open_runner(database_url) as where:
        quick, slow = (
            Counting(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts()) for _ in ("quick", "slow")
        )
        with looks_back() as told:
            by_counts = went(quick)
        # What activity keeps alive is spent in an order of its own, which takes a look at all of it.
        assert told == (["told", "told"] if validity is ALIVE else []), "what came late was all"
        with patch.object(Account, "is_followed_by", lambda _, __: False):
            assert went(slow) == by_counts
        for shop in (quick, slow):
            shop.proved()
        balances = [
            [stored.recorded.account.balance for stored in shop.query(load_stored_wallets)] for shop in (quick, slow)
        ]
        assert balances[0] == balances[1]


def test_a_redemption_that_is_undone_can_be_had_again_without_a_look_back(shop: Counting) -> None:
    shop.begin()
    shop.buys("ANNA", 100)
    first = shop.drinks("ANNA")
    shop.drinks("ANNA")
    assert first.redemption_id is not None
    refused = shop.drinks("ANNA")
    assert refused.redemption_id is None, "twice and no more"
    shop.made(cancel_redemption.run, CancelRedemption(first.redemption_id, Role.STAFF, None, "spilt", False))
    shop.proved()
    with looks_back() as told:
        assert shop.drinks("ANNA").redemption_id is not None
        assert shop.drinks("ANNA").redemption_id is None
    assert told == []


def test_a_hold_that_is_paid_for_counts_from_when_it_began(shop: Counting) -> None:
    shop.begin()
    shop.buys("ANNA", 100)
    held = shop.drinks("ANNA", hold=NewHold("checkout", timedelta(days=2)))
    shop.buys("ANNA", 20)
    shop.made(capture, HoldReference(held.redemption_id, None))
    shop.proved()
    with looks_back() as told:
        assert shop.drinks("ANNA").redemption_id is not None
        assert shop.drinks("ANNA").redemption_id is None
    assert told == []


def test_a_refund_looks_back_where_uses_of_clauses_may_be_free_again(shop: Counting) -> None:
    shop.begin()
    late(shop)
    shop.buys("ANNA", 20)
    whole = {1: Decimal(1)}
    shop.clock.now += HOUR
    with looks_back() as told:
        # The fourth receipt was not the fourth visit.
        shop.made(record_refund.run, RecordRefund(None, ReceiptReference("r4"), whole, shop.now, None, None, "r4"))
    assert told == ["told"]
    with looks_back() as told:
        shop.clock.now += HOUR
        shop.made(record_refund.run, RecordRefund(None, ReceiptReference("r6"), whole, shop.now, None, None, "r6"))
    assert told == ["told"]
    shop.proved()


def test_a_refund_of_what_was_bought_before_a_wallet_went_over_finds_its_points_there(shop: Counting) -> None:
    shop.begin()
    merged(shop)
    shop.clock.now += HOUR
    with looks_back() as told:
        back = shop.made(
            record_refund.run, RecordRefund(None, ReceiptReference("r2"), {1: Decimal(1)}, shop.now, None, None, "r2")
        )
    assert told == ["told"]
    assert back.decision is not None
    assert (back.decision.points > 0, back.shortfall) == (True, 0)
    shop.proved()


def test_tiers_of_two_who_share_are_each_ones_own(shop: Counting) -> None:
    """What each of them has towards a tier is told from the beginning: the account knows it of both together."""
    shop.begin(period=TierPeriod(TierWindow.SINCE_JOINING, 0), plain=True)
    shared(shop)
    with looks_back() as told:
        for _ in range(6):
            shop.buys("ANNA", 20)
            shop.proved()
    assert told == ["told"] * 6
    with looks_back() as told:
        shop.buys("BOB", 20)
    assert told == ["told"]
    shop.proved()


def test_a_late_fact_of_a_card_that_was_merged_counts_for_whoever_goes_on(shop: Counting) -> None:
    shop.begin()
    merged(shop)
    with looks_back() as told:
        shop.buys("BOB", 40, at=NEW_YEAR)
    assert told == ["told"]
    shop.proved()
    with looks_back() as told:
        # Six visits and five items before; the sixth was a third one.
        assert [shop.buys("BOB", 20), shop.buys("ANNA", 20)] == [2 + 4, 2]
    assert told == []


def test_stamps_take_nothing_of_the_points_that_can_be_earned_in_a_month(shop: Counting) -> None:
    shop.begin(more=[("card", (), Stamps(5, StampOccasion.VISIT))])
    assert [shop.buys("ANNA", 100) for _ in range(4)] == [17, 10, 13, 0], "40 in a month, and 15 stamps beside them"
