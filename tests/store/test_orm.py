"""The ORM works in the store's transactions, on both databases in one process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tortoise import Tortoise, fields
from tortoise.fields.base import Field

from app.store.database.models.columns import Id, Instant, Json, TextKey
from app.store.database.models.programs import ProgramRow
from app.store.database.models.rewards import RewardRow
from app.store.database.orm import SessionClient, prepare
from app.store.database.session import Database, Session
from tests.store.catalogue import catalogue
from tests.store.expected_schema import Kind
from tests.store.rows import NOW, PROGRAM, a_program, an_id, count

_KINDS: dict[type[Field[Any]], Kind] = {
    Id: "id",
    TextKey: "text",
    fields.TextField: "text",
    fields.BigIntField: "integer",
    Instant: "instant",
    fields.DateField: "date",
    Json: "json",
}


async def test_models_equal_the_tables_of_the_catalogue(database: Database) -> None:
    real = await database.read_across_programs(catalogue)

    columns = {
        model._meta.db_table: {
            (field.source_field or name) + ("?" if field.null else ""): _KINDS[type(field)]
            for name, field in model._meta.fields_map.items()
        }
        for model in Tortoise.apps["store"].values()
    }
    assert columns == {name: table.columns for name, table in real.items()}


async def test_models_create_find_change_and_count_rows(database: Database) -> None:
    async def work(session: Session) -> tuple[int, list[RewardRow], int]:
        await a_program(session)
        for number in range(1, 4):
            await session.orm(RewardRow).create(
                id=an_id(number),
                key=f"k{number}",
                name="Größe",
                description="d",
                created_at=NOW + timedelta(microseconds=number),
            )
        rewards = session.orm(RewardRow)
        changed = await rewards.filter(created_at__lt=NOW + timedelta(microseconds=3)).update(stock=5, stock_initial=7)
        return changed, await rewards.filter(stock=5).order_by("-created_at").limit(1), await rewards.all().count()

    changed, newest, number = await database.write(work, program_id=PROGRAM, lock_key="orm")
    assert (changed, number) == (2, 3)
    assert [(row.key, row.name, row.stock) for row in newest] == [("k2", "Größe", 5)]
    assert newest[0].created_at == NOW + timedelta(microseconds=2)


async def test_orm_writes_are_rolled_back_with_their_transaction(database: Database) -> None:
    async def change_of_mind(session: Session) -> None:
        await session.orm(ProgramRow).create(
            kind="LIVE",
            name="n",
            currency="EUR",
            zone="Europe/Berlin",
            region="DE",
            unit_name="points",
            created_at=NOW,
            slug="shop",
        )
        assert await count(session, "programs") == 1
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(change_of_mind, program_id=PROGRAM, lock_key="orm")
    assert await database.read_across_programs(lambda session: count(session, "programs")) == 0


async def test_model_without_a_session_raises_an_error() -> None:
    await prepare()
    with pytest.raises(RuntimeError, match=r"session\.orm\(Model\)"):
        await ProgramRow.all()
    with pytest.raises(RuntimeError, match=r"session\.orm\(Model\)"):
        await SessionClient().execute_insert("INSERT", [])
