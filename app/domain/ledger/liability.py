"""A program's liability in points by age, and its expected breakage.

Breakage is estimated as IFRS 15 (B44 to B47) asks for it: as the rights that customers are expected not to exercise, and
only as far as experience bears it out. The method is the run-off by age of Gault, Llaguno and Ménard, "Loyalty Rewards
and Gift Card Programs: Basic Actuarial Estimation Techniques" (Casualty Actuarial Society, E-Forum, Summer 2012), on the
program's own closed months:

- All points that were earned in one calendar month (UTC) are a cohort. A cohort is closed if, of it and of every earlier
  cohort, at most 1 % of the points is still outstanding. Cohorts are selected because they are closed, and not by how their
  points ended: selecting used-up cohorts would suggest that all points are redeemed.
- Of the latest 24 closed cohorts, let R(a) be the points that were redeemed, less those of reversed redemptions, and E(a)
  those that expired, at an age of `a` whole months or more. Points that were clawed back, adjusted or transferred
  count in neither.
- Of the points that have reached an age of `a` months, the share E(a) / (R(a) + E(a)) is never redeemed. The share is known
  only if at least 12 closed cohorts had such points, so that every month of a year is represented.
- Expected breakage is the sum, over the age bands, of the outstanding points of a band times the share at the age at which
  the band begins. Expected breakage is unknown if a band has points and an unknown share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.domain.ledger.entries import EntryType
from app.domain.units import Unit

AGES = (0, 3, 6, 12, 24)
"""The ages at which the bands begin, in months; the last band has no end."""
MIN_COHORTS = 12
MAX_COHORTS = 24
_MAX_OUTSTANDING_SHARE = Fraction(1, 100)
"""The largest part of a closed cohort's points that may still be outstanding."""

_ISSUE_TYPES = (EntryType.EARN, EntryType.ADJUST)
_REDEMPTION_TYPES = (EntryType.REDEEM, EntryType.REVERSAL)


@dataclass(frozen=True, slots=True)
class Flow:
    """Points earned in one month that entries of one type moved into lots (negative: out of lots) in another month.

    Months are counted from the year 0. `band` is the index in `AGES` of the lots' age at the instant of the report;
    `pending` says that the points could not be spent yet at that instant.
    """

    type: EntryType
    earned_month: int
    occurred_month: int
    band: int
    pending: bool
    points: int


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Outstanding points that are at least `months` old and younger than the next band.
    `breakage_share`, from 0 to 1, is the part of them that is not expected to be redeemed; None if the history is too short.
    """

    months: int
    points: int
    breakage_share: Fraction | None


@dataclass(frozen=True, slots=True)
class Liability:
    """A program's liability in one unit: available, pending and held points.

    `customer_debt` are the points that customers owe the program; they are not deducted.

    `expected_breakage` are the points that are not expected to be redeemed, None if unknown; `cohort_count` is the number of
    closed cohorts from which they are estimated.
    """

    unit: Unit
    available: int
    pending: int
    held: int
    customer_debt: int
    bands: tuple[AgeBand, ...]
    expected_breakage: int | None
    cohort_count: int

    @property
    def outstanding(self) -> int:
        """All points that customers hold."""
        return self.available + self.pending + self.held


def liability_of(flows: Sequence[Flow], *, unit: Unit, held: int, customer_debt: int) -> Liability:
    """The liability from all flows up to an instant."""
    points_by_band = [0] * len(AGES)
    pending = 0
    for flow in flows:
        points_by_band[flow.band] += flow.points
        pending += flow.points if flow.pending else 0
    closed_cohorts = closed_months(flows)
    share_by_age = {months: breakage_share(flows, months=months, cohorts=closed_cohorts) for months in AGES}
    bands = tuple(AgeBand(months, points_by_band[index], share_by_age[months]) for index, months in enumerate(AGES))
    return Liability(
        unit=unit,
        available=sum(points_by_band) - pending - held,
        pending=pending,
        held=held,
        customer_debt=customer_debt,
        bands=bands,
        expected_breakage=_expected_breakage(bands),
        cohort_count=len(closed_cohorts),
    )


def closed_months(flows: Iterable[Flow]) -> frozenset[int]:
    """The months of the latest `MAX_COHORTS` closed cohorts: no cohort up to them has too many points outstanding."""
    issued_by_month: dict[int, int] = {}
    outstanding_by_month: dict[int, int] = {}
    for flow in flows:
        month = flow.earned_month
        outstanding_by_month[month] = outstanding_by_month.get(month, 0) + flow.points
        if flow.type in _ISSUE_TYPES and flow.points > 0:
            issued_by_month[month] = issued_by_month.get(month, 0) + flow.points
    closed_cohorts: list[int] = []
    for month in sorted(outstanding_by_month):
        if outstanding_by_month[month] > _MAX_OUTSTANDING_SHARE * issued_by_month.get(month, 0):
            break
        closed_cohorts.append(month)
    return frozenset(closed_cohorts[-MAX_COHORTS:])


def breakage_share(flows: Iterable[Flow], *, months: int, cohorts: frozenset[int]) -> Fraction | None:
    """Of the points that reached an age of `months`, the share never redeemed; None if too few cohorts had such points."""
    redeemed: dict[int, int] = {}
    expired: dict[int, int] = {}
    for flow in flows:
        if flow.earned_month not in cohorts or flow.occurred_month - flow.earned_month < months:
            continue
        if flow.type in _REDEMPTION_TYPES:
            redeemed[flow.earned_month] = redeemed.get(flow.earned_month, 0) - flow.points
        elif flow.type is EntryType.EXPIRE:
            expired[flow.earned_month] = expired.get(flow.earned_month, 0) - flow.points
    ended_points = _sum_by_month(redeemed, expired)
    if sum(1 for points in ended_points.values() if points > 0) < MIN_COHORTS:
        return None
    return Fraction(sum(expired.values()), sum(ended_points.values()))


def _sum_by_month(first: Mapping[int, int], second: Mapping[int, int]) -> dict[int, int]:
    return {month: first.get(month, 0) + second.get(month, 0) for month in {**first, **second}}


def _expected_breakage(bands: Iterable[AgeBand]) -> int | None:
    """Expected breakage in whole points, halves rounded up; None if the share of a band with points is unknown."""
    total = Fraction(0)
    for band in bands:
        if not band.points:
            continue
        if band.breakage_share is None:
            return None
        total += band.points * band.breakage_share
    return int(total + Fraction(1, 2))
