"""The scalars of the API: exact and bounded, and sent as text where JSON has no exact type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from app.domain.amounts import DECIMALS
from app.domain.calendar import FIRST_YEAR, LAST_YEAR

CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217, three capitals, in use."""

Locale = NewType("Locale", str)
"""A BCP 47 language tag."""

BigInt = NewType("BigInt", int)
"""A whole number of at most 64 bits, as text on the wire."""

DECIMAL_DIGITS = 30
"""Maximum number of digits of a decimal, those before and after the point together."""

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([Ee][+-]?[0-9]{1,2})?")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_BIG_INT = re.compile(r"-?[0-9]{1,19}")
_MAX_LOCALE_LENGTH = 35


def parse_date_time(value: object) -> datetime:
    """An instant from RFC 3339 text, in UTC, cut to microseconds. Raises GraphQLError."""
    expected = "a date and time with its offset such as 2026-03-14T15:09:26Z or 2026-03-14T16:09:26+01:00"
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise GraphQLError(f"Expected {expected}.")
    day, clock, fraction, offset = match.groups()
    if not FIRST_YEAR <= int(day[:4]) <= LAST_YEAR:
        raise GraphQLError(f"A date and time must lie between the years {FIRST_YEAR} and {LAST_YEAR}.")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{offset.upper()}").astimezone(UTC)
    except ValueError:
        raise GraphQLError(f"Not a date and time that exists. Expected {expected}.") from None


def serialize_date_time(value: object) -> str:
    """The instant in UTC with Z. Raises TypeError on a time without a zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("a DateTime is an aware datetime")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_date(value: object) -> date:
    """A calendar day from YYYY-MM-DD. Raises GraphQLError."""
    expected = "a date such as 2026-03-14"
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise GraphQLError(f"Expected {expected}.")
    if not FIRST_YEAR <= int(value[:4]) <= LAST_YEAR:
        raise GraphQLError(f"A date must lie between the years {FIRST_YEAR} and {LAST_YEAR}.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise GraphQLError(f"Not a date that exists. Expected {expected}.") from None


def serialize_date(value: object) -> str:
    """YYYY-MM-DD. Raises TypeError on anything but a date."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError("a Date is a date without a time")
    return value.isoformat()


def parse_time(value: object) -> time:
    """A time of day from HH:MM or HH:MM:SS. Raises GraphQLError."""
    expected = "a time of day from 00:00 to 23:59:59, such as 09:30 or 09:30:15"
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise GraphQLError(f"Expected {expected}.")
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise GraphQLError(f"Expected {expected}.") from None


def serialize_time(value: object) -> str:
    """HH:MM, or HH:MM:SS when there are seconds. Raises TypeError on anything but a time."""
    if not isinstance(value, time) or value.tzinfo is not None:
        raise TypeError("a Time is a time of day without a zone")
    return value.isoformat("seconds" if value.second else "minutes")


def parse_decimal(value: object) -> Decimal:
    """A finite decimal of at most 30 digits from text. Raises GraphQLError, on a JSON number too."""
    expected = 'a decimal as text such as "12.50"'
    if not isinstance(value, str):
        raise GraphQLError(f"Expected {expected}.")
    if not _DECIMAL.fullmatch(value):
        raise GraphQLError(f"Expected {expected}, of at most {DECIMAL_DIGITS} digits.")
    number = Decimal(value)
    if len(value) > DECIMAL_DIGITS or "e" in value.lower():
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int)
        integer_digits, decimals = max(number.adjusted() + 1, 1), max(-exponent, 0)
        if integer_digits + decimals > DECIMAL_DIGITS:
            raise GraphQLError(f"A decimal has at most {DECIMAL_DIGITS} digits.")
    return number.copy_abs() if number.is_zero() else number


def serialize_decimal(value: object) -> str:
    """Plain digits, never an exponent. Raises TypeError on anything but a finite Decimal."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError("a Decimal is a finite decimal.Decimal")
    return format(value, "f")


def parse_currency(value: object) -> CurrencyCode:
    """A currency in use. Raises GraphQLError."""
    if not isinstance(value, str):
        raise GraphQLError('Expected the code of a currency such as "EUR", as text.')
    if value not in DECIMALS:
        raise GraphQLError("Expected the code of a currency in use (ISO 4217, three capitals) such as EUR.")
    return CurrencyCode(value)


def parse_locale(value: object) -> Locale:
    """A well-formed language tag, even of a language in which Troth has no texts. Raises GraphQLError."""
    expected = "a language tag (BCP 47) of at most 35 characters such as en, de-AT or zh-Hant"
    if not isinstance(value, str) or len(value) > _MAX_LOCALE_LENGTH or not _LOCALE.fullmatch(value):
        raise GraphQLError(f"Expected {expected}.")
    return Locale(value)


def parse_big_int(value: object) -> BigInt:
    """A whole number of at most 64 bits from text. Raises GraphQLError."""
    expected = 'a whole number of at most 64 bits as text such as "12500"'
    if not isinstance(value, str) or not _BIG_INT.fullmatch(value) or not -(2**63) <= int(value) < 2**63:
        raise GraphQLError(f"Expected {expected}.")
    return BigInt(int(value))


def serialize_big_int(value: object) -> str:
    """The number in decimal digits. Raises TypeError on anything but an int."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a BigInt is an int")
    return str(value)


_RFC_3339 = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"

SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant: RFC 3339 text with its offset, from 1900 to 2999, exact to the microsecond. Answers are in UTC, with Z.",
        specified_by_url=_RFC_3339,
        serialize=serialize_date_time,
        parse_value=parse_date_time,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day of the program's zone: YYYY-MM-DD, from 1900 to 2999.",
        specified_by_url=_RFC_3339,
        serialize=serialize_date,
        parse_value=parse_date,
    ),
    time: strawberry.scalar(
        name="Time",
        description="A time of day of the program's zone: HH:MM or HH:MM:SS, from 00:00 to 23:59:59.",
        specified_by_url=_RFC_3339,
        serialize=serialize_time,
        parse_value=parse_time,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description=(
            'An exact number as text such as "12.50": finite, at most 30 digits. JSON numbers are rejected, because '
            "they may have been rounded on the way."
        ),
        specified_by_url="https://speleotrove.com/decimal/daconvs.html",
        serialize=serialize_decimal,
        parse_value=parse_decimal,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="A currency in use: three capitals of ISO 4217 such as EUR.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=str,
        parse_value=parse_currency,
    ),
    Locale: strawberry.scalar(
        name="Locale",
        description="A language tag of BCP 47 such as en, de-AT or zh-Hant, at most 35 characters.",
        specified_by_url="https://www.rfc-editor.org/info/bcp47",
        serialize=str,
        parse_value=parse_locale,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of at most 64 bits as text, because JSON numbers lose digits above 2^53.",
        specified_by_url="https://www.w3.org/TR/xmlschema11-2/#long",
        serialize=serialize_big_int,
        parse_value=parse_big_int,
    ),
}
"""The scalars by their Python types, as StrawberryConfig takes them (`scalar_map`)."""
