"""Commands: their context, and the use cases that carry them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar, overload

from app.domain.access import PROGRAM_SOURCES, Principal
from app.domain.customers.customer import Customer
from app.domain.details import detail_of
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program, ProgramKind
from app.domain.purchases.implausible_time import ImplausibleTime
from app.domain.units import Unit
from app.store.database.session import Session
from app.store.ledger import accounts
from app.usecases.results import CommandResult, Result_co

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a till's clock may be ahead of the program's clock."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What ledger entries need from the command that appends them: the program, its time, and new time-ordered ids."""

    program_id: str
    now: datetime
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext(WriteContext):
    """How and when a command was received. `now` is the program's time at that moment, at which everything is decided and
    recorded.

    `fingerprint` is a digest of the command's name and its canonical input, `actor` the id of the access key used (None:
    the command line), and `principal` its holder. `received_at` is the server's time when the command arrived, whatever
    the program's clock shows. `sources` are those of the principal; for the command line, the program. `time_reviewed`: the
    age of the receipt was checked before, or staff settle it.
    """

    program: Program
    name: str
    idempotency_key: str
    fingerprint: str
    actor: str | None
    received_at: datetime
    principal: Principal | None = None
    time_reviewed: bool = False
    sources: tuple[str, ...] = PROGRAM_SOURCES

    @property
    def is_self_service(self) -> bool:
        """Does a customer use a key of their own?"""
        return self.sources[0] != ""

    def implausible_time(self, occurred_at: datetime) -> ImplausibleTime | None:
        """Why a business time cannot be right, or None.

        It must not be ahead of the program's clock. The limit on age applies to receipts that a till sends to a live
        program, not to imports or to times that staff have reviewed.
        """
        if occurred_at > self.now + CLOCK_TOLERANCE:
            return ImplausibleTime.AHEAD
        if self.program.kind is ProgramKind.SANDBOX or self.principal is None or self.time_reviewed:
            return None
        return ImplausibleTime.TOO_OLD if occurred_at < self.now - self.program.max_receipt_age else None

    def ahead_of_clock_problem(self, occurred_at: datetime, *, path: tuple[str, ...]) -> Problem | None:
        """The problem with a business time in the future, or None; `path` leads to the input field."""
        if occurred_at <= self.now + CLOCK_TOLERANCE:
            return None
        return Problem(ProblemCode.CLOCK_SKEW, path=path, detail=detail_of("TIME_AHEAD"))


CommandType = TypeVar("CommandType")
Command_contra = TypeVar("Command_contra", contravariant=True)


class Handler(Protocol[Command_contra, Result_co]):
    """The function that carries out a command within a transaction. If it returns a Problem, the transaction is rolled back.

    A refusal by the terms is no Problem but a result, which is stored.
    """

    async def __call__(
        self, session: Session, *, context: CommandContext, command: Command_contra
    ) -> Result_co | Problem:
        """The result of the command, or the problem for which it is rejected."""


@dataclass(frozen=True, slots=True)
class UseCase(Generic[Command_contra, Result_co]):
    """A command that the application carries out once per idempotency key; `kinds` are the classes of its results, by kind."""

    handler: Handler[Command_contra, Result_co]
    kinds: Mapping[str, type[Result_co]]

    def __call__(
        self, session: Session, *, context: CommandContext, command: Command_contra
    ) -> Awaitable[Result_co | Problem]:
        """Carry out the command as part of another one, without an idempotency key."""
        return self.handler(session, context=context, command=command)


A = TypeVar("A", bound=CommandResult)
B = TypeVar("B", bound=CommandResult)
C = TypeVar("C", bound=CommandResult)


@overload
def use_case(first: type[A], /) -> Callable[[Handler[CommandType, A]], UseCase[CommandType, A]]:
    """With one kind of result."""


@overload
def use_case(
    first: type[A], second: type[B], /
) -> Callable[[Handler[CommandType, A | B]], UseCase[CommandType, A | B]]:
    """With two kinds of results."""


@overload
def use_case(
    first: type[A], second: type[B], third: type[C], /
) -> Callable[[Handler[CommandType, A | B | C]], UseCase[CommandType, A | B | C]]:
    """With three kinds of results."""


def use_case(*results: type[Any]) -> Callable[[Handler[Any, Any]], UseCase[Any, Any]]:
    """The use case of a handler that returns one of these results, or a Problem."""
    return lambda handler: UseCase(handler, {result.kind: result for result in results})


async def balances_now(session: Session, *, customer: Customer) -> dict[Unit, Balance]:
    """The stored balances of a customer's wallet, in every unit it ever held; its account must be locked."""
    other_accounts = await accounts.other_accounts(session, wallet_id=customer.account.wallet_id)
    return {Unit.POINTS: customer.account.balance} | {unit: account.balance for unit, account in other_accounts.items()}
