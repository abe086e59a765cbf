"""Events of a wallet. Each has its business time, is recorded once, in any order, and never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from app.domain.engine.redemption import cost_unit
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import Lot
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class PurchaseRecorded:
    """A purchase and the terms that decide it. `facts.rule_facts` are those that were recorded with it.

    `move_id` is the id of the correction that moved it into this wallet, empty if it was recorded here.
    """

    id: str
    customer_id: str
    tie_breaker: str
    facts: PurchaseFacts
    terms: Terms
    move_id: str = ""

    @property
    def at(self) -> datetime:
        """Business time."""
        return self.facts.occurred_at

    @property
    def lot_id(self) -> str:
        """The id of the lot of points it opens: the purchase's id, or one derived from it after a move."""
        return str(uuid5(UUID(self.move_id), self.id)) if self.move_id else self.id


@dataclass(frozen=True, slots=True)
class ReceiptCorrected:
    """A correction of a receipt. `earlier_purchase` is the purchase as this wallet had it, None if another wallet had it.

    The history holds the corrected purchase; this event holds only the earlier version. `at` is the business time of the
    purchase. `retained_budget_usage` is what the purchase took from each budget (by clause key), less what moved to another
    customer with the purchase.
    """

    id: str
    purchase_id: str
    at: datetime
    earlier_purchase: PurchaseRecorded | None
    retained_budget_usage: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundRecorded:
    """A refund: `quantities` that were returned and `amounts` refunded without goods (minor units), each by line number."""

    id: str
    purchase_id: str
    at: datetime
    quantities: Mapping[int, Decimal]
    tie_breaker: str = ""
    amounts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExchangeRecorded:
    """Goods returned as in a refund, in exchange for the goods of a new receipt.

    Up to the price of the returned goods, the new goods replace them. What the new goods cost above that price counts as a
    purchase at the time of the exchange, by amount only. `purchase` is the purchase of the new receipt.
    """

    id: str
    purchase_id: str
    at: datetime
    quantities: Mapping[int, Decimal]
    purchase: PurchaseRecorded
    tie_breaker: str = ""
    amounts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RewardRedeemed:
    """A granted redemption. Events recorded later never withdraw it.

    `reward` is the reward's key; `clause_keys` are those of the clauses that were applied, for limits on uses. A captured
    hold is a redemption at the time the hold began.
    """

    id: str
    customer_id: str
    facts: PurchaseFacts
    terms: Terms
    points: int
    reward: str = ""
    clause_keys: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """Business time."""
        return self.facts.occurred_at

    @property
    def unit(self) -> Unit:
        """The unit of `points`."""
        return cost_unit(self.terms, reward=self.reward)


@dataclass(frozen=True, slots=True)
class RedemptionReversed:
    """A reversal of a redemption: the points return to the lots they were taken from, and the lots keep their dates.

    `usable_until` is the instant until which expired lots can still be spent, if the shop was at fault.
    """

    id: str
    redemption_id: str
    at: datetime
    usable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """Points or stamps held for a reward from `at` until `expires_at`, or until `ended_at` if that is earlier.

    They are held in the lots from which a redemption at `at` would take them. `reward` is the reward's key; its price is
    that of `terms`.
    """

    id: str
    at: datetime
    points: int
    expires_at: datetime
    ended_at: datetime | None = None
    terms: Terms | None = None
    reward: str = ""

    @property
    def ends_at(self) -> datetime:
        """When the points are released."""
        return self.expires_at if self.ended_at is None else min(self.ended_at, self.expires_at)

    @property
    def unit(self) -> Unit:
        """The unit of `points`."""
        return cost_unit(self.terms, reward=self.reward)


@dataclass(frozen=True, slots=True)
class PointsAdjusted:
    """Points or stamps added or removed by staff. The reason is recorded with the adjustment."""

    id: str
    at: datetime
    points: int
    terms: Terms
    unit: Unit = Unit.POINTS


@dataclass(frozen=True, slots=True)
class TransferSent:
    """Points sent to another wallet, by the id of the lot from which they were sent at the time."""

    id: str
    at: datetime
    points_by_lot: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TransferReceived:
    """Points received from another wallet, as lots that keep their dates."""

    id: str
    at: datetime
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class ExpiryNoticeDelivered:
    """An expiry notice for the lots of `lot_ids`, delivered to the customer through a channel."""

    id: str
    at: datetime
    lot_ids: frozenset[str]
    channel: NoticeChannel
