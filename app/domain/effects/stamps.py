"""Stamps on a card, a unit of their own beside points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.counting import Counted
from app.domain.effects.effect import ClauseKind, Effect
from app.domain.rule import stated
from app.domain.wording import Wording

MOST_STAMPS = 100


class StampOccasion(StrEnum):
    """What is stamped: a visit with a purchase, or each piece that counts."""

    VISIT = "VISIT"
    ITEM = "ITEM"


@dataclass(frozen=True, slots=True)
class Stamps(Effect):
    """`stamps` for each purchase, or for each whole piece, of what the clause counts.

    It earns no points, so it does not compete with the clauses that do; those of several clauses are added up. What a
    refund takes back is owed where it is no longer there.
    """

    kind: ClassVar[str] = "stamps"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.EARNING
    benefit: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Stamps, which buy rewards that cost stamps; a refund takes them back, from later ones where they are gone."
    )
    stamps: int = stated(f"Stamps, 1 to {MOST_STAMPS}.")
    per: StampOccasion = stated("For what.", default=StampOccasion.VISIT)

    @property
    def once(self) -> bool:
        """Whether it gives a fixed number, and not one for each item."""
        return self.per is StampOccasion.VISIT

    def earn(self, purchase: Counted) -> int:
        """The stamps for what the clause counts: none where that is nothing."""
        if self.per is StampOccasion.ITEM:
            return self.stamps * purchase.pieces()
        return self.stamps if purchase.lines else 0

    def sentence(self, say: Wording) -> str:
        """So many stamps for that."""
        return say(f"stamps.{self.per.value}", stamps=say.counted("stamps", self.stamps))

    def addition(self, say: Wording) -> str:
        """That a refund takes them back."""
        return say("stamps.refunds")

    def at_least_as_good(self, other: Effect) -> bool:
        """As many for the same."""
        return isinstance(other, Stamps) and self.per is other.per and self.stamps >= other.stamps

    def problem(self) -> str | None:
        """No stamp, or too many."""
        return None if 1 <= self.stamps <= MOST_STAMPS else f"stamps are 1 to {MOST_STAMPS}"
