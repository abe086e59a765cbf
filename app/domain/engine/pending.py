"""What a price comes to while points wait: whether waiting pays it, and from when, or what is missing even then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.decisions import Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.version import Terms


class ActivationForecast(NamedTuple):
    """A moment at which points that wait become available, as things stand.

    `waiting` are those that have done so by then, `spendable` is what there is to spend then, less what is owed, and
    `cost` is what the reward costs then.
    """

    at: datetime
    activated: int
    spendable: int
    cost: int

    @property
    def missing(self) -> int:
        """What is missing then; 0 or less where it pays."""
        return self.cost - self.spendable


def pending_reasons(
    shortfall: Reason, *, missing: int, activations: Sequence[ActivationForecast], terms: Terms
) -> tuple[Reason, ...]:
    """The reasons that say why a price is not paid, of which `missing` points are missing now.

    Where points that wait pay it, the remedy is to wait for them; where they pay a part of it, the rest is to be
    collected besides. What is owed is said in either case.
    """
    enough = next((moment for moment in activations if moment.missing <= 0), None)
    best = enough or min(activations, key=lambda moment: (moment.missing, moment.at), default=None)
    if best is None or best.missing >= missing:
        return (shortfall,)
    come = (Remedy(RemedyCode.COME_AT, from_=best.at),)
    clause = terms.policy_clause(PendingPeriod).key if terms.has(PendingPeriod) else shortfall.clause
    waits = Reason(clause, Verdict.NOT_MET, Finding(False, ReasonCode.STILL_PENDING, best.activated, best.at, come))
    finding = shortfall.finding
    if enough is None:
        collect = (Remedy(RemedyCode.COLLECT_POINTS, points=best.missing),)
        return (shortfall._replace(finding=finding._replace(remedies=collect)), waits)
    if finding.code is ReasonCode.NEGATIVE_BALANCE:
        return (shortfall._replace(finding=finding._replace(remedies=come)), waits)
    return (waits,)
