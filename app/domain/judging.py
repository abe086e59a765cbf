"""How the conditions of a clause are judged: all of them, on the part of the purchase that the clause selects."""

from __future__ import annotations

from app.domain.conditions import Selecting
from app.domain.counting import Counted
from app.domain.decisions import Reason, Verdict
from app.domain.terms import Clause


def judge(clause: Clause, *, purchase: Counted) -> tuple[bool, Counted, tuple[Reason, ...]]:
    """Whether every condition holds, the selected part of the purchase, and one reason per condition."""
    selected = purchase
    for condition in clause.conditions:
        if isinstance(condition, Selecting):
            selected = selected.only(condition.selects)
    holds = True
    reasons = []
    for place, condition in enumerate(clause.conditions):
        finding = condition.check(selected)
        holds = holds and finding.met
        verdict = Verdict.APPLIED if finding.met else Verdict.NOT_MET
        reasons.append(Reason(clause=clause.key, verdict=verdict, finding=finding, condition=place))
    return holds, selected, tuple(reasons)
