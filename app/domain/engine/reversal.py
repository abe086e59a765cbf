"""Reversing redemptions: who may do it, what is restored, and the grace period for expired points."""

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
"""Local days after a reversal during which restored expired points can be spent, if the shop was at fault."""

TILL_CANCELLATION_TIME = timedelta(minutes=10)
"""How long after the handover a till may cancel its latest redemption."""


def problem_code(*, by: Role, till_until: datetime | None, at: datetime) -> ProblemCode | None:
    """Why a role may not cancel a redemption that was handed over, or None.

    Customers may not. `till_until` is the first instant at which the requesting till may no longer cancel it, None if it
    is not the till's latest redemption. Staff and the owner always may.
    """
    match by:
        case Role.CUSTOMER:
            return ProblemCode.ALREADY_USED
        case Role.TILL if till_until is None or at >= till_until:
            return ProblemCode.NOT_CANCELLABLE
        case _:
            return None


def grace_ends_at(at: datetime, *, zone: str) -> datetime:
    """When the grace period ends: the end of its last local day."""
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
    """The decision of a reversal, by the clause that priced the reward.

    `amount` was restored in the unit of the price. `overdue` are restored points whose last day has passed;
    `usable_until` is the instant until which they can be spent.
    """
    cost = terms.clause_of_reward(reward)
    reasons = []
    if cost is not None:
        code = ReasonCode.REDEMPTION_UNDONE if unit is Unit.POINTS else ReasonCode.STAMPS_RETURNED
        restored = Finding(True, code, amount)
        reasons.append(Reason(cost.key, Verdict.APPLIED, restored))
    if overdue and usable_until is not None and PointsValidity in terms.policy_clauses:
        grace = Finding(True, ReasonCode.GRACE_AFTER_REVERSAL, overdue, usable_until)
        reasons.append(Reason(terms.policy_clauses[PointsValidity].key, Verdict.APPLIED, grace))
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=amount if unit is Unit.POINTS else 0,
        terms_version=terms.version,
        decided_for=at,
        reasons=tuple(reasons),
        zone=zone if zone != terms.zone else None,
        stamps=amount if unit is Unit.STAMPS else 0,
    )
