"""A draft of terms tried out: what it says, what it changes, when it could start, and whether it is fair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.calendar import local_date
from app.domain.comparing import ChangeEffect, ClauseChange, changes, worst
from app.domain.drafting import DraftedClause, TermsError, named
from app.domain.effects.notice_period import NoticePeriod
from app.domain.linting import Finding, Habits, lint, notice_finding
from app.domain.notice import earliest_start, first_start
from app.domain.terms import Terms
from app.store import habits, rewards, terms
from app.store.programs import Program
from app.store.rewards import Reward
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


@dataclass(frozen=True, slots=True)
class Basis:
    """What a draft is held against: the catalogue, the versions that stand, and how customers behave."""

    catalogue: tuple[Reward, ...]
    number: int
    latest: Terms | None
    in_force: Terms | None
    habits: Habits


async def draft_basis(session: Session, *, program_id: str, now: datetime) -> Basis:
    """Read what a draft is held against."""
    return Basis(
        catalogue=tuple(await rewards.all_rewards(session, program_id=program_id)),
        number=await terms.last_number(session, program_id=program_id) + 1,
        latest=await terms.latest(session, program_id=program_id),
        in_force=await terms.in_force(session, program_id=program_id, at=now),
        habits=await habits.recent(session, program_id=program_id),
    )


def check_draft(
    basis: Basis,
    *,
    program: Program,
    clauses: Sequence[DraftedClause],
    effective_from: datetime | None,
    now: datetime,
) -> Checked | TermsError:
    """Try a draft out; nothing is stored. One that cannot become terms answers with what is wrong, and where.

    It asks no database and may take a while: no till should wait for it.
    """
    try:
        draft = Terms.drafted(
            version=basis.number,
            effective_from=effective_from or now,
            currency=program.currency,
            zone=program.zone,
            clauses=named(clauses, rewards={reward.key: reward.name for reward in basis.catalogue}),
        )
    except TermsError as error:
        return error
    latest = basis.latest
    found = changes(latest, draft) if latest is not None else ()
    change = worst(found)
    findings: list[Finding] = []
    earliest = now
    if latest is not None:
        in_force = basis.in_force or latest
        earliest = first_start(latest=latest, in_force=in_force, change=change, now=now)
        due = earliest_start(current=in_force, change=change, now=now)
        if effective_from is None:
            draft = replace(draft, effective_from=earliest)
        elif effective_from < due:
            wanted = local_date(effective_from, zone_name=program.zone)
            clause = in_force.policy_clause(NoticePeriod)
            findings.append(notice_finding(clause, wanted=wanted, earliest=local_date(due, zone_name=program.zone)))
    pictured = frozenset(reward.key for reward in basis.catalogue if reward.picture_url is not None)
    findings.extend(lint(draft, habits=basis.habits, pictured=pictured))
    return Checked(
        draft=draft,
        current=latest,
        changes=found,
        change=change,
        earliest_from=earliest,
        findings=tuple(findings),
    )
