"""What every condition is: it checks itself, says itself, and knows what would make it hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from app.domain.amounts import Money
from app.domain.counting import Counted
from app.domain.decisions import Finding
from app.domain.facts import Line
from app.domain.wording import Wording


class Condition(ABC):
    """One condition of a clause. `kind` is its stable name in stored terms; fields are only ever added."""

    __slots__ = ()

    kind: ClassVar[str]

    @abstractmethod
    def check(self, purchase: Counted) -> Finding:
        """Whether it holds, what was seen, what is asked for, and what would help."""

    @abstractmethod
    def sentence(self, say: Wording) -> str:
        """The condition as part of a sentence."""

    def requirement(self, say: Wording) -> str:
        """The condition as part of a sentence about the price of a reward."""
        return self.sentence(say)

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
        """The condition that `to_data` wrote."""


class Selecting(Condition):
    """A condition that narrows which lines the rest of its clause looks at; it holds when one is left."""

    __slots__ = ()

    @abstractmethod
    def selects(self, line: Line) -> bool:
        """Whether the clause looks at this line."""
