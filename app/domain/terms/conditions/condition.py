"""The base of conditions: each checks a purchase, has its sentence, and names its remedies."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm, Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.lines import Line
from app.domain.terms.rule import Rule

_KINDS: dict[str, type[Condition]] = {}


class Condition(Rule):
    """One condition of a clause."""

    __slots__ = ()

    position: ClassVar[Position] = Position.DEMAND
    """The place of the condition in a clause's sentence."""
    can_be_excepted: ClassVar[bool] = False
    """Whether the condition may stand in an exception."""

    @property
    def selects_lines(self) -> bool:
        """Whether the condition selects the lines on which the rest of its clause is checked."""
        return False

    def __init_subclass__(cls) -> None:
        # A dataclass with slots is created twice; the second class is the one in use.
        if "kind" in cls.__dict__:
            _KINDS[cls.kind] = cls

    @classmethod
    def from_data_of_any_kind(cls, data: Mapping[str, Any]) -> Condition:
        """The stored condition of any kind. Raises KeyError for an unknown kind."""
        return _KINDS[data["kind"]].from_data(data)

    @abstractmethod
    def check(self, purchase: EligiblePurchase) -> Finding:
        """Whether the condition holds, the observed and required values, and the remedies."""

    def check_except(self, purchase: EligiblePurchase) -> Finding:
        """The finding of an exception: met if the condition does not hold, otherwise with the remedies of an exception."""
        finding = self.check(purchase)
        if not finding.met:
            return Finding(True, ReasonCode.CONDITION_MET, finding.observed, None)
        return Finding(False, ReasonCode.EXCEPTION_APPLIES, finding.observed, None, self.exception_remedies(purchase))

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:  # noqa: ARG002 - kinds that may stand in an exception look at it
        """Remedies in an exception: changes that make the condition no longer hold."""
        return (Remedy(RemedyCode.NONE),)

    def requirement(self, phrasebook: Phrasebook) -> str:
        """The condition as part of a sentence about the price of a reward."""
        return self.sentence(phrasebook)

    def sentence_for_named_goods(self, phrasebook: Phrasebook) -> str | None:  # noqa: ARG002 - most conditions do not look at goods
        """The sentence in a clause that has named goods already; None if `sentence` fits there as well."""
        return None

    def exception(self, phrasebook: Phrasebook) -> str:
        """The sentence as an exception of a clause."""
        return self.sentence(phrasebook)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether this condition surely holds, for as many lines, whenever `other` holds; False for another kind."""
        return self == other


class Selector(Condition):
    """A condition that selects lines for the rest of its clause; it holds if it selects at least one."""

    __slots__ = ()

    @property
    def selects_lines(self) -> bool:
        """Always True."""
        return True

    @abstractmethod
    def goods(self, phrasebook: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods in a form; `every` says which items of them count, as in "every 10th", and is empty for all."""

    def sentence(self, phrasebook: Phrasebook) -> str:
        """ "Only on coffee"."""
        return phrasebook("goods.sentence", goods=self.goods(phrasebook, form=GoodsForm.ON))

    def requirement(self, phrasebook: Phrasebook) -> str:
        """ "If you buy coffee"."""
        return phrasebook("goods.demand", goods=self.goods(phrasebook, form=GoodsForm.BUY))

    @abstractmethod
    def selects(self, line: Line) -> bool:
        """Whether this line is selected."""

    @abstractmethod
    def finding_for(self, count: int) -> Finding:
        """The finding if `count` lines are selected."""

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Counts the selected lines."""
        return self.finding_for(sum(map(self.selects, purchase.lines)))
