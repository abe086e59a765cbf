"""Have the recent past replayed under a draft; nothing but the preview itself is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.domain.drafting import DraftedClause
from app.domain.problems import Problem, ProblemCode
from app.store import previews, terms
from app.store.previews import Preview
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.publish import Draft, drafted

MOST_DAYS = 730
MOST_UNFINISHED = 3
"""Previews of one program that wait or run."""


@dataclass(frozen=True, slots=True)
class WantedPreview:
    """The draft, and how many days back to begin."""

    clauses: Sequence[DraftedClause]
    days: int


async def preview(session: Session, *, call: Call, order: WantedPreview) -> Answer | Problem:
    """Put the draft into the queue, to be held against the version that is in force now."""
    if (known := await replay(session, call=call)) is not None:
        return known
    program = call.program.id
    if not 1 <= order.days <= MOST_DAYS:
        return Problem(ProblemCode.INVALID_INPUT, path=("days",), detail=f"1 to {MOST_DAYS}")
    in_force = await terms.in_force(session, program_id=program, at=call.now)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE)
    number = await terms.last_number(session, program_id=program) + 1
    sent = Draft(effective_from=None, clauses=order.clauses)
    draft = await drafted(session, program=call.program, now=call.now, order=sent, number=number)
    if isinstance(draft, Problem):
        return draft
    if await previews.unfinished(session, program_id=program) >= MOST_UNFINISHED:
        return Problem(ProblemCode.TOO_MANY_PREVIEWS, detail=f"{MOST_UNFINISHED} wait or run")
    wanted = Preview(
        id=call.new_id(),
        terms_version=in_force.version,
        draft=draft,
        days=order.days,
        since=call.now - timedelta(days=order.days),
        requested_at=call.now,
    )
    await previews.add(session, program_id=program, preview=wanted)
    return await keep(session, call=call, answer=Answer(preview_id=wanted.id))
