"""Withdraw an announced version of the terms before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.store.database.session import Session
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class WithdrawTerms:
    """The version to withdraw: the last one announced."""

    version: int


@stored_as("terms_withdrawn")
@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawTermsResult(CommandResult):
    """The version that was withdrawn."""

    terms_version: int


@use_case(WithdrawTermsResult)
async def run(session: Session, *, context: CommandContext, command: WithdrawTerms) -> WithdrawTermsResult | Problem:
    """Withdraw the last version, if it has not started. The version in force before it stays in force."""
    latest = await versions.latest(session, lock=True)
    if latest is None or latest.version != command.version:
        return Problem(ProblemCode.NOT_WITHDRAWABLE, path=("version",), detail=detail_of("NOT_LAST_VERSION"))
    if latest.effective_from <= context.now:
        return Problem(ProblemCode.NOT_WITHDRAWABLE, path=("version",), detail=detail_of("VERSION_STARTED"))
    await versions.withdraw(session, number=latest.version, at=context.now)
    return WithdrawTermsResult(terms_version=latest.version)
