"""What customers are recognised by, in one spelling each."""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers


class IdentityKind(StrEnum):
    """What an identity is."""

    CARD = "CARD"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    TOKEN = "TOKEN"  # noqa: S105 - the name of a kind, no secret
    EXTERNAL_ID = "EXTERNAL_ID"


class IdentityError(ValueError):
    """A text that cannot be an identity of its kind. The message does not repeat it."""


_DIALLED = re.compile(r"(?i:tel:)?[\d\s+＋()（）\[\].．/／‐-―－-]+")
"""A telephone number as it is written. Letters would be read as digits of their keys, or as an extension and dropped."""

_CARD = re.compile(r"[A-Z0-9]{4,64}")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
_EXACT = re.compile(r"[\x21-\x7e]{1,200}")


def normalised(kind: IdentityKind, text: str, *, region: str) -> str:
    """The one spelling of an identity; `region` (ISO 3166) is for phone numbers without a country code.

    Raises IdentityError.
    """
    if len(text) > 254:
        raise IdentityError("too long")
    if kind is IdentityKind.PHONE:
        return _phone(text, region=region)
    if kind is IdentityKind.EMAIL:
        address = text.strip().lower()
        if not _EMAIL.fullmatch(address):
            raise IdentityError("not an e-mail address")
        return address
    if kind is IdentityKind.CARD:
        card = re.sub(r"[\s-]", "", text).upper()
        if not _CARD.fullmatch(card):
            raise IdentityError("a card number has 4 to 64 letters and digits")
        return card
    if not _EXACT.fullmatch(text):
        raise IdentityError("1 to 200 printable ASCII characters without spaces")
    return text


def _phone(text: str, *, region: str) -> str:
    if not _DIALLED.fullmatch(text):
        raise IdentityError("a telephone number is written in digits, without an extension")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise IdentityError("not a telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise IdentityError("not a telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(kind: IdentityKind, value: str) -> str:
    """An identity as a till may show it: enough to compare, not enough to copy."""
    if kind is IdentityKind.EMAIL:
        name, _, domain = value.partition("@")
        return f"{name[0]}•••@{domain}"
    return f"•••{value[-4:]}" if len(value) > 6 else "•••"
