"""Sentences that were wrong once: debts that newly available points repay, and tiers that a merge brings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.engine.tiers import tier_decision
from app.domain.explanations.summary import summary
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
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


def make_terms(*, pending: int | None = None, period: TierPeriod | None = None) -> Terms:
    """A point for each £10, perhaps pending; Silver begins at 10 where there is a tier period."""
    waits = PendingPeriod(pending) if pending is not None else None
    policy = RefundPolicy(RefundMode.ALLOW_NEGATIVE)
    return terms_of(1, START - 400 * DAY, (PointsValidity(), policy, waits, None, period, (10, 25), False, None, ""))


def bought(terms: Terms, pounds: int, *, days: int = 0, who: str = ANN) -> PurchaseRecorded:
    """A purchase."""
    facts = a_purchase(a_line(price=f"{pounds}.00"), at=START + days * DAY)
    return PurchaseRecorded(stable_id(f"{who} {days}"), who, f"r-{days}", facts, terms)


def replayed(terms: Terms, *events: Event, days: int, who: str = ANN) -> Wallet:
    """The wallet after some days."""
    history = EventHistory(who, {who: START - DAY}, tuple(events))
    return replay(history, versions=[terms], until=START + days * DAY)


def summary_of(wallet: Wallet, kind: EntryType, terms: Terms, locale: Locale = Locale.EN) -> list[str]:
    """The summary of the last entry of a kind."""
    (*_, last) = (posting for posting in wallet.point_account.postings if posting.key.type is kind)
    return list(summary(last.decision, terms=terms, phrasebook=phrasebook_in(locale)))


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (0, "Now yours to spend: 8 points."),
        (5, "Now yours to spend: 3 points, out of 8 points; the rest paid what you owed."),
        (8, "8 points became available and paid what you owed."),
        (20, "8 points became available and paid what you owed."),
    ],
)
def test_activated_points_that_repay_a_debt_are_not_announced_as_spendable(taken: int, expected: str) -> None:
    terms = make_terms(pending=14)
    owing = [PointsAdjusted(stable_id("taken"), START, -taken, terms)] if taken else []
    wallet = replayed(terms, *owing, bought(terms, 80, days=1), days=30)
    assert summary_of(wallet, EntryType.ACTIVATE, terms) == [expected]
    assert wallet.point_account.inventory.available_points(at=START + 30 * DAY) == max(0, 8 - taken)


def test_pending_points_that_were_clawed_back_whole_do_not_become_available() -> None:
    terms = make_terms(pending=14)
    purchase = bought(terms, 80, days=1)
    refund = RefundRecorded(stable_id("back"), purchase.id, START + 2 * DAY, {1: purchase.facts.lines[0].quantity})
    wallet = replayed(terms, purchase, refund, days=30)
    assert [posting.key.type for posting in wallet.point_account.postings] == [EntryType.EARN, EntryType.CLAWBACK]


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (Locale.EN, "In all, nothing was added or taken away."),
        (Locale.DE, "Insgesamt kam nichts hinzu und ging nichts ab."),
        (Locale.ZH_HANS, "总计没有增减。"),
        (Locale.ZH_HANT, "總計沒有增減。"),
    ],
)
def test_released_points_that_repay_a_debt_do_not_mention_a_tier(locale: Locale, expected: str) -> None:
    terms = make_terms()
    held = HoldPlaced(stable_id("held"), START + HOUR, 6, START + DAY)
    wallet = replayed(
        terms, bought(terms, 80), held, PointsAdjusted(stable_id("taken"), START + 2 * HOUR, -5, terms), days=3
    )
    assert summary_of(wallet, EntryType.ACTIVATE, terms, locale) == [expected]


def test_adjusted_stamps_are_explained_under_terms_without_stamps() -> None:
    terms = make_terms()
    wallet = replayed(terms, PointsAdjusted(stable_id("given"), START, 3, terms, Unit.STAMPS), days=1)
    (given,) = wallet.unit_accounts[Unit.STAMPS].postings
    assert summary(given.decision, terms=terms, phrasebook=phrasebook_in(Locale.EN)) == (
        "Booked by our staff or transferred between members: 3 stamps.",
    )


def test_tier_reached_by_a_merge_names_the_qualifying_points() -> None:
    terms = make_terms(period=TierPeriod(TierWindow.CALENDAR_YEAR, 30))
    bob = EventHistory(BOB, {BOB: START - DAY}, (bought(terms, 150, who=BOB),))
    wallet = replayed(terms, WalletMerged(stable_id("joined"), START + 400 * DAY, bob, ANN), days=401)
    (change,) = wallet.tier_changes
    assert summary(tier_decision(change), terms=terms, phrasebook=phrasebook_in(Locale.EN)) == (
        "With 15 qualifying points you have reached the tier “Silver”, which begins at 10.",
    )


def test_tier_in_grace_that_a_merge_brings_is_kept_and_not_reached() -> None:
    terms = make_terms(period=TierPeriod(TierWindow.SINCE_JOINING, 30))
    purchase = bought(terms, 150, who=BOB)
    refund = RefundRecorded(stable_id("back"), purchase.id, START + DAY, {1: purchase.facts.lines[0].quantity})
    bob = EventHistory(BOB, {BOB: START - DAY}, (purchase, refund))
    wallet = replayed(terms, WalletMerged(stable_id("joined"), START + 5 * DAY, bob, ANN), days=6)
    (change,) = wallet.tier_changes
    assert summary(tier_decision(change), terms=terms, phrasebook=phrasebook_in(Locale.EN)) == (
        "You have 0 qualifying points, which is no longer enough for the tier “Silver”; you keep it until "
        "Wednesday, 11 February 2026, 00:00.",
    )
