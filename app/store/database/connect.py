"""Which database a URL means."""

from __future__ import annotations

from app.store.database.postgres import PostgresDatabase
from app.store.database.session import Database
from app.store.database.sqlite import SqliteDatabase


def open_database(url: str) -> Database:
    """The database at `url`, not started yet. Raises ValueError.

    ``sqlite:///shop.db`` (beside the process), ``sqlite:////var/lib/shop.db``, ``postgres://user@host/name`` or
    ``postgresql://…``. Parameters of a SQLite URL are pragmas; of a PostgreSQL URL, beside its own, ``pool_size`` and
    ``statement_cache_size`` (0 behind pgbouncer).
    """
    if url.startswith("sqlite:"):
        return SqliteDatabase(url)
    if url.startswith(("postgres:", "postgresql:")):
        return PostgresDatabase(url)
    raise ValueError("A database URL starts with sqlite:// or postgres://.")
