"""Transfers of points from one customer's account to another's, lot by lot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.ledger.lots import Lot


@dataclass(frozen=True, slots=True)
class TransferredLot:
    """The transferred part of a lot: from the lot with the id `source` to the new `lot`, which has the same dates."""

    source: str
    lot: Lot


@dataclass(frozen=True, slots=True)
class Transfer:
    """Points that were transferred; `actor` is the id of the access key, None for the command line."""

    id: str
    from_account_id: str
    to_account_id: str
    points: int
    lots: tuple[TransferredLot, ...]
    occurred_at: datetime
    recorded_at: datetime
    reason: str
    actor: str | None
