"""The ASGI application: composition root of the server."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uuid_utils
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from app.api.authentication import Authenticator, host_of, rate_limit_key
from app.api.customer_lookups import LOOKUPS_PER_MINUTE, CustomerLookups, TooManyLookups
from app.api.field_costs import COSTS
from app.api.schema import schema
from app.config import Settings
from app.graphql_server.endpoint import GraphQLEndpoint
from app.graphql_server.execution.document_cache import DocumentCache
from app.graphql_server.execution.persisted_documents import PersistedDocuments, read_trusted_documents
from app.graphql_server.http.errors import RATE_LIMITED, UNAVAILABLE, Overload
from app.graphql_server.limits.admission import ADMISSION_LIMIT, Admission, RateLimited
from app.graphql_server.limits.rate_limits import RateLimit, TokenBuckets
from app.jobs.key_uses import KeyUses
from app.jobs.preview_worker import PreviewWorker
from app.jobs.scheduler import Scheduler
from app.pages.people import MadeUpPerson
from app.pages.routes import Pages, page_routes
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.session import Busy, Database, Unavailable
from app.usecases.application import Application
from app.web.callers import Callers
from app.web.client_address import Network, trusted_networks
from app.web.connection_limits import KEEP_ALIVE, bounded_protocol, raise_open_file_limit
from app.web.errors import http_error_response, unexpected_error_response
from app.web.graphiql import GRAPHQL_PATH, api_routes
from app.web.health import health_routes
from app.web.logging_setup import log_in_json
from app.web.middleware import middleware_layers
from app.web.pictures import picture_routes
from app.web.turns import Turns


def _retry_after(error: Exception) -> float:
    return error.retry_after if isinstance(error, Busy) else 1.0


def _until_next_lookup(error: Exception) -> float:
    return error.wait if isinstance(error, TooManyLookups) else 1.0


_OVERLOADS: dict[type[Exception], Overload] = {
    Busy: Overload(UNAVAILABLE, "Too much at once. Repeat the request with the same idempotencyKey.", _retry_after),
    Unavailable: Overload(
        UNAVAILABLE, "The database cannot be reached. Repeat the request with the same idempotencyKey.", _retry_after
    ),
    TooManyLookups: Overload(
        RATE_LIMITED, "This key has looked up too many customers. Repeat the request later.", _until_next_lookup
    ),
}


def create_app(
    database: Database,
    *,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    introspection: bool = True,
    graphiql: bool = True,
    rate_limit: RateLimit | None = None,
    admission_limit: RateLimit = ADMISSION_LIMIT,
    url: str | None = None,
    run_jobs: bool = False,
    documents: DocumentCache | None = None,
    persisted: PersistedDocuments | None = None,
    people: Sequence[MadeUpPerson] = (),
    trusted_proxies: Sequence[Network] = (),
    cors_origins: Sequence[str] = (),
    lookups_per_minute: int = LOOKUPS_PER_MINUTE,
) -> Starlette:
    """The application over a database that is opened and closed with it.

    `admission_limit` limits the work before operations, `rate_limit` their cost. With `run_jobs` scheduled work runs. Impact
    previews open the database at `url` (None: they stay queued). Applications may share `documents`, a cache; clients send
    `persisted` documents by hash. `people` are on the first screen. What `trusted_proxies` report of clients is believed.
    """
    application = Application(database=database, clock=clock, new_id=new_id)
    admission, key_uses = Admission(admission_limit), KeyUses(application)
    authenticator = Authenticator(application, admission, uses=key_uses, lookups=CustomerLookups(lookups_per_minute))
    endpoint = GraphQLEndpoint(
        schema,
        authenticate=authenticator.authenticate,
        context_for=authenticator.context_for,
        introspection=lambda context: introspection or context.caller is not None,
        buckets=TokenBuckets(rate_limit or RateLimit()),
        admission=admission,
        rate_limit_key=rate_limit_key,
        unavailable=_OVERLOADS,
        costs=COSTS,
        documents=documents,
        persisted=persisted,
    )
    pages = _pages(application, admission_limit, people, explorer=GRAPHQL_PATH if graphiql else None)
    app = Starlette(
        routes=_routes(endpoint, pages, database, graphiql=graphiql),
        exception_handlers=_exception_handlers(pages),
        lifespan=partial(_lifespan, database=database, work=_background(application, key_uses, url, run_jobs=run_jobs)),
        middleware=middleware_layers(origins=cors_origins, trusted_proxies=trusted_proxies),
    )
    app.state.known_key = authenticator.known_key
    app.router.redirect_slashes = False  # clients do not follow a redirect with their POST
    return app


def _background(
    application: Application, key_uses: KeyUses, url: str | None, *, run_jobs: bool
) -> list[Callable[[], Coroutine[None, None, None]]]:
    """The work that runs beside requests."""
    background: list[Callable[[], Coroutine[None, None, None]]] = [key_uses.run_for_ever]
    if url is not None:
        background.append(PreviewWorker(application.database, url=url, clock=now).run_for_ever)
    if run_jobs:
        background.append(Scheduler(application).run_for_ever)
    return background


def _pages(
    application: Application, limit: RateLimit, people: Sequence[MadeUpPerson], *, explorer: str | None
) -> Pages:
    """The public pages. Their limit is separate from that of the API: whoever reads too many pages can still call the API."""
    admission = Admission(limit)
    return Pages(
        application,
        charge=lambda request, cost: admission.take(host_of(request), cost),
        charging=lambda request: admission.charging_time(host_of(request)),
        explorer=explorer,
        people=people,
    )


def _exception_handlers(pages: Pages) -> dict[Any, Any]:
    """The answers to exceptions outside the GraphQL endpoint, which turns its exceptions into answers itself."""
    return {
        HTTPException: partial(http_error_response, not_found=pages.not_found),
        RateLimited: partial(_rate_limited_page, pages=pages),
        Busy: partial(_busy_page, pages=pages),
        Unavailable: partial(_busy_page, pages=pages),
        Exception: unexpected_error_response,
    }


async def _rate_limited_page(request: Request, error: Exception, *, pages: Pages) -> Response:
    """The page for a reader who has used up the limit for pages."""
    assert isinstance(error, RateLimited)
    return pages.busy(request, status=429, retry_after=error.wait)


async def _busy_page(request: Request, error: Exception, *, pages: Pages) -> Response:
    """The page for a reader while the database is busy or cannot be reached."""
    return pages.busy(request, status=503, retry_after=_retry_after(error))


@asynccontextmanager
async def _lifespan(
    _: Starlette, *, database: Database, work: Sequence[Callable[[], Coroutine[None, None, None]]]
) -> AsyncIterator[None]:
    """Open the database and start the background tasks; stop both at shutdown."""
    await database.start()
    # Looking for a problem also logs it: at the start, before a till meets it.
    await database.problem()
    tasks = [asyncio.create_task(run_for_ever()) for run_for_ever in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await database.stop()


def _routes(endpoint: GraphQLEndpoint, pages: Pages, database: Database, *, graphiql: bool) -> Sequence[BaseRoute]:
    health = health_routes(find_problem=partial(_readiness_problem, database))
    return [*api_routes(endpoint, graphiql=graphiql), *health, *page_routes(pages), *picture_routes()]


async def _readiness_problem(database: Database) -> tuple[str, str] | None:
    """Why the server is not ready, as a code and what to do about it; None if it is ready."""
    problem = await database.problem()
    return None if problem is None else (problem.value, problem.detail)


def now() -> datetime:
    """The server's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new time-ordered id (UUIDv7)."""
    return str(uuid_utils.uuid7())


