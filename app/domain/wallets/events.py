"""What can happen to a wallet, each with its business time. Facts: recorded once, never changed, in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from app.domain.engine.redemption import cost_unit
from app.domain.ledger.lots import Lot
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects.points_validity import NoticeChannel
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class PurchaseRecorded:
    """A purchase, with the terms it is judged by. `facts.member` is what was recorded of the customer then.

    `moved_by` is the correction by which it came into this wallet, empty where it always was in it.
    """

    id: str
    customer_id: str
    external_id: str
    facts: PurchaseFacts
    terms: Terms
    moved_by: str = ""

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.facts.occurred_at

    @property
    def lot_id(self) -> str:
        """The lot of points that it brings. The purchase's own id stands for the lot in the wallet where it was first."""
        return str(uuid5(UUID(self.moved_by), self.id)) if self.moved_by else self.id


@dataclass(frozen=True, slots=True)
class ReceiptCorrected:
    """A receipt that had been recorded wrongly: `before` is what stood of it here until then, None where it stood elsewhere.

    What is known of the purchase now is in the story; this says only what was known before. `at` is its business time.
    `left_behind` is what the purchase took of each budget, less what went along to another customer.
    """

    id: str
    purchase_id: str
    at: datetime
    before: PurchaseRecorded | None
    retained_budget_usage: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundRecorded:
    """Goods of a purchase that came back, by line number, and money that was given back without goods, in minor units."""

    id: str
    purchase_id: str
    at: datetime
    lines: Mapping[int, Decimal]
    external_id: str = ""
    amounts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExchangeRecorded:
    """Goods of a purchase that came back, as in a refund, for others of a new receipt.

    What was handed out stands in the place of what came back, up to its price; what costs more is a purchase of the
    moment by amount alone.
    """

    id: str
    purchase_id: str
    at: datetime
    lines: Mapping[int, Decimal]
    purchase: PurchaseRecorded
    external_id: str = ""
    amounts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RewardRedeemed:
    """A redemption that was granted: it is never withdrawn, whatever arrives later.

    `reward` is its key, `clauses` are those that were applied, for what is limited to so many times. A hold that was
    captured is a redemption at the time when the hold began.
    """

    id: str
    customer_id: str
    facts: PurchaseFacts
    terms: Terms
    points: int
    reward: str = ""
    clauses: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.facts.occurred_at

    @property
    def unit(self) -> Unit:
        """What it was paid with; `points` are of this unit."""
        return cost_unit(self.terms, reward=self.reward)


@dataclass(frozen=True, slots=True)
class RedemptionReversed:
    """A redemption undone: the very lots come back with their dates.

    `usable_until` is the last instant until which lots past their date stay usable, where the shop was at fault.
    """

    id: str
    redemption_id: str
    at: datetime
    usable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """Points or stamps reserved for a reward from `at` on: let go at `ended_at` or, while that is None, at `until`.

    The lots are those that a redemption at that time takes: `reward` is its key, `terms` are those that price it.
    """

    id: str
    at: datetime
    points: int
    until: datetime
    ended_at: datetime | None = None
    terms: Terms | None = None
    reward: str = ""

    @property
    def ends_at(self) -> datetime:
        """When the points are free again."""
        return self.until if self.ended_at is None else min(self.ended_at, self.until)

    @property
    def unit(self) -> Unit:
        """What is reserved; `points` are of this unit."""
        return cost_unit(self.terms, reward=self.reward)


@dataclass(frozen=True, slots=True)
class PointsAdjusted:
    """Points or stamps given or taken by staff, with a reason that stands in the record."""

    id: str
    at: datetime
    points: int
    terms: Terms
    unit: Unit = Unit.POINTS


@dataclass(frozen=True, slots=True)
class TransferSent:
    """Points that went to another wallet: `draws` says how many of which lot, as it was decided then."""

    id: str
    at: datetime
    draws: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TransferReceived:
    """Points that came from another wallet, as lots with the dates that they had there."""

    id: str
    at: datetime
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class ExpiryNoticeDelivered:
    """A notice of the expiry of these lots that reached the customer through a channel."""

    id: str
    at: datetime
    lots: frozenset[str]
    channel: NoticeChannel
