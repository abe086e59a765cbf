"""How long a quoted price is honoured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

MAX_MINUTES = 10_080


@dataclass(frozen=True, slots=True)
class QuoteValidity(Effect):
    """Whoever redeems by a quote within `minutes` pays exactly the price that it states, whatever has changed since."""

    kind: ClassVar[str] = "quote_validity"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = (
        "How long a quoted price of a reward is honoured. Left out: prices are not quoted. Not enforced yet, so it cannot be published."
    )
    minutes: int = rule_field(f"Minutes from the quote on, 1 to {MAX_MINUTES:,}.")

    def sentence(self, phrasebook: Phrasebook) -> str:
        """How many minutes a quoted price holds."""
        return phrasebook("quote_validity", minutes=phrasebook.counted("minutes", self.minutes))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether a quote is valid for at least as long."""
        return isinstance(other, QuoteValidity) and self.minutes >= other.minutes

    def validation_error(self) -> Detail | None:
        """Why `minutes` is out of range, or None."""
        return None if 1 <= self.minutes <= MAX_MINUTES else range_detail(1, MAX_MINUTES)

    def is_unenforced(self) -> bool:
        """True: prices are not quoted yet."""
        return True
