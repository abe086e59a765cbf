"""What conditions on products and on categories share: two lists, of what counts and of what does not."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.names import normalised_identifier
from app.domain.purchases.lines import Line
from app.domain.terms.conditions.condition import Condition, Selecting
from app.domain.terms.rule import rule_field

MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class Listed(Selecting):
    """Selects the lines named in `include` (empty: all) and not in `exclude`; holds when one is left."""

    include: frozenset[str] = rule_field(
        f"What counts; default all. At most {MAX_LISTED} names in both lists.", default=frozenset(), identifying=True
    )
    exclude: frozenset[str] = rule_field("What does not count.", default=frozenset(), identifying=True)

    @abstractmethod
    def names(self, line: Line) -> tuple[str, ...]:
        """What the lists may call this line."""

    def selects(self, line: Line) -> bool:
        """Named among those that count, and not among those that do not."""
        names, include, exclude = self.names(line), self.include, self.exclude
        return (not include or not _spellings(include).isdisjoint(names)) and (
            not exclude or _spellings(exclude).isdisjoint(names)
        )

    def finding_for(self, count: int) -> Finding:
        """One line is enough; the remedy names what would do."""
        included_names = tuple(sorted(self.include)) or None
        if count:
            return Finding(True, ReasonCode.CONDITION_MET, count, included_names)
        remedy = Remedy(RemedyCode.ADD_PRODUCT, choices=tuple(sorted(self.include - self.exclude)))
        return Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0, included_names, (remedy,))

    def phrase_for(self, name: str, *, phrasebook: Phrasebook) -> str:
        """How a sentence calls what a list names."""
        return phrasebook(f"{self.kind}.called", name=name)

    def goods(self, phrasebook: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """These, except those."""
        last: Literal["and", "or"] = "and" if form is GoodsForm.ON else "or"
        values = {"every": every} if form is GoodsForm.EACH else {}
        if self.include:
            values["included"] = phrasebook.listed(
                [self.phrase_for(name, phrasebook=phrasebook) for name in sorted(self.include)], last=last
            )
        if self.exclude:
            values["excluded"] = phrasebook.listed(
                [self.phrase_for(name, phrasebook=phrasebook) for name in sorted(self.exclude)], last="and"
            )
        lists = "both" if self.include and self.exclude else "only" if self.include else "except"
        return phrasebook(f"{self.kind}.{form.value}.{lists}", **values)

    def at_least_as_wide(self, other: Condition) -> bool:
        """It counts all that the other counts, in whatever spelling."""
        if not isinstance(other, Listed) or self.kind != other.kind:
            return False
        include, exclude = _spelled(self.include), _spelled(self.exclude)
        included, excluded = _spelled(other.include), _spelled(other.exclude)
        return (not include or (bool(included) and included - excluded <= include)) and exclude <= excluded

    def validation_error(self) -> Detail | None:
        """Why the lists are empty, too long or contradict each other, or None."""
        if not self.include and not self.exclude:
            return detail("MISSING")
        if len(self.include) + len(self.exclude) > MAX_LISTED:
            return detail("COUNT_MOST", most=MAX_LISTED)
        if self.include and self.include <= self.exclude:
            return detail("ALL_EXCLUDED")
        return None


@lru_cache(maxsize=4096)
def _spellings(listed: frozenset[str]) -> frozenset[str]:
    """The names of a list as they are written, and in the one spelling that receipts have.

    They differ in lists that were published before names had one spelling, as in receipts of then. Kept, as it is asked
    for every line.
    """
    return listed | _spelled(listed)


def _spelled(listed: frozenset[str]) -> frozenset[str]:
    """The names of a list in the one spelling that receipts have."""
    return frozenset(map(normalised_identifier, listed))
