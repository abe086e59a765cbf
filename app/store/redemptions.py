"""Redemptions: rewards that customers were given for points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.facts import PurchaseFacts
from app.store.unit import Row, Session
from app.store.values import instant, json_text, json_value


class RedemptionState(StrEnum):
    """How far a redemption got."""

    FULFILLED = "FULFILLED"


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption: who got what for how many points, judged on which facts under which terms."""

    id: str
    customer_id: str
    reward_id: str
    state: RedemptionState
    points: int
    occurred_at: datetime
    recorded_at: datetime
    facts: PurchaseFacts
    terms_version: int


_COLUMNS = "id, customer_id, reward_id, state, points, occurred_at, recorded_at, facts, terms_version"


async def add(session: Session, *, program_id: str, redemption: Redemption) -> None:
    """Keep a new redemption (with the next statements, see `Session.later`)."""
    await session.later(
        f"INSERT INTO redemptions ({_COLUMNS}, program_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        redemption.id,
        redemption.customer_id,
        redemption.reward_id,
        redemption.state.value,
        redemption.points,
        redemption.occurred_at,
        redemption.recorded_at,
        json_text(redemption.facts.to_data()),
        redemption.terms_version,
        program_id,
    )


async def by_ids(session: Session, *, program_id: str, redemption_ids: Sequence[str]) -> dict[str, Redemption]:
    """Several redemptions by id; ids that are not there are left out."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM redemptions WHERE program_id = $1 AND id = ANY($2)", program_id, list(redemption_ids)
    )
    return {row["id"]: _redemption(row) for row in rows}


async def taken_of_rewards(session: Session, *, program_id: str) -> dict[str, int]:
    """How many of each reward (by id) were given, for the proof of the stock."""
    rows = await session.rows(
        "SELECT reward_id, count(*) AS given FROM redemptions WHERE program_id = $1 GROUP BY reward_id", program_id
    )
    return {row["reward_id"]: row["given"] for row in rows}


def _redemption(row: Row) -> Redemption:
    return Redemption(
        id=row["id"],
        customer_id=row["customer_id"],
        reward_id=row["reward_id"],
        state=RedemptionState(row["state"]),
        points=row["points"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        facts=PurchaseFacts.from_data(json_value(row["facts"])),
        terms_version=row["terms_version"],
    )


async def count(session: Session, *, program_id: str) -> int:
    """How many redemptions the program has."""
    row = await session.row("SELECT count(*) AS n FROM redemptions WHERE program_id = $1", program_id)
    return int(row["n"]) if row is not None else 0
