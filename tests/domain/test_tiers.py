"""Tiers of a wallet over time: the forecast comes true, and expiry lowers no tier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.customers.current_tier import CurrentTier
from app.domain.decisions import ReasonCode
from app.domain.engine.tiers import QualifyingPoints, kept_tier_reason, tier_above
from app.domain.ledger.entries import EntryType
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.version import Terms
from app.domain.wallets.events import PurchaseRecorded
from app.domain.wallets.history import EventHistory
from app.domain.wallets.tier_forecast import forecast_tier
from app.domain.wallets.wallet import Wallet, replay
from tests.builders import a_clause, a_line, a_purchase
from tests.soak_settings import property_settings

ANNA = "anna"
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEVELS = (("silver", (), Tier("silver", "Silver", 100)), ("gold", (), Tier("gold", "Gold", 300)))


def tiered(
    period: TierPeriod,
    *,
    validity: PointsValidity | None = None,
    version: int = 1,
    start: datetime = START - timedelta(days=900),
) -> Terms:
    """A point a pound, two tiers."""
    more = () if validity is None else (("validity", (), validity),)
    return Terms.from_draft(
        version=version,
        effective_from=start,
        currency="GBP",
        zone="Europe/London",
        clauses=[a_clause(), *LEVELS, ("period", (), period), *more],
        allow_unenforced=True,
    )


def history_of(purchases: list[tuple[int, int]], *, terms: Terms) -> EventHistory:
    """A history of purchases for whole pounds, each some hours after the one before."""
    at, facts = START, []
    for number, (hours, pounds) in enumerate(purchases):
        at += timedelta(hours=hours)
        bought = a_purchase(a_line(price=f"{pounds}.00"), at=at)
        facts.append(PurchaseRecorded(f"00000000-0000-0000-0000-{number:012}", ANNA, str(number), bought, terms))
    return EventHistory("account", {ANNA: START}, tuple(facts))


def tier_of(wallet: Wallet) -> CurrentTier:
    """The tier of the one customer."""
    return wallet.memberships[ANNA].tier


periods = st.builds(TierPeriod, period=st.sampled_from(list(TierWindow)), grace_days=st.sampled_from([0, 1, 30, 400]))
shopping = st.lists(st.tuples(st.integers(0, 24 * 200), st.integers(1, 250)), min_size=1, max_size=8)


@property_settings(50)
@given(period=periods, purchases=shopping, wait=st.integers(0, 24 * 500))
def test_tier_forecast_comes_true_without_further_purchases(
    period: TierPeriod, purchases: list[tuple[int, int]], wait: int
) -> None:
    terms = tiered(period)
    history = history_of(purchases, terms=terms)
    now = history.events[-1].at + timedelta(hours=wait)

    def at(moment: datetime) -> CurrentTier:
        return tier_of(replay(history, versions=[terms], until=moment))

    before = at(now)
    seen = forecast_tier(replay(history, versions=[terms], until=now), customer_id=ANNA)
    if seen is None:
        assert at(now + timedelta(days=3000)).key == before.key
        return
    assert seen.at > now
    assert at(seen.at).key == seen.tier
    assert at(seen.at - timedelta(microseconds=1)).key == before.key
    if period.period is TierWindow.CALENDAR_YEAR:
        assert seen.tier != before.key or at(seen.at).grace_ends_at is None, "the days of grace are over"
    else:
        assert seen.tier != before.key


def test_tier_forecast_includes_announced_terms() -> None:
    now = tiered(TierPeriod(TierWindow.SINCE_JOINING, 0))
    start = START + timedelta(days=50)
    later = Terms.from_draft(
        version=2,
        effective_from=start,
        currency="GBP",
        zone="Europe/London",
        clauses=[a_clause(), ("silver", (), Tier("silver", "Silver", 400))],
    )
    history = history_of([(0, 120)], terms=now)
    wallet = replay(history, versions=[now, later], until=START)
    assert tier_of(wallet).key == "silver"
    seen = forecast_tier(wallet, customer_id=ANNA)
    # The new terms count a calendar year and give 30 days of grace.
    assert seen is not None
    assert (seen.tier, seen.terms.version) == (None, 2)
    assert seen.at == datetime(2026, 5, 21, 23, tzinfo=UTC)


def test_expired_points_still_count_towards_the_tier() -> None:
    week = PointsValidity(days=7, expires=True)
    terms = tiered(TierPeriod(TierWindow.CALENDAR_YEAR, 0), validity=week)
    wallet = replay(history_of([(0, 120)], terms=terms), versions=[terms], until=START + timedelta(days=30))
    assert [posting.key.type for posting in wallet.point_account.postings] == [EntryType.EARN, EntryType.EXPIRE]
    assert wallet.point_account.inventory.unheld_points() == 0
    assert tier_of(wallet) == CurrentTier("silver", START)
    assert wallet.memberships[ANNA].qualifying_points.counting_points(terms=terms, at=wallet.at or START) == 120


@pytest.mark.parametrize(
    ("tier", "points", "above"),
    [
        (None, 0, "silver"),
        (None, 99, "silver"),
        ("silver", 100, "gold"),
        ("gold", 20, None),
        ("gold", 300, None),
        ("lost", 20, "silver"),
    ],
)
def test_next_tier_is_the_lowest_above_the_current_one(tier: str | None, points: int, above: str | None) -> None:
    found = tier_above(tier, points=points, terms=tiered(TierPeriod()))
    assert (None if found is None else found.tier) == above


def test_tier_in_grace_is_explained() -> None:
    terms = tiered(TierPeriod())
    until = START + timedelta(days=3)
    reason = kept_tier_reason(CurrentTier("gold", START, until), qualifying_points=20, terms=terms)
    assert reason is not None
    assert (reason.clause_key, reason.finding.code) == ("gold", ReasonCode.TIER_KEPT)
    assert (reason.finding.observed, reason.finding.required) == (20, until)
    assert kept_tier_reason(CurrentTier("gold", START), qualifying_points=300, terms=terms) is None
    assert kept_tier_reason(CurrentTier("lost", START, until), qualifying_points=20, terms=terms) is None, (
        "no clause speaks of it"
    )


def test_days_outside_every_rolling_year_are_dropped() -> None:
    terms = tiered(TierPeriod(TierWindow.ROLLING_YEAR))
    counted = QualifyingPoints()
    for day in range(3_000):
        counted.add(1, at=START + timedelta(days=day), zone=terms.zone)
        counted.counting_points(terms=terms, at=START + timedelta(days=day))
    assert counted.counting_points(terms=terms, at=START + timedelta(days=2_999)) in (365, 366)
    assert len(counted.by_day) < 370
    assert counted.total == 3_000
