"""Purchases: receipts as they were recorded, once each, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.amounts import Money
from app.domain.facts import PurchaseFacts
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Purchase:
    """A recorded purchase. (`source`, `external_id`) is the receipt; `fingerprint` digests it as it was sent."""

    id: str
    customer_id: str
    source: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    total: Money
    earned: int
    terms_version: int
    fingerprint: str
    facts: PurchaseFacts


async def add(session: Session, *, program_id: str, purchase: Purchase) -> None:
    """Keep a new purchase (with the next statements, see `Session.later`)."""
    raise NotImplementedError


async def by_id(session: Session, *, program_id: str, purchase_id: str) -> Purchase | None:
    """The purchase with this id, or None."""
    raise NotImplementedError


async def by_ids(session: Session, *, program_id: str, purchase_ids: Sequence[str]) -> dict[str, Purchase]:
    """Several purchases by id; ids that are not there are left out."""
    raise NotImplementedError


async def by_receipt(session: Session, *, program_id: str, source: str, external_id: str) -> Purchase | None:
    """The purchase of a receipt, or None."""
    raise NotImplementedError
