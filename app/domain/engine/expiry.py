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

_ZONE_MARGIN = timedelta(days=2)
"""More than the difference between local days in any two zones."""


def current_last_day(lot: Lot, *, validity: PointsValidity, last_activity_at: datetime | None) -> date | None:
    """The current last local day of a lot: the promised one, or a later one if activity extends it. None: it never expires.

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

    `notified_at` are the times at which notices were delivered. A notice counts from `validity.notice_from` days before the
    last day. Points stay valid for at least `validity.notice_until` days after the first notice that counts. `has_receipt`:
    whether the wallet's holder has the receipt that earned the lot.
    """
    last_day = current_last_day(lot, validity=validity, last_activity_at=last_activity_at) if validity.expires else None
    if last_day is None:
        return None
    if not (has_receipt and receipt_is_notice(lot, validity=validity, last_day=last_day)):
        notice_days = [local_date(at, zone_name=lot.zone) for at in notified_at]
        counting_notice_days = [day for day in notice_days if day >= last_day - timedelta(days=validity.notice_from)]
        if not counting_notice_days:
            return None
        last_day = max(last_day, min(counting_notice_days) + timedelta(days=validity.notice_until))
    return day_start(last_day + timedelta(days=1), zone_name=lot.zone)


def receipt_is_notice(lot: Lot, *, validity: PointsValidity, last_day: date) -> bool:
    """Whether the lot is so short-lived that its receipt serves as the expiry notice."""
    return (last_day - local_date(lot.earned_at, zone_name=lot.zone)).days < validity.notice_until


def notice_window_start(
    lot: Lot, *, validity: PointsValidity, last_activity_at: datetime | None, has_receipt: bool = True
) -> datetime | None:
    """The first instant at which an expiry notice counts; None if the points never expire or their receipt is the notice.

    `has_receipt`: whether the wallet's holder has the receipt that earned the lot.
    """
    last_day = current_last_day(lot, validity=validity, last_activity_at=last_activity_at) if validity.expires else None
    if last_day is None or (has_receipt and receipt_is_notice(lot, validity=validity, last_day=last_day)):
        return None
    return day_start(last_day - timedelta(days=validity.notice_from), zone_name=lot.zone)


def earliest_notice_start(
    activity_at: datetime, *, activity_rules: Iterable[PointsValidity], zone: str
) -> datetime | None:
    """The earliest possible start of a notice window for points that activity at `activity_at` extended last.

    `activity_rules` are the validity rules by which activity extends points. The start is early enough for lots of every
    zone; None if points never expire by any of these rules.
    """
    window_starts = []
    for validity in activity_rules:
        last_day = validity.last_day(since=activity_at - _ZONE_MARGIN, zone_name=zone)
        if last_day is not None:
            window_starts.append(
                day_start(last_day - timedelta(days=validity.notice_from) - _ZONE_MARGIN, zone_name=zone)
            )
    return min(window_starts, default=None)


def expiry_decision(
    *, points: int, last_day: date | None, terms: Terms, at: datetime, zone: str, after_hold: bool
) -> Decision:
    """The decision of an expiry, by the validity clause of the terms the lot was earned under.

    `after_hold`: the points were held beyond their last day and expired when they were released.
    """
    code = ReasonCode.EXPIRED_ON_RELEASE if after_hold else ReasonCode.POINTS_EXPIRED
    return _decision_by_clause(
        terms, PointsValidity, finding=Finding(True, code, points, last_day), points=points, at=at, zone=zone
    )


def activation_decision(lot: Lot, *, debt_repaid: int, terms: Terms, at: datetime) -> Decision:
    """The decision of an activation, by the clause on the pending period; `debt_repaid`: how many of the points repaid debt."""
    available_points, activated_points = lot.remaining - debt_repaid, lot.remaining if debt_repaid else None
    finding = Finding(True, ReasonCode.POINTS_AVAILABLE, available_points, activated_points)
    return _decision_by_clause(terms, PendingPeriod, finding=finding, points=lot.remaining, at=at, zone=lot.zone)


def _decision_by_clause(
    terms: Terms,
    effect_type: type[PendingPeriod | PointsValidity],
    *,
    finding: Finding,
    points: int,
    at: datetime,
    zone: str,
) -> Decision:
    """A decision with one reason: the finding, by the clause of this kind."""
    reason = Reason(clause_key=terms.policy_clauses[effect_type].key, verdict=Verdict.APPLIED, finding=finding)
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=points,
        terms_version=terms.version,
        decided_for=at,
        reasons=(reason,),
        zone=zone if zone != terms.zone else None,
    )
