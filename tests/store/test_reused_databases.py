"""The databases that tests share are emptied, and lent again only where their tables are as the migrations made them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from tests.postgres_databases import ReusedDatabases, at_database, on_server

CHANGES = {
    "column": "ALTER TABLE wallets ADD COLUMN colour text",
    "dropped column": "ALTER TABLE programs DROP COLUMN region",
    "constraint": "ALTER TABLE programs ADD CHECK (name <> 'x')",
    "table": "CREATE TABLE colours (name text)",
    "dropped trigger": "DROP TRIGGER mergers_never_changed ON mergers",
    "disabled trigger": "ALTER TABLE mergers DISABLE TRIGGER mergers_never_changed",
    "index": "CREATE INDEX by_name ON programs (name)",
    "function": "CREATE OR REPLACE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "migration": "DELETE FROM migrations",
    "setting": "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = UTC', current_database()); END $$",
}


@pytest.fixture
def lender(postgres_server: str, postgres_template: str) -> Iterator[ReusedDatabases]:
    """Databases of this test alone."""
    databases = ReusedDatabases(postgres_server, postgres_template)
    yield databases
    databases.drop_all()


def test_database_is_emptied_and_lent_again(lender: ReusedDatabases) -> None:
    name = lender.take()
    url = at_database(lender.server, name)
    insert = "INSERT INTO wallets VALUES (gen_random_uuid(), gen_random_uuid(), now())"
    asyncio.run(on_server(url, "SET session_replication_role = replica", insert))
    lender.give_back(name)
    assert lender.take() == name

    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            rows: int = await connection.fetchval("SELECT count(*) FROM wallets")
            return rows
        finally:
            await connection.close()

    assert asyncio.run(count()) == 0


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES.keys())
def test_changed_database_is_not_lent_again(lender: ReusedDatabases, statement: str) -> None:
    name = lender.take()
    asyncio.run(on_server(at_database(lender.server, name), statement))
    lender.give_back(name)
    assert lender.take() != name


def test_database_whose_connections_were_ended_is_not_lent_again(lender: ReusedDatabases) -> None:
    name = lender.take()
    lender.give_back(name)
    assert lender.take() == name
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    asyncio.run(on_server(at_database(lender.server, name), end))
    lender.give_back(name)
    assert lender.take() != name
