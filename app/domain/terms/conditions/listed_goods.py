"""The base of conditions on products and on categories: a list of what counts, and one of what does not."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.names import normalised_identifier
from app.domain.purchases.lines import Line
from app.domain.terms.conditions.condition import Condition, Selector
from app.domain.terms.rule import rule_field

MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class ListedGoods(Selector):
    """Selects the lines named in `include` (empty: all) and not in `exclude`; holds when it selects a line."""

    include: frozenset[str] = rule_field(
        f"What counts; default all. At most {MAX_LISTED} names in both lists.", default=frozenset(), is_identifier=True
    )
    exclude: frozenset[str] = rule_field("What does not count.", default=frozenset(), is_identifier=True)

    @abstractmethod
    def names(self, line: Line) -> tuple[str, ...]:
        """The names of the line that the lists are compared with."""

    def selects(self, line: Line) -> bool:
        """Whether a name of the line is in `include`, or `include` is empty, and none is in `exclude`."""
        names, include, exclude = self.names(line), self.include, self.exclude
        return (not include or not _all_spellings(include).isdisjoint(names)) and (
            not exclude or _all_spellings(exclude).isdisjoint(names)
        )

    def finding_for(self, count: int) -> Finding:
        """Met with one line or more; the remedy names what may be added."""
        included_names = tuple(sorted(self.include)) or None
        if count:
            return Finding(True, ReasonCode.CONDITION_MET, count, included_names)
        remedy = Remedy(RemedyCode.ADD_PRODUCT, choices=tuple(sorted(self.include - self.exclude)))
        return Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0, included_names, (remedy,))

    def phrase_for(self, name: str, *, phrasebook: Phrasebook) -> str:
        """A name of a list in words."""
        return phrasebook(f"{self.kind}.called", name=name)

    def goods(self, phrasebook: Phrasebook, *, form: GoodsForm, every: str = "") -> str:
        """The goods in `include`, except those in `exclude`."""
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
        """Whether it selects every line that `other` selects; spellings make no difference."""
        if not isinstance(other, ListedGoods) or self.kind != other.kind:
            return False
        include, exclude = _normalised(self.include), _normalised(self.exclude)
        other_include, other_exclude = _normalised(other.include), _normalised(other.exclude)
        includes_all = not include or (bool(other_include) and other_include - other_exclude <= include)
        return includes_all and exclude <= other_exclude

    def validation_error(self) -> Detail | None:
        """Why the lists are empty, too long or contradict each other, or None."""
        if not self.include and not self.exclude:
            return detail_of("MISSING")
        if len(self.include) + len(self.exclude) > MAX_LISTED:
            return detail_of("COUNT_MOST", most=MAX_LISTED)
        if self.include and self.include <= self.exclude:
            return detail_of("ALL_EXCLUDED")
        return None


@lru_cache(maxsize=4096)
def _all_spellings(names: frozenset[str]) -> frozenset[str]:
    """The names of a list as they are written, and normalised.

    The two differ only in old lists, published before names were normalised; receipts of that time have the written ones.
    Cached, because it is needed for every line.
    """
    return names | _normalised(names)


def _normalised(names: frozenset[str]) -> frozenset[str]:
    """The names of a list, normalised like those on receipts."""
    return frozenset(map(normalised_identifier, names))
