"""How long a change of the terms is announced before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.details import Detail, detail_of, range_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

CA_QC_LEAST, CA_QC_MOST = 60, 90
"""Days between notice and change in Quebec (Consumer Protection Act, regulation on loyalty programs)."""

STANDARD_DAYS = 30
"""Days of notice if neither the owner nor a preset says how many."""


class NoticePreset(StrEnum):
    """The law of a place, where it asks for more than a number of days."""

    CA_QC = "CA_QC"


@dataclass(frozen=True, slots=True)
class NoticePeriod(Effect):
    """A change for the worse starts at the earliest when `days` whole local days have passed since the announcement.

    With the preset CA_QC it must also start within 90 days of the announcement; a change that is put off longer must be
    announced again. If `days` is left out, it is the least number of the preset, or `STANDARD_DAYS` without one; this number is
    stored and printed.
    """

    kind: ClassVar[str] = "notice_period"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    description: ClassVar[str] = (
        "How long a change for the worse is announced before it starts. Standard clause; default 30 days."
    )
    days: int | None = rule_field(
        "Days, 0 to 365, default 30; with the preset CA_QC 60 to 89, default 60.", default=None
    )
    preset: NoticePreset | None = rule_field(
        "The law of a place that asks for more than a number of days; null: none.", default=None
    )

    def __post_init__(self) -> None:
        if self.days is None:
            object.__setattr__(self, "days", CA_QC_LEAST if self.preset is NoticePreset.CA_QC else STANDARD_DAYS)

    @property
    def least_days(self) -> int:
        """Whole local days that have to pass after a notice before a change for the worse."""
        assert self.days is not None, "`__post_init__` fills in the days"
        return self.days

    @property
    def most_days(self) -> int | None:
        """Days after which a notice has lapsed and must be repeated; None: never."""
        return CA_QC_MOST if self.preset is NoticePreset.CA_QC else None

    def sentence(self, phrasebook: Phrasebook) -> str:
        """How many days before its start a change is announced."""
        if self.most_days is not None:
            return phrasebook(
                "notice_period.within", days=phrasebook.days(self.least_days), most=phrasebook.days(self.most_days)
            )
        if self.least_days == 0:
            return phrasebook("notice_period.at_once")
        return phrasebook("notice_period", days=phrasebook.days(self.least_days))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether the notice is at least as long, and `other` has the same preset or none."""
        return (
            isinstance(other, NoticePeriod)
            and self.least_days >= other.least_days
            and other.preset in (None, self.preset)
        )

    def validation_error(self) -> Detail | None:
        """Why `days` is out of range, with or without a preset, or None."""
        # With `CA_QC_MOST` days of notice, no day would be left on which a change may start.
        if self.preset is NoticePreset.CA_QC and not CA_QC_LEAST <= self.least_days < CA_QC_MOST:
            return detail_of("NOTICE_PRESET", preset=self.preset.value, least=CA_QC_LEAST, most=CA_QC_MOST - 1)
        return None if 0 <= self.least_days <= 365 else range_detail(0, 365)
