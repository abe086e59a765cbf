"""What conditions on products and on categories share: two lists, of what counts and of what does not."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

from app.domain.conditions.condition import Condition, Selecting
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.facts import Line
from app.domain.rule import stated
from app.domain.wording import Wording
from app.domain.wording.sentences import GoodsForm

MOST = 200


@dataclass(frozen=True, slots=True)
class Listed(Selecting):
    """Selects the lines named in `include` (empty: all) and not in `exclude`; holds when one is left."""

    include: frozenset[str] = stated(
        f"What counts; default all. At most {MOST} names in both lists.", default=frozenset()
    )
    exclude: frozenset[str] = stated("What does not count.", default=frozenset())

    @abstractmethod
    def names(self, line: Line) -> tuple[str, ...]:
        """What the lists may call this line."""

    def selects(self, line: Line) -> bool:
        """Named among those that count, and not among those that do not."""
        names, include, exclude = self.names(line), self.include, self.exclude
        return (not include or not include.isdisjoint(names)) and (not exclude or exclude.isdisjoint(names))

    def found(self, count: int) -> Finding:
        """One line is enough; the remedy names what would do."""
        wanted = tuple(sorted(self.include)) or None
        if count:
            return Finding(True, ReasonCode.CONDITION_MET, count, wanted)
        remedy = Remedy(RemedyCode.ADD_PRODUCT, choices=tuple(sorted(self.include - self.exclude)))
        return Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0, wanted, (remedy,))

    def called(self, name: str, *, say: Wording) -> str:
        """How a sentence calls what a list names."""
        return say(f"{self.kind}.called", name=name)

    def goods(self, say: Wording, *, form: GoodsForm, every: str = "") -> str:
        """These, except those."""
        last: Literal["and", "or"] = "and" if form is GoodsForm.ON else "or"
        values = {"every": every} if form is GoodsForm.EACH else {}
        if self.include:
            values["included"] = say.listed([self.called(name, say=say) for name in sorted(self.include)], last=last)
        if self.exclude:
            values["excluded"] = say.listed([self.called(name, say=say) for name in sorted(self.exclude)], last="and")
        lists = "both" if self.include and self.exclude else "only" if self.include else "except"
        return say(f"{self.kind}.{form.value}.{lists}", **values)

    def at_least_as_wide(self, other: Condition) -> bool:
        """It counts all that the other counts."""
        return (
            isinstance(other, Listed)
            and self.kind == other.kind
            and (not self.include or (bool(other.include) and other.include - other.exclude <= self.include))
            and self.exclude <= other.exclude
        )

    def problem(self) -> str | None:
        """Nothing listed, too much, or lists that contradict each other."""
        if not self.include and not self.exclude:
            return "at least one name is needed"
        if len(self.include) + len(self.exclude) > MOST:
            return f"at most {MOST} names"
        if self.include and self.include <= self.exclude:
            return "everything that is included is excluded as well"
        return None
