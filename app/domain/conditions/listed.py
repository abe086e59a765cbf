"""What conditions on products and on categories share: two lists, of what counts and of what does not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from app.domain.conditions.condition import Selecting
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.facts import Line
from app.domain.wording import Wording

MOST = 200


@dataclass(frozen=True, slots=True)
class Listed(Selecting):
    """Selects the lines named in `include` (empty: all) and not in `exclude`; holds when one is left."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    @abstractmethod
    def names(self, line: Line) -> frozenset[str]:
        """What the lists may call this line."""

    def selects(self, line: Line) -> bool:
        """Named among those that count, and not among those that do not."""
        names = self.names(line)
        return (not self.include or not names.isdisjoint(self.include)) and names.isdisjoint(self.exclude)

    def check(self, purchase: Counted) -> Finding:
        """Looks at what is left of the purchase after selecting; the remedy names what would do."""
        wanted = tuple(sorted(self.include)) or None
        if purchase.lines:
            return Finding(True, ReasonCode.CONDITION_MET, len(purchase.lines), wanted)
        remedy = Remedy(RemedyCode.ADD_PRODUCT, products=tuple(sorted(self.include - self.exclude)))
        return Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0, wanted, (remedy,))

    def called(self, name: str, *, say: Wording) -> str:
        """How a sentence calls what a list names."""
        return say(f"{self.kind}.called", name=name)

    def sentence(self, say: Wording) -> str:
        """For these, except those."""
        return self._said(self.kind, say=say, last="and")

    def requirement(self, say: Wording) -> str:
        """If one of these is in the basket, those not counted."""
        return self._said(f"{self.kind}.in_basket", say=say, last="or")

    def _said(self, key: str, *, say: Wording, last: Literal["and", "or"]) -> str:
        included = say.listed([self.called(name, say=say) for name in sorted(self.include)], last=last)
        excluded = say.listed([self.called(name, say=say) for name in sorted(self.exclude)], last=last)
        if self.include and self.exclude:
            return say(f"{key}.both", included=included, excluded=excluded)
        if self.include:
            return say(f"{key}.only", included=included)
        return say(f"{key}.except", excluded=excluded)

    def problem(self) -> str | None:
        """Nothing listed, too much, or lists that contradict each other."""
        if not self.include and not self.exclude:
            return "at least one name is needed"
        if len(self.include) + len(self.exclude) > MOST:
            return f"at most {MOST} names"
        if any(not 1 <= len(name) <= 200 for name in self.include | self.exclude):
            return "a name has 1 to 200 characters"
        if self.include and self.include <= self.exclude:
            return "everything that is included is excluded as well"
        return None

    def to_data(self) -> dict[str, Any]:
        """Two sorted lists."""
        return {"include": sorted(self.include), "exclude": sorted(self.exclude)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored condition."""
        return cls(include=frozenset(data.get("include", ())), exclude=frozenset(data.get("exclude", ())))
