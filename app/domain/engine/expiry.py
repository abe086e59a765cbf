"""Activation and expiry of points, by the terms they were earned under. No expiry without a notice in time."""

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
"""More than the difference between local days in any two zones."""


def current_last_day(lot: Lot, *, validity: PointsValidity, last_activity_at: datetime | None) -> date | None:
    """The current last local day of a lot: the promised one, extended by activity if that counts. None: never expires.

    `last_activity_at` is the time of the last purchase or redemption.
    """
    if (
        validity.since is not ValidityStart.ACTIVITY
        or last_activity_at is None
        or last_activity_at <= lot.available_from
    ):
        return lot.promised_last_day
    return validity.last_day(since=last_activity_at, zone_name=lot.zone)


def expires_at(
    lot: Lot,
    *,
    validity: PointsValidity,
    last_activity_at: datetime | None,
    notified_at: Sequence[datetime] = (),
    has_receipt: bool = True,
) -> datetime | None:
    """The first instant at which the lot is no longer valid; None while it cannot expire.

    `notified_at` are the delivered notices. A notice counts from `validity.notice_from` days before the last day; one later than
    `validity.notice_until` days before it postpones the expiry to leave that much time. `has_receipt`: whether the wallet's holder
    has the receipt that earned the lot.
    """
    last = current_last_day(lot, validity=validity, last_activity_at=last_activity_at) if validity.expires else None
    if last is None:
        return None
    if not (has_receipt and receipt_is_notice(lot, validity=validity, last=last)):
        days = [local_date(at, zone_name=lot.zone) for at in notified_at]
        counting_days = [day for day in days if day >= last - timedelta(days=validity.notice_from)]
        if not counting_days:
            return None
        last = max(last, min(counting_days) + timedelta(days=validity.notice_until))
    return day_start(last + timedelta(days=1), zone_name=lot.zone)


def receipt_is_notice(lot: Lot, *, validity: PointsValidity, last: date) -> bool:
    """Whether the lot is so short-lived that its receipt serves as the expiry notice."""
    return (last - local_date(lot.earned_at, zone_name=lot.zone)).days < validity.notice_until


def notice_window_start(
    lot: Lot, *, validity: PointsValidity, last_activity_at: datetime | None, has_receipt: bool = True
) -> datetime | None:
    """The first instant at which an expiry notice counts; None if none is needed.

    `has_receipt`: whether the wallet's holder has the receipt that earned the lot.
    """
    last = current_last_day(lot, validity=validity, last_activity_at=last_activity_at) if validity.expires else None
    if last is None or (has_receipt and receipt_is_notice(lot, validity=validity, last=last)):
        return None
    return day_start(last - timedelta(days=validity.notice_from), zone_name=lot.zone)


def earliest_notice_start(
    activity: datetime, *, activity_rules: Iterable[PointsValidity], zone: str
) -> datetime | None:
    """The earliest possible start of a notice window for points last extended by this activity; None without windows.

    `activity_rules` are the validity rules that activity extends. The start is early enough for lots of every zone.
    """
    window_starts = []
    for validity in activity_rules:
        last = validity.last_day(since=activity - _ZONES, zone_name=zone)
        if last is not None:
            window_starts.append(day_start(last - timedelta(days=validity.notice_from) - _ZONES, zone_name=zone))
    return min(window_starts, default=None)


def expiry_decision(
    *, points: int, last: date | None, terms: Terms, at: datetime, zone: str, after_hold: bool
) -> Decision:
    """The decision of an expiry, by the validity clause of the terms the lot was earned under.

    `after_hold`: the points were held beyond their last day and expired when they were released.
    """
    code = ReasonCode.EXPIRED_ON_RELEASE if after_hold else ReasonCode.POINTS_EXPIRED
    return _by_clause(terms, PointsValidity, finding=Finding(True, code, points, last), points=points, at=at, zone=zone)


def activation_decision(lot: Lot, *, paid: int, terms: Terms, at: datetime) -> Decision:
    """The decision of an activation, by the pending period; `paid` of the points repaid debt."""
    left, total = lot.remaining - paid, lot.remaining if paid else None
    finding = Finding(True, ReasonCode.POINTS_AVAILABLE, left, total)
    return _by_clause(terms, PendingPeriod, finding=finding, points=lot.remaining, at=at, zone=lot.zone)


def _by_clause(
    terms: Terms, kind: type[PendingPeriod | PointsValidity], *, finding: Finding, points: int, at: datetime, zone: str
) -> Decision:
    reason = Reason(clause=terms.policy_clauses[kind].key, verdict=Verdict.APPLIED, finding=finding)
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=points,
        terms_version=terms.version,
        decided_for=at,
        reasons=(reason,),
        zone=zone if zone != terms.zone else None,
    )
