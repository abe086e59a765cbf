"""Databases of the PostgreSQL server of the tests: made once, emptied after each test, dropped when a test changed them."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.usecases.programs.create_program import NewProgram
from tests.shop import create_program

TESTS_PER_DATABASE = 100
"""Then a database is dropped: deleted rows leave dead space, and its statistics are of other tests."""

_CATALOGUE = """
SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT concat('class ', oid, ' ', xmin) AS line FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat('attribute ', attrelid, ' ', attnum, ' ', pg_attribute.xmin)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat('constraint ', oid, ' ', xmin) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat('trigger ', oid, ' ', xmin) FROM pg_trigger
    UNION ALL SELECT concat('function ', oid, ' ', xmin) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat('setting ', setconfig) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
        WHERE datname = current_database()
) AS lines
"""
"""A digest of all that statements other than INSERT, UPDATE and DELETE can change in a database.

Each such statement writes rows of the catalogue anew: `xmin` is the transaction that did. Copies of a template have the
same ids and transactions.
"""


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

    Making a database takes hundreds of milliseconds; emptying one takes some 5, over a connection that stays open.
    """

    def __init__(self, server: str, template: str) -> None:
        self.server = server
        self._template = template
        self._runner = asyncio.Runner()
        self._connections: dict[str, asyncpg.Connection] = {}
        self._free: list[str] = []
        self._uses = Counter[str]()
        self._catalogue: str | None = None
        self._migrations = ""
        self._tables: list[str] = []
        self._program: NewProgram | None = None
        self._insert_program = ""

    def take(self) -> str:
        """The name of a database with all tables and no rows."""
        name = self._free.pop() if self._free else self._runner.run(self._made())
        self._uses[name] += 1
        return name

    def give_back(self, name: str) -> None:
        """Empty a database, or drop it where it was changed or used often. Connections that are left over are ended."""
        self._runner.run(self._give_back(name))

    def add_program(self, name: str) -> NewProgram:
        """Add a program to a database without rows. Every call of a process adds the same one, the later ones by its rows alone."""
        if self._program is None:
            self._program = create_program(at_database(self.server, name))
            self._insert_program = self._runner.run(self._inserts(name))
        else:
            self._runner.run(self._execute(name, self._insert_program))
        return self._program

    def drop_all(self) -> None:
        """Drop what is left."""
        for name in self._free:
            self._runner.run(self._drop(name))
        self._free.clear()
        self._runner.close()

    async def _give_back(self, name: str) -> None:
        if self._uses[name] < TESTS_PER_DATABASE and await self._emptied(name):
            self._free.append(name)
        else:
            await self._drop(name)

    async def _drop(self, name: str) -> None:
        del self._uses[name]
        if connection := self._connections.pop(name, None):
            connection.terminate()
        await on_server(self.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _made(self) -> str:
        name = f"troth_{uuid.uuid4().hex}"
        await on_server(self.server, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        if self._catalogue is None:
            connection = await self._connection(name)
            self._catalogue = await connection.fetchval(_CATALOGUE)
            self._migrations = await self._applied(connection)
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
            )
            self._tables = [table["tablename"] for table in tables]
        return name

    async def _inserts(self, name: str) -> str:
        """Statements that insert all rows of a database."""
        connection = await self._connection(name)
        statements = []
        for table in self._tables:
            statement = await connection.fetchval(
                f"SELECT format('INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %L)', json_agg(t))"
                f" FROM {table} t HAVING count(*) > 0"
            )
            statements += [statement] if statement is not None else []
        return "; ".join(statements)

    async def _execute(self, name: str, statements: str) -> None:
        await (await self._connection(name)).execute(statements)

    async def _connection(self, name: str) -> asyncpg.Connection:
        connection = self._connections.get(name)
        if connection is None or connection.is_closed():
            connection = self._connections[name] = await asyncpg.connect(at_database(self.server, name))
            # Triggers and foreign keys are left out: some tables forbid the deletion of rows.
            await connection.execute("SET session_replication_role = replica")
        return connection

    async def _emptied(self, name: str) -> bool:
        """Delete all rows; False where the database, or the connection to it, is no longer as it was."""
        try:
            connection = await self._connection(name)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if await connection.fetchval(_CATALOGUE) != self._catalogue:
                return False
            if await self._applied(connection) != self._migrations:
                return False
            await connection.execute("; ".join(f"DELETE FROM {table}" for table in self._tables))
        except (asyncpg.InvalidCatalogNameError, asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError):
            return False
        return True

    async def _applied(self, connection: asyncpg.Connection) -> str:
        return str(await connection.fetch("SELECT * FROM migrations ORDER BY 1"))
