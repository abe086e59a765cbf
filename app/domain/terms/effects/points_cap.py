"""The most points that a customer can earn in a purchase or a period."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.calendar import Period
from app.domain.details import Detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, ClauseKind, Effect, points_error
from app.domain.terms.rule import rule_field


class CapScope(StrEnum):
    """What a cap limits: one purchase, or all purchases of a period.

    A day is one of the location's calendar; months and years are those of the program's calendar.
    """

    PURCHASE = "PURCHASE"
    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class PointsCap(Effect):
    """At most `points` for a purchase, or for all purchases of a customer in a period."""

    kind: ClassVar[str] = "points_cap"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.LIMIT
    is_burden: ClassVar[bool] = True
    description: ClassVar[str] = "The most points that a customer earns in one purchase, or in a period."
    points: int = rule_field(f"Points, 1 to {MAX_POINTS_PER_CLAUSE:,}.")
    scope: CapScope = rule_field("What the cap applies to.")
    calendar: str | None = rule_field(
        "The IANA zone by whose calendar months and years are counted; null if all locations are in the program's zone.",
        default=None,
        is_owner_supplied=False,
    )

    @property
    def period(self) -> Period | None:
        """The period whose purchases share the cap; None for a cap on each purchase."""
        return None if self.scope is CapScope.PURCHASE else Period(self.scope.value)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """At most N points in a purchase, or in a period."""
        text = phrasebook(
            "points_cap", points=phrasebook.points(self.points), scope=phrasebook(f"points_cap.{self.scope.value}")
        )
        return text if self.period is None else text + phrasebook.calendar_note(self.calendar, period=self.period)

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it allows at least as many points, for a purchase or a period of the same kind."""
        return isinstance(other, PointsCap) and self.scope is other.scope and self.points >= other.points

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return points_error(self.points)
