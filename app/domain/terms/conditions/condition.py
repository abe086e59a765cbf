"""What every condition is: it checks itself, says itself, and knows what would make it hold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm, Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import Line
from app.domain.terms.rule import Rule

_KINDS: dict[str, type[Condition]] = {}


class Condition(Rule):
    """One condition of a clause."""

    __slots__ = ()

    position: ClassVar[Position] = Position.DEMAND
    """Where sentences say it."""
    negatable: ClassVar[bool] = False
    """Whether it may stand in an exception."""

    @property
    def selecting(self) -> bool:
        """Whether it narrows which lines the rest of its clause looks at."""
        return False

    def __init_subclass__(cls) -> None:
        # A dataclass with slots is made twice; the second one is the one that is used.
        if "kind" in cls.__dict__:
            _KINDS[cls.kind] = cls

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Condition:
        """The stored condition of any kind. Raises KeyError for an unknown kind."""
        return _KINDS[data["kind"]].from_data(data)

    @abstractmethod
    def check(self, purchase: EligiblePurchase) -> Finding:
        """Whether it holds, what was seen, what is asked for, and what would help."""

    def check_except(self, purchase: EligiblePurchase) -> Finding:
        """The same for the opposite: whether it does not hold, and what would make that so."""
        finding = self.check(purchase)
        if not finding.met:
            return Finding(True, ReasonCode.CONDITION_MET, finding.observed, None)
        return Finding(False, ReasonCode.EXCEPTION_APPLIES, finding.observed, None, self.ways_out(purchase))

    def ways_out(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:  # noqa: ARG002 - kinds that may stand in an exception look at it
        """What would make a condition that holds no longer hold."""
        return (Remedy(RemedyCode.NONE),)

    def requirement(self, say: Phrasebook) -> str:
        """The condition as part of a sentence about the price of a reward."""
        return self.sentence(say)

    def of_these(self, say: Phrasebook) -> str | None:  # noqa: ARG002 - most conditions do not look at goods
        """The condition in a clause that has named goods already; None where that makes no difference."""
        return None

    def exception(self, say: Phrasebook) -> str:
        """The condition as what a clause leaves out."""
        return self.sentence(say)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it surely holds, for as many lines, wherever `other` of the same kind does."""
        return self == other


class Selecting(Condition):
    """A condition that narrows which lines the rest of its clause looks at; it holds when one is left."""

    __slots__ = ()

    @property
    def selecting(self) -> bool:
        """It does."""
        return True

    @abstractmethod
    def goods(self, say: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods in a form; `every` is which items of them, where they are counted."""

    def sentence(self, say: Phrasebook) -> str:
        """Only for these goods."""
        return say("goods.sentence", goods=self.goods(say, form=GoodsForm.ON))

    def requirement(self, say: Phrasebook) -> str:
        """If one of these goods is bought."""
        return say("goods.demand", goods=self.goods(say, form=GoodsForm.BUY))

    @abstractmethod
    def selects(self, line: Line) -> bool:
        """Whether the clause looks at this line."""

    @abstractmethod
    def found(self, count: int) -> Finding:
        """What it means that so many lines are selected."""

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Looks for lines that it selects."""
        return self.found(sum(map(self.selects, purchase.lines)))
