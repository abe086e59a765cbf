"""Redemptions that are undone: by whom, what comes back, and how long it can be spent then."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.access import Role
from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.problems import ProblemCode
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.version import Terms
from app.domain.units import Unit

GRACE_DAYS = 14
"""Local days after the business day of a reversal for which points past their date can be spent, where the shop was at fault."""

TILL_CANCELLATION_TIME = timedelta(minutes=10)
"""How long a till may undo the redemption that it made last, from when it was handed over."""


def refusal(*, by: Role, till_until: datetime | None, at: datetime) -> ProblemCode | None:
    """Why somebody may not undo a redemption that was handed over, or None. There is no other kind so far.

    Its customer can no longer undo it. `till_until` is the first instant at which the till that asks can no longer undo
    it, None where it is not the last one that this till made. Staff and the owner always may.
    """
    match by:
        case Role.CUSTOMER:
            return ProblemCode.ALREADY_USED
        case Role.TILL if till_until is None or at >= till_until:
            return ProblemCode.NOT_CANCELLABLE
        case _:
            return None


def grace_ends(at: datetime, *, zone: str) -> datetime:
    """The instant up to which points past their date can be spent: the end of the last local day of the grace."""
    return day_start(local_date(at, zone_name=zone) + timedelta(days=GRACE_DAYS + 1), zone_name=zone)


def reversal_decision(
    terms: Terms,
    *,
    reward: str,
    amount: int,
    unit: Unit,
    at: datetime,
    zone: str,
    overdue: int = 0,
    usable_until: datetime | None = None,
) -> Decision:
    """That a redemption was undone, by the clause that priced it.

    `amount` came back in the unit that was paid. `overdue` are the points among those that came back whose last day has
    passed; `usable_until` is until when they can be spent all the same.
    """
    cost = terms.cost_of(reward)
    reasons = []
    if cost is not None:
        code = ReasonCode.REDEMPTION_UNDONE if unit is Unit.POINTS else ReasonCode.STAMPS_RETURNED
        back = Finding(True, code, amount)
        reasons.append(Reason(cost.key, Verdict.APPLIED, back))
    if overdue and usable_until is not None and terms.has(PointsValidity):
        spared = Finding(True, ReasonCode.GRACE_AFTER_REVERSAL, overdue, usable_until)
        reasons.append(Reason(terms.policy_clause(PointsValidity).key, Verdict.APPLIED, spared))
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=amount if unit is Unit.POINTS else 0,
        terms_version=terms.version,
        decided_for=at,
        reasons=tuple(reasons),
        zone=zone if zone != terms.zone else None,
        stamps=amount if unit is Unit.STAMPS else 0,
    )
