"""A bare Starlette route that runs the recorded statements of a card look-up and returns their rows as JSON.

Usage: `python -m bench.bare_app DATABASE_URL PORT STATEMENTS`; STATEMENTS is a file that `http_bench` pickled.
"""

from __future__ import annotations

import pickle
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.statement_recorder import Statement

LookUp = Callable[[], Awaitable[list[list[Any]]]]


@asynccontextmanager
async def sqlite_look_up(url: str, statements: Sequence[Statement]) -> AsyncIterator[LookUp]:
    """The look-up on one SQLite connection."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, cached_statements=512)

    async def look_up() -> list[list[Any]]:
        return [list(row) for sql, values in statements for row in connection.execute(sql, values)]

    yield look_up
    connection.close()


@asynccontextmanager
async def postgres_look_up(url: str, statements: Sequence[Statement]) -> AsyncIterator[LookUp]:
    """The look-up on a pool of PostgreSQL connections, each look-up on one state of the database."""
    async with asyncpg.create_pool(url, min_size=4, max_size=10, statement_cache_size=512) as pool:

        async def look_up() -> list[list[Any]]:
            rows: list[list[Any]] = []
            async with pool.acquire() as connection:
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                for sql, values in statements:
                    rows.extend(list(row.values()) for row in await connection.fetch(sql, *values))
                await connection.execute("COMMIT")
            return rows

        yield look_up


def create_app(url: str, statements: Sequence[Statement]) -> Starlette:
    """The application with its one route."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        open_look_up = sqlite_look_up if url.startswith("sqlite") else postgres_look_up
        async with open_look_up(url, statements) as look_up:
            app.state.look_up = look_up
            yield

    async def graphql(request: Request) -> Response:
        await request.body()
        rows = await request.app.state.look_up()
        return Response(orjson.dumps({"data": rows}, default=str), media_type="application/json")

    return Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    """Serve until the process is terminated."""
    url, port, file = sys.argv[1:]
    app = create_app(url, pickle.loads(Path(file).read_bytes()))
    uvicorn.run(
        app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main()
