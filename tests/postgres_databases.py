"""Databases of the PostgreSQL server of the tests: made once, emptied after each test, dropped when a test changed them."""

from __future__ import annotations

import uuid
from collections import Counter
from urllib.parse import urlsplit, urlunsplit

import asyncpg

TESTS_PER_DATABASE = 100
"""Then a database is dropped: deleted rows leave dead space, and its statistics are of other tests."""

_CATALOGUE = """
SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT format('%s %s %s', relname, relkind, reloptions) AS line FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attisdropped)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
    UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
        WHERE datname = current_database()
) AS lines
"""
"""A digest of all that statements other than INSERT, UPDATE and DELETE can change in a database."""


def at_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def on_server(url: str, *statements: str) -> None:
    """Run statements outside of a transaction."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


class ReusedDatabases:
    """Databases made from one template. `take` lends one to a test, `give_back` empties it for the next.

    Making a database takes hundreds of milliseconds, deleting the rows of a test some 30.
    """

    def __init__(self, server: str, template: str) -> None:
        self.server = server
        self._template = template
        self._free: list[str] = []
        self._uses = Counter[str]()
        self._catalogue: str | None = None
        self._migrations = ""

    async def take(self) -> str:
        """The name of a database with all tables and no rows."""
        name = self._free.pop() if self._free else await self._made()
        self._uses[name] += 1
        return name

    async def give_back(self, name: str) -> None:
        """Empty a database, or drop it where it was changed or used often. Connections that are left over are ended."""
        if self._uses[name] >= TESTS_PER_DATABASE or not await self._emptied(name):
            del self._uses[name]
            await on_server(self.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        else:
            self._free.append(name)

    async def drop_all(self) -> None:
        """Drop what is left."""
        await on_server(self.server, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in self._free))
        self._free.clear()

    async def _made(self) -> str:
        name = f"troth_{uuid.uuid4().hex}"
        await on_server(self.server, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        if self._catalogue is None:
            connection = await asyncpg.connect(at_database(self.server, name))
            try:
                self._catalogue = await connection.fetchval(_CATALOGUE)
                self._migrations = await self._applied(connection)
            finally:
                await connection.close()
        return name

    async def _emptied(self, name: str) -> bool:
        """Delete all rows; False where the database is no longer like its template."""
        try:
            connection = await asyncpg.connect(at_database(self.server, name))
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if await connection.fetchval(_CATALOGUE) != self._catalogue:
                return False
            if await self._applied(connection) != self._migrations:
                return False
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
            )
            # Triggers and foreign keys are left out: some tables forbid the deletion of rows.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("; ".join(f"DELETE FROM {table['tablename']}" for table in tables))
        finally:
            await connection.close()
        return True

    async def _applied(self, connection: asyncpg.Connection) -> str:
        return str(await connection.fetch("SELECT * FROM migrations ORDER BY 1"))
