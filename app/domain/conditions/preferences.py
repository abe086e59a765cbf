"""What a customer has stated to like, to eat, or to wear."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from app.domain.conditions.about_customer import AboutCustomer
from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import ReasonCode, Remedy, RemedyCode, Value
from app.domain.persons import LONGEST_VALUE, Aspect, Person, PreferenceKind, folded, value_problem
from app.domain.rule import stated
from app.domain.wording import Wording
from app.domain.wording.sentences import Position

MOST = 50


@dataclass(frozen=True, slots=True)
class Preferences(AboutCustomer):
    """Holds when the customer has stated one of `values` as a preference of a kind; capital or small does not matter."""

    kind: ClassVar[str] = "preferences"
    position: ClassVar[Position] = Position.PERSON
    about: ClassVar[str] = "Holds when the customer has stated one of these preferences."
    aspect: ClassVar[Aspect] = Aspect.PREFERENCES
    preference: PreferenceKind = stated("What they are about.")
    values: frozenset[str] = stated(
        f"1 to {MOST} values of 1 to {LONGEST_VALUE} characters each; capital or small does not matter."
    )

    def _folded(self) -> frozenset[str]:
        return frozenset(map(folded, self.values))

    @property
    def question(self) -> str:
        """Its kind and values."""
        return f"preferences {self.preference.value} {json.dumps(sorted(self._folded()), ensure_ascii=False)}"

    @property
    def asked_for(self) -> Value:
        """Its values, in the spelling of the terms; which of them the customer has stated stays out of what is kept."""
        return tuple(sorted(self.values))

    def answer(self, person: Person, *, today: date) -> bool | None:  # noqa: ARG002 - the same on every day
        """One of them was stated."""
        wanted = self._folded()
        return any(one.kind is self.preference and one.folded() in wanted for one in person.preferences)

    def lacking(self, purchase: Counted, *, known: bool) -> tuple[ReasonCode, Remedy]:  # noqa: ARG002 - always known
        """The remedy is to state one of them."""
        remedy = Remedy(RemedyCode.STATE_PREFERENCE, choices=tuple(sorted(self.values)))
        return ReasonCode.PREFERENCE_NOT_STATED, remedy

    def sentence(self, say: Wording) -> str:
        """If you have stated one of these."""
        names = [say("preferences.called", name=one) for one in sorted(self.values)]
        return say(f"preferences.{self.preference.value}", values=say.listed(names, last="or"))

    def at_least_as_wide(self, other: Condition) -> bool:
        """More values of the same kind."""
        return (
            isinstance(other, Preferences) and self.preference is other.preference and other._folded() <= self._folded()  # noqa: SLF001 - the same concept
        )

    def problem(self) -> str | None:
        """No value, too many, one that cannot be stated, or one twice."""
        if not 1 <= len(self.values) <= MOST:
            return f"1 to {MOST} values"
        if len(self._folded()) < len(self.values):
            return "a value is named twice"
        return next((wrong for one in sorted(self.values) if (wrong := value_problem(one)) is not None), None)
