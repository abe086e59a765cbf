"""Reads the catalogue of a database into the terms of `tests.store.expected_schema`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from app.store.database.session import Session, UnscopedSession
from tests.store.expected_schema import Kind, Reference, Table

_POSTGRES_KINDS: dict[str, Kind] = {
    "uuid": "id",
    "text": "text",
    "bigint": "integer",
    "timestamp with time zone": "instant",
    "date": "date",
    "json": "json",
}


async def table_names(session: UnscopedSession) -> set[str]:
    """Every table, without those of the database itself and the list of migrations."""
    if session.dialect == "sqlite":
        sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'"
    return {row["name"] for row in await session.across_programs.rows(sql)} - {"migrations"}


async def catalogue(session: Session) -> dict[str, Table]:
    """Every table as it really is."""
    read: Callable[[Session, str], Awaitable[Table]] = _sqlite if session.dialect == "sqlite" else _postgres
    return {name: await read(session, name) for name in await table_names(session)}


async def _sqlite(session: Session, name: str) -> Table:
    row = await session.across_programs.row("SELECT sql FROM sqlite_schema WHERE name = $1", name)
    assert row is not None
    ddl: str = row["sql"]
    columns = await session.across_programs.rows(f"PRAGMA table_info({name})")
    key = [(column["pk"], column["name"]) for column in columns if column["pk"]]
    assert re.search(r"\) STRICT(, WITHOUT ROWID)?$", ddl), f"{name} takes values of any type"
    indexes = await session.across_programs.rows(f"PRAGMA index_list({name})")
    found: dict[str, set[tuple[str, ...]]] = {"unique": set(), "where": set(), "index": set()}
    for index in indexes:
        if index["origin"] == "pk":
            continue
        of = tuple(part["name"] for part in await session.across_programs.rows(f"PRAGMA index_info({index['name']})"))
        found["index" if not index["unique"] else "where" if index["partial"] else "unique"].add(of)
    triggers = await session.across_programs.rows(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = $1", name
    )
    return Table(
        columns={
            column["name"] + ("" if column["notnull"] else "?"): _sqlite_kind(column["name"], column["type"], ddl)
            for column in columns
        },
        key=tuple(column for _, column in sorted(key)),
        unique=frozenset(found["unique"]),
        unique_where_given=frozenset(found["where"]),
        indexed=frozenset(found["index"]),
        references=await _sqlite_references(session, name),
        checks=frozenset(re.findall(r"CONSTRAINT (\w+) CHECK", ddl)),
        only_added=len([row for row in triggers if "RAISE(ABORT" in row["sql"]]) == 2,
    )


def _sqlite_kind(column: str, declared: str, ddl: str) -> Kind:
    if declared == "INTEGER":
        return "integer"
    if f"CHECK ({column} GLOB '????-??-?? ??:??:??.??????+00:00')" in ddl:
        return "instant"
    if f"CHECK ({column} GLOB '????-??-??')" in ddl:
        return "date"
    if re.search(rf"CHECK \(json_valid\(({column}|coalesce\({column}, 'null'\))\)\)", ddl):
        return "json"
    return (
        "id"
        if column
        in ("id", "actor", "subject", "cause", "merged_into", "moved_by", "fulfilled_by", "settled_by", "dismissed_by")
        or (column.endswith("_id") and column != "external_id")
        else "text"
    )


async def _sqlite_references(session: Session, name: str) -> frozenset[Reference]:
    grouped: dict[int, list[tuple[int, str, str, str]]] = {}
    for row in await session.across_programs.rows(f"PRAGMA foreign_key_list({name})"):
        assert row["on_delete"] == row["on_update"] == "RESTRICT", name
        grouped.setdefault(row["id"], []).append((row["seq"], row["from"], row["to"], row["table"]))
    return frozenset(
        Reference(tuple(part[1] for part in sorted(parts)), parts[0][3], tuple(part[2] for part in sorted(parts)))
        for parts in grouped.values()
    )


_POSTGRES_CONSTRAINTS = """
SELECT c.contype::text AS type, c.conname::text AS name, c.confdeltype::text AS on_delete,
    c.confupdtype::text AS on_update, c.confrelid::regclass::text AS target, c.convalidated AS valid,
    ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(n, o)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.o) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(n, o)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.o) AS target_columns
FROM pg_constraint c WHERE c.conrelid = $1::text::regclass
"""
_POSTGRES_INDEXES = """
SELECT i.indisunique AS is_unique, i.indpred IS NOT NULL AS partial,
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k(n, o)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.o) AS columns
FROM pg_index i
WHERE i.indrelid = $1::text::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid
    AND c.conrelid = i.indrelid)
"""


async def _postgres(session: Session, name: str) -> Table:
    columns = await session.across_programs.rows(
        "SELECT column_name::text AS name, data_type::text AS type, is_nullable = 'YES' AS empty"
        " FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
        name,
    )
    constraints = await session.across_programs.rows(_POSTGRES_CONSTRAINTS, name)
    indexes = await session.across_programs.rows(_POSTGRES_INDEXES, name)
    references = [row for row in constraints if row["type"] == "f"]
    assert all(row["on_delete"] == row["on_update"] == "r" and row["valid"] for row in references), name
    triggers = await session.across_programs.rows(
        "SELECT pg_get_triggerdef(oid) AS sql FROM pg_trigger"
        " WHERE tgrelid = $1::text::regclass AND NOT tgisinternal AND tgenabled = 'O'",
        name,
    )
    return Table(
        columns={row["name"] + ("?" if row["empty"] else ""): _POSTGRES_KINDS[row["type"]] for row in columns},
        key=next(tuple(row["columns"]) for row in constraints if row["type"] == "p"),
        unique=frozenset(tuple(row["columns"]) for row in constraints if row["type"] == "u"),
        unique_where_given=frozenset(tuple(row["columns"]) for row in indexes if row["is_unique"] and row["partial"]),
        indexed=frozenset(tuple(row["columns"]) for row in indexes if not row["is_unique"]),
        references=frozenset(
            Reference(tuple(row["columns"]), row["target"], tuple(row["target_columns"])) for row in references
        ),
        checks=frozenset(row["name"] for row in constraints if row["type"] == "c"),
        only_added=any("EXECUTE FUNCTION never_changed(" in row["sql"] for row in triggers),
    )
