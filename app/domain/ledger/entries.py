"""Ledger entries: each moves points between a customer's account and the program's, and has the hash of the entry before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.domain.amounts import MAX_POINTS
from app.domain.decisions import Decision
from app.domain.ledger.lots import Lot
from app.domain.units import Unit

FIRST_HASH = "0" * 64
"""The previous hash of the first entry of an account."""


class EntryType(StrEnum):
    """What an entry is.

    ACTIVATE makes pending points available and first repays debt from them. MERGE moves all points of a wallet to
    another one, TRANSFER some of them.
    """

    EARN = "EARN"
    REDEEM = "REDEEM"
    CLAWBACK = "CLAWBACK"
    EXPIRE = "EXPIRE"
    REVERSAL = "REVERSAL"
    ADJUST = "ADJUST"
    TRANSFER = "TRANSFER"
    MERGE = "MERGE"
    ACTIVATE = "ACTIVATE"


class CauseKind(StrEnum):
    """Why booked entries had to be corrected: an event was recorded late, or a receipt was corrected."""

    PURCHASE = "PURCHASE"
    REFUND = "REFUND"
    REDEMPTION = "REDEMPTION"
    REVERSAL = "REVERSAL"
    ADJUSTMENT = "ADJUSTMENT"
    AMENDMENT = "AMENDMENT"
    MOVE = "MOVE"


class CounterAccount(StrEnum):
    """The program's account on the other side of an entry; WALLETS stands for the customers' other wallets."""

    ISSUED = "ISSUED"
    REDEEMED = "REDEEMED"
    EXPIRED = "EXPIRED"
    ADJUSTED = "ADJUSTED"
    WALLETS = "WALLETS"


COUNTER_ACCOUNT: Mapping[EntryType, CounterAccount] = {
    EntryType.EARN: CounterAccount.ISSUED,
    EntryType.REDEEM: CounterAccount.REDEEMED,
    EntryType.CLAWBACK: CounterAccount.ISSUED,
    EntryType.EXPIRE: CounterAccount.EXPIRED,
    EntryType.REVERSAL: CounterAccount.REDEEMED,
    EntryType.ADJUST: CounterAccount.ADJUSTED,
    EntryType.TRANSFER: CounterAccount.WALLETS,
    EntryType.MERGE: CounterAccount.WALLETS,
    EntryType.ACTIVATE: CounterAccount.ISSUED,
}
"""The account on the other side, by type of entry: the ledger balances by construction."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Points put into (positive) or taken from (negative) a lot by an entry."""

    id: str
    lot_id: str
    points: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an account. `number` counts from 1; `points` is signed; `decision` is the stored JSON text.

    `subject` is the id of what the entry is about: a purchase, refund, redemption, reversal, adjustment, transfer or merge,
    or the lot that expired or became available. A second entry about one subject corrects the first; its `cause` is the id
    of the event that was recorded late, or of the correction of a receipt. `owed_change` is the
    change of the customer's debt: `points` is the sum of `movements` minus `owed_change`. `previous_hash` is the hash of
    the entry before it.
    """

    id: str
    account_id: str
    number: int
    type: EntryType
    subject: str
    points: int
    owed_change: int
    unit: str
    occurred_at: datetime
    recorded_at: datetime
    purchase_id: str | None
    refund_id: str | None
    redemption_id: str | None
    decision: str
    movements: tuple[Movement, ...]
    new_lots: tuple[Lot, ...]
    previous_hash: str
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, in whole points."""

    available: int = 0
    pending: int = 0
    held: int = 0
    owed: int = 0
    lifetime: int = 0
    qualifying: int = 0

    def has_room_for(self, decision: Decision, *, unit: Unit = Unit.POINTS) -> bool:
        """Whether the account can hold what the decision earns, and all numbers of the decision are in range."""
        return self.lifetime + decision.amount(unit) <= MAX_POINTS and decision.largest_amount() <= MAX_POINTS

    def plus(self, other: Balance) -> Balance:
        """The sum of both balances."""
        return Balance(
            available=self.available + other.available,
            pending=self.pending + other.pending,
            held=self.held + other.held,
            owed=self.owed + other.owed,
            lifetime=self.lifetime + other.lifetime,
            qualifying=self.qualifying + other.qualifying,
        )

    def to_data(self) -> dict[str, int]:
        """The balance as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Balance:
        """The balance that `to_data` wrote."""
        return cls(**data)


def entry_hash(entry: Entry) -> str:
    """SHA-256 over every field of an entry, the dates of its lots, its movements, and the previous hash."""
    fields = (
        entry.previous_hash,
        entry.id,
        entry.account_id,
        entry.number,
        entry.type.value,
        entry.subject,
        entry.points,
        entry.owed_change,
        entry.unit,
        _utc_text(entry.occurred_at),
        _utc_text(entry.recorded_at),
        entry.purchase_id,
        entry.refund_id,
        entry.redemption_id,
        entry.decision,
        entry.cause,
        [(movement.id, movement.lot_id, movement.points) for movement in entry.movements],
        [
            (
                # Not the lot's points: a late event may change them, and the movements contain them.
                lot.id,
                _utc_text(lot.earned_at),
                _utc_text(lot.available_from),
                lot.promised_last_day.isoformat() if lot.promised_last_day is not None else None,
                lot.terms_version,
                lot.zone,
            )
            for lot in entry.new_lots
        ],
    )
    return hashlib.sha256(_ENCODER.encode(fields).encode()).hexdigest()


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def _utc_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry in the ledger, with its stored hash and counter account; `entry.new_lots` are as they are now."""

    entry: Entry
    hash: str
    counter_account: str
