"""The next expiry and the next activation of points in a wallet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.calendar import local_date
from app.domain.ledger.lots import Lot
from app.domain.wallets.unit_account import UnitAccount

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NextExpiry:
    """The points that expire next, and the last day on which they can be spent.

    `at` is when they expire, None until an expiry notice has been delivered.
    """

    last_day: date
    at: datetime | None
    points: int


@dataclass(frozen=True, slots=True)
class NextActivation:
    """Pending points that become available next."""

    at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class WalletForecast:
    """The next expiry and the next activation; each is None if there is none."""

    expiry: NextExpiry | None
    activation: NextActivation | None


def wallet_forecast(unit_account: UnitAccount, *, at: datetime) -> WalletForecast:
    """The forecast for a unit account that was advanced to `at`."""
    pending_lots = [lot for lot in unit_account.inventory.free_lots() if lot.available_from > at]
    first_activation = min((lot.available_from for lot in pending_lots), default=None)
    activation = None
    if first_activation is not None:
        activation = NextActivation(
            first_activation, sum(lot.free for lot in pending_lots if lot.available_from == first_activation)
        )
    expiries = list(_lot_expiries(unit_account, at=at))
    first_expiry = min(expiries, key=_expiry_order, default=None)
    expiry = None
    if first_expiry is not None:
        points = sum(expiry.points for expiry in expiries if _expiry_order(expiry) == _expiry_order(first_expiry))
        expiry = NextExpiry(first_expiry.last_day, first_expiry.at, points)
    return WalletForecast(expiry, activation)


def _expiry_order(expiry: NextExpiry) -> tuple[date, bool]:
    """Sort key: the last day, then announced expiries before those that await a notice."""
    return expiry.last_day, expiry.at is None


def last_spendable_day(unit_account: UnitAccount, lot: Lot, *, at: datetime) -> date | None:
    """The last day on which a lot can be spent, as known at an instant; None if it never expires.

    While a lot still needs a notice, it is the last day that there would be if one were delivered at that instant.
    """
    last_day = unit_account.current_last_day(lot)
    if last_day is None:
        return None
    expires_at = unit_account.expires_at(lot)
    if expires_at is not None:
        return local_date(expires_at - _MICROSECOND, zone_name=lot.zone)
    return max(
        last_day, local_date(at, zone_name=lot.zone) + timedelta(days=unit_account.validity_of(lot).notice_until)
    )


def _lot_expiries(unit_account: UnitAccount, *, at: datetime) -> Iterator[NextExpiry]:
    """The expiry of each lot with free points that expires at all."""
    for lot in unit_account.inventory.free_lots():
        last_day = last_spendable_day(unit_account, lot, at=at)
        if last_day is not None:
            yield NextExpiry(last_day, unit_account.expires_at(lot), lot.free)
