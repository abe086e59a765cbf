"""The application: runs each command in one transaction and each query on one state of the database.

The API calls the application and never the database, so that nothing above it depends on which database is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import orjson

from app.domain.access import PROGRAM_SOURCES, Principal
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program
from app.store import idempotency
from app.store.database.session import Database, Session
from app.usecases.command import CommandContext, CommandType, UseCase
from app.usecases.programs import create_program
from app.usecases.programs.create_program import CreateProgram, NewProgram, compose
from app.usecases.results import Execution, ResultType, decode, encode

Result = TypeVar("Result")


def fingerprint(name: str, input: Any) -> str:
    """A digest of a command's name and input, whatever the order of the input's fields."""
    return hashlib.sha256(name.encode() + b"\n" + orjson.dumps(input, option=orjson.OPT_SORT_KEYS)).hexdigest()


class _Rejected(Exception):
    """Carries a problem out of its transaction, which is rolled back."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code.value)
        self.problem = problem


class Application:
    """The database, the server's clock and the source of ids, as the composition root chose them.

    `server_now` is the server's time, by which access keys end; each program has its own time, which `now` returns.
    `settings_changed` counts changes to the settings of programs in this process; caches of programs compare it.
    `on_key_ended` is called with the id of each access key that was revoked or rotated in this process.
    """

    def __init__(self, *, database: Database, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self.database = database
        self.new_id = new_id
        self.server_now = clock
        self.settings_changed = 0
        self.on_key_ended: list[Callable[[str], None]] = []

    def now(self, program: Program) -> datetime:
        """A program's time: the server's time, plus the clock offset of a sandbox."""
        return program.now(self.server_now())

    async def execute(
        self,
        use_case: UseCase[CommandType, ResultType],
        *,
        name: str,
        program: Program,
        principal: Principal | None,
        key: str,
        fingerprint_input: Any,
        command: CommandType,
    ) -> Execution[ResultType] | Problem:
        """Run one command in one transaction, once per idempotency key; a Problem rolls back everything it wrote.

        `fingerprint_input` is the input as it was sent: the same key with another input is rejected.
        """
        received_at = self.server_now()
        context = CommandContext(
            program_id=program.id,
            now=program.now(received_at),
            new_id=self.new_id,
            program=program,
            name=name,
            idempotency_key=key,
            fingerprint=fingerprint(name, fingerprint_input),
            actor=principal.key_id if principal is not None else None,
            received_at=received_at,
            principal=principal,
            sources=principal.sources if principal is not None else PROGRAM_SOURCES,
        )
        work = partial(_carry_out, use_case=use_case, context=context, command=command)
        # The receipt number makes a purchase and its refund run one after the other, whichever arrives first.
        receipt_numbers: Collection[str] = getattr(command, "receipts_to_lock", ())
        try:
            return await self.database.write(
                work, program_id=program.id, lock_key=context.sources[0] + key, receipt_numbers=receipt_numbers
            )
        except _Rejected as rejected:
            return rejected.problem

    async def create_program(self, command: CreateProgram) -> NewProgram:
        """Create a program; the result is the only place with the tokens of its keys. Raises KeyError, InvalidNameError, SlugTaken and TermsError."""
        new_program = compose(command, now=self.server_now(), new_id=self.new_id)

        async def work(session: Session) -> NewProgram:
            return await create_program.run(session, new_program=new_program)

        return await self.database.write(work, program_id=new_program.program.id, lock_key=new_program.program.id)

    def forget_key(self, access_key_id: str) -> None:
        """Forget what this process has cached of an access key that was revoked or rotated."""
        for forget in self.on_key_ended:
            forget(access_key_id)

    async def query_all(self, queries: Sequence[Callable[[Session], Awaitable[Any]]], *, program_id: str) -> list[Any]:
        """Run several queries about a program, one after the other, on one state of the database."""

        async def work(session: Session) -> list[Any]:
            return [await query(session) for query in queries]

        return await self.database.read(work, program_id=program_id)

    async def query(self, query: Callable[..., Awaitable[Result]], *, program_id: str, **parameters: Any) -> Result:
        """Run one query about a program, on one state of the database."""
        return await self.database.read(partial(query, **parameters), program_id=program_id)

    async def query_long(
        self,
        query: Callable[..., Awaitable[Result]],
        *,
        program_id: str,
        until: Callable[[], Awaitable[None]] | None = None,
        **parameters: Any,
    ) -> Result:
        """Run one long query about a program, on one state of the database and a connection that no till uses.

        It is cancelled if `until` returns first, as then nobody waits for its result any more.
        """
        return await self.database.read_long(partial(query, **parameters), program_id=program_id, until=until)

    async def query_across_programs(self, query: Callable[..., Awaitable[Result]], **parameters: Any) -> Result:
        """Run one query about several programs, or before the program is known, on one state of the database."""
        return await self.database.read_across_programs(partial(query, **parameters))


async def _carry_out(
    session: Session, *, use_case: UseCase[CommandType, ResultType], context: CommandContext, command: CommandType
) -> Execution[ResultType]:
    """Carry out a command and store its result under its key, or return the result that is already stored under the key.

    Raises _Rejected, and UnknownKindError for a stored result whose kind the command does not have.
    """
    stored_result = await idempotency.find(session, key=context.idempotency_key, sources=context.sources)
    if stored_result is not None:
        if stored_result.mutation != context.name or stored_result.fingerprint != context.fingerprint:
            raise _Rejected(Problem(ProblemCode.IDEMPOTENCY_KEY_REUSED, path=("idempotencyKey",)))
        earlier_result = decode(stored_result.answer, kinds=use_case.kinds)
        return Execution(replace(earlier_result, first_carried_out_at=stored_result.recorded_at), repeated=True)
    result = await use_case.handler(session, context=context, command=command)
    if isinstance(result, Problem):
        raise _Rejected(result)
    result = result.without_personal_values()
    await idempotency.add(
        session,
        key=context.idempotency_key,
        source=context.sources[0],
        mutation=context.name,
        fingerprint=context.fingerprint,
        answer=encode(result),
        actor=context.actor,
        recorded_at=context.now,
    )
    return Execution(result, repeated=False)
