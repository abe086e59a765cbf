"""Groups of conditions: any of them, all of them, and exceptions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from app.domain.decisions import Finding, ReasonCode
from app.domain.details import Detail, count_detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm, PlacedPhrase, Position, joined_phrases
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.lines import Line
from app.domain.terms.conditions.condition import Condition, Selector
from app.domain.terms.rule import rule_field

MAX_IN_GROUP = 20


class Group(Condition):
    """A condition made of other conditions, which `app.domain.terms.evaluation` evaluates one by one."""

    __slots__ = ()

    conditions: tuple[Condition, ...]

    @property
    def selects_lines(self) -> bool:
        """Whether all its conditions select lines."""
        return all(condition.selects_lines for condition in self.conditions)

    @abstractmethod
    def holds_for(self, results: list[bool]) -> bool:
        """Whether the group holds; `results` say of each of its conditions, in their order, whether it holds."""

    def selects(self, line: Line) -> bool:
        """Whether the line counts for a clause with this group; only for groups that select lines."""
        return self.holds_for(
            [condition.selects(line) for condition in self.conditions if isinstance(condition, Selector | Group)]
        )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Whether the group as a whole holds; the findings of its conditions say which of them fail."""
        met = self.holds_for([condition.check(purchase).met for condition in self.conditions])
        return Finding(met, ReasonCode.CONDITION_MET if met else ReasonCode.EXCEPTION_APPLIES)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Its conditions as one part of a sentence."""
        if self.selects_lines:
            return phrasebook("goods.sentence", goods=self.goods(phrasebook, form=GoodsForm.ON))
        return self._sentence_of(
            self._phrases(lambda condition: condition.sentence(phrasebook), phrasebook=phrasebook),
            phrasebook=phrasebook,
        )

    def requirement(self, phrasebook: Phrasebook) -> str:
        """Its conditions as part of a sentence about the price of a reward."""
        if self.selects_lines:
            return phrasebook("goods.demand", goods=self.goods(phrasebook, form=GoodsForm.BUY))
        return self._sentence_of(
            self._phrases(lambda condition: condition.requirement(phrasebook), phrasebook=phrasebook),
            phrasebook=phrasebook,
        )

    def exception(self, phrasebook: Phrasebook) -> str:
        """Its conditions as part of an exception of a clause."""
        return self._sentence_of(
            self._phrases(lambda condition: condition.exception(phrasebook), phrasebook=phrasebook),
            phrasebook=phrasebook,
        )

    def goods(self, phrasebook: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods that its conditions name, in a form; only for groups that select lines."""
        goods_phrases = [
            condition.goods(phrasebook, form=form, every=every)
            for condition in self.conditions
            if isinstance(condition, Selector | Group)
        ]
        return self._goods_sentence(goods_phrases, form=form, phrasebook=phrasebook)

    def _goods_sentence(self, goods_phrases: list[str], *, form: GoodsForm, phrasebook: Phrasebook) -> str:
        return phrasebook.listed(goods_phrases, last="and" if form is GoodsForm.ON else "or")

    def _phrases(self, to_words: Callable[[Condition], str], *, phrasebook: Phrasebook) -> list[PlacedPhrase]:
        """Each condition in words; a group inside a group is set apart, so that the sentence is unambiguous."""
        return [
            PlacedPhrase(condition.position, self._set_apart(condition, to_words(condition), phrasebook=phrasebook))
            for condition in self.conditions
        ]

    def _set_apart(self, condition: Condition, words: str, *, phrasebook: Phrasebook) -> str:
        return phrasebook("group", conditions=words) if isinstance(condition, Group) else words

    @abstractmethod
    def _sentence_of(self, phrases: list[PlacedPhrase], *, phrasebook: Phrasebook) -> str: ...

    def with_conditions(self, conditions: tuple[Condition, ...]) -> Self:
        """A group of the same kind with other conditions."""
        return replace(self, conditions=conditions)  # type: ignore[type-var]  # every group is a dataclass

    def validation_error(self) -> Detail | None:
        """Why it has too few or too many conditions, or an invalid one, or None."""
        if not 1 <= len(self.conditions) <= MAX_IN_GROUP:
            return count_detail(1, MAX_IN_GROUP)
        return next(
            (error for condition in self.conditions if (error := condition.validation_error()) is not None), None
        )

    def is_unenforced(self) -> bool:
        """Whether one of its conditions is not enforced yet."""
        return any(condition.is_unenforced() for condition in self.conditions)


def _mixed_error(conditions: tuple[Condition, ...]) -> Detail | None:
    """The error if conditions on goods stand in one group with other conditions; otherwise None."""
    select_lines = [condition.selects_lines for condition in conditions]
    if any(select_lines) and not all(select_lines):
        return detail_of("GOODS_APART")
    return None


