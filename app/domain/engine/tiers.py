"""Tiers: which tier qualifying points reach, how long it is kept, and the next tier above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from app.domain.calendar import add_months, day_start, local_date
from app.domain.customers.current_tier import CurrentTier
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.version import Terms

_MONTHS_OF_A_YEAR = 12

_ZONE_MARGIN = timedelta(days=2)
"""More than the difference between local days in any two zones."""


@dataclass(slots=True)
class QualifyingPoints:
    """Points that count towards a tier, by the local day of their purchase."""

    by_day: dict[date, int] = field(default_factory=dict)
    by_year: dict[int, int] = field(default_factory=dict)
    total: int = 0

    def add(self, points: int, *, at: datetime, zone: str) -> None:
        """Add the points of a purchase at `at`; a refund adds negative points at the time of its purchase."""
        if not points:
            return
        day = local_date(at, zone_name=zone)
        self.by_day[day] = self.by_day.get(day, 0) + points
        self.by_year[day.year] = self.by_year.get(day.year, 0) + points
        self.total += points

    def add_all(self, other: QualifyingPoints) -> None:
        """Add the points of a merged customer."""
        for day, points in other.by_day.items():
            self.by_day[day] = self.by_day.get(day, 0) + points
        for year, points in other.by_year.items():
            self.by_year[year] = self.by_year.get(year, 0) + points
        self.total += other.total

    def counting_points(self, *, terms: Terms, at: datetime) -> int:
        """The points that count at an instant, by the window of the terms."""
        window = window_of(terms)
        if window is TierWindow.SINCE_JOINING:
            return self.total
        today = local_date(at, zone_name=terms.zone)
        if window is TierWindow.CALENDAR_YEAR:
            return self.by_year.get(today.year, 0)
        self._forget_expired_days(today)
        return sum(points for day, points in self.by_day.items() if _first_day_not_counted(day) > today)

    def deciding_points(self, *, terms: Terms, at: datetime) -> int:
        """The points that decide the tier: by calendar year, the points of this year or of last year, whichever are more."""
        current_points = self.counting_points(terms=terms, at=at)
        if window_of(terms) is not TierWindow.CALENDAR_YEAR:
            return current_points
        return max(current_points, self.by_year.get(local_date(at, zone_name=terms.zone).year - 1, 0))

    def next_rollover(self, *, terms: Terms, at: datetime) -> datetime | None:
        """The next instant after `at` at which points stop counting; None if no points will stop."""
        window = window_of(terms)
        if window is TierWindow.SINCE_JOINING:
            return None
        today = local_date(at, zone_name=terms.zone)
        if window is TierWindow.CALENDAR_YEAR:
            counting_points = self.by_year.get(today.year) or self.by_year.get(today.year - 1)
            return end_of_calendar_year(terms=terms, at=at) if counting_points else None
        self._forget_expired_days(today)
        end_days = (_first_day_not_counted(day) for day, points in self.by_day.items() if points)
        next_end_day = min((day for day in end_days if day > today), default=None)
        return day_start(next_end_day, zone_name=terms.zone) if next_end_day is not None else None

    def _forget_expired_days(self, today: date) -> None:
        """Drop days outside every rolling year, so that a long history costs nothing; `today` never goes back."""
        for day in [day for day in self.by_day if _first_day_not_counted(day) + _ZONE_MARGIN <= today]:
            del self.by_day[day]


@dataclass(frozen=True, slots=True)
class TierChange:
    """A change from the tier `before` to the tier `after` (keys; None: no tier), and the qualifying points that decided it.

    `grace_ends_at`: if a merger brought the tier in its grace period, when that period ends; None if the points suffice.
    """

    customer_id: str
    at: datetime
    before: str | None
    after: str | None
    qualifying_points: int
    terms: Terms
    grace_ends_at: datetime | None = None


def tier_of(points: int, *, terms: Terms) -> Tier | None:
    """The highest tier that these points reach."""
    return next((tier for tier in reversed(terms.tiers) if tier.points <= points), None)


def tier_above(tier: str | None, *, points: int, terms: Terms) -> Tier | None:
    """The lowest tier above the current one that these points do not reach yet."""
    points_reached = max(points, points_of_tier(tier, terms=terms))
    return next((candidate for candidate in terms.tiers if candidate.points > points_reached), None)


def end_of_calendar_year(*, terms: Terms, at: datetime) -> datetime | None:
    """The first instant after the current calendar year; None if points do not count by calendar year."""
    if window_of(terms) is not TierWindow.CALENDAR_YEAR:
        return None
    return day_start(date(local_date(at, zone_name=terms.zone).year + 1, 1, 1), zone_name=terms.zone)


def window_of(terms: Terms) -> TierWindow:
    """The period in which points count; without a clause on it, since joining."""
    return terms.policy_effect(TierPeriod).period if TierPeriod in terms.policy_clauses else TierWindow.SINCE_JOINING


@dataclass(slots=True)
class TierGrace:
    """The tiers that a customer has: each one while the customer's points reach it, and for its grace days afterwards."""

    end_by_tier: dict[str, datetime | None] = field(default_factory=dict)
    """When each tier (by its key) is lost; None while the points reach it."""

    def review(self, before: CurrentTier, *, points: int, terms: Terms, at: datetime) -> CurrentTier:
        """Update the tiers at a review, and return the current one: a rise takes effect at once, a fall after the grace days."""
        reached_keys = {tier.tier for tier in terms.tiers if tier.points <= points}
        for key in self.end_by_tier:
            if key not in reached_keys and self.end_by_tier[key] is None:
                self.end_by_tier[key] = grace_ends_at(terms=terms, at=at)
        self.end_by_tier |= dict.fromkeys(reached_keys)
        for key in [key for key, ends_at in self.end_by_tier.items() if ends_at is not None and ends_at <= at]:
            del self.end_by_tier[key]
        # Among tiers that are no longer in the terms, the current one wins.
        new_key = max(
            self.end_by_tier,
            key=lambda key: (points_of_tier(key, terms=terms), key == before.key, key),
            default=None,
        )
        since = before.since if new_key == before.key else at
        return CurrentTier(new_key, since, self.end_by_tier[new_key] if new_key is not None else None)

    def absorb(self, other: TierGrace) -> None:
        """Add the tiers of a merged customer, each with the later end."""
        for key, ends_at in other.end_by_tier.items():
            own_end = self.end_by_tier.get(key, ends_at)
            self.end_by_tier[key] = None if own_end is None or ends_at is None else max(own_end, ends_at)


