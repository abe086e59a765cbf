"""How long before it starts a change of the terms is announced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.details import Detail, detail, value_range
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

CA_QC_LEAST, CA_QC_MOST = 60, 90
"""Days between notice and change in Quebec (Consumer Protection Act, regulation on loyalty programs)."""


STANDARD_DAYS = 30
"""Days of notice where neither the owner nor a place says how many."""


class NoticePreset(StrEnum):
    """Rules of a place that go beyond a number of days."""

    CA_QC = "CA_QC"


@dataclass(frozen=True, slots=True)
class NoticePeriod(Effect):
    """A change for the worse starts at the earliest when `days` whole local days have passed since the announcement.

    With the preset CA_QC also within 90 days of it; a change that is put off longer must be announced again. If `days` is left
    out, it is the preset's or the standard number, and is stored and printed like any other.
    """

    kind: ClassVar[str] = "notice_period"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    about: ClassVar[str] = (
        "How long before it starts a change for the worse is announced. Standard clause; default 30 days."
    )
    days: int | None = rule_field(
        "Days, 0 to 365, default 30; with the preset CA_QC 60 to 89, default 60.", default=None
    )
    preset: NoticePreset | None = rule_field("The rules of a place, where they ask for more.", default=None)

    def __post_init__(self) -> None:
        if self.days is None:
            object.__setattr__(self, "days", CA_QC_LEAST if self.preset is NoticePreset.CA_QC else STANDARD_DAYS)

    @property
    def least_days(self) -> int:
        """Whole local days that have to pass after a notice before a change for the worse."""
        assert self.days is not None, "what is left out has its default from the beginning"
        return self.days

    @property
    def most_days(self) -> int | None:
        """Days after which a notice is stale and must be repeated; None: never."""
        return CA_QC_MOST if self.preset is NoticePreset.CA_QC else None

    def sentence(self, phrasebook: Phrasebook) -> str:
        """How long changes are announced ahead."""
        if self.most_days is not None:
            return phrasebook(
                "notice_period.within", days=phrasebook.days(self.least_days), most=phrasebook.days(self.most_days)
            )
        if self.least_days == 0:
            return phrasebook("notice_period.at_once")
        return phrasebook("notice_period", days=phrasebook.days(self.least_days))

    def at_least_as_good(self, other: Effect) -> bool:
        """The notice is at least as long, and a preset of `other` is kept."""
        return (
            isinstance(other, NoticePeriod)
            and self.least_days >= other.least_days
            and other.preset in (None, self.preset)
        )

    def validation_error(self) -> Detail | None:
        """Why `days` is out of range, or outside of what the preset allows, or None."""
        # With as many days as the law allows at most, no day would be left on which a change may start.
        if self.preset is NoticePreset.CA_QC and not CA_QC_LEAST <= self.least_days < CA_QC_MOST:
            return detail("NOTICE_PRESET", preset=self.preset.value, least=CA_QC_LEAST, most=CA_QC_MOST - 1)
        return None if 0 <= self.least_days <= 365 else value_range(0, 365)
