"""Mergers: one wallet becomes part of another, because two customers are one person or share a household."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Merger:
    """The merge of a customer's wallet into another one.

    `survivor_id` is the customer who continues in place of the customer; None if both continue, with a shared wallet.
    """

    id: str
    customer_id: str
    survivor_id: str | None
    from_wallet_id: str
    to_wallet_id: str
    occurred_at: datetime
    recorded_at: datetime
    reason: str
    actor: str | None