@dataclass(frozen=True, slots=True)
class AnyOf(Group):
    """Holds when one of `conditions` does."""

    kind: ClassVar[str] = "any_of"
    position: ClassVar[Position] = Position.CHOICE
    description: ClassVar[str] = "Holds when at least one of these holds."
    can_be_excepted: ClassVar[bool] = True
    conditions: tuple[Condition, ...] = rule_field(f"2 to {MAX_IN_GROUP}. All of them name goods, or none does.")

    def holds_for(self, results: list[bool]) -> bool:
        """Whether at least one condition holds."""
        return any(results)

    def requirement(self, phrasebook: Phrasebook) -> str:
        """One of them, in a phrase that follows the word "only"."""
        if self.selects_lines:
            return Group.requirement(self, phrasebook)
        words = [
            phrase.words
            for phrase in self._phrases(lambda condition: condition.requirement(phrasebook), phrasebook=phrasebook)
        ]
        key = "any_of.only" if len(words) == 2 else "any_of.only.several"
        return phrasebook(key, conditions=phrasebook.listed(words, last="or"))

    def exception(self, phrasebook: Phrasebook) -> str:
        """Its conditions as exceptions, each of which excludes a purchase by itself."""
        words = [
            phrase.words
            for phrase in self._phrases(lambda condition: condition.exception(phrasebook), phrasebook=phrasebook)
        ]
        return phrasebook("any_of.exception").join(words) if len(words) == 2 else phrasebook.listed(words, last="or")

    def _sentence_of(self, phrases: list[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
        words = [phrase.words for phrase in phrases]
        return phrasebook(
            "any_of" if len(words) == 2 else "any_of.several", conditions=phrasebook.listed(words, last="or")
        )

    def validation_error(self) -> Detail | None:
        """Why its conditions cannot be alternatives, or None. Goods can be alternatives to goods only."""
        if len(self.conditions) < 2:
            return count_detail(2, MAX_IN_GROUP)
        return _mixed_error(self.conditions) or Group.validation_error(self)


@dataclass(frozen=True, slots=True)
class AllOf(Group):
    """Holds when all of `conditions` do."""

    kind: ClassVar[str] = "all_of"
    position: ClassVar[Position] = Position.CHOICE
    description: ClassVar[str] = "Holds when all of these hold; of use inside the other groups."
    can_be_excepted: ClassVar[bool] = True
    conditions: tuple[Condition, ...] = rule_field(f"1 to {MAX_IN_GROUP}. All of them name goods, or none does.")

    def holds_for(self, results: list[bool]) -> bool:
        """Whether every condition holds."""
        return all(results)

    def exception(self, phrasebook: Phrasebook) -> str:
        """Its conditions as one exception, which excludes a purchase if all of them hold."""
        phrases = self._phrases(lambda condition: condition.exception(phrasebook), phrasebook=phrasebook)
        return joined_phrases(
            phrases, separator=phrasebook("except_when.beside"), same_position_separator=phrasebook("all_of.separator")
        )

    def goods(self, phrasebook: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods that every one of its conditions names. In the form EACH: each item that fits all of them at once."""
        if form is not GoodsForm.EACH or len(self.conditions) == 1:
            return Group.goods(self, phrasebook, form=form, every=every)
        goods_phrases = [
            condition.goods(phrasebook, form=GoodsForm.ON)
            for condition in self.conditions
            if isinstance(condition, Selector | Group)
        ]
        return phrasebook("all_of.goods.each", every=every, goods=phrasebook.listed(goods_phrases, last="and"))

    def _goods_sentence(self, goods_phrases: list[str], *, form: GoodsForm, phrasebook: Phrasebook) -> str:
        return (
            goods_phrases[0]
            if len(goods_phrases) == 1
            else phrasebook(f"all_of.goods.{form.value}", goods=phrasebook.listed(goods_phrases, last="and"))
        )

    def _sentence_of(self, phrases: list[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
        return joined_phrases(
            phrases, separator=phrasebook("all_of.beside"), same_position_separator=phrasebook("all_of.separator")
        )

    def validation_error(self) -> Detail | None:
        """Why its conditions cannot stand in one group, or None.

        Conditions on goods select the lines that count. In one group with other conditions they would not, although the sentence
        would read as if they did.
        """
        return _mixed_error(self.conditions) or Group.validation_error(self)


@dataclass(frozen=True, slots=True)
class ExceptWhen(Group):
    """Holds unless all of `conditions` hold."""

    kind: ClassVar[str] = "except_when"
    position: ClassVar[Position] = Position.EXCEPTION
    description: ClassVar[str] = (
        "Holds except when all of these hold: hours, dates, locations, channels, methods of payment or segments."
    )
    can_be_excepted: ClassVar[bool] = True
    conditions: tuple[Condition, ...] = rule_field(f"1 to {MAX_IN_GROUP}.")

    @property
    def selects_lines(self) -> bool:
        """An exception names no goods."""
        return False

    def holds_for(self, results: list[bool]) -> bool:
        """Whether at least one condition does not hold."""
        return not all(results)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Except when its conditions hold."""
        return phrasebook("except_when", conditions=self.exception(phrasebook))

    def requirement(self, phrasebook: Phrasebook) -> str:
        """The exception in the sentence of a reward, which has the same words."""
        return self.sentence(phrasebook)

    def _set_apart(self, condition: Condition, words: str, *, phrasebook: Phrasebook) -> str:
        if isinstance(condition, ExceptWhen):
            return phrasebook("group", conditions=phrasebook("except_when", conditions=words))
        is_unambiguous = len(self.conditions) == 1 or not isinstance(condition, Group)
        return words if is_unambiguous else phrasebook("group", conditions=words)

    def _sentence_of(self, phrases: list[PlacedPhrase], *, phrasebook: Phrasebook) -> str:
        return joined_phrases(
            phrases, separator=phrasebook("except_when.beside"), same_position_separator=phrasebook("all_of.separator")
        )

    def validation_error(self) -> Detail | None:
        """Why its conditions cannot be excepted, or None. A condition can be if its opposite can be put into words and met."""
        if not all(leaf.can_be_excepted for leaf in leaves(self.conditions)):
            return detail_of("EXCEPTION_KINDS")
        return Group.validation_error(self)


def leaves(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    """All conditions except groups, at any depth."""
    for condition in conditions:
        if isinstance(condition, Group):
            yield from leaves(condition.conditions)
        else:
            yield condition


def depth(conditions: tuple[Condition, ...]) -> int:
    """The nesting depth of groups."""
    return max((1 + depth(condition.conditions) for condition in conditions if isinstance(condition, Group)), default=0)
