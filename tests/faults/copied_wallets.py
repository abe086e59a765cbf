"""A large ledger in seconds: the wallets of a small one, copied by the database."""

from __future__ import annotations

import asyncio
from functools import partial

from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.store.expected_schema import TABLES

COPIED = {
    "wallets": ("id",),
    "accounts": ("id", "wallet_id"),
    "entries": ("id", "account_id"),
    "lots": ("id", "account_id", "entry_id"),
    "lot_movements": ("id", "entry_id", "lot_id"),
}
"""The tables, each after those that it refers to, and their columns with ids that differ between copies."""

_NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(n) AS (SELECT $2 UNION ALL SELECT n + 1 FROM n WHERE n < $3) SELECT n FROM n)",
    "postgres": "(SELECT generate_series($2::int, $3::int) AS n)",
}
_ID = {
    "sqlite": "printf('%08x', c.n) || substr(t.{column}, 9)",
    "postgres": "CAST(lpad(to_hex(c.n), 8, '0') || substr(CAST(t.{column} AS text), 9) AS uuid)",
}

_ENTRIES_AT_ONCE = 10_000
"""Copied in one transaction: its statements have a time limit."""

_NOT_COPIED = "01000000-0000-0000-0000-000000000000"
"""Below the ids of our time, above those of copies."""


def copy_wallets(url: str, *, program_id: str, entries: int) -> int:
    """Copy a program's wallets, accounts, entries and lots until it has at least so many entries; returns their number.

    Copies belong to no customer. The hashes of their entries do not match, so `troth verify` finds fault with them.
    """

    async def run() -> int:
        database = open_database(url)
        await database.start()
        try:
            counted = await database.read(_entries, program_id=program_id)
            copies = -(-entries // counted) - 1
            each = max(1, _ENTRIES_AT_ONCE // counted)
            for first in range(1, copies + 1, each):
                last = min(first + each - 1, copies)
                copy = partial(_copy, first=first, last=last)
                await database.write(copy, program_id=program_id, lock_key=f"copy {first}")
            return counted * (copies + 1)
        finally:
            await database.stop()

    return asyncio.run(run())


async def _entries(session: Session) -> int:
    row = await session.row("SELECT count(*) FROM entries WHERE program_id = $1")
    assert row is not None
    return int(row[0])


async def _copy(session: Session, *, first: int, last: int) -> None:
    """Copies with these numbers of the rows that are no copies: their ids begin with the time, a copy's with its number."""
    for table, own_ids in COPIED.items():
        columns = [column.rstrip("?") for column in TABLES[table].columns]
        values = [
            _ID[session.dialect].format(column=column) if column in own_ids else f"t.{column}" for column in columns
        ]
        await session.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
            f" FROM {table} t CROSS JOIN {_NUMBERS[session.dialect]} c WHERE t.program_id = $1 AND t.id > $4",
            first,
            last,
            _NOT_COPIED,
        )
