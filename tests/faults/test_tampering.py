"""Changes to the ledger past triggers and checks: `verify` reports them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.verify_accounts import verify_page
from app.queries.verification.verify_program import verify_program
from app.store.database.connect import open_database
from app.store.database.session import Session, Work
from tests.cli.command import troth
from tests.shop import Shop, open_shop

ENTRY_CHANGES = {
    "points": "points = points + 1",
    "occurred_at": "occurred_at = recorded_at",
    "recorded_at": "recorded_at = occurred_at",
    "decision": "decision = '{}'",
    "number": "number = number + 1000",
    "previous": "previous = 'f' || previous",
    "hash": "hash = 'f' || hash",
}
OTHER_CHANGES = {
    "a lot has more left": ("lots", "remaining = remaining + 1"),
    "a lot was opened with more": ("lots", "points = points + 1, remaining = remaining + 1"),
    "a lot is valid for longer": ("lots", "valid_until = '2099-12-31'"),
    "a lot was earned at another time": ("lots", "earned_at = '2001-01-01 00:00:00.000000+00:00'"),
    "a movement moved more": ("lot_movements", "points = points + 1"),
    "a balance is higher": ("accounts", "available = available + 1"),
    "something is pending": ("accounts", "pending = pending + 1"),
    "more was ever earned": ("accounts", "lifetime = lifetime + 1"),
    "more counts towards a tier": ("accounts", "qualifying = qualifying + 1"),
    "an account has another last hash": ("accounts", "last_hash = 'f' || last_hash"),
    "an account counts other entries": ("accounts", "entry_count = entry_count + 1"),
    "a purchase earned more": ("purchases", "earned = earned + 1"),
    "a refund took less": ("refunds", "clawed_back = clawed_back - 1"),
    "a redemption cost less": ("redemptions", "points = points - 1"),
    "more is in stock": ("rewards", "stock_initial = 5, stock = 6"),
}


class Untouched(Exception):
    """Rolls the tampering back."""


@dataclass
class Tampering:
    """A shop whose ledger can be changed for the length of one verification."""

    shop: Shop

    def change(self, sql: str) -> None:
        """Changes the ledger for good."""

        async def work(session: Session) -> None:
            await _open_the_door(session)
            await session.across_programs.execute(sql)

        self._run(work)

    def _run(self, work: Work[None]) -> None:
        async def run() -> None:
            database = open_database(self.shop.url)
            await database.start()
            try:
                await database.write(work, program_id=self.shop.program.program.id, lock_key="tampering")
            finally:
                await database.stop()

        asyncio.run(run())

    def discrepancies_after(self, *statements: str) -> list[Discrepancy]:
        """The discrepancies with those changes, which are rolled back."""
        program_id = self.shop.program.program.id
        found: list[Discrepancy] = []

        async def work(session: Session) -> None:
            await _open_the_door(session)
            for sql in statements:
                values = (program_id,) if "$1" in sql else ()
                assert await session.across_programs.execute(sql, *values) == 1, f"{sql} changed nothing"
            page = await verify_page(session)
            assert page.last_id is None
            whole = await verify_program(session)
            found[:] = [*page.discrepancies, *whole]
            raise Untouched

        with pytest.raises(Untouched):
            self._run(work)
        return found


async def _open_the_door(session: Session) -> None:
    """Take away, in this transaction, what keeps the tables append-only."""
    if session.dialect == "sqlite":
        for row in await session.across_programs.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            await session.across_programs.execute(f"DROP TRIGGER {row['name']}")
        await session.across_programs.execute("PRAGMA ignore_check_constraints = ON")
        return
    for row in await session.across_programs.rows(
        "SELECT tgname AS name, tgrelid::regclass::text AS place FROM pg_trigger WHERE NOT tgisinternal"
    ):
        await session.across_programs.execute(f"DROP TRIGGER {row['name']} ON {row['place']}")
    for row in await session.across_programs.rows(
        "SELECT conname AS name, conrelid::regclass::text AS place FROM pg_constraint"
        " WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0"
    ):
        await session.across_programs.execute(f"ALTER TABLE {row['place']} DROP CONSTRAINT {row['name']}")


@pytest.fixture
def tampering(database_url: str) -> Iterator[Tampering]:
    """A shop in which one customer has bought, returned and redeemed, and another has bought."""
    with open_shop(database_url) as shop:
        card, other = shop.enrol(), shop.enrol()
        shop.buy(card, "250.00")
        shop.buy(card, "40.00", receipt="to return")
        shop.refund("to return")
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        shop.buy(other, "12.00")
        yield Tampering(shop)


def test_untouched_ledger_has_no_discrepancy(tampering: Tampering) -> None:
    assert tampering.discrepancies_after() == []


def test_every_changed_entry_is_found_at_either_end_of_the_chain(tampering: Tampering) -> None:
    unseen = [
        (column, end)
        for column, change in ENTRY_CHANGES.items()
        for end in ("first", "last")
        if not tampering.discrepancies_after(_one("entries", change, end=end))
    ]
    assert unseen == []


def test_every_changed_balance_lot_event_and_stock_is_found(tampering: Tampering) -> None:
    unseen = [
        what
        for what, (table, change) in OTHER_CHANGES.items()
        if not tampering.discrepancies_after(_one(table, change))
    ]
    assert unseen == []


def test_deleted_row_is_found(tampering: Tampering) -> None:
    assert tampering.discrepancies_after(_gone("lot_movements"))


def _one(table: str, change: str, *, end: str = "first") -> str:
    """A change of the first or the last row of a table; ids grow with time."""
    return f"UPDATE {table} SET {change} WHERE program_id = $1 AND id = {_row(table, end=end)}"


def _gone(table: str) -> str:
    """One row of a table less."""
    return f"DELETE FROM {table} WHERE program_id = $1 AND id = {_row(table, end='first')}"


def _row(table: str, *, end: str) -> str:
    return f"(SELECT id FROM {table} ORDER BY id {'DESC' if end == 'last' else 'ASC'} LIMIT 1)"


def test_verify_names_the_discrepancy_and_exits_with_status_1(tampering: Tampering) -> None:
    url = tampering.shop.url
    assert "no discrepancies" in troth("verify", url=url)

    tampering.change("UPDATE accounts SET available = available + 1")

    said = json.loads(troth("verify", "--json", url=url, code=1).splitlines()[-1])
    assert len(said["discrepancies"]) == 2
    assert all("balance" in discrepancy for discrepancy in said["discrepancies"])
