"""A database whose ledger can be changed past triggers and checks, for the length of one verification."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.verify_accounts import verify_page
from app.queries.verification.verify_program import verify_program
from app.store.database.codecs import instant
from app.store.database.session import Session
from tests.ledger.program_driver import DatabaseRunner, open_runner
from tests.store.expected_schema import TABLES, Kind

DAY = timedelta(days=1)


class Untouched(Exception):
    """Rolls the tampering back."""


@dataclass(frozen=True, slots=True)
class Tampered:
    """A changed value of one row."""

    table: str
    key: Mapping[str, Any]
    column: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.table}.{self.column} {self.before!s:.60} -> {self.after!s:.60}"


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """The ledger of one program without anything that protects it from changes."""

    where: DatabaseRunner
    program_id: str
    dialect: str

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row of a table, in the order of its key."""
        columns = [name.rstrip("?") for name in TABLES[table].columns]
        key = ", ".join(TABLES[table].key)

        async def read(session: Session) -> list[dict[str, Any]]:
            sql = f"SELECT {', '.join(columns)} FROM {table} WHERE program_id = $1 ORDER BY {key}"
            return [dict(zip(columns, row, strict=True)) for row in await session.rows(sql, self.program_id)]

        result: list[dict[str, Any]] = self.where.run(self.where.database.read_across_programs(read))
        return result

    def discrepancies_with(self, tampered: Tampered) -> list[Discrepancy]:
        """The discrepancies with a changed value."""
        keys = list(tampered.key)
        where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(keys, start=2))
        sql = f"UPDATE {tampered.table} SET {tampered.column} = $1 WHERE {where}"
        return self._faults_after(sql, tampered.after, *tampered.key.values())

    def discrepancies_without(self, table: str, key: Mapping[str, Any]) -> list[Discrepancy]:
        """The discrepancies without a row."""
        where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(key, start=1))
        return self._faults_after(f"DELETE FROM {table} WHERE {where}", *key.values())

    def discrepancies_with_a_copy(self, table: str, *, changed: Mapping[str, Any]) -> list[Discrepancy]:
        """The discrepancies with a copy of the first row in which some values are changed."""
        columns = [name.rstrip("?") for name in TABLES[table].columns]
        places = {name: f"${place}" for place, name in enumerate(changed, start=1)}
        values = ", ".join(places.get(name, name) for name in columns)
        sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} ORDER BY id LIMIT 1"
        return self._faults_after(sql, *changed.values())

    def _faults_after(self, sql: str, *values: Any) -> list[Discrepancy]:
        found: list[Discrepancy] = []

        async def work(session: Session) -> None:
            session.row_cache.clear()
            assert await session.across_programs.execute(sql, *values) == 1, f"{sql} changed nothing"
            page = await verify_page(session)
            assert page.last_id is None
            whole = await verify_program(session)
            found[:] = [*page.discrepancies, *whole]
            raise Untouched

        try:
            self.where.run(self.where.database.write(work, program_id=self.program_id, lock_key="tampering"))
        except Untouched:
            return found
        raise AssertionError("it was not rolled back")


@contextmanager
def open_ledger(url: str, *, program_id: str) -> Iterator[OpenLedger]:
    """Removes triggers and checks, for good."""
    dialect = "sqlite" if url.startswith("sqlite:") else "postgres"
    if dialect == "sqlite":
        url += "?foreign_keys=OFF&ignore_check_constraints=ON"
    with open_runner(url) as where:
        where.run(where.database.write(_disable_protection, program_id=program_id, lock_key="tampering"))
        yield OpenLedger(where, program_id, dialect)


async def _disable_protection(session: Session) -> None:
    if session.dialect == "sqlite":
        for row in await session.across_programs.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            await session.across_programs.execute(f"DROP TRIGGER {row['name']}")
        return
    for row in await session.across_programs.rows(
        "SELECT tgname AS name, tgrelid::regclass::text AS place FROM pg_trigger WHERE NOT tgisinternal"
    ):
        await session.across_programs.execute(f"DROP TRIGGER {row['name']} ON {row['place']}")
    for row in await session.across_programs.rows(
        "SELECT conname AS name, conrelid::regclass::text AS place FROM pg_constraint"
        " WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND conrelid <> 0"
    ):
        await session.across_programs.execute(f"ALTER TABLE {row['place']} DROP CONSTRAINT {row['name']}")


def tamperings(
    table: str, rows: Sequence[Mapping[str, Any]], *, columns: Collection[str] | None = None
) -> Iterator[Tampered]:
    """Every column, or some of them, with other values of its type: in the first row and the last, in one that has it
    and one that has not."""
    declared = TABLES[table]
    # No two rows may have the same of these: what another row has, the database itself refuses.
    alone = {column for columns in (declared.key, *declared.unique, *declared.unique_where_given) for column in columns}
    for name, kind in declared.columns.items():
        column = name.rstrip("?")
        if column == "program_id" or (columns is not None and column not in columns):
            continue
        given = [row for row in rows if row[column] is not None]
        missing = [row for row in rows if row[column] is None]
        chosen = {id(row): row for some in (given, missing) for row in (some[:1] + some[-1:])}
        others = list(dict.fromkeys(row[column] for row in given)) if column not in alone else []
        for row in chosen.values():
            key = {part: row[part] for part in declared.key}
            before = row[column]
            expected = [
                *(_others(kind, before) if kind != "integer" or column not in alone else [before + 1000]),
                *[value for value in others if value != before][:1],
            ]
            for after in [*expected, *([None] if name.endswith("?") and before is not None else [])]:
                yield Tampered(table, key, column, before, after)


def _others(kind: Kind, before: Any) -> Iterator[Any]:
    """Other values of a type; for an empty column, one that it might have."""
    match kind:
        case "id":
            yield str(uuid.UUID(int=0xABCDEF))
        case "text":
            yield f"{before[:-1]}{'y' if before.endswith('x') else 'x'}" if before else "x"
        case "integer":
            yield from (before + 1, before - 1) if before is not None else (1,)
        case "instant":
            at = instant(before) if before is not None else datetime.fromisoformat("2026-02-01T00:00:00+00:00")
            yield from (at + DAY, at - DAY)
        case "date":
            day = date.fromisoformat(str(before)) if before is not None else date(2026, 6, 1)
            yield day + DAY
        case "json":
            yield from (json.dumps(text) for text in _other_texts(json.loads(before or "[]")))


def _other_texts(data: Any) -> Iterator[Any]:
    """The same with one leaf that differs, each in its turn."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from ({**data, name: other} for other in _other_texts(value))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from ([*data[:index], other, *data[index + 1 :]] for other in _other_texts(value))
    elif isinstance(data, bool):
        yield not data
    elif isinstance(data, int):
        yield data + 1
    elif isinstance(data, str):
        yield f"{data}1" if data.isdecimal() else f"{data}x"
