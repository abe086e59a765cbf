"""A clause: one rule of the terms, with its conditions and its effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm, Phrase, Position, giving, pricing
from app.domain.terms.conditions import Condition, Group, Selecting
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, leaves
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects import ClauseKind, Effect
from app.domain.units import Unit


class ConditionStep(NamedTuple):
    """A condition of a clause with its place.

    `whole` where it looks at the whole purchase and not at the selection; `alone` is the condition that made the
    selection by itself, so that it holds for every line of it.
    """

    path: tuple[int, ...]
    condition: Condition
    is_group: bool
    sees_whole_purchase: bool
    only_selector: Selecting | None


@dataclass(frozen=True)
class Clause:
    """One rule: when all conditions hold, the effect applies. `key` is the owner's name for it over versions.

    `units` are what members can collect or spend under its terms; `printed` is False for a standard clause that nothing
    in its terms can reach.
    """

    key: str
    number: str
    conditions: tuple[Condition, ...]
    effect: Effect
    units: tuple[Unit, ...] = (Unit.POINTS,)
    printed: bool = True

    @property
    def kind(self) -> ClauseKind:
        """What the clause is about."""
        return self.effect.clause_kind

    @cached_property
    def leaves(self) -> tuple[Condition, ...]:
        """Every condition that is no group."""
        return tuple(leaves(self.conditions))

    @cached_property
    def selectors(self) -> tuple[Selecting | Group, ...]:
        """The conditions that narrow which lines the others look at."""
        return tuple(
            condition
            for condition in self.conditions
            if isinstance(condition, Selecting | Group) and condition.selecting
        )

    @cached_property
    def limit(self) -> TimesPerPeriod | None:
        """How often it applies for a customer; None: always."""
        return next((leaf for leaf in self.leaves if isinstance(leaf, TimesPerPeriod)), None)

    @cached_property
    def budget(self) -> Budget | None:
        """What it gives all customers together; None: without end."""
        return next((leaf for leaf in self.leaves if isinstance(leaf, Budget)), None)

    @cached_property
    def counts_items(self) -> bool:
        """Whether it counts the items of what it selects."""
        return any(isinstance(leaf, EveryNthItem) for leaf in self.leaves)

    @cached_property
    def counts_rewards(self) -> bool:
        """Whether it looks at how many of its rewards a customer still holds: the first, or every nth, is given once."""
        return any(isinstance(leaf, FirstPurchase | EveryNthVisit | EveryNthItem) for leaf in self.leaves)

    @cached_property
    def birthdays(self) -> tuple[BirthdayWindow, ...]:
        """The days around a birthday for which it gives something, once for each birthday."""
        return tuple(leaf for leaf in self.leaves if isinstance(leaf, BirthdayWindow))

    @cached_property
    def needs_counters(self) -> bool:
        """Whether something is counted for this very clause: uses, items, or points given."""
        return self.limit is not None or self.budget is not None or self.counts_rewards or bool(self.birthdays)

    @cached_property
    def by_amount(self) -> bool:
        """Whether it goes by amounts alone: by no visit, no item and no budget.

        What is paid on top in an exchange has none of these.
        """
        others = (FirstPurchase, EveryNthVisit, EveryNthItem, MinimumQuantity, Budget)
        return self.effect.by_amount and not any(isinstance(leaf, others) for leaf in self.leaves)

    @cached_property
    def steps(self) -> tuple[ConditionStep, ...]:
        """How its conditions are judged, worked out once."""
        # What names goods is sought in the whole purchase; where it alone selects it finds the same in its selection.
        several = len(self.selectors) > 1
        return tuple(
            ConditionStep(
                (place,),
                condition,
                isinstance(condition, Group),
                several and condition.selecting,
                condition if isinstance(condition, Selecting) and not several else None,
            )
            for place, condition in enumerate(self.conditions)
        )

    @cached_property
    def exclusive(self) -> bool:
        """Whether it waits to see which other clauses fit."""
        return any(isinstance(condition, NotCombinedWith) for condition in self.conditions)

    def statement(self, say: Phrasebook) -> str:
        """The whole clause as one sentence, with another one where its effect says something besides."""
        effect = self._effect(say)
        if self.kind is ClauseKind.REWARD:
            effect = pricing(effect, self._phrases(say), say=say)
        elif self.kind is ClauseKind.EARNING:
            effect = giving(effect, self._phrases(say), say=say)
        said = say.capitalised(say("clause", effect=effect))
        addition = self.effect.addition(say)
        return said if addition is None else say.text([said, addition])

    def _effect(self, say: Phrasebook) -> str:
        """What it does, with the goods that it does it for where the sentence names them there."""
        form = self.effect.goods_form
        if self.selectors and form is not None:
            return self.effect.of_goods(self._goods(say, form=form, every=say("each.every")), say=say)
        return self.effect.in_units(self.units, say=say)

    def _goods(self, say: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods that it is about: what all its conditions on goods name."""
        return AllOf(tuple(self.selectors)).goods(say, form=form, every=every)

    def _phrases(self, say: Phrasebook) -> list[Phrase]:
        """Its conditions in words, each with its place in the sentence."""
        phrases = [
            self._phrase(condition, say=say)
            for condition in _flattened(self.conditions)
            if condition not in self.selectors
        ]
        named = self.effect.goods_form is not None and self.kind is not ClauseKind.REWARD
        if not self.selectors or named or (self.counts_items and self.kind is not ClauseKind.REWARD):
            return phrases
        goods = self._goods(say, form=GoodsForm.BUY)
        return [Phrase(Position.DEMAND, say("goods.demand", goods=goods)), *phrases]

    def _phrase(self, condition: Condition, *, say: Phrasebook) -> Phrase:
        if condition.position is Position.EXCEPTION:
            return Phrase(condition.position, condition.exception(say))
        if self.selectors and isinstance(condition, EveryNthItem):
            items = self._goods(say, form=GoodsForm.EACH, every=condition.every(say))
            return Phrase(condition.position, condition.counting(items, say=say))
        of_these = condition.of_these(say) if self.selectors else None
        if of_these is not None:
            return Phrase(Position.THESE, of_these)
        return Phrase(condition.position, self.condition_text(condition, say=say))

    def condition_sentences(self, say: Phrasebook) -> tuple[str, ...]:
        """Each condition in words of its own."""
        return tuple(self.condition_text(condition, say=say) for condition in self.conditions)

    def condition_text(self, condition: Condition, *, say: Phrasebook) -> str:
        """A condition in the words of this clause: goods, say, are what a price asks for, and what points are given for."""
        return condition.requirement(say) if self.kind is ClauseKind.REWARD else condition.sentence(say)

    def to_data(self) -> dict[str, Any]:
        """The clause as JSON; every type under its stable kind."""
        return {
            "key": self.key,
            "conditions": [condition.to_data() for condition in self.conditions],
            "effect": self.effect.to_data(),
        }


def _flattened(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Conditions that all hold, one by one, out of the groups that say just that."""
    for condition in conditions:
        if isinstance(condition, AllOf) and not condition.selecting:
            yield from _flattened(condition.conditions)
        else:
            yield condition
