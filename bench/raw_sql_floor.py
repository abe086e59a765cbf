"""The floor: the recorded statements in a raw loop, one durable commit each (R0) or in groups (R1)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.statement_recorder import Statement


@dataclass(frozen=True)
class Floor:
    """What the raw loop took: seconds in all, CPU seconds, and each operation's seconds."""

    seconds: float
    cpu: float
    each: list[float]

    @property
    def rate(self) -> float:
        """Operations per second."""
        return len(self.each) / self.seconds


def sqlite_floor(file: Path, operations: Sequence[Sequence[Statement]], *, group: int) -> Floor:
    """The statements on SQLite, WAL and synchronous=FULL as the server has it."""
    connection = sqlite3.connect(file, isolation_level=None, cached_statements=512)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    each = []
    cpu, start = time.process_time(), time.perf_counter()
    for number, statements in enumerate(operations):
        begun = time.perf_counter()
        if number % group == 0:
            connection.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            connection.execute(sql, values).fetchall()
        if number % group == group - 1 or number == len(operations) - 1:
            connection.execute("COMMIT")
        each.append(time.perf_counter() - begun)
    done = Floor(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu, each=each)
    connection.close()
    return done


async def postgres_floor(url: str, operations: Sequence[Sequence[Statement]], *, group: int) -> Floor:
    """The statements on PostgreSQL over one connection, prepared once each."""
    connection = await asyncpg.connect(url, statement_cache_size=512)
    await connection.set_type_codec("uuid", encoder=str, decoder=str, schema="pg_catalog", format="text")
    each = []
    cpu, start = time.process_time(), time.perf_counter()
    for number, statements in enumerate(operations):
        begun = time.perf_counter()
        if number % group == 0:
            await connection.execute("BEGIN")
        for sql, values in statements:
            await connection.fetch(sql, *values)
        if number % group == group - 1 or number == len(operations) - 1:
            await connection.execute("COMMIT")
        each.append(time.perf_counter() - begun)
    done = Floor(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu, each=each)
    await connection.close()
    return done
