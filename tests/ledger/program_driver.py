"""Drives a program in a real database through its use cases, with a clock that the test sets."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from app.domain.access import Principal, Role
from app.domain.decisions import Decision
from app.domain.ledger.account import Account
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.terms.version import Terms
from app.jobs.scheduler import Scheduler
from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.verify_accounts import verify_page
from app.queries.verification.verify_program import verify_program
from app.store.database.codecs import NIL_UUID
from app.store.database.connect import open_database
from app.store.database.session import Database, Session
from app.store.ledger import accounts
from app.store.terms import versions
from app.usecases.application import Application
from app.usecases.command import UseCase
from app.usecases.programs.create_program import CreateProgram
from app.usecases.purchases.commands import RecordExchangeResult
from app.usecases.purchases.settle_quarantined import SettleQuarantinedResult
from app.usecases.results import CommandResult, DecidedResult, Execution, ResultType, encode
from app.usecases.terms.publish_terms import PublishTermsResult
from tests.access_keys import issue_key
from tests.ledger.terms_strategies import LONDON
from tests.shop import new_id

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DatabaseRunner:
    """An open database, and the event loop that it runs in."""

    database: Database
    run: Callable[[Coroutine[Any, Any, Any]], Any]


@contextmanager
def open_runner(url: str) -> Iterator[DatabaseRunner]:
    """Opens a database for many programs, one after the other."""
    with asyncio.Runner() as runner:
        database = open_database(url)
        runner.run(database.start())
        try:
            yield DatabaseRunner(database, runner.run)
        finally:
            runner.run(database.stop())


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class OutcomeCounts:
    """The outcomes of all commands over all programs, by command and outcome."""

    steps: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def count(self, handler_name: str, outcome: CommandResult | Problem) -> None:
        """Counts one outcome."""
        result = "done"
        if isinstance(outcome, Problem):
            result = outcome.code.value
        elif (decision := decision_of(outcome)) is not None:
            result = decision.outcome.value
        self.outcomes[f"{handler_name} {result}"] += 1


def decision_of(result: CommandResult) -> Decision | None:
    """The decision of the terms in a result, if there is one."""
    match result:
        case DecidedResult() | PublishTermsResult():
            return result.decision
        case RecordExchangeResult():
            return result.purchase.decision
        case SettleQuarantinedResult(booked=CommandResult() as booked):
            return decision_of(booked)
        case _:
            return None


def command_name(use_case: UseCase[Any, Any]) -> str:
    """The name of a command: its module where its function is `run`, else its function."""
    handler: Any = use_case.handler
    return handler.__module__.rpartition(".")[2] if handler.__name__ == "run" else handler.__name__


class ProgramDriver:
    """A new program without rewards and terms. Its ids grow from the same first one, so that a failing example can be
    reproduced."""

    def __init__(self, runner: DatabaseRunner, *, kind: ProgramKind, start: datetime, counts: OutcomeCounts) -> None:
        self.runner, self.counts, self.clock = runner, counts, Clock(start)
        self._ids, self._keys = 0, 0
        self.application = Application(database=runner.database, clock=self.clock, new_id=self._new_id)
        command = CreateProgram(name="Shop", template="blank", kind=kind, currency="GBP", zone=LONDON, region="GB")
        started = runner.run(self.application.create_program(command))
        self.program = started.program
        self.till = next(Principal(new.key.role, new.key.id) for new in started.keys if new.key.role is Role.TILL)
        self.scheduler = Scheduler(self.application)

    def customers_key(self, customer_id: str) -> Principal:
        """A new access key of a customer."""
        issuing = issue_key(
            self.application, program_id=self.program.id, role=Role.CUSTOMER, label="own", customer_id=customer_id
        )
        key_id = self.runner.run(issuing).key.id
        return Principal(Role.CUSTOMER, key_id, customer_id, issued_to_customer_id=customer_id)

    @property
    def now(self) -> datetime:
        """The time of the clock."""
        return self.clock.now

    def _new_id(self) -> str:
        """Ids are unique within a program; the id of the program itself, which comes first, is unique everywhere."""
        self._ids += 1
        return new_id() if self._ids == 1 else f"00000000-0000-7000-8000-{self._ids:012x}"

    def execute(
        self, use_case: UseCase[Any, ResultType], command: Any, *, principal: Principal | None = None
    ) -> ResultType | Problem:
        """Executes a command, perhaps with an access key; every third one is sent again and must give the same result."""
        self._keys += 1
        name, key = command_name(use_case), f"key-{self._keys}"

        def send() -> Execution[ResultType] | Problem:
            execution = self.application.execute(
                use_case,
                name=name,
                program=self.program,
                principal=principal,
                key=key,
                fingerprint_input={"key": key},
                command=command,
            )
            return self.runner.run(execution)

        first = send()
        outcome = first if isinstance(first, Problem) else first.result
        self.counts.count(name, outcome)
        if self._keys % 3 == 0 and not isinstance(outcome, Problem):
            again = send()
            assert not isinstance(again, Problem)
            assert again.repeated
            assert encode(again.result) == encode(outcome), "another result for the same key"
        return outcome

    def query(self, function: Callable[..., Coroutine[Any, Any, T]], **parameters: Any) -> T:
        """Reads from the program."""
        result: T = self.runner.run(self.application.query(function, program_id=self.program.id, **parameters))
        return result

    def in_force(self, at: datetime) -> Terms | None:
        """The terms in force at a moment."""
        return self.query(versions.in_force, at=at)

    def run_due_jobs(self) -> None:
        """Runs the jobs that are due, as `troth serve` does."""
        result = self.runner.run(self.scheduler.run_program(self.program))
        assert result.complete
        assert self.scheduler.skipped_accounts == (), "no account is skipped after an error"

    def row_count_and_accounts(self) -> tuple[int, tuple[Account, ...]]:
        """The number of rows in the tables that only grow, and the accounts: jobs with nothing to do change neither."""
        return self.query(_row_count_and_accounts)

    def discrepancies(self) -> list[Discrepancy]:
        """The discrepancies that `troth verify` reports."""
        page = self.query(verify_page)
        assert page.last_id is None, "one page holds a small program"
        return [*page.discrepancies, *self.query(verify_program)]


_GROWING = ("entries", "lots", "lot_movements", "expiry_notices", "expiry_notice_deliveries", "refunds")


async def _row_count_and_accounts(session: Session) -> tuple[int, tuple[Account, ...]]:
    rows = 0
    for table in _GROWING:
        row = await session.row(f"SELECT count(*) FROM {table} WHERE program_id = $1")
        rows += int(row[0]) if row is not None else 0
    return rows, await accounts.page(session, after=NIL_UUID, limit=100)
