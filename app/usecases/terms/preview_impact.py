"""Queue a replay of the recent past under a draft; only the preview itself is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.domain.details import detail_of, range_detail
from app.domain.problems import Problem, ProblemCode
from app.domain.simulation.preview import Preview
from app.domain.terms.validation import DraftedClause
from app.store.database.session import Session
from app.store.previews import previews
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as
from app.usecases.terms.publish_terms import PublishTerms, draft_as_terms

MAX_DAYS = 730
MAX_UNFINISHED = 3
"""Maximum number of queued and running previews of a program."""


@dataclass(frozen=True, slots=True)
class PreviewImpact:
    """The draft, and how many days back the replay begins."""

    clauses: Sequence[DraftedClause]
    days: int


@stored_as("preview_queued")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewImpactResult(CommandResult):
    """The preview that was queued."""

    preview_id: str


@use_case(PreviewImpactResult)
async def run(session: Session, *, context: CommandContext, command: PreviewImpact) -> PreviewImpactResult | Problem:
    """Queue the draft, to be compared with the version in force now."""
    if not 1 <= command.days <= MAX_DAYS:
        return Problem(ProblemCode.INVALID_INPUT, path=("days",), detail=range_detail(1, MAX_DAYS))
    in_force = await versions.in_force(session, at=context.now)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE)
    number = await versions.last_number(session) + 1
    publication = PublishTerms(effective_from=None, clauses=command.clauses)
    draft = await draft_as_terms(session, program=context.program, now=context.now, command=publication, number=number)
    if isinstance(draft, Problem):
        return draft
    if await previews.unfinished_count(session) >= MAX_UNFINISHED:
        return Problem(ProblemCode.TOO_MANY_PREVIEWS, detail=detail_of("PREVIEWS_UNFINISHED", most=MAX_UNFINISHED))
    preview = Preview(
        id=context.new_id(),
        terms_version=in_force.version,
        draft=draft,
        days=command.days,
        since=context.now - timedelta(days=command.days),
        requested_at=context.now,
    )
    await previews.add(session, preview=preview)
    return PreviewImpactResult(preview_id=preview.id)
