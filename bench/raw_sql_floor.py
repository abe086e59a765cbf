"""The floor: recorded statements in a raw loop, one durable commit for each operation (R0) or for each group (R1)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from bench.load import Measurement
from bench.statement_recorder import Statement


async def raw_floor(url: str, operations: Sequence[Sequence[Statement]], *, group: int) -> Measurement:
    """The statements of each operation in turn, with a commit after every `group` operations."""
    if url.startswith("sqlite"):
        return _sqlite_floor(Path(url.removeprefix("sqlite:///")), operations, group=group)
    return await _postgres_floor(url, operations, group=group)


def _sqlite_floor(file: Path, operations: Sequence[Sequence[Statement]], *, group: int) -> Measurement:
    """On one connection with the server's settings: WAL and synchronous=FULL."""
    connection = sqlite3.connect(file, isolation_level=None, cached_statements=512)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    durations = []
    cpu, start = time.process_time(), time.perf_counter()
    for number, statements in enumerate(operations):
        began = time.perf_counter()
        if number % group == 0:
            connection.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            connection.execute(sql, values).fetchall()
        if number % group == group - 1 or number == len(operations) - 1:
            connection.execute("COMMIT")
        durations.append(time.perf_counter() - began)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    connection.close()
    return Measurement(seconds=seconds, cpu=cpu, durations=durations)


async def _postgres_floor(url: str, operations: Sequence[Sequence[Statement]], *, group: int) -> Measurement:
    """On one connection, which prepares each statement once."""
    connection = await asyncpg.connect(url, statement_cache_size=512)
    await connection.set_type_codec("uuid", encoder=str, decoder=str, schema="pg_catalog", format="text")
    durations = []
    cpu, start = time.process_time(), time.perf_counter()
    for number, statements in enumerate(operations):
        began = time.perf_counter()
        if number % group == 0:
            await connection.execute("BEGIN")
        for sql, values in statements:
            await connection.fetch(sql, *values)
        if number % group == group - 1 or number == len(operations) - 1:
            await connection.execute("COMMIT")
        durations.append(time.perf_counter() - began)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    await connection.close()
    return Measurement(seconds=seconds, cpu=cpu, durations=durations)