def grace_ends_at(*, terms: Terms, at: datetime) -> datetime:
    """The end of the grace days of a tier whose points are lost at `at`; `at` itself if the terms give no grace days."""
    days = terms.policy_effect(TierPeriod).grace_days if TierPeriod in terms.policy_clauses else 0
    if not days:
        return at
    first_grace_day = local_date(at, zone_name=terms.zone)
    if day_start(first_grace_day, zone_name=terms.zone) < at:
        first_grace_day += timedelta(days=1)
    return day_start(first_grace_day + timedelta(days=days), zone_name=terms.zone)


def kept_tier_reason(current_tier: CurrentTier, *, qualifying_points: int, terms: Terms) -> Reason | None:
    """Why a customer still has a tier that the points no longer reach; None if they reach it or the terms no longer have it."""
    if current_tier.grace_ends_at is None or not any(tier.tier == current_tier.key for tier in terms.tiers):
        return None
    assert current_tier.key is not None, "there is a tier"
    finding = Finding(True, ReasonCode.TIER_KEPT, qualifying_points, current_tier.grace_ends_at)
    return Reason(terms.tier_clause(current_tier.key).key, Verdict.APPLIED, finding)


def tier_decision(change: TierChange) -> Decision:
    """The decision of a tier change, by the clause of the tier."""
    terms = change.terms
    is_rise = points_of_tier(change.after, terms=terms) > points_of_tier(change.before, terms=terms)
    tier_key = change.after if is_rise else change.before
    tier = next((tier for tier in terms.tiers if tier.tier == tier_key), None)
    code = ReasonCode.TIER_REACHED if is_rise else ReasonCode.TIER_LOST
    reasons: tuple[Reason, ...] = ()
    if tier is not None:
        clause_key = terms.tier_clause(tier.tier).key
        finding = Finding(is_rise, code, change.qualifying_points, tier.points)
        if is_rise and change.grace_ends_at is not None and change.qualifying_points < tier.points:
            finding = Finding(True, ReasonCode.TIER_KEPT, change.qualifying_points, change.grace_ends_at)
        reasons = (Reason(clause_key, Verdict.APPLIED if is_rise else Verdict.NOT_MET, finding),)
    return Decision(
        outcome=DecisionOutcome.GRANTED if is_rise else DecisionOutcome.REFUSED,
        points=0,
        terms_version=terms.version,
        decided_for=change.at,
        reasons=reasons,
    )


def tier_changing_versions(versions: Sequence[Terms]) -> tuple[Terms, ...]:
    """The versions whose start requires a tier review: those with tiers, and those that follow a version with tiers.

    `versions` are all terms that have come or will come into force, oldest first.
    """
    return tuple(
        after
        for before, after in pairwise((None, *versions))
        if after is not None and (after.tiers or (before is not None and before.tiers))
    )


def points_of_tier(tier: str | None, *, terms: Terms) -> int:
    """The qualifying points that a tier requires; 0 for no tier (None) and for a tier that is no longer in the terms."""
    return next((candidate.points for candidate in terms.tiers if candidate.tier == tier), 0)


@lru_cache(maxsize=4_096)
def _first_day_not_counted(day: date) -> date:
    """The first day on which points of a day no longer count in a rolling year."""
    return add_months(day, months=_MONTHS_OF_A_YEAR)
