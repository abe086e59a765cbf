"""What happens when several earning clauses fit one purchase."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field


class CombinationMode(StrEnum):
    """Which of several earning clauses count: the one that gives most, all of them, or the first one."""

    BEST = "BEST"
    STACK = "STACK"
    FIRST = "FIRST"


@dataclass(frozen=True, slots=True)
class Combination(Effect):
    """BEST: the one clause that gives most. STACK: all, added exactly and rounded once. FIRST: the first that fits.

    The same holds for several multipliers; bonuses always come on top.
    """

    kind: ClassVar[str] = "combination"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    description: ClassVar[str] = (
        "What happens when several earning clauses fit one purchase. Standard clause; default BEST."
    )
    mode: CombinationMode = rule_field(
        "Whether the clause that gives most counts, all of them, or the first one.", default=CombinationMode.BEST
    )

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Which clauses count."""
        return phrasebook(f"combination.{self.mode.value}")

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it gives at least as much: all together give no less than the best one, and the best one no less than the first."""
        order = (CombinationMode.FIRST, CombinationMode.BEST, CombinationMode.STACK)
        return isinstance(other, Combination) and order.index(self.mode) >= order.index(other.mode)
