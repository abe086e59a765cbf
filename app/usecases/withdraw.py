"""Withdraw an announced version of the terms before it starts: what was in force stays in force."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store import terms
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Which version: the last one announced."""

    version: int


async def withdraw(session: Session, *, call: Call, order: Withdrawal) -> Answer | Problem:
    """Take back the last version, as long as it has not started. Nobody loses what they have had."""
    if (known := await replay(session, call=call)) is not None:
        return known
    latest = await terms.latest(session, program_id=call.program.id, lock=True)
    if latest is None or latest.version != order.version:
        return Problem(ProblemCode.NOT_WITHDRAWABLE, path=("version",), detail="only the last version that stands")
    if latest.effective_from <= call.now:
        return Problem(ProblemCode.NOT_WITHDRAWABLE, path=("version",), detail="it has started")
    await terms.withdraw(session, program_id=call.program.id, number=latest.version, at=call.now)
    return await keep(session, call=call, answer=Answer(terms_version=latest.version))
