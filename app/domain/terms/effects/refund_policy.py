"""What happens to the points of returned goods."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field
from app.domain.units import Unit


class RefundMode(StrEnum):
    """How far points are clawed back: down to a balance of zero, or below it."""

    CLAMP_TO_ZERO = "CLAMP_TO_ZERO"
    ALLOW_NEGATIVE = "ALLOW_NEGATIVE"


@dataclass(frozen=True, slots=True)
class RefundPolicy(Effect):
    """A refund claws back the points that the remaining goods would not have earned, down to a balance of zero or below zero."""

    kind: ClassVar[str] = "refund_policy"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    description: ClassVar[str] = "What happens to the points of returned goods. Standard clause."
    mode: RefundMode = rule_field("How far points are clawed back.", default=RefundMode.CLAMP_TO_ZERO)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Which points are clawed back."""
        return phrasebook(f"refund_policy.{self.mode.value}")

    def sentence_for_units(self, units: tuple[Unit, ...], *, phrasebook: Phrasebook) -> str:
        """What is clawed back and given back, for the units that members collect or spend."""
        return phrasebook("refund_policy.stamps") if units == (Unit.STAMPS,) else self.sentence(phrasebook)

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether the balance never falls below zero, or the mode is the same."""
        return isinstance(other, RefundPolicy) and self.mode in (RefundMode.CLAMP_TO_ZERO, other.mode)
