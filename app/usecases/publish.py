"""Publish a version of the terms: at once the first time, with notice ever after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.conditions import Condition
from app.domain.decisions import DecisionOutcome
from app.domain.effects import Effect
from app.domain.effects.reward_cost import RewardCost
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms, TermsError, earliest_start, notice_decision
from app.store import rewards, terms
from app.store.programs import ProgramKind
from app.store.unit import Session
from app.usecases.call import CLOCK_TOLERANCE, Answer, Call, keep, replay

DraftedClause = tuple[str, Sequence[Condition], Effect]


@dataclass(frozen=True, slots=True)
class Draft:
    """The clauses to publish, and from when (None: as soon as the notice of the terms in force allows)."""

    effective_from: datetime | None
    clauses: Sequence[DraftedClause]


async def publish(session: Session, *, call: Call, order: Draft) -> Answer | Problem:
    """Check the draft, hold it to the notice period of the version in force, and store it for good."""
    if (known := await replay(session, call=call)) is not None:
        return known
    latest = await terms.latest(session, program_id=call.program.id, lock=True)
    effective_from = order.effective_from or (
        earliest_start(current=latest, now=call.now) if latest is not None else call.now
    )
    clauses = await _named(session, call=call, clauses=order.clauses)
    if isinstance(clauses, Problem):
        return clauses
    try:
        draft = Terms.drafted(
            version=1 if latest is None else latest.version + 1,
            effective_from=effective_from,
            currency=call.program.currency,
            zone=call.program.zone,
            clauses=clauses,
        )
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    if latest is None:
        if call.program.kind is not ProgramKind.SANDBOX and effective_from < call.now - CLOCK_TOLERANCE:
            return Problem(ProblemCode.INVALID_INPUT, path=("effectiveFrom",), detail="terms do not start in the past")
        decision, in_force = None, None
    else:
        if effective_from <= latest.effective_from:
            return Problem(
                ProblemCode.INVALID_INPUT,
                path=("effectiveFrom",),
                detail=f"version {latest.version} starts at {latest.effective_from.isoformat()}, this one must follow",
            )
        in_force = await terms.in_force(session, program_id=call.program.id, at=call.now) or latest
        decision = notice_decision(current=in_force, effective_from=effective_from, now=call.now)
        if decision.outcome is DecisionOutcome.REFUSED:
            return await keep(session, call=call, answer=Answer(decision=decision, terms=in_force))
    await terms.publish(session, program_id=call.program.id, id=call.new_id(), terms=draft, published_at=call.now)
    return await keep(session, call=call, answer=Answer(decision=decision, terms_version=draft.version, terms=in_force))


async def _named(session: Session, *, call: Call, clauses: Sequence[DraftedClause]) -> list[DraftedClause] | Problem:
    """The clauses with each reward called by its name; a reward that does not exist cannot be priced."""
    names = {reward.key: reward.name for reward in await rewards.all_rewards(session, program_id=call.program.id)}
    named: list[DraftedClause] = []
    for place, (key, conditions, effect) in enumerate(clauses):
        if isinstance(effect, RewardCost):
            if effect.reward not in names:
                return Problem(
                    ProblemCode.UNKNOWN_REWARD_IN_TERMS, path=("clauses", place, "effect"), detail=effect.reward
                )
            named.append((key, conditions, replace(effect, name=names[effect.reward])))
        else:
            named.append((key, conditions, effect))
    return named
