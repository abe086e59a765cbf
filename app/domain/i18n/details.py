"""Details of problems in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.domain.amounts import Money
from app.domain.details import Detail
from app.domain.i18n import Phrasebook, phrasebook_in
from app.domain.i18n.locales import Locale


def detail_sentence(detail: Detail, *, phrasebook: Phrasebook) -> str:
    """What is wrong and what would be right, as a sentence. Raises KeyError if the catalogue has no sentence for the key."""
    return phrasebook(
        f"detail.{detail.key}", **{name: _in_words(value, phrasebook=phrasebook) for name, value in detail.values}
    )


def in_english(detail: Detail) -> str:
    """The sentence of a detail in English, for logs, files and the command line."""
    return detail_sentence(detail, phrasebook=phrasebook_in(Locale.EN))


def _in_words(value: Any, *, phrasebook: Phrasebook) -> str:
    if isinstance(value, Money):
        return phrasebook.money(value)
    if isinstance(value, Decimal):
        return phrasebook.decimal(value)
    return phrasebook.number(value) if isinstance(value, int) else str(value)
