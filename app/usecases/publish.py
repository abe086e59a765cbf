"""Publish a version of the terms: at once the first time, with notice ever after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.changing.comparing import changes, worst
from app.domain.changing.notice import first_start, notice_decision
from app.domain.decisions import DecisionOutcome
from app.domain.drafting import (
    DraftedClause,
    UnkeptError,
    UnknownLocationError,
    UnknownRewardError,
    by_calendars,
    named,
)
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms, TermsError
from app.store import locations, rewards, terms
from app.store.programs import Program, ProgramKind
from app.store.unit import Session
from app.usecases.call import CLOCK_TOLERANCE, Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class Draft:
    """The clauses to publish, and from when (None: as soon as the notice of the terms in force allows)."""

    effective_from: datetime | None
    clauses: Sequence[DraftedClause]


async def publish(session: Session, *, call: Call, order: Draft) -> Answer | Problem:
    """Check the draft, hold what is worse for customers to the notice of the version in force, and store it for good."""
    if (known := await replay(session, call=call)) is not None:
        return known
    latest = await terms.latest(session, program_id=call.program.id, lock=True)
    number = await terms.last_number(session, program_id=call.program.id) + 1
    draft = await drafted(session, program=call.program, now=call.now, order=order, number=number)
    if isinstance(draft, Problem):
        return draft
    if latest is None:
        if call.program.kind is not ProgramKind.SANDBOX and draft.effective_from < call.now - CLOCK_TOLERANCE:
            return Problem(ProblemCode.INVALID_INPUT, path=("effectiveFrom",), detail="terms do not start in the past")
        await terms.publish(session, program_id=call.program.id, id=call.new_id(), terms=draft, published_at=call.now)
        return await keep(session, call=call, answer=Answer(terms_version=draft.version))
    change = worst(changes(latest, draft))
    in_force = await terms.in_force(session, program_id=call.program.id, at=call.now) or latest
    if order.effective_from is None:
        start = first_start(latest=latest, in_force=in_force, change=change, now=call.now)
        draft = replace(draft, effective_from=start)
    wrong = _out_of_order(draft, latest=latest, call=call)
    if wrong is not None:
        return wrong
    decision = notice_decision(current=in_force, change=change, effective_from=draft.effective_from, now=call.now)
    if decision.outcome is DecisionOutcome.REFUSED:
        return await keep(session, call=call, answer=Answer(decision=decision, terms=in_force))
    await terms.publish(session, program_id=call.program.id, id=call.new_id(), terms=draft, published_at=call.now)
    return await keep(session, call=call, answer=Answer(decision=decision, terms_version=draft.version, terms=in_force))


def _out_of_order(draft: Terms, *, latest: Terms, call: Call) -> Problem | None:
    """A version follows the one before it, and no change starts in the past."""
    if draft.effective_from <= latest.effective_from:
        starts = latest.effective_from.isoformat()
        detail = f"version {latest.version} starts at {starts}, this one must follow"
    elif draft.effective_from < call.now - CLOCK_TOLERANCE:
        detail = "terms do not start in the past"
    else:
        return None
    return Problem(ProblemCode.INVALID_INPUT, path=("effectiveFrom",), detail=detail)


async def drafted(session: Session, *, program: Program, now: datetime, order: Draft, number: int) -> Terms | Problem:
    """The checked draft as a version."""
    catalogue = await rewards.all_rewards(session, program_id=program.id)
    places = await locations.names(session, program_id=program.id)
    zones = await locations.zones(session, program_id=program.id)
    try:
        given = named(order.clauses, rewards={reward.key: reward.name for reward in catalogue}, locations=places)
        return Terms.drafted(
            version=number,
            effective_from=order.effective_from or now,
            currency=program.currency,
            zone=program.zone,
            clauses=by_calendars(given, zone=program.zone, zones=zones),
        )
    except TermsError as error:
        return refused(error)


def refused(error: TermsError) -> Problem:
    """Why a draft cannot become terms, as a technical refusal."""
    codes: dict[type[TermsError], ProblemCode] = {
        UnkeptError: ProblemCode.NOT_KEPT_YET,
        UnknownRewardError: ProblemCode.UNKNOWN_REWARD_IN_TERMS,
        UnknownLocationError: ProblemCode.UNKNOWN_LOCATION_IN_TERMS,
    }
    return Problem(codes.get(type(error), ProblemCode.INVALID_INPUT), path=error.path, detail=error.message)
