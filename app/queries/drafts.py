"""A draft of terms tried out: what it says, what it changes, when it could start, and whether it is fair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.calendar import local_date
from app.domain.comparing import ChangeEffect, ClauseChange, changes, worst
from app.domain.drafting import DraftedClause, TermsError, named
from app.domain.effects.notice_period import NoticePeriod
from app.domain.linting import Finding, lint, notice_finding
from app.domain.notice import earliest_start, first_start
from app.domain.terms import Terms
from app.store import habits, rewards, terms
from app.store.programs import Program
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft that could be published; `current` is the version that it would follow, None for the first."""

    draft: Terms
    current: Terms | None
    changes: tuple[ClauseChange, ...]
    change: ChangeEffect
    earliest_from: datetime
    findings: tuple[Finding, ...]


async def check_draft(
    session: Session,
    *,
    program_id: str,
    program: Program,
    clauses: Sequence[DraftedClause],
    effective_from: datetime | None,
    now: datetime,
) -> Checked | TermsError:
    """Try a draft out; nothing is stored. A draft that cannot become terms answers with what is wrong, and where."""
    catalogue = await rewards.all_rewards(session, program_id=program_id)
    latest = await terms.latest(session, program_id=program_id)
    try:
        draft = Terms.drafted(
            version=await terms.last_number(session, program_id=program_id) + 1,
            effective_from=effective_from or now,
            currency=program.currency,
            zone=program.zone,
            clauses=named(clauses, rewards={reward.key: reward.name for reward in catalogue}),
        )
    except TermsError as error:
        return error
    found = changes(latest, draft) if latest is not None else ()
    change = worst(found)
    findings: list[Finding] = []
    earliest = now
    if latest is not None:
        in_force = await terms.in_force(session, program_id=program_id, at=now) or latest
        earliest = first_start(latest=latest, in_force=in_force, change=change, now=now)
        due = earliest_start(current=in_force, change=change, now=now)
        if effective_from is None:
            draft = replace(draft, effective_from=earliest)
        elif effective_from < due:
            wanted = local_date(effective_from, zone_name=program.zone)
            clause = in_force.policy_clause(NoticePeriod)
            findings.append(notice_finding(clause, wanted=wanted, earliest=local_date(due, zone_name=program.zone)))
    known = await habits.recent(session, program_id=program_id)
    pictured = frozenset(reward.key for reward in catalogue if reward.picture_url is not None)
    findings.extend(lint(draft, habits=known, pictured=pictured))
    return Checked(
        draft=draft,
        current=latest,
        changes=found,
        change=change,
        earliest_from=earliest,
        findings=tuple(findings),
    )
