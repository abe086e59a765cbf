"""Tiers: which tier qualifying points come to, how long it is kept, and what is missing to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from app.domain.calendar import add_months, day_start, local_date
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.version import Terms

_MONTHS_OF_A_YEAR = 12

_ZONES = timedelta(days=2)
"""More than local days differ from one zone to another."""


@dataclass(slots=True)
class QualifyingPoints:
    """Points that count towards a tier, by the local day of the purchase that brought them."""

    days: dict[date, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    total: int = 0

    def add(self, points: int, *, at: datetime, zone: str) -> None:
        """Points of a purchase; a refund takes them off the day of its purchase."""
        if not points:
            return
        day = local_date(at, zone_name=zone)
        self.days[day] = self.days.get(day, 0) + points
        self.years[day.year] = self.years.get(day.year, 0) + points
        self.total += points

    def add_all(self, other: QualifyingPoints) -> None:
        """Everything that another customer has, who was merged into this one."""
        for day, points in other.days.items():
            self.days[day] = self.days.get(day, 0) + points
        for year, points in other.years.items():
            self.years[year] = self.years.get(year, 0) + points
        self.total += other.total

    def points(self, *, terms: Terms, at: datetime) -> int:
        """The points that count at a moment: in a calendar year those of that year; without tiers all of them."""
        window = window_of(terms)
        if window is TierWindow.SINCE_JOINING:
            return self.total
        today = local_date(at, zone_name=terms.zone)
        if window is TierWindow.CALENDAR_YEAR:
            return self.years.get(today.year, 0)
        self._forget_expired_days(today)
        return sum(points for day, points in self.days.items() if _rolls_off(day) > today)

    def deciding_points(self, *, terms: Terms, at: datetime) -> int:
        """The points that a tier is held by: in a calendar year those of this year, or of the last one if they are more."""
        now = self.points(terms=terms, at=at)
        if window_of(terms) is not TierWindow.CALENDAR_YEAR:
            return now
        return max(now, self.years.get(local_date(at, zone_name=terms.zone).year - 1, 0))

    def next_rollover(self, *, terms: Terms, at: datetime) -> datetime | None:
        """The next moment after `at` at which points stop counting; None where they count for ever."""
        window = window_of(terms)
        if window is TierWindow.SINCE_JOINING:
            return None
        today = local_date(at, zone_name=terms.zone)
        if window is TierWindow.CALENDAR_YEAR:
            counts = self.years.get(today.year) or self.years.get(today.year - 1)
            return period_ends(terms=terms, at=at) if counts else None
        self._forget_expired_days(today)
        ends = (_rolls_off(day) for day, points in self.days.items() if points)
        end = min((day for day in ends if day > today), default=None)
        return day_start(end, zone_name=terms.zone) if end is not None else None

    def _forget_expired_days(self, today: date) -> None:
        """Forget days that count in no rolling year any more, so that a long history costs nothing: time only goes on."""
        for day in [day for day in self.days if _rolls_off(day) + _ZONES <= today]:
            del self.days[day]


@dataclass(frozen=True, slots=True)
class TierMembership:
    """The tier that a customer holds (None: none), since when, and when it is lost if nothing more is earned."""

    tier: str | None = None
    since: datetime | None = None
    grace_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TierChange:
    """A tier reached or lost, with the qualifying points that decided it at that moment.

    In a calendar year they are those of that year, or of the one before it if they were more. `falls_at` is when a tier
    is lost that a merger brought in its days of grace; None where it is held by points.
    """

    customer_id: str
    at: datetime
    before: str | None
    after: str | None
    qualifying: int
    terms: Terms
    grace_ends_at: datetime | None = None


def tier_of(points: int, *, terms: Terms) -> Tier | None:
    """The highest tier that so many points come to."""
    return next((tier for tier in reversed(terms.tiers) if tier.points <= points), None)


def tier_above(tier: str | None, *, points: int, terms: Terms) -> Tier | None:
    """The lowest tier above the one that is held, that so many points do not come to yet."""
    reached = max(points, rank(tier, terms=terms))
    return next((each_tier for each_tier in terms.tiers if each_tier.points > reached), None)


def period_ends(*, terms: Terms, at: datetime) -> datetime | None:
    """The first instant after the calendar year in which points count; None where no such year counts."""
    if window_of(terms) is not TierWindow.CALENDAR_YEAR:
        return None
    return day_start(date(local_date(at, zone_name=terms.zone).year + 1, 1, 1), zone_name=terms.zone)


def window_of(terms: Terms) -> TierWindow:
    """Which points count; without a clause on it all of them."""
    return terms.policy(TierPeriod).period if terms.has(TierPeriod) else TierWindow.SINCE_JOINING


@dataclass(slots=True)
class TierGrace:
    """The tiers that are a customer's: each as long as its points are there, and for its own days of grace after that."""

    ends_at: dict[str, datetime | None] = field(default_factory=dict)
    """When each tier is lost; None as long as the points come to it."""

    def evaluate(self, before: TierMembership, *, points: int, terms: Terms, at: datetime) -> TierMembership:
        """The standing after a look: up at once; down when the days of grace are over and nothing has changed."""
        reached = {each_tier.tier for each_tier in terms.tiers if each_tier.points <= points}
        for tier in self.ends_at:
            if tier not in reached and self.ends_at[tier] is None:
                self.ends_at[tier] = grace_ends_at(terms=terms, at=at)
        self.ends_at |= dict.fromkeys(reached)
        for tier in [tier for tier, falls_at in self.ends_at.items() if falls_at is not None and falls_at <= at]:
            del self.ends_at[tier]
        # Of tiers that the terms know no more the one that was held.
        held = max(self.ends_at, key=lambda text: (rank(text, terms=terms), text == before.tier, text), default=None)
        since = before.since if held == before.tier else at
        return TierMembership(held, since, self.ends_at[held] if held is not None else None)

    def absorb(self, other: TierGrace) -> None:
        """The tiers of another customer who was merged into this one, each for the longer of both times."""
        for tier, falls_at in other.ends_at.items():
            mine = self.ends_at.get(tier, falls_at)
            self.ends_at[tier] = None if mine is None or falls_at is None else max(mine, falls_at)


