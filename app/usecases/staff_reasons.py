"""Reasons that staff give for changes by hand. (Reasons of decisions are another thing: `app/domain/decisions.py`.)"""

from __future__ import annotations

from app.domain.details import length_detail
from app.domain.problems import Problem, ProblemCode

MAX_STAFF_REASON = 200


def reason_problem(reason: str) -> Problem | None:
    """Why a reason cannot be stored, or None."""
    if not reason.strip():
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    if len(reason) > MAX_STAFF_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("reason",), detail=length_detail(1, MAX_STAFF_REASON))
    return None
