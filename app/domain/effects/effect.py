"""What every effect is: it says itself and, where it earns, works out what a purchase gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

from app.domain.amounts import Money, Parts
from app.domain.counting import Counted
from app.domain.wording import Wording

MOST_POINTS = 1_000_000
"""The most points that one clause may name."""


def points_problem(points: int) -> str | None:
    """What is wrong with the points that a clause names, or None."""
    return None if 1 <= points <= MOST_POINTS else f"points are 1 to {MOST_POINTS}"


class ClauseKind(StrEnum):
    """What a clause is about."""

    EARNING = "EARNING"
    REWARD = "REWARD"
    POLICY = "POLICY"


class Effect(ABC):
    """What a clause does. `kind` is its stable name in stored terms; fields are only ever added."""

    __slots__ = ()

    kind: ClassVar[str]
    clause_kind: ClassVar[ClauseKind]

    @abstractmethod
    def sentence(self, say: Wording) -> str:
        """The effect as the main part of a sentence, without a full stop."""

    def amounts(self) -> tuple[Money, ...]:
        """The amounts it names; terms take them in the program's currency only, and above 0."""
        return ()

    def problem(self) -> str | None:
        """What makes it unfit for publishing, or None."""
        return None

    @abstractmethod
    def to_data(self) -> dict[str, Any]:
        """Its fields as JSON, without the kind."""

    @classmethod
    @abstractmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The effect that `to_data` wrote."""


class Earning(Effect):
    """An effect that gives points for a purchase."""

    __slots__ = ()

    clause_kind: ClassVar[ClauseKind] = ClauseKind.EARNING

    @abstractmethod
    def earn(self, purchase: Counted) -> Parts:
        """The unrounded points, in parts that are rounded one by one where the terms round each line."""
