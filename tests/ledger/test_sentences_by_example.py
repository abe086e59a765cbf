"""Sentences that were wrong once, of debts that points pay when they become available, and of tiers that a merger brings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.engine.tiers import tier_decision
from app.domain.explanations.summary import summary
from app.domain.i18n import wording
from app.domain.i18n.readers import Locale
from app.domain.ledger.entries import EntryType
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import HoldPlaced, PointsAdjusted, PurchaseRecorded, RefundRecorded
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from app.domain.wallets.wallet import Wallet, replay
from tests.builders import a_line, a_purchase
from tests.ledger.history_strategies import ANN, BOB, stable_id
from tests.ledger.terms_strategies import START, terms_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def drafted(*, pending: int | None = None, period: TierPeriod | None = None) -> Terms:
    """A point for each £10, which may wait; Silver begins at 10, where there is a period."""
    waits = PendingPeriod(pending) if pending is not None else None
    policy = RefundPolicy(RefundMode.ALLOW_NEGATIVE)
    return terms_of(1, START - 400 * DAY, (PointsValidity(), policy, waits, None, period, (10, 25), False, None, ""))


def bought(terms: Terms, pounds: int, *, days: int = 0, who: str = ANN) -> PurchaseRecorded:
    """A purchase."""
    facts = a_purchase(a_line(price=f"{pounds}.00"), at=START + days * DAY)
    return PurchaseRecorded(stable_id(f"{who} {days}"), who, f"r-{days}", facts, terms)


def told(terms: Terms, *events: Event, days: int, who: str = ANN) -> Wallet:
    """A wallet after so many days."""
    history = EventHistory(who, {who: START - DAY}, tuple(events))
    return replay(history, versions=[terms], until=START + days * DAY)


def short(wallet: Wallet, kind: EntryType, terms: Terms, locale: Locale = Locale.EN) -> list[str]:
    """What is said in short of the last entry of a kind."""
    (*_, last) = (posting for posting in wallet.points.postings if posting.key.type is kind)
    return list(summary(last.decision, terms=terms, say=wording(locale)))


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (0, "Now yours to spend: 8 points."),
        (5, "Now yours to spend: 3 points, out of 8 points; the rest paid what you owed."),
        (8, "8 points became available and paid what you owed."),
        (20, "8 points became available and paid what you owed."),
    ],
)
def test_points_that_become_available_and_pay_a_debt_are_not_promised_to_be_spent(taken: int, said: str) -> None:
    terms = drafted(pending=14)
    owing = [PointsAdjusted(stable_id("taken"), START, -taken, terms)] if taken else []
    wallet = told(terms, *owing, bought(terms, 80, days=1), days=30)
    assert short(wallet, EntryType.ACTIVATE, terms) == [said]
    assert wallet.points.inventory.available(at=START + 30 * DAY) == max(0, 8 - taken)


def test_pending_points_that_were_clawed_back_whole_do_not_become_available() -> None:
    terms = drafted(pending=14)
    purchase = bought(terms, 80, days=1)
    back = RefundRecorded(stable_id("back"), purchase.id, START + 2 * DAY, {1: purchase.facts.lines[0].quantity})
    wallet = told(terms, purchase, back, days=30)
    assert [posting.key.type for posting in wallet.points.postings] == [EntryType.EARN, EntryType.CLAWBACK]


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (Locale.EN, "In all, nothing was added or taken away."),
        (Locale.DE, "Insgesamt kam nichts hinzu und ging nichts ab."),
        (Locale.ZH_HANS, "总计没有增减。"),
        (Locale.ZH_HANT, "總計沒有增減。"),
    ],
)
def test_reserved_points_that_are_let_go_and_pay_a_debt_say_nothing_of_a_tier(locale: Locale, said: str) -> None:
    terms = drafted()
    held = HoldPlaced(stable_id("held"), START + HOUR, 6, START + DAY)
    wallet = told(
        terms, bought(terms, 80), held, PointsAdjusted(stable_id("taken"), START + 2 * HOUR, -5, terms), days=3
    )
    assert short(wallet, EntryType.ACTIVATE, terms, locale) == [said]


def test_stamps_that_were_moved_are_said_under_terms_that_have_none() -> None:
    terms = drafted()
    wallet = told(terms, PointsAdjusted(stable_id("given"), START, 3, terms, Unit.STAMPS), days=1)
    (given,) = wallet.unit_accounts[Unit.STAMPS].postings
    assert summary(given.decision, terms=terms, say=wording(Locale.EN)) == (
        "Booked by our staff or transferred between members: 3 stamps.",
    )


def test_a_tier_that_a_merge_brings_says_the_points_by_which_it_is_held() -> None:
    terms = drafted(period=TierPeriod(TierWindow.CALENDAR_YEAR, 30))
    bob = EventHistory(BOB, {BOB: START - DAY}, (bought(terms, 150, who=BOB),))
    wallet = told(terms, WalletMerged(stable_id("joined"), START + 400 * DAY, bob, ANN), days=401)
    (change,) = wallet.tier_changes
    assert summary(tier_decision(change), terms=terms, say=wording(Locale.EN)) == (
        "With 15 qualifying points you have reached the tier “Silver”, which begins at 10.",
    )


def test_a_tier_that_a_merge_brings_in_its_days_of_grace_is_kept_and_not_reached() -> None:
    terms = drafted(period=TierPeriod(TierWindow.SINCE_JOINING, 30))
    purchase = bought(terms, 150, who=BOB)
    back = RefundRecorded(stable_id("back"), purchase.id, START + DAY, {1: purchase.facts.lines[0].quantity})
    bob = EventHistory(BOB, {BOB: START - DAY}, (purchase, back))
    wallet = told(terms, WalletMerged(stable_id("joined"), START + 5 * DAY, bob, ANN), days=6)
    (change,) = wallet.tier_changes
    assert summary(tier_decision(change), terms=terms, say=wording(Locale.EN)) == (
        "You have 0 qualifying points, which is no longer enough for the tier “Silver”; you keep it until "
        "Wednesday, 11 February 2026, 00:00.",
    )
