"""The ASGI application: composition root for everything that is served."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import uuid_utils
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from app.api.authentication import Authenticator, caller
from app.api.field_costs import COSTS
from app.api.schema import schema
from app.config import Settings
from app.graphql_server.admission import ADMISSION_LIMIT, Admission
from app.graphql_server.endpoint import GraphQLEndpoint
from app.graphql_server.errors import Overload
from app.graphql_server.rate_limits import RateLimit, TokenBuckets
from app.jobs.preview_worker import PreviewQueue
from app.jobs.scheduler import Scheduler
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.session import Busy, Database, Unavailable
from app.usecases.application import Application
from app.web.connection_limits import bounded, raise_open_files
from app.web.errors import fail, refuse
from app.web.graphiql import graphiql_routes
from app.web.health import health_routes
from app.web.logging_setup import log_in_json
from app.web.pictures import picture_routes


def _after(error: Exception) -> float:
    return error.retry_after if isinstance(error, Busy) else 1.0


_NOT_NOW = {
    Busy: Overload("RATE_LIMITED", "Too much at once. Repeat the request with the same idempotencyKey.", _after),
    Unavailable: Overload(
        "RATE_LIMITED", "The database cannot be reached. Repeat the request with the same idempotencyKey.", _after
    ),
}


def create_app(
    database: Database,
    *,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    introspection: bool = True,
    rate_limit: RateLimit | None = None,
    admission_limit: RateLimit = ADMISSION_LIMIT,
    url: str | None = None,
    keep_time: bool = False,
) -> Starlette:
    """The application over a database that is opened and closed with it.

    `rate_limit` is what a caller may spend on operations, `admission_limit` on being looked at (`app/graphql_server/admission.py`); with
    `keep_time` it does what time brings. `url` is where a second process finds the same database; without it impact previews wait for a server that has it.
    """
    application = Application(database=database, clock=clock, new_id=new_id)
    admission = Admission(admission_limit)
    reception = Authenticator(application, admission=admission)
    endpoint = GraphQLEndpoint(
        schema,
        sign_in=reception.sign_in,
        context_for=reception.context_for,
        introspection=lambda context: introspection or context.signed_in is not None,
        buckets=TokenBuckets(rate_limit or RateLimit()),
        admission=admission,
        caller=caller,
        unavailable=_NOT_NOW,
        costs=COSTS,
    )

    beside: list[Callable[[], Coroutine[None, None, None]]] = []
    if url is not None:
        beside.append(PreviewQueue(database, url=url, clock=now).work)
    if keep_time:
        beside.append(Scheduler(application).work)

    app = Starlette(
        routes=[*graphiql_routes(endpoint), *picture_routes(), *health_routes(ready=database.ready)],
        exception_handlers={HTTPException: refuse, Exception: fail},
        lifespan=partial(_open, database=database, beside=beside),
    )
    # A till that is sent elsewhere with its POST would not follow: an address is there or it is not.
    app.router.redirect_slashes = False
    return app


@asynccontextmanager
async def _open(
    _: Starlette, *, database: Database, beside: Sequence[Callable[[], Coroutine[None, None, None]]]
) -> AsyncIterator[None]:
    """The database open, and what runs beside requests, until both are to end."""
    await database.start()
    tasks = [asyncio.create_task(value()) for value in beside]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await database.stop()


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
        rate_limit=RateLimit(most=settings.cost_limit, restored=settings.cost_restored),
        url=settings.database_url,
        keep_time=settings.jobs,
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
    log_in_json(settings.log_level)
    asyncio.run(migrate(settings.database_url))
    served = application(settings)
    seldom_collect()
    raise_open_files()
    uvicorn.run(
        served,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=bounded(),
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=10,
    )
