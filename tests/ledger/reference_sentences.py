"""What the reference notes of what happens to a wallet, for the sentences that are said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.domain.ledger.entries import EntryType
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class PurchaseEarned:
    """A purchase: what was known of its customer stands in the facts."""

    id: str
    at: datetime
    facts: PurchaseFacts
    terms: Terms


@dataclass(slots=True)
class PointsClawedBack:
    """A refund: what was asked for points and stamps, and what became of that.

    `owed` and `stamps_owed` are added to what was owed before; the debts are what is owed after it. `before` and `kept`
    are the first purchase that the goods counted in, as it was kept.
    """

    id: str
    at: datetime
    terms: Terms
    before: PurchaseFacts
    kept: PurchaseFacts
    due: int = 0
    taken: int = 0
    owed: int = 0
    expired: int = 0
    short: int = 0
    restored: int = 0
    forgiven: int = 0
    stamps: int = 0
    stamps_owed: int = 0
    stamps_restored: int = 0
    debt: int = 0
    stamp_debt: int = 0


@dataclass(frozen=True, slots=True)
class PaymentRestored:
    """What had paid for goods came back with them."""

    id: str
    at: datetime
    terms: Terms
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True)
class RedemptionUndone:
    """A redemption was undone: `amount` came back; `overdue` points of that are past their last day and can be spent."""

    id: str
    at: datetime
    terms: Terms
    zone: str
    reward: str
    unit: Unit
    amount: int
    overdue: int
    usable_until: datetime | None


@dataclass(frozen=True, slots=True)
class PointsActivated:
    """Points of a lot waited until now; `left` of them can be spent, the others paid what was owed."""

    lot: str
    at: datetime
    terms: Terms
    zone: str
    points: int
    activated: int


@dataclass(frozen=True, slots=True)
class PointsExpired:
    """Points of a lot are gone after a last day; `late`: they came back after it."""

    lot: str
    at: datetime
    terms: Terms
    zone: str
    points: int
    last_day: date
    late: bool


@dataclass(frozen=True, slots=True)
class PointsMoved:
    """So much of a unit came, or went, without any clause."""

    type: EntryType
    id: str
    at: datetime
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True)
class TierChanged:
    """A tier was reached or lost, by so many points; `falls_at` is when one falls that the points do not come to."""

    at: datetime
    terms: Terms
    before: str | None
    after: str | None
    points: int
    grace_ends_at: datetime | None


WalletChange = (
    PurchaseEarned
    | PointsClawedBack
    | PaymentRestored
    | RedemptionUndone
    | PointsActivated
    | PointsExpired
    | PointsMoved
    | TierChanged
)
