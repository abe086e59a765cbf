"""What a customer has stated to like, to eat, or to wear."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from app.domain.customers.profile import (
    MAX_PREFERENCE_LENGTH,
    CustomerProfile,
    PreferenceKind,
    ProfilePart,
    folded_preference,
    preference_error,
)
from app.domain.decisions import ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, count_detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.json_values import FindingValue
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.profile_condition import ProfileCondition
from app.domain.terms.rule import rule_field

MAX_PREFERENCES_LISTED = 50


@dataclass(frozen=True, slots=True)
class Preferences(ProfileCondition):
    """Holds when the customer has stated one of `values` as a preference of the kind `preference`, in upper or lower case."""

    kind: ClassVar[str] = "preferences"
    position: ClassVar[Position] = Position.PERSON
    description: ClassVar[str] = "Holds when the customer has stated one of these preferences."
    aspect: ClassVar[ProfilePart] = ProfilePart.PREFERENCES
    preference: PreferenceKind = rule_field("What the preferences are about.")
    values: frozenset[str] = rule_field(
        f"1 to {MAX_PREFERENCES_LISTED} values of 1 to {MAX_PREFERENCE_LENGTH} characters each; upper or lower case does not matter."
    )

    def _folded_values(self) -> frozenset[str]:
        return frozenset(map(folded_preference, self.values))

    @property
    def answer_key(self) -> str:
        """The key under which the answer for this kind and these values is stored."""
        return f"preferences {self.preference.value} {json.dumps(sorted(self._folded_values()), ensure_ascii=False)}"

    @property
    def required_value(self) -> FindingValue:
        """The values as the terms spell them. Findings are stored, so they do not say which values the customer has stated."""
        return tuple(sorted(self.values))

    def answer(self, profile: CustomerProfile, *, today: date) -> bool | None:  # noqa: ARG002 - the same on every day
        """Whether the customer has stated one of the values; never None."""
        folded_values = self._folded_values()
        return any(
            preference.kind is self.preference and preference.folded_value() in folded_values
            for preference in profile.preferences
        )

    def failure(self, purchase: EligiblePurchase, *, is_known: bool) -> tuple[ReasonCode, Remedy]:  # noqa: ARG002 - always known
        """The remedy is to state one of the values as a preference."""
        remedy = Remedy(RemedyCode.STATE_PREFERENCE, choices=tuple(sorted(self.values)))
        return ReasonCode.PREFERENCE_NOT_STATED, remedy

    def sentence(self, phrasebook: Phrasebook) -> str:
        """If you have stated one of these."""
        names = [phrasebook("preferences.called", name=text) for text in sorted(self.values)]
        return phrasebook(f"preferences.{self.preference.value}", values=phrasebook.listed(names, last="or"))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it is about the same kind and has all values of `other`."""
        return (
            isinstance(other, Preferences)
            and self.preference is other.preference
            and other._folded_values() <= self._folded_values()  # noqa: SLF001 - the same concept
        )

    def validation_error(self) -> Detail | None:
        """Why the values are too few, too many, invalid or repeated, or None."""
        if not 1 <= len(self.values) <= MAX_PREFERENCES_LISTED:
            return count_detail(1, MAX_PREFERENCES_LISTED)
        if len(self._folded_values()) < len(self.values):
            return detail_of("REPEATED")
        return next((error for text in sorted(self.values) if (error := preference_error(text)) is not None), None)
