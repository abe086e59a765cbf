"""The name of a program in public addresses: `/p/SLUG`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from app.domain.details import Detail, key_format

SHORTEST, LONGEST = 3, 40
"""Characters of a slug."""

_SLUG = re.compile(rf"[a-z0-9-]{{{SHORTEST},{LONGEST}}}")
_UNNAMED = "program"
"""The slug of a program whose name has too few Latin letters and digits."""
_SPELLED = {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe"}
"""Letters that are spelled with two where they are not available."""


class SlugTaken(Exception):
    """Another program of the deployment has the slug."""


def slug_problem(text: str) -> Detail | None:
    """What is wrong with a slug, or None."""
    return None if _SLUG.fullmatch(text) else key_format(LONGEST, least=SHORTEST)


def slug_of_name(name: str) -> str:
    """A slug that resembles a program's name: "Café Größe" becomes "cafe-groesse"."""
    spelled = "".join(_SPELLED.get(letter, letter) for letter in unicodedata.normalize("NFC", name.lower()))
    ascii_only = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’]", "", ascii_only))[:LONGEST].strip("-")
    return slug if len(slug) >= SHORTEST else _UNNAMED


def free_slug(wanted: str, *, taken: Collection[str]) -> str:
    """The slug, with the first number from 2 behind it that makes it one of its own."""
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        suffix = f"-{number}"
        slug = wanted[: LONGEST - len(suffix)] + suffix
    return slug
