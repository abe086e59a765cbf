"""When points become available and when they expire: by the rule they were earned under, and never without a notice that was delivered in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.ledger.lots import Lot
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.version import Terms

_ZONES = timedelta(days=2)
"""More than local days differ from one zone to another."""


def last_day(lot: Lot, *, validity: PointsValidity, active_at: datetime | None) -> date | None:
    """The last local day of a lot; where activity counts, that of the last activity put off. None: for ever."""
    if validity.since is not ValidityStart.ACTIVITY or active_at is None or active_at <= lot.available_from:
        return lot.valid_until
    return validity.last_day(since=active_at, zone_name=lot.zone)


def expires_at(
    lot: Lot,
    *,
    validity: PointsValidity,
    active_at: datetime | None,
    notified_at: Sequence[datetime] = (),
    has_receipt: bool = True,
) -> datetime | None:
    """The first instant at which the lot is no longer valid; None while nothing takes it away.

    `told` are the notices that were delivered. One counts from `notice_from` days before the last day on; one that came
    later than `notice_until` days before puts the expiry off, to the first day that leaves so much time. `receipt`:
    whether whoever holds the lot has the receipt which earned it.
    """
    last = last_day(lot, validity=validity, active_at=active_at) if validity.expires else None
    if last is None:
        return None
    if not (has_receipt and receipt_is_notice(lot, validity=validity, last=last)):
        days = [local_date(at, zone_name=lot.zone) for at in notified_at]
        counted = [day for day in days if day >= last - timedelta(days=validity.notice_from)]
        if not counted:
            return None
        last = max(last, min(counted) + timedelta(days=validity.notice_until))
    return day_start(last + timedelta(days=1), zone_name=lot.zone)


def receipt_is_notice(lot: Lot, *, validity: PointsValidity, last: date) -> bool:
    """Whether the lot is so short-lived that the receipt which earned it was its notice."""
    return (last - local_date(lot.earned_at, zone_name=lot.zone)).days < validity.notice_until


def notice_window_start(
    lot: Lot, *, validity: PointsValidity, active_at: datetime | None, has_receipt: bool = True
) -> datetime | None:
    """The first instant at which a notice of the lot's expiry counts; None where it needs none.

    `receipt`: whether whoever holds the lot has the receipt which earned it.
    """
    last = last_day(lot, validity=validity, active_at=active_at) if validity.expires else None
    if last is None or (has_receipt and receipt_is_notice(lot, validity=validity, last=last)):
        return None
    return day_start(last - timedelta(days=validity.notice_from), zone_name=lot.zone)


def notice_window_end(activity: datetime, *, kept_alive: Iterable[PointsValidity], zone: str) -> datetime | None:
    """Not later than the first notice that is due for points that activity keeps alive by one of these rules.

    Wherever the points were earned: the days of two zones differ by less than two.
    """
    moments = []
    for validity in kept_alive:
        last = validity.last_day(since=activity - _ZONES, zone_name=zone)
        if last is not None:
            moments.append(day_start(last - timedelta(days=validity.notice_from) - _ZONES, zone_name=zone))
    return min(moments, default=None)


def expiry_decision(
    *, points: int, last: date | None, terms: Terms, at: datetime, zone: str, after_hold: bool
) -> Decision:
    """That points of a lot expired, by the validity clause of the terms they were earned under.

    `on_release`: they were held beyond their date, and expired when they came back.
    """
    code = ReasonCode.EXPIRED_ON_RELEASE if after_hold else ReasonCode.POINTS_EXPIRED
    return _by_clause(terms, PointsValidity, finding=Finding(True, code, points, last), points=points, at=at, zone=zone)


def activation_decision(lot: Lot, *, paid: int, terms: Terms, at: datetime) -> Decision:
    """That points of a lot can be spent from now on, by the clause that made them wait; `paid` of them paid what was owed."""
    left, waited = lot.remaining - paid, lot.remaining if paid else None
    finding = Finding(True, ReasonCode.POINTS_AVAILABLE, left, waited)
    return _by_clause(terms, PendingPeriod, finding=finding, points=lot.remaining, at=at, zone=lot.zone)


def _by_clause(
    terms: Terms, kind: type[PendingPeriod | PointsValidity], *, finding: Finding, points: int, at: datetime, zone: str
) -> Decision:
    reason = Reason(clause=terms.policy_clause(kind).key, verdict=Verdict.APPLIED, finding=finding)
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=points,
        terms_version=terms.version,
        decided_for=at,
        reasons=(reason,),
        zone=zone if zone != terms.zone else None,
    )
