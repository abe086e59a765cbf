"""A clause of the terms, with its conditions and its effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm, PlacedPhrase, Position, giving_sentence, price_sentence
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget
from app.domain.terms.conditions.condition import Condition, Selector
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, Group, leaves
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.units import Unit


class ConditionStep(NamedTuple):
    """A condition prepared for evaluation, with its path in the clause.

    `sees_whole_purchase`: it is checked on the whole purchase instead of the selection. `only_selector` is the condition
    itself if no other condition selects lines, so that it holds for every selected line; otherwise None.
    """

    path: tuple[int, ...]
    condition: Condition
    is_group: bool
    sees_whole_purchase: bool
    only_selector: Selector | None


@dataclass(frozen=True)
class Clause:
    """A clause: if all conditions hold, the effect applies. `key` is the stable name of the clause across versions.

    `units` are those that members can collect or spend under its terms; `is_printed` is False for a standard clause that
    cannot apply.
    """

    key: str
    number: str
    conditions: tuple[Condition, ...]
    effect: Effect
    units: tuple[Unit, ...] = (Unit.POINTS,)
    is_printed: bool = True

    @cached_property
    def kind(self) -> ClauseKind:
        """The kind of the clause."""
        return self.effect.clause_kind

    @cached_property
    def leaves(self) -> tuple[Condition, ...]:
        """All conditions except groups, at any depth."""
        return tuple(leaves(self.conditions))

    @cached_property
    def selectors(self) -> tuple[Selector | Group, ...]:
        """The conditions that select lines."""
        return tuple(
            condition
            for condition in self.conditions
            if isinstance(condition, Selector | Group) and condition.selects_lines
        )

    @cached_property
    def use_limit(self) -> TimesPerPeriod | None:
        """The limit of uses per customer and period; None: no limit."""
        return next((leaf for leaf in self.leaves if isinstance(leaf, TimesPerPeriod)), None)

    @cached_property
    def budget(self) -> Budget | None:
        """The budget for all customers together; None: no limit."""
        return next((leaf for leaf in self.leaves if isinstance(leaf, Budget)), None)

    @cached_property
    def counts_items(self) -> bool:
        """Whether items of the selected lines are counted."""
        return any(isinstance(leaf, EveryNthItem) for leaf in self.leaves)

    @cached_property
    def counts_total_uses(self) -> bool:
        """Whether all uses of the clause are counted, without a period: it gives only once for a first or an nth purchase or item."""
        return any(isinstance(leaf, FirstPurchase | EveryNthVisit | EveryNthItem) for leaf in self.leaves)

    @cached_property
    def birthday_windows(self) -> tuple[BirthdayWindow, ...]:
        """The birthday windows; each applies once per birthday."""
        return tuple(leaf for leaf in self.leaves if isinstance(leaf, BirthdayWindow))

    @cached_property
    def needs_counters(self) -> bool:
        """Whether the conditions need what was counted for this clause: its uses, items, or points of its budget."""
        return (
            self.use_limit is not None
            or self.budget is not None
            or self.counts_total_uses
            or bool(self.birthday_windows)
        )

    @cached_property
    def depends_on_amounts_only(self) -> bool:
        """Whether the clause depends on amounts alone, and not on visits, items or a budget.

        Only such clauses apply to the price difference of an exchange, which is neither a visit nor items.
        """
        other_kinds = (FirstPurchase, EveryNthVisit, EveryNthItem, MinimumQuantity, Budget)
        return self.effect.depends_on_amount and not any(isinstance(leaf, other_kinds) for leaf in self.leaves)

    @cached_property
    def steps(self) -> tuple[ConditionStep, ...]:
        """The conditions prepared for evaluation."""
        # A selector is checked on the whole purchase. A single selector finds the same lines in the selection, which is its own.
        has_several_selectors = len(self.selectors) > 1
        return tuple(
            ConditionStep(
                (index,),
                condition,
                isinstance(condition, Group),
                has_several_selectors and condition.selects_lines,
                condition if isinstance(condition, Selector) and not has_several_selectors else None,
            )
            for index, condition in enumerate(self.conditions)
        )

    @cached_property
    def depends_on_other_clauses(self) -> bool:
        """Whether the clause depends on which other clauses match."""
        return any(isinstance(condition, NotCombinedWith) for condition in self.conditions)

    def statement(self, phrasebook: Phrasebook) -> str:
        """The clause as one sentence, with a second one if its effect needs it."""
        effect = self._effect_phrase(phrasebook)
        if self.kind is ClauseKind.REWARD:
            effect = price_sentence(effect, self._phrases(phrasebook), phrasebook=phrasebook)
        elif self.kind is ClauseKind.EARNING:
            effect = giving_sentence(effect, self._phrases(phrasebook), phrasebook=phrasebook)
        sentence = phrasebook.capitalised(phrasebook("clause", effect=effect))
        addition = self.effect.additional_sentence(phrasebook)
        return sentence if addition is None else phrasebook.text([sentence, addition])

    def _effect_phrase(self, phrasebook: Phrasebook) -> str:
        """The effect in words, with the goods if its sentence names them."""
        form = self.effect.goods_form
        if self.selectors and form is not None:
            return self.effect.sentence_for_goods(
                self._goods_phrase(phrasebook, form=form, every=phrasebook("each.every")), phrasebook=phrasebook
            )
        return self.effect.sentence_for_units(self.units, phrasebook=phrasebook)

    def _goods_phrase(self, phrasebook: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods named by all conditions on goods."""
        return AllOf(tuple(self.selectors)).goods(phrasebook, form=form, every=every)

    def _phrases(self, phrasebook: Phrasebook) -> list[PlacedPhrase]:
        """The conditions in words, each with its position in the sentence."""
        phrases = [
            self._phrase(condition, phrasebook=phrasebook)
            for condition in _flattened(self.conditions)
            if condition not in self.selectors
        ]
        names_goods = self.effect.goods_form is not None and self.kind is not ClauseKind.REWARD
        if not self.selectors or names_goods or (self.counts_items and self.kind is not ClauseKind.REWARD):
            return phrases
        goods = self._goods_phrase(phrasebook, form=GoodsForm.BUY)
        return [PlacedPhrase(Position.DEMAND, phrasebook("goods.demand", goods=goods)), *phrases]

    def _phrase(self, condition: Condition, *, phrasebook: Phrasebook) -> PlacedPhrase:
        if condition.position is Position.EXCEPTION:
            return PlacedPhrase(condition.position, condition.exception(phrasebook))
        if self.selectors and isinstance(condition, EveryNthItem):
            items = self._goods_phrase(phrasebook, form=GoodsForm.EACH, every=condition.every_nth_phrase(phrasebook))
            return PlacedPhrase(condition.position, condition.sentence_for_items(items, phrasebook=phrasebook))
        sentence = condition.sentence_for_named_goods(phrasebook) if self.selectors else None
        if sentence is not None:
            return PlacedPhrase(Position.THESE, sentence)
        return PlacedPhrase(condition.position, self.condition_text(condition, phrasebook=phrasebook))

    def condition_sentences(self, phrasebook: Phrasebook) -> tuple[str, ...]:
        """Each condition as a sentence part."""
        return tuple(self.condition_text(condition, phrasebook=phrasebook) for condition in self.conditions)

    def condition_text(self, condition: Condition, *, phrasebook: Phrasebook) -> str:
        """A condition in words: in a clause of a reward as a requirement, in other clauses as part of the sentence."""
        return condition.requirement(phrasebook) if self.kind is ClauseKind.REWARD else condition.sentence(phrasebook)

    def to_data(self) -> dict[str, Any]:
        """The clause as JSON."""
        return {
            "key": self.key,
            "conditions": [condition.to_data() for condition in self.conditions],
            "effect": self.effect.to_data(),
        }


def _flattened(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Conditions with AllOf groups flattened."""
    for condition in conditions:
        if isinstance(condition, AllOf) and not condition.selects_lines:
            yield from _flattened(condition.conditions)
        else:
            yield condition
