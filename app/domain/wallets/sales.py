"""Purchases of a wallet, and what has come back of them since."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.amounts import Exact
from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.wallets.happenings import Bought


@dataclass(slots=True)
class Sale:
    """A purchase as it was decided, and what has come back of it since. `base` are its points towards a level."""

    bought: Bought
    facts: PurchaseFacts
    decision: Decision
    kept: dict[int, Decimal]
    base: int
    due: int = 0
    stamps_due: int = 0
    worth: dict[int, Exact] = field(default_factory=dict)
    paid_back: dict[str, int] = field(default_factory=dict)
    """The points that came back of each redemption that it was paid with."""
