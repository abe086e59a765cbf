"""Redemptions that are undone: who may and until when, what comes back, and how long it can be spent then."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.access import Role
from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.effects.points_validity import PointsValidity
from app.domain.effects.undo_window import UndoWindow
from app.domain.problems import ProblemCode
from app.domain.terms import Terms
from app.domain.units import Unit

GRACE_DAYS = 14
"""Local days after the business day of a reversal for which points past their date can be spent, where the shop was at fault."""

TILL_TIME = timedelta(minutes=10)
"""How long a till may undo the redemption that it made last, from when it was handed over."""


def refusal(
    terms: Terms,
    *,
    by: Role,
    used: bool,
    redeemed_at: datetime,
    till_until: datetime | None,
    at: datetime,
    zone: str,
) -> ProblemCode | Decision | None:
    """Why somebody may not undo a redemption, or None.

    `used`: it was handed over, which its customer can no longer undo; what is only issued they can within the window of
    the terms. `till_until` is the first instant at which the till that asks can no longer undo it, None where it is not
    the last one that this till made. Staff and the owner always may.
    """
    match by:
        case Role.CUSTOMER if used:
            return ProblemCode.ALREADY_USED
        case Role.CUSTOMER:
            ends = window_ends(terms, redeemed_at=redeemed_at)
            if ends is None:
                return ProblemCode.NOT_CANCELLABLE
            return too_late(terms, ended_at=ends, at=at, zone=zone) if at >= ends else None
        case Role.TILL if till_until is None or at >= till_until:
            return ProblemCode.NOT_CANCELLABLE
        case _:
            return None


def window_ends(terms: Terms, *, redeemed_at: datetime) -> datetime | None:
    """The first instant at which a customer can no longer cancel what was issued; None: its terms give them no window."""
    if not terms.has(UndoWindow):
        return None
    return redeemed_at + timedelta(hours=terms.policy(UndoWindow).hours)


def grace_ends(at: datetime, *, zone: str) -> datetime:
    """The instant up to which points past their date can be spent: the end of the last local day of the grace."""
    return day_start(local_date(at, zone_name=zone) + timedelta(days=GRACE_DAYS + 1), zone_name=zone)


def too_late(terms: Terms, *, ended_at: datetime, at: datetime, zone: str) -> Decision:
    """The refusal of a cancellation after the window of the terms, which nothing opens again."""
    finding = Finding(False, ReasonCode.UNDO_WINDOW_OVER, at, ended_at, (Remedy(RemedyCode.NONE),))
    return Decision(
        outcome=DecisionOutcome.REFUSED,
        points=0,
        terms_version=terms.version,
        decided_for=at,
        reasons=(Reason(terms.policy_clause(UndoWindow).key, Verdict.NOT_MET, finding),),
        zone=zone if zone != terms.zone else None,
    )


def undone(
    terms: Terms,
    *,
    reward: str,
    amount: int,
    unit: Unit,
    redeemed_at: datetime,
    at: datetime,
    zone: str,
    used: bool = True,
    overdue: int = 0,
    usable_until: datetime | None = None,
) -> Decision:
    """That a redemption was undone, by the clause that priced it; what was issued and not used, by the one that lets a customer.

    `amount` came back in the unit that was paid. `overdue` are the points among those that came back whose last day has
    passed; `usable_until` is until when they can be spent all the same.
    """
    ends = window_ends(terms, redeemed_at=redeemed_at) if not used else None
    cost = terms.cost_of(reward)
    clause = cost.key if cost is not None else None
    if ends is not None and at < ends:
        clause = terms.policy_clause(UndoWindow).key
    reasons = []
    if clause is not None:
        code = ReasonCode.REDEMPTION_UNDONE if unit is Unit.POINTS else ReasonCode.STAMPS_RETURNED
        back = Finding(True, code, amount)
        reasons.append(Reason(clause, Verdict.APPLIED, back))
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
