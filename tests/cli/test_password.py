"""The PostgreSQL password is read from the environment, whatever characters it has."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.cli.command import troth
from tests.faults.own_postgres import own_server

PASSWORD = "p@ss/w#rd%41?:&= \"'ä"
"""What stands in a URL for something else, and a blank, quotes and a letter that is no ASCII."""


async def _guarded(url: str, data: Path) -> None:
    """Add somebody who has to give a password."""
    connection = await asyncpg.connect(url)
    try:
        quoted = PASSWORD.replace("'", "''")
        await connection.execute(f"CREATE ROLE clerk LOGIN PASSWORD '{quoted}'")
        await connection.execute("CREATE DATABASE books OWNER clerk")
        rules = data / "pg_hba.conf"
        rules.write_text("local all clerk scram-sha-256\n" + rules.read_text(encoding="utf-8"), encoding="utf-8")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


def test_password_with_any_characters_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with own_server() as (url, data):
        asyncio.run(_guarded(url, data))
        user, _, server = url.partition("@")
        assert user == "postgresql://postgres:"
        clerk = f"postgresql://clerk@{server.replace('/postgres?', '/books?')}"
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        assert "up to date" in troth("migrate", url=clerk)
        assert '"keys"' in troth("init", "--json", url=clerk)
        monkeypatch.setenv("PGPASSWORD", "something-else")
        said = troth("init", "--json", url=clerk, code=1)
        assert "something-else" not in said
        assert "Traceback" not in said
