"""What every condition is: it checks itself, says itself, and knows what would make it hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from app.domain.counting import Counted
from app.domain.decisions import Finding
from app.domain.facts import Line
from app.domain.wording import Wording


class Condition(ABC):
    """One condition of a clause. `kind` is its stable name in stored terms; fields are only ever added."""

    __slots__ = ()

    kind: ClassVar[str]
    selecting: ClassVar[bool] = False
    """Whether it narrows which lines the rest of its clause looks at."""

    @abstractmethod
    def check(self, purchase: Counted) -> Finding:
        """Whether it holds, what was seen, what is asked for, and what would help."""

    @abstractmethod
    def sentence(self, say: Wording) -> str:
        """The condition as part of a sentence."""

    def selects(self, line: Line) -> bool:
        """Whether the clause looks at this line."""
        return True

    def problem(self, *, currency: str) -> str | None:
        """What makes it unfit for publishing in a program of this currency, or None."""
        return None

    @abstractmethod
    def to_data(self) -> dict[str, Any]:
        """Its fields as JSON, without the kind."""

    @classmethod
    @abstractmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The condition that `to_data` wrote."""
