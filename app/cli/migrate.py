"""`troth migrate`: the tables of the database."""

from __future__ import annotations

import asyncio

from app.cli.runtime import out
from app.config import Settings
from app.store.database.migrations import migrate as migrate_database


def migrate() -> None:
    """Apply migrations to the database; safe to run twice and beside others."""
    applied = asyncio.run(migrate_database(Settings().database_url))
    for name in applied:
        out.print(name, markup=False)
    out.print(f"{len(applied)} migrations applied; the database is up to date.")
