"""Redemptions: rewards that customers were given for points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.facts import PurchaseFacts
from app.store.unit import Session


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


async def add(session: Session, *, program_id: str, redemption: Redemption) -> None:
    """Keep a new redemption (with the next statements, see `Session.later`)."""
    raise NotImplementedError


async def by_ids(session: Session, *, program_id: str, redemption_ids: Sequence[str]) -> dict[str, Redemption]:
    """Several redemptions by id; ids that are not there are left out."""
    raise NotImplementedError


async def taken_of_rewards(session: Session, *, program_id: str) -> dict[str, int]:
    """How many of each reward (by id) were given, for the proof of the stock."""
    raise NotImplementedError
