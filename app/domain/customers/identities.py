"""Customer identities, normalised to one spelling."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import phonenumbers

from app.domain.details import InvalidValueError, detail_of, length_detail
from app.domain.names import normalised_identifier


class IdentityKind(StrEnum):
    """What identifies a customer."""

    CARD = "CARD"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    TOKEN = "TOKEN"  # noqa: S105 - the name of a kind, no secret
    EXTERNAL_ID = "EXTERNAL_ID"


class IdentityError(InvalidValueError):
    """An invalid identity. The detail does not contain it."""


_PHONE = re.compile(r"(?i:tel:)?[\d\s+()\[\]./‐-―\u2212-]+")
"""A telephone number as people write it. Letters are excluded: `phonenumbers` would take them for digits or drop them."""

_CARD = re.compile(r"[A-Za-z0-9]{4,64}")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")
_CARD_SEPARATOR = re.compile(r"[\s‐-―\u2212-]")
"""Separators between groups of digits on a card: spaces and dashes."""
_GTIN = re.compile(r"[0-9]{11,14}")
MAX_IDENTITY_LENGTH = 254
"""The most characters of an identity."""


def normalised_identity(kind: IdentityKind, text: str, *, region: str) -> str:
    """The one spelling of an identity; `region` (ISO 3166) is the country of phone numbers without a country code.

    Full-width characters become their ordinary forms, and invisible characters of a pasted text are removed. Raises
    IdentityError.
    """
    if len(text) > MAX_IDENTITY_LENGTH or len(text := normalised_identifier(text)) > MAX_IDENTITY_LENGTH:
        raise IdentityError(detail_of("TOO_LONG"))
    if kind is IdentityKind.PHONE:
        return _normalised_phone(text, region=region)
    if kind is IdentityKind.EMAIL:
        address = normalised_identifier(text.lower())
        if not _EMAIL.fullmatch(address):
            raise IdentityError(detail_of("EMAIL"))
        return address
    if kind is IdentityKind.CARD:
        return _normalised_card(text)
    if kind is IdentityKind.EXTERNAL_ID:
        if not 1 <= len(text) <= 200:
            raise IdentityError(length_detail(1, 200))
        return text
    if not _TOKEN.fullmatch(text):
        raise IdentityError(detail_of("PRINTABLE", most=200))
    return text


def _normalised_card(text: str) -> str:
    """The letters and digits of a card number. A number with a valid GS1 check digit is padded with zeros to 12 digits.

    Scanners report the same 12-digit code (UPC-A) with one leading zero (EAN-13), with two (GTIN-14), or without its
    own leading zero.
    """
    card = _CARD_SEPARATOR.sub("", text)
    if not card.isascii():
        card = "".join(
            str(unicodedata.decimal(character)) if character.isdecimal() else character for character in card
        )
    if not _CARD.fullmatch(card):
        raise IdentityError(detail_of("CARD"))
    card = card.upper()
    return card.lstrip("0").zfill(12) if _GTIN.fullmatch(card) and _has_valid_check_digit(card) else card


def _has_valid_check_digit(digits: str) -> bool:
    """Whether a number ends with its check digit by GS1 (General Specifications, 7.9).

    From the right, the digits are weighted 1 and 3 in turn; the sum with the check digit is a multiple of 10.
    """
    from_right = [int(digit) for digit in reversed(digits)]
    return (sum(from_right[::2]) + 3 * sum(from_right[1::2])) % 10 == 0


def _normalised_phone(text: str, *, region: str) -> str:
    if not _PHONE.fullmatch(text):
        raise IdentityError(detail_of("PHONE_DIGITS"))
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise IdentityError(detail_of("PHONE")) from error
    if not phonenumbers.is_possible_number(number):
        raise IdentityError(detail_of("PHONE"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked_identity(kind: IdentityKind, value: str) -> str:
    """The part of an identity that a till may show: enough to compare, not enough to copy."""
    if kind is IdentityKind.EMAIL:
        name, _, domain = value.partition("@")
        return f"{name[0]}•••@{domain}"
    return f"•••{value[-4:]}" if len(value) > 6 else "•••"


@dataclass(frozen=True, slots=True)
class Identity:
    """One normalised identity of a customer; `id` is the id of the identity itself."""

    id: str
    customer_id: str
    kind: IdentityKind
    value: str
    created_at: datetime
