"""The database that a URL names."""

from __future__ import annotations

from app.store.database.postgres import PostgresDatabase
from app.store.database.session import Database, InvalidDatabaseUrl
from app.store.database.sqlite import SqliteDatabase


def dialect_of(url: str) -> str:
    """``sqlite`` or ``postgres``. Raises InvalidDatabaseUrl."""
    match url.partition(":")[0]:
        case "sqlite":
            return "sqlite"
        case "postgres" | "postgresql":
            return "postgres"
        case _:
            raise InvalidDatabaseUrl("A database URL starts with sqlite:// or postgresql://.")


def open_database(url: str, *, serving: bool = False) -> Database:
    """The database at `url`, not started yet. Raises InvalidDatabaseUrl; a server (`serving`) also AlreadyServed.

    A SQLite file has one server, which holds the file's lock until the database is stopped.

    URLs are ``sqlite:///shop.db`` (in the working directory), ``sqlite:////var/lib/shop.db``, ``postgres://user@host/name``
    and ``postgresql://…``. The parameters of a SQLite URL are pragmas. A PostgreSQL URL may have those of PostgreSQL, and
    ``pool_size`` and ``statement_cache_size`` (0 behind pgbouncer).
    """
    if dialect_of(url) == "sqlite":
        database = SqliteDatabase(url, serving=serving)
        if serving:
            database.claim()
        return database
    return PostgresDatabase(url)
