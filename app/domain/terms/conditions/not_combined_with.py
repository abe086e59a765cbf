"""Clauses that do not apply together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, count_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_CLAUSES = 20


@dataclass(frozen=True, slots=True)
class NotCombinedWith(Condition):
    """Holds when none of the clauses with the keys `clauses` fits the purchase."""

    kind: ClassVar[str] = "not_combined_with"
    position: ClassVar[Position] = Position.EXCEPTION
    description: ClassVar[str] = "Holds when none of these other earning clauses fits the same purchase."
    clauses: frozenset[str] = rule_field(f"Keys of earning clauses of the same terms, 1 to {MAX_CLAUSES}.")
    numbers: frozenset[int] = rule_field(
        "The numbers of these clauses in the published terms.", default=frozenset(), is_owner_supplied=False
    )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """There is no remedy: the other clauses fit the purchase already."""
        if self.clauses.isdisjoint(purchase.matched_clause_keys):
            return Finding(True, ReasonCode.CONDITION_MET)
        other_clauses = tuple(sorted(self.clauses & purchase.matched_clause_keys))
        return Finding(False, ReasonCode.OTHER_CLAUSE_APPLIES, None, None, (Remedy(RemedyCode.NONE),), other_clauses)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Except for purchases that the other clauses fit as well."""
        return phrasebook("except_when", conditions=self.exception(phrasebook))

    def exception(self, phrasebook: Phrasebook) -> str:
        """Purchases that the other clauses fit as well."""
        names = [phrasebook.number(number) for number in sorted(self.numbers)] or sorted(self.clauses)
        phrases = [phrasebook("not_combined_with.called", clause=name) for name in names]
        return phrasebook("not_combined_with", clauses=phrasebook.listed(phrases, last="or"))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether every clause that can make this condition fail can make `other` fail as well."""
        return isinstance(other, NotCombinedWith) and self.clauses <= other.clauses

    def validation_error(self) -> Detail | None:
        """Why the clauses are too few or too many, or None."""
        return None if 1 <= len(self.clauses) <= MAX_CLAUSES else count_detail(1, MAX_CLAUSES)
