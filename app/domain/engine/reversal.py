"""Reversing redemptions: who may do it, what is restored, and the grace period for expired points."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.access import Role
from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.problems import ProblemCode
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.version import Terms
from app.domain.units import Unit

GRACE_DAYS = 14
"""Local days after a reversal during which restored expired points can be spent, if the shop was at fault."""

TILL_CANCELLATION_TIME = timedelta(minutes=10)
"""How long after the handover a till may cancel its latest redemption."""


def cancellation_problem(
    *, role: Role, handed_over: bool, till_deadline: datetime | None, has_window: bool, at: datetime
) -> ProblemCode | None:
    """Why a role may not cancel a redemption; None if it may, or if only `window_refusal` can say whether it may.

    Customers may cancel a redemption that was not handed over, if the terms give them time for it (`has_window`);
    `window_refusal` says whether that time is over. `till_deadline` is the first instant at which the requesting till may
    no longer cancel the redemption, None if it is not the latest redemption that this till handed over. Staff and the owner
    may always cancel.
    """
    match role:
        case Role.CUSTOMER if handed_over:
            return ProblemCode.ALREADY_USED
        case Role.CUSTOMER if not has_window:
            return ProblemCode.NOT_CANCELLABLE
        case Role.TILL if till_deadline is None or at >= till_deadline:
            return ProblemCode.NOT_CANCELLABLE
        case _:
            return None


def cancellable_until(terms: Terms, *, paid_at: datetime) -> datetime | None:
    """When the time for customers to cancel a redemption paid at `paid_at` is over; None if the terms give them none."""
    window_clause = terms.policy_clauses.get(ReversalWindow)
    if window_clause is None or not isinstance(window_clause.effect, ReversalWindow):
        return None
    return paid_at + timedelta(hours=window_clause.effect.hours)


def window_refusal(terms: Terms, *, paid_at: datetime, at: datetime, zone: str) -> Decision | None:
    """The refusal by the clause on cancelling, if the time it gives is over at `at`; otherwise, and without this clause, None."""
    window_ends_at = cancellable_until(terms, paid_at=paid_at)
    if window_ends_at is None or at < window_ends_at:
        return None
    finding = Finding(False, ReasonCode.UNDO_WINDOW_OVER, None, window_ends_at, (Remedy(RemedyCode.ASK_AT_TILL),))
    return Decision(
        outcome=DecisionOutcome.REFUSED,
        points=0,
        terms_version=terms.version,
        decided_for=at,
        reasons=(Reason(terms.policy_clauses[ReversalWindow].key, Verdict.NOT_MET, finding),),
        zone=zone if zone != terms.zone else None,
    )


def grace_period_end(reversed_at: datetime, *, zone: str) -> datetime:
    """When the grace period of a reversal ends: with its last local day in the zone."""
    return day_start(local_date(reversed_at, zone_name=zone) + timedelta(days=GRACE_DAYS + 1), zone_name=zone)


def reversal_decision(
    terms: Terms,
    *,
    reward: str,
    amount: int,
    unit: Unit,
    at: datetime,
    zone: str,
    overdue_points: int = 0,
    usable_until: datetime | None = None,
) -> Decision:
    """The decision of a reversal, by the clause that priced the reward.

    `amount` is what was restored, in the unit of the price. `overdue_points` is how many of the restored points are past their
    last day; `usable_until` is the instant until which they can be spent.
    """
    cost_clause = terms.clause_of_reward(reward)
    reasons = []
    if cost_clause is not None:
        code = ReasonCode.REDEMPTION_UNDONE if unit is Unit.POINTS else ReasonCode.STAMPS_RETURNED
        restored_finding = Finding(True, code, amount)
        reasons.append(Reason(cost_clause.key, Verdict.APPLIED, restored_finding))
    if overdue_points and usable_until is not None and PointsValidity in terms.policy_clauses:
        grace_finding = Finding(True, ReasonCode.GRACE_AFTER_REVERSAL, overdue_points, usable_until)
        reasons.append(Reason(terms.policy_clauses[PointsValidity].key, Verdict.APPLIED, grace_finding))
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=amount if unit is Unit.POINTS else 0,
        terms_version=terms.version,
        decided_for=at,
        reasons=tuple(reasons),
        zone=zone if zone != terms.zone else None,
        stamps=amount if unit is Unit.STAMPS else 0,
    )
