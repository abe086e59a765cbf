"""How the conditions of a clause are judged: all of them, on the part of the purchase that the clause selects."""

from __future__ import annotations

from dataclasses import replace

from app.domain.conditions import Condition, Group, Selecting
from app.domain.conditions.groups import AnyOf, ExceptWhen
from app.domain.counting import Counted
from app.domain.decisions import Finding, Reason, Verdict
from app.domain.terms import Clause


def judge(clause: Clause, *, purchase: Counted) -> tuple[bool, Counted, tuple[Reason, ...]]:
    """Whether every condition holds, the selected part of the purchase, and one reason for each condition looked at.

    Of alternatives that hold only those are told; of those that do not, every one.
    """
    if not clause.conditions:
        return True, purchase, ()
    if clause.limit is not None:
        purchase = replace(purchase, clause=clause.key)
    selected = purchase
    for condition in clause.conditions:
        if isinstance(condition, Selecting) or (isinstance(condition, Group) and condition.selecting):
            selected = selected.only(condition.selects)
    holds = True
    reasons: list[Reason] = []
    for place, condition in enumerate(clause.conditions):
        met, found = _judged(condition, at=(place,), key=clause.key, purchase=purchase, selected=selected, wanted=True)
        holds = holds and met
        reasons.extend(found)
    return holds, selected, tuple(reasons)


def holds(condition: Condition, *, purchase: Counted) -> bool:
    """Whether one condition holds, groups and exceptions included."""
    met, _ = _judged(condition, at=(), key="", purchase=purchase, selected=purchase, wanted=True)
    return met


def _judged(
    condition: Condition, *, at: tuple[int, ...], key: str, purchase: Counted, selected: Counted, wanted: bool
) -> tuple[bool, list[Reason]]:
    """Whether a condition holds (or, in an exception, does not), and why. Groups follow De Morgan's laws."""
    if isinstance(condition, Group):
        turned = wanted is not isinstance(condition, ExceptWhen)
        results = [
            _judged(one, at=(*at, place), key=key, purchase=purchase, selected=selected, wanted=turned)
            for place, one in enumerate(condition.conditions)
        ]
        if isinstance(condition, AnyOf) is not turned:
            return all(met for met, _ in results), [reason for _, found in results for reason in found]
        holds = any(met for met, _ in results)
        return holds, [reason for met, found in results if met or not holds for reason in found]
    # What names goods is sought in the whole purchase; what measures them sees what the clause counts.
    seen = purchase if isinstance(condition, Selecting) else selected
    finding: Finding = condition.check(seen) if wanted else condition.check_except(seen)
    verdict = Verdict.APPLIED if finding.met else (Verdict.NOT_MET if wanted else Verdict.EXCLUDED)
    return finding.met, [Reason(clause=key, verdict=verdict, finding=finding, condition=at)]
