"""The name of a program in public addresses: `/p/SLUG`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from app.domain.details import Detail, key_detail

MIN_SLUG_LENGTH, MAX_SLUG_LENGTH = 3, 40
"""The fewest and the most characters of a slug."""

_SLUG = re.compile(rf"[a-z0-9-]{{{MIN_SLUG_LENGTH},{MAX_SLUG_LENGTH}}}")
_DEFAULT_SLUG = "program"
"""The slug of a program whose name has too few Latin letters and digits."""
_TWO_LETTER_SPELLINGS = {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe"}
"""Letters that are replaced by two ASCII letters."""


class SlugTaken(Exception):
    """Another program of the deployment has the slug."""


def slug_error(text: str) -> Detail | None:
    """What is wrong with a slug; None if it is valid."""
    return None if _SLUG.fullmatch(text) else key_detail(MAX_SLUG_LENGTH, least=MIN_SLUG_LENGTH)


def slug_of_name(name: str) -> str:
    """A slug that resembles a program's name: "Café Größe" becomes "cafe-groesse"."""
    latin = "".join(_TWO_LETTER_SPELLINGS.get(letter, letter) for letter in unicodedata.normalize("NFC", name.lower()))
    ascii_only = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’]", "", ascii_only))[:MAX_SLUG_LENGTH].strip("-")
    return slug if len(slug) >= MIN_SLUG_LENGTH else _DEFAULT_SLUG


def free_slug(wanted: str, *, taken_slugs: Collection[str]) -> str:
    """The `wanted` slug if it is free, otherwise with the lowest free number from 2 behind it, such as "cafe-2"."""
    slug, number = wanted, 1
    while slug in taken_slugs:
        number += 1
        suffix = f"-{number}"
        slug = wanted[: MAX_SLUG_LENGTH - len(suffix)] + suffix
    return slug
