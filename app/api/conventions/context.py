"""What the resolvers of one operation share: the caller, the language, the program's time, and the application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from app.api.customer_lookups import CustomerLookups
from app.domain.access import Permission, Principal
from app.domain.i18n import Phrasebook, phrasebook_for
from app.domain.i18n.locales import FormOfAddress
from app.domain.programs.program import Program
from app.domain.terms.version import Terms
from app.queries.programs.authentication import Caller
from app.queries.programs.programs import own_program
from app.queries.terms.published_terms import terms_version
from app.usecases.application import Application

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _PendingQuery(NamedTuple):
    """A query that has not run yet, and the future that gets its result; `heavy`: it evaluates terms or reads many rows."""

    query: Callable[[Any], Awaitable[Any]]
    result: asyncio.Future[Any]
    heavy: bool


@dataclass(slots=True)
class Context:
    """The context of one operation. Each operation has its own, so that nothing that was read outlives the operation."""

    application: Application
    caller: Caller | None
    phrasebook: Phrasebook
    wait_for_disconnect: Callable[[], Awaitable[None]]
    """Returns when the client has disconnected."""
    reachable_fields: frozenset[str] = frozenset()
    accept_language: str | None = None
    lookups: CustomerLookups = field(default_factory=CustomerLookups)
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    node_count: int = 0
    """The number of ids that the operation has requested from `nodes` so far."""
    _now: datetime | None = None
    _pending: list[_PendingQuery] = field(default_factory=list)
    _pending_task: asyncio.Task[None] | None = None

    @property
    def program(self) -> Program:
        """The program of the access key. Raises UNAUTHENTICATED without a key."""
        if self.caller is None:
            raise _unauthenticated()
        return self.caller.program

    @property
    def principal(self) -> Principal:
        """The holder of the access key. Raises UNAUTHENTICATED without a key."""
        if self.caller is None:
            raise _unauthenticated()
        return self.caller.principal

    @property
    def now(self) -> datetime:
        """The time on the program's clock, the same throughout the operation. Raises UNAUTHENTICATED without a key."""
        if self._now is None:
            self._now = self.program.now(self.application.server_now())
        return self._now

    def phrasebook_for(self, tags: str | None) -> Phrasebook:
        """The phrasebook for a BCP 47 tag or an Accept-Language header, with the formats of the program's region."""
        if self.caller is None:
            return phrasebook_for(tags, region=None, form_of_address=FormOfAddress.FORMAL)
        program = self.caller.program
        return phrasebook_for(tags, region=program.region, form_of_address=program.form_of_address)

    async def reread_program(self) -> None:
        """Reload the program after its clock or settings have changed, for the rest of the operation."""
        if self.caller is None:
            raise _unauthenticated()
        program = await self.query(own_program)
        assert program is not None, "a program is never deleted"
        self.caller, self._now = replace(self.caller, program=program), None

    def require(self, permission: Permission) -> Caller:
        """The caller, if they have the permission. Raises UNAUTHENTICATED without a key, FORBIDDEN without the permission."""
        if self.caller is None:
            raise _unauthenticated()
        if not self.caller.principal.may(permission):
            role = self.caller.principal.role.value
            raise GraphQLError(f"Keys of the role {role} may not do this.", extensions={"code": "FORBIDDEN"})
        return self.caller

    async def query(self, query: Callable[..., Awaitable[V]], **parameters: Any) -> V:
        """Run one query on the program of the access key.

        Queries that resolvers start in the same turn of the event loop run together, on one state of the database.
        """
        return await self._enqueue(partial(query, **parameters), heavy=False)

    async def query_heavy(self, query: Callable[..., Awaitable[V]], **parameters: Any) -> V:
        """Run a query that evaluates terms or reads many rows.

        The first heavy query runs together with the light ones; each further one runs alone, after other requests had a turn.
        """
        return await self._enqueue(partial(query, **parameters), heavy=True)

    async def query_long(self, query: Callable[..., Awaitable[V]], **parameters: Any) -> V:
        """Run a long read, apart from other queries, on a connection that no till uses.

        When the client disconnects, the query is cancelled. Raises Busy and Unavailable.
        """
        return await self.application.query_long(
            query, program_id=self.program.id, until=self.wait_for_disconnect, **parameters
        )

    async def _enqueue(self, query: Callable[[Any], Awaitable[V]], *, heavy: bool) -> V:
        result: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        if not self._pending:
            self._pending_task = asyncio.ensure_future(self._run_pending())
        self._pending.append(_PendingQuery(query, result, heavy))
        return await result

    async def _run_pending(self) -> None:
        """Run the pending queries: all light ones with the first heavy one, then the other heavy ones one by one."""
        pending, self._pending = self._pending, []
        heavy = [item for item in pending if item.heavy]
        if len(heavy) < 2:
            await self._run_together(pending)
            return
        await self._run_together([item for item in pending if not item.heavy or item is heavy[0]])
        for item in heavy[1:]:
            await asyncio.sleep(0)
            if not item.result.done():
                await self._run_together([item])

    async def _run_together(self, pending: Sequence[_PendingQuery]) -> None:
        """Run queries on one state of the database; if one fails, all of them fail with the same exception."""
        try:
            results = await self.application.query_all([item.query for item in pending], program_id=self.program.id)
        except (Exception, asyncio.CancelledError) as fault:  # noqa: BLE001 - handed to every resolver that waits
            for item in pending:
                if not item.result.done():
                    item.result.set_exception(fault)
            return
        for item, result in zip(pending, results, strict=True):
            if not item.result.done():
                item.result.set_result(result)

    async def load(self, query: Callable[..., Awaitable[Sequence[V]]], id: str, **parameters: Hashable) -> V:
        """Load an entity by its id. Entities that are loaded with the same query and parameters are read together."""
        return await self._load(partial(query, **parameters), id, run=self.query, batch_size=100)

    async def load_heavy(self, query: Callable[..., Awaitable[Sequence[V]]], id: str, **parameters: Hashable) -> V:
        """As `load`, for large entities: in batches of ten, between which other requests have a turn."""
        return await self._load(partial(query, **parameters), id, run=self.query_heavy, batch_size=10)

    async def _load(
        self, query: partial[Awaitable[Sequence[V]]], id: str, *, run: Callable[..., Any], batch_size: int
    ) -> V:
        key = (query.func, *sorted(query.keywords.items()))
        loader = self.loaders.get(key)
        if loader is None:

            async def load_batch(ids: list[str]) -> Sequence[V]:
                entities: Sequence[V] = await run(query, ids=ids)
                return entities

            loader = self.loaders[key] = DataLoader(load_fn=load_batch, max_batch_size=batch_size)
        entity: V = await loader.load(id)
        return entity

    async def terms(self, number: int) -> Terms:
        """The published version of the terms whose number was stored with an entity. Raises LookupError when it is missing."""
        published = await self.query(terms_version, number=number)
        if published is None:
            raise LookupError(f"terms version {number} is missing")
        return published.terms


Info = strawberry.Info[Context, None]


def phrasebook_of(info: Info, locale: str | None) -> Phrasebook:
    """The phrasebook for a field: for its argument `locale`, or without one for the language of the request."""
    return info.context.phrasebook if locale is None else info.context.phrasebook_for(locale)


def _unauthenticated() -> GraphQLError:
    return GraphQLError("Send an access key: `Authorization: Bearer <key>`.", extensions={"code": "UNAUTHENTICATED"})


def bad_input(message: str) -> GraphQLError:
    """The top-level error for an invalid argument of a query."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})
