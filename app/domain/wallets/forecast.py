"""What time will bring to a wallet next, as things stand: points that expire, and points that become available."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.calendar import local_date
from app.domain.ledger.lots import Lot
from app.domain.wallets.unit_account import UnitAccount

_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NextExpiry:
    """Points that expire, after which last valid day at the earliest; `at` is when, None until a notice has reached the customer."""

    last_day: date
    at: datetime | None
    points: int


@dataclass(frozen=True, slots=True)
class NextActivation:
    """Points that can be spent from an instant on."""

    at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class WalletForecast:
    """What expires next and what becomes available next; None where nothing does."""

    expiry: NextExpiry | None
    activation: NextActivation | None


def forecast(wallet: UnitAccount, *, at: datetime) -> WalletForecast:
    """What lies ahead of a wallet that was told up to a moment."""
    waiting = [lot for lot in wallet.inventory.free_lots() if lot.available_from > at]
    first = min((lot.available_from for lot in waiting), default=None)
    activation = None
    if first is not None:
        activation = NextActivation(first, sum(lot.free for lot in waiting if lot.available_from == first))
    ends = list(_ends(wallet, at=at))
    next_end = min(ends, key=_earliest, default=None)
    expiry = None
    if next_end is not None:
        points = sum(end.points for end in ends if _earliest(end) == _earliest(next_end))
        expiry = NextExpiry(next_end.last_day, next_end.at, points)
    return WalletForecast(expiry, activation)


def _earliest(expiry: NextExpiry) -> tuple[date, bool]:
    return expiry.last_day, expiry.at is None


def last_valid_day(wallet: UnitAccount, lot: Lot, *, at: datetime) -> date | None:
    """The last day on which a lot can be spent, as things stand at a moment; None where it never expires.

    One that nobody was told of is valid as long as a notice of that moment would still leave it.
    """
    last = wallet.last_valid_day(lot)
    if last is None:
        return None
    expires_at = wallet.expires_at(lot)
    if expires_at is not None:
        return local_date(expires_at - _BEFORE, zone_name=lot.zone)
    return max(last, local_date(at, zone_name=lot.zone) + timedelta(days=wallet.validity_of(lot).notice_until))


def _ends(wallet: UnitAccount, *, at: datetime) -> Iterator[NextExpiry]:
    """When each lot ends."""
    for lot in wallet.inventory.free_lots():
        last = last_valid_day(wallet, lot, at=at)
        if last is not None:
            yield NextExpiry(last, wallet.expires_at(lot), lot.free)
