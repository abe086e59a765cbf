"""Refunds: what came back of a purchase, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a purchase.

    `lines` are the quantities given back by line number, `cash` the money in minor units, `due` and `taken` the points
    that had to go back and that did.
    """

    id: str
    purchase_id: str
    external_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    lines: Mapping[int, Decimal]
    cash: int
    due: int
    taken: int
    reason: str | None


async def add(session: Session, *, program_id: str, refund: Refund) -> None:
    """Keep a new refund (with the next statements, see `Session.later`)."""
    raise NotImplementedError


async def of_purchase(session: Session, *, program_id: str, purchase_id: str) -> tuple[Refund, ...]:
    """Every refund of a purchase, in the order they were recorded."""
    raise NotImplementedError


async def by_receipt(session: Session, *, program_id: str, external_id: str) -> Refund | None:
    """The refund with this receipt number, or None."""
    raise NotImplementedError


async def by_ids(session: Session, *, program_id: str, refund_ids: Sequence[str]) -> dict[str, Refund]:
    """Several refunds by id; ids that are not there are left out."""
    raise NotImplementedError
