"""The changes that the reference wallet records, for the sentences expected about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.domain.ledger.entries import EntryType
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class PurchaseEarned:
    """A purchase; its facts contain what was known of the customer."""

    id: str
    at: datetime
    facts: PurchaseFacts
    terms: Terms


@dataclass(slots=True)
class PointsClawedBack:
    """A refund: the points and stamps due, and where they were taken from.

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
    """Points or stamps that had paid for returned goods and were restored with them."""

    id: str
    at: datetime
    terms: Terms
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True)
class RedemptionUndone:
    """A reversed redemption: `amount` was restored; `overdue` points of that are past their last day but can be spent."""

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
    """Pending points of a lot that became available; `activated` of them can be spent, the others repaid debts."""

    lot: str
    at: datetime
    terms: Terms
    zone: str
    points: int
    activated: int


@dataclass(frozen=True, slots=True)
class PointsExpired:
    """Expired points of a lot; `late`: they were restored to it after its last day."""

    lot: str
    at: datetime
    terms: Terms
    zone: str
    points: int
    last_day: date
    late: bool


@dataclass(frozen=True, slots=True)
class PointsMoved:
    """An amount of a unit that was added or taken without any clause."""

    type: EntryType
    id: str
    at: datetime
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True)
class TierChanged:
    """A tier reached or lost, with the qualifying points; `grace_ends_at`: when a tier held in its grace period is lost."""

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
