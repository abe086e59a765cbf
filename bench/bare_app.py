"""A bare Starlette route that runs the recorded statements of a card look-up and answers their rows as JSON."""

from __future__ import annotations

import pickle
import sqlite3
import sys
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

url, port, recorded = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
statements = pickle.loads(recorded.read_bytes())
held: dict[str, Any] = {}


@asynccontextmanager
async def lifespan(_: Starlette) -> Any:
    if url.startswith("sqlite"):
        held["sqlite"] = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, cached_statements=512)
    else:
        held["pool"] = await asyncpg.create_pool(url, min_size=4, max_size=10, statement_cache_size=512)
    yield


async def look_up(request: Request) -> Response:
    await request.body()
    rows: list[list[Any]] = []
    if "sqlite" in held:
        for sql, values in statements:
            rows.extend(list(row) for row in held["sqlite"].execute(sql, values).fetchall())
    else:
        async with held["pool"].acquire() as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for sql, values in statements:
                rows.extend(list(row.values()) for row in await connection.fetch(sql, *values))
            await connection.execute("COMMIT")
    return Response(orjson.dumps({"data": rows}, default=str), media_type="application/json")


app = Starlette(routes=[Route("/graphql", look_up, methods=["POST"])], lifespan=lifespan)
uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
