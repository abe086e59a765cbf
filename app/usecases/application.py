"""Where requests hand in their work: one transaction for a verb, one snapshot for a question.

The API speaks to the desk and never to the database, so that nothing above this line knows which database it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import orjson

from app.domain.access import Principal, Role
from app.domain.problems import Problem
from app.store.database.session import Database, Session
from app.store.programs.programs import Program
from app.usecases.command import Answer, CommandContext
from app.usecases.programs import create_program
from app.usecases.programs.create_program import CreateProgram, NewKey, NewProgram, compose, issue_key, make_key

Result = TypeVar("Result")

Handler = Callable[..., Awaitable[Answer | Problem]]


def fingerprint(verb: str, payload: Any) -> str:
    """A digest of a verb and its input that does not depend on the order of the fields."""
    return hashlib.sha256(verb.encode() + b"\n" + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()


class _Refused(Exception):
    """A technical refusal on its way out of its transaction, which is rolled back: nothing of it may stay."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code.value)
        self.problem = problem


class Application:
    """The database, the clock and the source of ids, as the composition root chose them.

    `clock` is the server's. Nobody asks it but the desk: a program has a time of its own, which `now` tells.
    `settings_changed` counts how often settings of a program were changed here: who remembers programs looks again then.
    """

    def __init__(self, *, database: Database, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self.database = database
        self.new_id = new_id
        self._clock = clock
        self.settings_changed = 0

    def now(self, program: Program) -> datetime:
        """What the clock of a program shows: the server's time, and for a sandbox as much more as it was moved."""
        return program.now(self._clock())

    async def execute(
        self,
        handler: Handler,
        *,
        name: str,
        program: Program,
        principal: Principal | None,
        key: str,
        payload: Any,
        command: Any,
    ) -> Answer | Problem:
        """Carry out one verb in one transaction, once per idempotency key; a refusal leaves nothing of what it had written.

        `payload` is the input as it was sent.
        """
        context = CommandContext(
            program=program,
            name=name,
            key=key,
            fingerprint=fingerprint(name, payload),
            actor=principal.key_id if principal is not None else None,
            received_at=self._clock(),
            new_id=self.new_id,
            principal=principal,
        )

        async def work(session: Session) -> Answer:
            answer = await handler(session, context=context, command=command)
            if isinstance(answer, Problem):
                raise _Refused(answer)
            return answer

        # A purchase and its refund, whichever comes first, meet at the number of the receipt.
        receipts: Collection[str] = getattr(command, "receipts", ())
        try:
            return await self.database.write(work, program_id=program.id, turn=key, receipts=receipts)
        except _Refused as refused:
            return refused.problem

    async def create_program(self, command: CreateProgram) -> NewProgram:
        """Start a program; the tokens of its keys are in the answer and nowhere else. Raises KeyError, NameProblem and TermsError."""
        order = compose(command, now=self._clock(), new_id=self.new_id)

        async def work(session: Session) -> None:
            await create_program.run(session, order=order)

        await self.database.write(work, program_id=order.program.id, turn=order.program.id)
        return order

    async def issue_key(self, *, program_id: str, role: Role, label: str, customer_id: str | None = None) -> NewKey:
        """Make one more key of a program; its token is in the answer and nowhere else.

        The customer is whose key it is; with a role other than CUSTOMER, who its holder is besides.
        """
        new = make_key(
            program_id=program_id,
            id=self.new_id(),
            role=role,
            label=label,
            created_at=self._clock(),
            customer_id=customer_id,
        )

        async def work(session: Session) -> None:
            await issue_key(session, new=new)

        await self.database.write(work, program_id=program_id, turn=new.key.id)
        return new

    async def query_all(
        self, questions: Sequence[Callable[[Session], Awaitable[Any]]], *, program_id: str
    ) -> list[Any]:
        """Answer several questions, one after the other, from one consistent view of a program."""

        async def work(session: Session) -> list[Any]:
            return [await question(session) for question in questions]

        return await self.database.read(work, program_id=program_id)

    async def query(self, question: Callable[..., Awaitable[Result]], *, program_id: str, **parameters: Any) -> Result:
        """Answer one question from one consistent view of a program."""
        return await self.database.read(partial(question, **parameters), program_id=program_id)

    async def query_across_programs(self, question: Callable[..., Awaitable[Result]], **parameters: Any) -> Result:
        """Answer one question about several programs, or before it is known which, from one consistent view."""
        return await self.database.read_across_programs(partial(question, **parameters))
