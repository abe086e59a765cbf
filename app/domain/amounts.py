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

from app.domain.details import Detail, InvalidValueError, detail_of

Exact: TypeAlias = Fraction | int
"""A number without rounding error."""

MAX_POINTS = 2**31 - 1
"""The most points that an account can hold: the largest GraphQL Int."""

MAX_MINOR_UNITS = 10**15
"""The largest amount of money: this many minor units."""

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

_DECIMAL_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,10})?")
_MAX_DIGITS = 26


class AmountError(InvalidValueError):
    """An invalid amount: not finite, too precise for its currency, too large, or in an unknown currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (cents, pence, yen) of an ISO 4217 currency.

    Amounts of one currency can be compared; comparing amounts in two currencies raises AmountError.
    """

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Money:
        """The amount in major units as money. Raises AmountError."""
        decimals = DECIMALS.get(currency)
        if decimals is None:
            raise AmountError(detail_of("UNKNOWN_CURRENCY", currency=currency))
        if isinstance(amount, str):
            if not _DECIMAL_NUMBER.fullmatch(amount):
                raise AmountError(detail_of("DECIMAL_NUMBER"))
            amount = Decimal(amount)
        if not amount.is_finite():
            raise AmountError(detail_of("DECIMAL_NUMBER"))
        if amount == 0:
            return cls(0, currency)
        if amount.adjusted() > _MAX_DIGITS:
            raise AmountError(detail_of("TOO_LARGE"))
        # Scaling would round a number with more digits than the decimal context has.
        if len(amount.as_tuple().digits) > _MAX_DIGITS or amount.adjusted() < -_MAX_DIGITS:
            raise AmountError(detail_of("CURRENCY_DECIMALS", currency=currency, decimals=decimals))
        minor_amount = amount.scaleb(decimals)
        minor = int(minor_amount)
        if minor != minor_amount:
            raise AmountError(detail_of("CURRENCY_DECIMALS", currency=currency, decimals=decimals))
        if abs(minor) > MAX_MINOR_UNITS:
            raise AmountError(detail_of("TOO_LARGE"))
        return cls(minor, currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < other.minor_units_in(self.currency)

    def __le__(self, other: Money) -> bool:
        return self.minor <= other.minor_units_in(self.currency)

    def __gt__(self, other: Money) -> bool:
        return self.minor > other.minor_units_in(self.currency)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= other.minor_units_in(self.currency)

    def minor_units_in(self, currency: str) -> int:
        """The minor units. Raises AmountError if the amount is in another currency."""
        if self.currency != currency:
            raise AmountError(detail_of("NOT_COMPARABLE", one=self.currency, other=currency))
        return self.minor

    def decimal(self) -> Decimal:
        """The amount in major units, with as many decimals as the currency has."""
        return Decimal(self.minor).scaleb(-DECIMALS[self.currency])


MAX_EXCHANGE_RATE = Decimal(1_000_000)
"""The most that one major unit of a foreign currency may be worth, in major units."""


def rate_error(rate: Decimal) -> Detail | None:
    """Why a number is not a valid exchange rate; None if it is valid."""
    # Checked first: comparing with NaN raises, and rounding takes time in proportion to the digits of a number.
    if not rate.is_finite() or not 0 < rate <= MAX_EXCHANGE_RATE:
        return detail_of("ABOVE_ZERO_TO", most=MAX_EXCHANGE_RATE)
    return None if rate == round(rate, 12) else detail_of("DECIMALS_MOST", most=12)


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """An exchange rate: one major unit of a foreign currency is worth exactly `rate` major units of `target_currency`."""

    rate: Decimal
    target_currency: str

    def factor(self, *, foreign_currency: str) -> Fraction:
        """The factor from minor units of `foreign_currency` to minor units of `target_currency`."""
        return Fraction(self.rate) * Fraction(10) ** (DECIMALS[self.target_currency] - DECIMALS[foreign_currency])


class Parts(NamedTuple):
    """Exact fractions with a common denominator, of `numerators` in order. Adding them up is cheap."""

    numerators: tuple[int, ...]
    denominator: int = 1

    @classmethod
    def of(cls, values: Iterable[Exact]) -> Parts:
        """The values as fractions with their least common denominator."""
        values = tuple(values)
        if set(map(type, values)) <= {int}:
            return cls(values)  # type: ignore[arg-type]  # mypy does not follow the test
        denominator = lcm(*(value.denominator for value in values))
        return cls(tuple(value.numerator * (denominator // value.denominator) for value in values), denominator)

    def total(self) -> Exact:
        """The sum of the fractions."""
        whole, remainder = divmod(sum(self.numerators), self.denominator)
        return Fraction(whole * self.denominator + remainder, self.denominator) if remainder else whole

    def values(self) -> tuple[Exact, ...]:
        """The fractions, in order."""
        return (
            tuple(Fraction(numerator, self.denominator) for numerator in self.numerators)
            if self.denominator != 1
            else self.numerators
        )

    def scaled(self, numerator: int, denominator: int) -> Parts:
        """Every fraction multiplied by `numerator` / `denominator`."""
        return Parts(tuple(number * numerator for number in self.numerators), self.denominator * denominator)


class Rounding(StrEnum):
    """How a fraction is rounded to a whole number."""

    HALF_UP = "HALF_UP"
    FLOOR = "FLOOR"
    HALF_EVEN = "HALF_EVEN"


def rounded(value: Exact, *, mode: Rounding) -> int:
    """The fraction, rounded to a whole number; HALF_UP rounds halves away from zero, FLOOR towards minus infinity."""
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
    """Whole shares of a total in proportion to weights; they add up to the total.

    Each share is rounded down. The units that are then missing are given, one each, to the shares with the largest
    remainders, of equal remainders to the earlier ones (Hamilton's method). Weights are not negative; if all are 0, the
    first one gets the total.
    """
    if not weights:
        return ()
    whole_weights = Parts.of(weights).numerators
    weight_sum = sum(whole_weights)
    if weight_sum == 0:
        return (total, *([0] * (len(whole_weights) - 1)))
    shares, remainders = zip(*(divmod(total * weight, weight_sum) for weight in whole_weights), strict=True)
    missing = total - sum(shares)
    if not missing:
        return shares
    raised_indexes = sorted(range(len(shares)), key=lambda index: (-remainders[index], index))[:missing]
    return tuple(share + (index in raised_indexes) for index, share in enumerate(shares))
