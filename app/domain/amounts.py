"""Money, points, and the rounding and allocation of fractions. Never a float."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from app.domain.details import Detail, InvalidValueError, detail

Exact: TypeAlias = Fraction | int
"""A number without rounding error."""

MAX_POINTS = 2**31 - 1
"""The most points an account can hold: what a GraphQL Int can carry."""

MAX_MINOR = 10**15
"""The largest amount of money, in minor units."""

_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"

DECIMALS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(_TWO_DECIMALS.split(), 2),
        **dict.fromkeys(_NO_DECIMALS.split(), 0),
        **dict.fromkeys(_THREE_DECIMALS.split(), 3),
        **dict.fromkeys(_FOUR_DECIMALS.split(), 4),
    }
)
"""Decimals of each currency in use (ISO 4217)."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,10})?")
_MAX_DIGITS = 26


class AmountError(InvalidValueError):
    """An invalid amount: not finite, too precise for its currency, too large, or in an unknown currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (cents, pence, yen) of an ISO 4217 currency.

    Amounts of one currency have an order; comparing amounts of two raises AmountError.
    """

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Money:
        """The amount in major units as money. Raises AmountError."""
        decimals = DECIMALS.get(currency)
        if decimals is None:
            raise AmountError(detail("UNKNOWN_CURRENCY", currency=currency))
        if isinstance(amount, str):
            if not _NUMBER.fullmatch(amount):
                raise AmountError(detail("DECIMAL_NUMBER"))
            amount = Decimal(amount)
        if not amount.is_finite():
            raise AmountError(detail("DECIMAL_NUMBER"))
        if amount == 0:
            return cls(0, currency)
        if amount.adjusted() > _MAX_DIGITS:
            raise AmountError(detail("TOO_LARGE"))
        # Scaling rounds to the digits of the decimal context, so a longer number cannot be let near it.
        if len(amount.as_tuple().digits) > _MAX_DIGITS or amount.adjusted() < -_MAX_DIGITS:
            raise AmountError(detail("CURRENCY_DECIMALS", currency=currency, decimals=decimals))
        scaled = amount.scaleb(decimals)
        minor = int(scaled)
        if minor != scaled:
            raise AmountError(detail("CURRENCY_DECIMALS", currency=currency, decimals=decimals))
        if abs(minor) > MAX_MINOR:
            raise AmountError(detail("TOO_LARGE"))
        return cls(minor, currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < other.of_currency(self.currency)

    def __le__(self, other: Money) -> bool:
        return self.minor <= other.of_currency(self.currency)

    def __gt__(self, other: Money) -> bool:
        return self.minor > other.of_currency(self.currency)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= other.of_currency(self.currency)

    def of_currency(self, currency: str) -> int:
        """The minor units. Raises AmountError if the amount is in another currency."""
        if self.currency != currency:
            raise AmountError(detail("NOT_COMPARABLE", one=self.currency, other=currency))
        return self.minor

    def decimal(self) -> Decimal:
        """The amount in major units, with as many decimals as the currency has."""
        return Decimal(self.minor).scaleb(-DECIMALS[self.currency])


MAX_EXCHANGE_RATE = Decimal(1_000_000)
"""The most that one unit of a foreign currency may be worth."""


def rate_problem(rate: Decimal) -> Detail | None:
    """Why a number is not a valid exchange rate, or None."""
    # Checked first: comparing with NaN raises, and rounding takes time in proportion to the digits of a number.
    if not rate.is_finite() or not 0 < rate <= MAX_EXCHANGE_RATE:
        return detail("ABOVE_ZERO_TO", most=MAX_EXCHANGE_RATE)
    return None if rate == round(rate, 12) else detail("DECIMALS_MOST", most=12)


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """An exchange rate: one unit of the foreign currency is `rate` units of `into`, in major units and exact."""

    rate: Decimal
    into: str

    def factor(self, *, foreign: str) -> Fraction:
        """The factor from minor units of the foreign currency to minor units of `into`."""
        return Fraction(self.rate) * Fraction(10) ** (DECIMALS[self.into] - DECIMALS[foreign])


class Parts(NamedTuple):
    """Exact fractions over one denominator: each is a numerator over `denominator`. Adding them up is cheap."""

    numerators: tuple[int, ...]
    denominator: int = 1

    @classmethod
    def of(cls, values: Iterable[Exact]) -> Parts:
        """The values over their least common denominator."""
        values = tuple(values)
        if set(map(type, values)) <= {int}:
            return cls(values)  # type: ignore[arg-type]  # mypy does not follow the test
        denominator = lcm(*(value.denominator for value in values))
        return cls(tuple(value.numerator * (denominator // value.denominator) for value in values), denominator)

    def total(self) -> Exact:
        """The sum."""
        whole, rest = divmod(sum(self.numerators), self.denominator)
        return Fraction(whole * self.denominator + rest, self.denominator) if rest else whole

    def each(self) -> tuple[Exact, ...]:
        """The values one by one."""
        return (
            tuple(Fraction(numerator, self.denominator) for numerator in self.numerators)
            if self.denominator != 1
            else self.numerators
        )

    def scaled(self, numerator: int, denominator: int) -> Parts:
        """Every part times a fraction."""
        return Parts(tuple(number * numerator for number in self.numerators), self.denominator * denominator)


class Rounding(StrEnum):
    """How a fraction of a point becomes whole."""

    HALF_UP = "HALF_UP"
    FLOOR = "FLOOR"
    HALF_EVEN = "HALF_EVEN"


def rounded(value: Exact, *, mode: Rounding) -> int:
    """The whole number for a fraction; HALF_UP rounds halves away from zero, FLOOR towards minus infinity."""
    if isinstance(value, int):
        return value
    if mode is Rounding.FLOOR:
        return value.__floor__()
    if mode is Rounding.HALF_EVEN:
        return round(value)
    numerator, denominator = value.numerator, value.denominator
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def allocate_proportionally(total: int, *, weights: Sequence[Exact]) -> tuple[int, ...]:
    """A total allocated in proportion to weights by largest remainder, ties to the lower index.

    Without any positive weight everything falls to the first weight. Weights are not negative. The shares add up to
    the total. (Hamilton's method.)
    """
    if not weights:
        return ()
    parts = Parts.of(weights).numerators
    whole = sum(parts)
    if whole == 0:
        return (total, *([0] * (len(parts) - 1)))
    shares, rests = zip(*(divmod(total * part, whole) for part in parts), strict=True)
    missing = total - sum(shares)
    if not missing:
        return shares
    largest = sorted(range(len(parts)), key=lambda index: (-rests[index], index))[:missing]
    return tuple(share + (index in largest) for index, share in enumerate(shares))
