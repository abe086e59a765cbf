"""Notice periods: when a change may start, by the notice clause of the version in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.calendar import day_start, local_date
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.terms.changes import ChangeDirection
from app.domain.terms.effects.notice_period import NoticePeriod
from app.domain.terms.version import Terms


def earliest_start(*, in_force: Terms, direction: ChangeDirection, now: datetime) -> datetime:
    """When a change announced now may start: at once, or after the notice period if it is for the worse."""
    days = in_force.policy_effect(NoticePeriod).least_days
    if direction is not ChangeDirection.WORSE or days == 0:
        return now.astimezone(UTC)
    # The notice period ends with the last instant of its last local day.
    return day_start(local_date(now, zone_name=in_force.zone) + timedelta(days=days + 1), zone_name=in_force.zone)


def next_start(*, latest: Terms, in_force: Terms, direction: ChangeDirection, now: datetime) -> datetime:
    """The earliest start that the notice period allows and that is after the start of `latest`, the latest announced version."""
    earliest = earliest_start(in_force=in_force, direction=direction, now=now)
    return max(earliest, latest.effective_from + timedelta(microseconds=1))


def notice_lapses_at(*, in_force: Terms, direction: ChangeDirection, now: datetime) -> datetime | None:
    """The first start that is too late for a notice given now; None if no start is too late."""
    most_days = in_force.policy_effect(NoticePeriod).most_days
    if direction is not ChangeDirection.WORSE or most_days is None:
        return None
    return day_start(local_date(now, zone_name=in_force.zone) + timedelta(days=most_days + 1), zone_name=in_force.zone)


def notice_decision(
    *, in_force: Terms, direction: ChangeDirection, effective_from: datetime, now: datetime
) -> Decision:
    """The decision whether a change may start at `effective_from`, by the notice clause in force."""
    earliest = earliest_start(in_force=in_force, direction=direction, now=now)
    lapses_at = notice_lapses_at(in_force=in_force, direction=direction, now=now)
    if effective_from < earliest:
        remedy = Remedy(RemedyCode.START_LATER, instant=earliest)
        finding = Finding(False, ReasonCode.NOTICE_TOO_SHORT, effective_from, earliest, (remedy,))
    elif lapses_at is not None and effective_from >= lapses_at:
        remedy = Remedy(RemedyCode.START_SOONER, instant=lapses_at)
        finding = Finding(False, ReasonCode.NOTICE_TOO_LONG, effective_from, lapses_at, (remedy,))
    else:
        finding = Finding(True, ReasonCode.NOTICE_GIVEN, effective_from, earliest)
    reason = Reason(
        clause_key=in_force.policy_clauses[NoticePeriod].key,
        verdict=Verdict.APPLIED if finding.met else Verdict.NOT_MET,
        finding=finding,
    )
    return Decision(
        outcome=DecisionOutcome.GRANTED if finding.met else DecisionOutcome.REFUSED,
        points=0,
        terms_version=in_force.version,
        decided_for=now,
        reasons=(reason,),
    )


@dataclass(frozen=True, slots=True)
class AnnouncedVersion:
    """A version and the time at which it was announced."""

    terms: Terms
    published_at: datetime
