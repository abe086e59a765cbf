"""The tables are really as declared: columns, keys, references, checks, indexes and triggers, on both databases."""

from __future__ import annotations

import pytest

from app.store.database.session import Database
from tests.store.catalogue import catalogue
from tests.store.expected_schema import TABLES, Table

TENANT_TABLES = {name: table for name, table in TABLES.items() if name != "programs"}


async def test_catalogue_equals_the_expected_schema(database: Database) -> None:
    real = await database.read_across_programs(catalogue)

    assert real.keys() == TABLES.keys()
    for name, table in TABLES.items():
        assert real[name] == table, name


@pytest.mark.parametrize("name", TENANT_TABLES)
def test_every_key_and_reference_of_a_table_starts_with_the_program(name: str) -> None:
    table: Table = TENANT_TABLES[name]
    keys = [table.key, *table.unique, *table.unique_where_given, *(reference.columns for reference in table.references)]

    assert [key[0] for key in keys] == ["program_id"] * len(keys)


@pytest.mark.parametrize("name", TENANT_TABLES)
def test_every_reference_leads_to_a_program(name: str) -> None:
    reached, waiting = set[str](), [name]
    while waiting:
        table = waiting.pop()
        reached.add(table)
        waiting += [reference.table for reference in TABLES[table].references if reference.table not in reached]

    assert "programs" in reached