def create_app_from(settings: Settings, *, database: Database, people: Sequence[MadeUpPerson] = ()) -> Starlette:
    """The application with these settings; the database must be migrated."""
    return create_app(
        database,
        clock=now,
        new_id=new_id,
        introspection=settings.introspection,
        graphiql=settings.graphiql,
        rate_limit=RateLimit(capacity=settings.cost_limit, restored=settings.cost_restored),
        url=settings.database_url,
        run_jobs=settings.jobs,
        persisted=_persisted_documents(settings),
        cors_origins=settings.origins,
        people=people,
        trusted_proxies=trusted_networks(settings.trusted_proxies),
        lookups_per_minute=settings.lookups_per_minute,
    )


def _persisted_documents(settings: Settings) -> PersistedDocuments:
    """The documents that clients may send by hash. Raises ValueError if the folder of trusted documents cannot be used."""
    folder = settings.trusted_documents
    trusted = read_trusted_documents(folder) if folder is not None else None
    return PersistedDocuments(automatic=settings.persisted_documents, trusted=trusted)


def tune_garbage_collection() -> None:
    """Collect garbage seldom, and never look at the objects that exist now: this saves a fifth of the time of a purchase.

    A request makes thousands of objects and hardly a cycle; most objects that exist now, above all the schema, are never freed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 50, 50)


def serve_forever(settings: Settings, *, sockets: list[socket.socket], people: Sequence[MadeUpPerson] = ()) -> None:
    """Migrate the database and serve on the sockets until the process is stopped. Raises AlreadyServed."""
    log_in_json(settings.log_level)
    database = open_database(settings.database_url, serving=True)
    asyncio.run(migrate(settings.database_url))
    app = create_app_from(settings, database=database, people=people)
    tune_garbage_collection()
    raise_open_file_limit(settings.max_connections)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=bounded_protocol(
            callers=Callers(app.state.known_key, trusted=trusted_networks(settings.trusted_proxies)),
            max_connections=settings.max_connections,
            turns=Turns(at_once=settings.requests_at_once, beside_others=settings.requests_beside_others),
        ),
        timeout_keep_alive=int(KEEP_ALIVE),
        # A request may begin in the context of another one that has just ended; it must not see its variables.
        reset_contextvars=True,
        access_log=False,
        # uvicorn would believe every client on this machine; see app/web/client_address.py.
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=10,
    )
    # Ctrl+C stops a server: that is no error.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=sockets)
