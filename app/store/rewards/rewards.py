"""Rewards that customers can redeem points for, with the stock left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from app.domain.rewards.reward import Reward
from app.store.database.codecs import instant, json_text, json_value
from app.store.database.models.rewards import RewardRow
from app.store.database.session import Row, Session

_COLUMNS = "id, key, name, description, picture_url, retail_value, stock_initial, stock, created_at, article, variants, cash_part"


async def create(session: Session, *, reward: Reward) -> None:
    """Store a new reward."""
    columns = {**asdict(reward), "variants": json_text(reward.variants) if reward.variants else None}
    await session.orm(RewardRow).create(**columns)


async def by_id(session: Session, *, reward_id: str) -> Reward | None:
    """The reward with this id; None if there is none."""
    row = await session.row(f"SELECT {_COLUMNS} FROM rewards WHERE program_id = $1 AND id = $2", reward_id)
    return None if row is None else _reward(row)


async def by_ids(session: Session, *, reward_ids: Sequence[str]) -> dict[str, Reward]:
    """Several rewards by id; unknown ids are left out."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM rewards WHERE program_id = $1 AND id = ANY($2)", list(reward_ids)
    )
    return {row["id"]: _reward(row) for row in rows}


async def by_key(session: Session, *, key: str) -> Reward | None:
    """The reward with this key; None if there is none."""
    row = await session.row(f"SELECT {_COLUMNS} FROM rewards WHERE program_id = $1 AND key = $2", key)
    return None if row is None else _reward(row)


async def all_rewards(session: Session) -> tuple[Reward, ...]:
    """Every reward of the program, oldest first."""
    rows = await session.rows(f"SELECT {_COLUMNS} FROM rewards WHERE program_id = $1 ORDER BY created_at, id")
    return tuple(_reward(row) for row in rows)


async def take_from_stock(session: Session, *, reward: Reward) -> bool:
    """Take one item from stock; False, with nothing changed, if none is left. Always True for a reward without a limit.

    `reward` only says whether there is a limit, which never changes; the number of items left is read from the row.
    """
    if reward.stock is None:
        return True
    updated = await session.execute(
        "UPDATE rewards SET stock = stock - 1 WHERE program_id = $1 AND id = $2 AND stock > 0", reward.id
    )
    return updated > 0


async def return_to_stock(session: Session, *, reward_id: str) -> None:
    """Put one item back into stock (sent with the next statements: see `Session.enqueue`). Changes nothing without a limit."""
    await session.enqueue(
        "UPDATE rewards SET stock = stock + 1 WHERE program_id = $1 AND id = $2 AND stock IS NOT NULL", reward_id
    )


def _reward(row: Row) -> Reward:
    return Reward(
        id=row["id"],
        key=row["key"],
        name=row["name"],
        description=row["description"],
        picture_url=row["picture_url"],
        retail_value=row["retail_value"],
        stock_initial=row["stock_initial"],
        stock=row["stock"],
        created_at=instant(row["created_at"]),
        article=row["article"],
        variants=() if row["variants"] is None else tuple(json_value(row["variants"])),
        cash_part=row["cash_part"],
    )
