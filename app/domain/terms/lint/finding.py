"""Findings of the linter, and its inputs: visit statistics and the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Money
from app.domain.i18n import Phrasebook
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.condition import Condition

MIN_VISITS = 20
"""The fewest real visits on which a finding about hours may be based."""

DAYS_OF_A_MONTH = 30


class LintCode(StrEnum):
    """What may be unfair in a draft. The names never change."""

    NEVER_HOLDS = "NEVER_HOLDS"
    NEVER_COUNTS = "NEVER_COUNTS"
    CONTRADICTION = "CONTRADICTION"
    EXCLUDES_ITSELF = "EXCLUDES_ITSELF"
    SHUTS_OUT_VISITS = "SHUTS_OUT_VISITS"
    REWARD_OUT_OF_REACH = "REWARD_OUT_OF_REACH"
    NO_VARIANT_CHOICE = "NO_VARIANT_CHOICE"
    CASH_NOT_STATED = "CASH_NOT_STATED"
    REWARD_WITHOUT_PICTURE = "REWARD_WITHOUT_PICTURE"
    REWARD_WITHOUT_DESCRIPTION = "REWARD_WITHOUT_DESCRIPTION"
    NOTICE_TOO_SHORT = "NOTICE_TOO_SHORT"
    NOTICE_TOO_LONG = "NOTICE_TOO_LONG"


class Visit(NamedTuple):
    """A real purchase: its instant, and the zone of its location."""

    at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class VisitStatistics:
    """What customers did recently.

    `visits` are real purchases; `median_points_per_month` is what the median customer earns in 30 days, None if unknown;
    `sold_articles` has the stock code and the name of each article that was sold.
    """

    visits: tuple[Visit, ...] = ()
    median_points_per_month: Fraction | None = None
    sold_articles: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class CatalogueReward:
    """A reward of the catalogue. `article` is the stock code of what is handed out; `variants` are what the customer can choose from."""

    name: str
    description: str = ""
    has_picture: bool = False
    variants: tuple[str, ...] = ()
    article: str | None = None
    cash_part: Money | None = None


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One finding: its clause, and the values of its two sentences, a statement and an example.

    `case` says which of the examples of its code proves it; empty if the code has only one.
    """

    code: LintCode
    clause: Clause
    case: str = ""
    dates: Mapping[str, date] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, Money] = field(default_factory=dict)
    conditions: Mapping[str, Sequence[Condition]] = field(default_factory=dict)

    def statement(self, phrasebook: Phrasebook) -> str:
        """The finding as one sentence."""
        return self._text(f"lint.{self.code.value}", phrasebook=phrasebook)

    def example(self, phrasebook: Phrasebook) -> str:
        """The example that proves the finding, as one sentence."""
        return self._text(f"lint.example.{self.code.value}{self.case and '.'}{self.case}", phrasebook=phrasebook)

    def _text(self, key: str, *, phrasebook: Phrasebook) -> str:
        values = {name: phrasebook.date(day) for name, day in self.dates.items()}
        values |= {name: phrasebook.number(number) for name, number in self.numbers.items()}
        values |= {name: phrasebook.money(amount) for name, amount in self.amounts.items()}
        for name, conditions in self.conditions.items():
            values[name] = phrasebook("clause.separator").join(
                self.clause.condition_text(condition, phrasebook=phrasebook) for condition in conditions
            )
        return phrasebook(key, **values, **self.texts)
