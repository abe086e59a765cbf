"""One broken row of one program: commands still start, `troth verify` names it, and nobody else notices."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.cli.command import troth
from tests.shop import open_shop


def test_broken_reference_is_named_by_verify_and_stops_no_command(sqlite_url: str) -> None:
    with open_shop(sqlite_url) as shop:
        card = shop.enrol()
        shop.buy(card, "20.00")
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'purchases'"
        for (name,) in connection.execute(guards).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute("DELETE FROM purchases").rowcount == 1
        connection.commit()
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is not None

    assert "0 migrations applied" in troth("migrate", url=sqlite_url)
    assert "0 accounts" in troth("jobs", "run", url=sqlite_url)
    found = troth("verify", url=sqlite_url, code=1)
    assert "discrepanc" in found
    assert "Traceback" not in found
    with open_shop(sqlite_url) as other:
        assert other.buy(other.enrol(), "20.00")["userErrors"] == []
