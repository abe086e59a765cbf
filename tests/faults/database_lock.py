"""A database that another process has locked for longer than a server waits."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing

import asyncpg

from app.store.database.postgres import LOCK_LIMIT

SQLITE_LIMIT = 5.0
"""Seconds that a server waits for the lock of a SQLite file."""


def locked_for(url: str) -> None:
    """Lock the database for a second longer than a server waits."""
    if not url.startswith("sqlite"):
        asyncio.run(_lock_keys(url))
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(SQLITE_LIMIT + 1)
        other.execute("ROLLBACK")


async def _lock_keys(url: str) -> None:
    """No command is carried out without writing the result of its idempotency key."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE idempotency_keys IN EXCLUSIVE MODE")
            await asyncio.sleep(LOCK_LIMIT + 1)
    finally:
        await connection.close()
