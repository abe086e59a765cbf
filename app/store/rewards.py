"""Rewards: what points buy, with the stock that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward. `retail_value` is in minor units of the program's currency; `stock` None means without limit."""

    id: str
    key: str
    name: str
    description: str
    picture_url: str | None
    retail_value: int | None
    stock_initial: int | None
    stock: int | None
    created_at: datetime


async def create(session: Session, *, program_id: str, reward: Reward) -> None:
    """Keep a new reward."""
    raise NotImplementedError


async def by_id(session: Session, *, program_id: str, reward_id: str) -> Reward | None:
    """The reward with this id, or None."""
    raise NotImplementedError


async def by_ids(session: Session, *, program_id: str, reward_ids: Sequence[str]) -> dict[str, Reward]:
    """Several rewards by id; ids that are not there are left out."""
    raise NotImplementedError


async def by_key(session: Session, *, program_id: str, key: str) -> Reward | None:
    """The reward with this key, or None."""
    raise NotImplementedError


async def all_rewards(session: Session, *, program_id: str) -> tuple[Reward, ...]:
    """Every reward of the program, oldest first."""
    raise NotImplementedError


async def take_one(session: Session, *, program_id: str, reward_id: str) -> bool:
    """Take one from stock; False, and nothing changed, when none is left. Always True without a limit."""
    raise NotImplementedError
