"""The ASGI application: composition root for everything that is served."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256

import structlog
import uuid_utils
import uvicorn
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.requests import Request

from app.api.context import Context
from app.api.costs import Allowance, Buckets
from app.api.faults import Overload
from app.api.http import GraphQLEndpoint
from app.api.schema import schema
from app.config import Settings
from app.domain.wording import locale_for, wording
from app.jobs.previewing import PreviewQueue
from app.queries.signing_in import SignedIn, sign_in
from app.store.migrating import migrate
from app.store.opening import open_database
from app.store.unit import Busy, Database, Unavailable
from app.usecases.desk import Desk
from app.web.graphiql import graphiql_routes
from app.web.health import health_routes
from app.web.pictures import picture_routes

KEY_REMEMBERED = 10.0
"""Seconds for which a key that was found good is not looked up again: a revoked key stops working after this."""

MOST_KEYS_REMEMBERED = 10_000


class Reception:
    """Makes the context of each operation: who asks, in which language, at what time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: OrderedDict[bytes, tuple[float, SignedIn]] = OrderedDict()

    async def context_for(self, request: Request, needed: frozenset[str]) -> Context:
        """The context of one operation. Raises UNAUTHENTICATED for a key that opens nothing."""
        return Context(
            desk=self._desk,
            signed_in=await self._signed_in(request.headers.get("authorization")),
            language=wording(locale_for(request.headers.get("accept-language"))),
            now=self._desk.clock(),
            needed=needed,
        )

    async def _signed_in(self, header: str | None) -> SignedIn | None:
        scheme, _, token = (header or "").strip().partition(" ")
        if scheme.lower() in ("", "bearer") and not token:
            return None
        if scheme.lower() != "bearer":
            raise _unauthenticated("Send the key as `Authorization: Bearer <key>`.")
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        remembered = self._known.get(digest)
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        found = await self._desk.ask(sign_in, token=token)
        if found is None:
            self._known.pop(digest, None)
            raise _unauthenticated("This key opens nothing.")
        self._known[digest] = (time.monotonic() + KEY_REMEMBERED, found)
        while len(self._known) > MOST_KEYS_REMEMBERED:
            self._known.popitem(last=False)
        return found


def caller(context: Context, request: Request) -> str:
    """Who pays for an operation: the holder of the key, or whoever is at the other end of the line."""
    if context.signed_in is not None:
        return f"key {context.signed_in.principal.key_id}"
    return f"host {request.client.host if request.client is not None else ''}"


def _unauthenticated(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "UNAUTHENTICATED"})


def _after(error: Exception) -> float:
    return error.retry_after if isinstance(error, Busy) else 1.0


def create_app(
    database: Database,
    *,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    introspection: bool = True,
    allowance: Allowance | None = None,
    url: str | None = None,
) -> Starlette:
    """The application over a database that is opened and closed with it.

    `url` is where a second process finds the same database; without it impact previews wait for a server that has it.
    """
    desk = Desk(database=database, clock=clock, new_id=new_id)
    reception = Reception(desk)
    endpoint = GraphQLEndpoint(
        schema,
        context_for=reception.context_for,
        introspection=lambda context: introspection or context.signed_in is not None,
        buckets=Buckets(allowance or Allowance()),
        caller=caller,
        unavailable={
            Busy: Overload(
                "RATE_LIMITED", "Too much at once. Repeat the request with the same idempotencyKey.", _after
            ),
            Unavailable: Overload(
                "RATE_LIMITED",
                "The database cannot be reached. Repeat the request with the same idempotencyKey.",
                _after,
            ),
        },
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await database.start()
        queue = asyncio.create_task(PreviewQueue(database, url=url, clock=now).work()) if url is not None else None
        try:
            yield
        finally:
            if queue is not None:
                queue.cancel()
                await asyncio.wait([queue])
            await database.stop()

    return Starlette(
        routes=[*graphiql_routes(endpoint), *picture_routes(), *health_routes(ready=database.ready)],
        lifespan=lifespan,
    )


def now() -> datetime:
    """The server's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new time-ordered id (UUIDv7)."""
    return str(uuid_utils.uuid7())


def application(settings: Settings) -> Starlette:
    """The application as the settings want it; the database must be migrated."""
    return create_app(
        open_database(settings.database_url),
        clock=now,
        new_id=new_id,
        introspection=settings.introspection,
        allowance=Allowance(most=settings.cost_limit, restored=settings.cost_restored),
        url=settings.database_url,
    )


def seldom_collect() -> None:
    """Let Python look for cycles seldom, and never in what is there for good: a fifth of the time of a purchase.

    A request makes thousands of objects and hardly a cycle. What there is at this moment, the schema above all, stays.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 50, 50)


def serve_forever(settings: Settings) -> None:
    """Migrate the database and serve until the process is told to stop."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
    )
    asyncio.run(migrate(settings.database_url))
    served = application(settings)
    seldom_collect()
    uvicorn.run(
        served,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
