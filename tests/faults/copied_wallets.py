"""A large ledger in seconds: the wallets of a small one, copied by the database."""

from __future__ import annotations

import asyncio

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
    "sqlite": "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $2) SELECT n FROM n)",
    "postgres": "(SELECT generate_series(1, $2::int) AS n)",
}
_ID = {
    "sqlite": "printf('%08x', c.n) || substr(t.{column}, 9)",
    "postgres": "CAST(lpad(to_hex(c.n), 8, '0') || substr(CAST(t.{column} AS text), 9) AS uuid)",
}


def copy_wallets(url: str, *, program_id: str, entries: int) -> int:
    """Copy a program's wallets, accounts, entries and lots until it has at least so many entries; returns their number.

    Copies belong to no customer. Their entries are not what was sealed, so `troth verify` finds fault with them.
    """

    async def copy(session: Session) -> int:
        counted = await session.row("SELECT count(*) FROM entries WHERE program_id = $1")
        assert counted is not None
        copies = -(-entries // counted[0]) - 1
        for table, ids in COPIED.items():
            columns = [column.rstrip("?") for column in TABLES[table].columns]
            values = [
                _ID[session.dialect].format(column=column) if column in ids else f"t.{column}" for column in columns
            ]
            await session.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
                f" FROM {table} t CROSS JOIN {_NUMBERS[session.dialect]} c WHERE t.program_id = $1",
                copies,
            )
        return int(counted[0]) * (copies + 1)

    async def run() -> int:
        database = open_database(url)
        await database.start()
        try:
            return await database.write(copy, program_id=program_id, turn="copy")
        finally:
            await database.stop()

    return asyncio.run(run())