def grace_ends_at(*, terms: Terms, at: datetime) -> datetime:
    """The end of the last whole day of grace of a tier that is lost at a moment; the moment itself where there is none."""
    days = terms.policy(TierPeriod).grace_days if terms.has(TierPeriod) else 0
    if not days:
        return at
    first = local_date(at, zone_name=terms.zone)
    if day_start(first, zone_name=terms.zone) < at:
        first += timedelta(days=1)
    return day_start(first + timedelta(days=days), zone_name=terms.zone)


def kept_tier_reason(membership: TierMembership, *, qualifying: int, terms: Terms) -> Reason | None:
    """Why a tier is still held that the points come to no more: for the days of grace. None where it is held by points."""
    if membership.grace_ends_at is None or not any(tier.tier == membership.tier for tier in terms.tiers):
        return None
    assert membership.tier is not None, "some tier is held"
    finding = Finding(True, ReasonCode.TIER_KEPT, qualifying, membership.grace_ends_at)
    return Reason(terms.tier_clause(membership.tier).key, Verdict.APPLIED, finding)


def tier_decision(change: TierChange) -> Decision:
    """Why a tier was reached or lost, by the clause of the tier."""
    terms = change.terms
    up = rank(change.after, terms=terms) > rank(change.before, terms=terms)
    about = change.after if up else change.before
    tier = next((tier for tier in terms.tiers if tier.tier == about), None)
    code = ReasonCode.TIER_REACHED if up else ReasonCode.TIER_LOST
    reasons: tuple[Reason, ...] = ()
    if tier is not None:
        clause = terms.tier_clause(tier.tier).key
        finding = Finding(up, code, change.qualifying, tier.points)
        if up and change.grace_ends_at is not None and change.qualifying < tier.points:
            finding = Finding(True, ReasonCode.TIER_KEPT, change.qualifying, change.grace_ends_at)
        reasons = (Reason(clause, Verdict.APPLIED if up else Verdict.NOT_MET, finding),)
    return Decision(
        outcome=DecisionOutcome.GRANTED if up else DecisionOutcome.REFUSED,
        points=0,
        terms_version=terms.version,
        decided_for=change.at,
        reasons=reasons,
    )


def tier_changing_versions(versions: Sequence[Terms]) -> tuple[Terms, ...]:
    """The terms at whose start tiers have to be looked at again: those that know tiers, or follow some that do.

    `versions` are the terms that came or will come into force, oldest first.
    """
    return tuple(
        after
        for before, after in pairwise((None, *versions))
        if after is not None and (after.tiers or (before is not None and before.tiers))
    )


def rank(tier: str | None, *, terms: Terms) -> int:
    """Qualifying points of a tier; one that the terms know no more stands below all others."""
    return next((each_tier.points for each_tier in terms.tiers if each_tier.tier == tier), 0)


@lru_cache(maxsize=4_096)
def _rolls_off(day: date) -> date:
    """The first day on which points of a rolling year count no more: the same day of the next year."""
    return add_months(day, months=_MONTHS_OF_A_YEAR)
