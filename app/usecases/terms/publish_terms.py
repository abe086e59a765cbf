"""Publish a version of the terms: the first one at once, later ones with notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.decisions import Decision, DecisionOutcome
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program, ProgramKind
from app.domain.terms.changes import clause_changes, overall_direction
from app.domain.terms.notice import next_start, notice_decision
from app.domain.terms.validation import (
    DraftedClause,
    TermsError,
    UnenforcedClauseError,
    UnknownLocationError,
    UnknownRewardError,
    with_calendars,
    with_names,
)
from app.domain.terms.version import Terms
from app.store.database.session import Session
from app.store.programs import locations
from app.store.rewards import rewards
from app.store.terms import versions
from app.usecases.command import CLOCK_TOLERANCE, CommandContext, use_case
from app.usecases.results import NOT_STORED, CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class PublishTerms:
    """The clauses to publish, and from when (None: as soon as the notice of the terms in force allows)."""

    effective_from: datetime | None
    clauses: Sequence[DraftedClause]


@stored_as("publication_decided")
@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTermsResult(CommandResult):
    """The published version; None if the notice clause refused it.

    `decision` is that of the notice clause, None for the first version. `terms` is the version that decided.
    """

    terms_version: int | None = None
    decision: Decision | None = None
    terms: Terms | None = field(default=None, compare=False, metadata=NOT_STORED)


@use_case(PublishTermsResult)
async def run(session: Session, *, context: CommandContext, command: PublishTerms) -> PublishTermsResult | Problem:
    """Check the draft, require the notice of the version in force for changes that are worse for customers, and store the version."""
    latest = await versions.latest(session, lock=True)
    number = await versions.last_number(session) + 1
    draft = await draft_as_terms(session, program=context.program, now=context.now, command=command, number=number)
    if isinstance(draft, Problem):
        return draft
    if latest is None:
        if context.program.kind is not ProgramKind.SANDBOX and draft.effective_from < context.now - CLOCK_TOLERANCE:
            return Problem(ProblemCode.INVALID_INPUT, path=("effectiveFrom",), detail=detail_of("TERMS_IN_PAST"))
        await versions.publish(session, id=context.new_id(), terms=draft, published_at=context.now)
        return PublishTermsResult(terms_version=draft.version)
    direction = overall_direction(clause_changes(latest, draft))
    in_force = await versions.in_force(session, at=context.now) or latest
    if command.effective_from is None:
        start = next_start(latest=latest, in_force=in_force, direction=direction, now=context.now)
        draft = replace(draft, effective_from=start)
    problem = _start_problem(draft, latest=latest, context=context)
    if problem is not None:
        return problem
    decision = notice_decision(
        in_force=in_force, direction=direction, effective_from=draft.effective_from, now=context.now
    )
    if decision.outcome is DecisionOutcome.REFUSED:
        return PublishTermsResult(decision=decision, terms=in_force)
    await versions.publish(session, id=context.new_id(), terms=draft, published_at=context.now)
    return PublishTermsResult(terms_version=draft.version, decision=decision, terms=in_force)


def _start_problem(draft: Terms, *, latest: Terms, context: CommandContext) -> Problem | None:
    """Why the version cannot start then: not after the latest one, or in the past. None if it can."""
    if draft.effective_from <= latest.effective_from:
        starts = latest.effective_from.isoformat()
        wrong = detail_of("TERMS_ORDER", version=latest.version, time=starts)
    elif draft.effective_from < context.now - CLOCK_TOLERANCE:
        wrong = detail_of("TERMS_IN_PAST")
    else:
        return None
    return Problem(ProblemCode.INVALID_INPUT, path=("effectiveFrom",), detail=wrong)


async def draft_as_terms(
    session: Session, *, program: Program, now: datetime, command: PublishTerms, number: int
) -> Terms | Problem:
    """The draft as the version with this number, or the problem with it."""
    catalogue = await rewards.all_rewards(session)
    location_names = await locations.names(session)
    zones = await locations.zones(session)
    try:
        clauses = with_names(
            command.clauses, rewards={reward.key: reward.name for reward in catalogue}, locations=location_names
        )
        return Terms.from_draft(
            version=number,
            effective_from=command.effective_from or now,
            currency=program.currency,
            zone=program.zone,
            clauses=with_calendars(clauses, zone=program.zone, zones=zones),
        )
    except TermsError as error:
        return terms_problem(error)


def terms_problem(error: TermsError) -> Problem:
    """The problem with a draft that cannot become terms."""
    codes: dict[type[TermsError], ProblemCode] = {
        UnenforcedClauseError: ProblemCode.NOT_ENFORCED_YET,
        UnknownRewardError: ProblemCode.UNKNOWN_REWARD_IN_TERMS,
        UnknownLocationError: ProblemCode.UNKNOWN_LOCATION_IN_TERMS,
    }
    return Problem(codes.get(type(error), ProblemCode.INVALID_INPUT), path=error.path, detail=error.detail)
