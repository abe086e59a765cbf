"""Clauses and their changes in words, as the templates show them."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.i18n import Phrasebook
from app.domain.terms.changes import ClauseChange
from app.domain.terms.clause import Clause


@dataclass(frozen=True, slots=True)
class ClauseView:
    """A clause with its number, its `name` (the number as a screen reader says it), and its sentence."""

    number: str
    name: str
    text: str

    @classmethod
    def of(cls, clause: Clause, *, phrasebook: Phrasebook) -> ClauseView:
        """The clause in words."""
        name = phrasebook("page.clause", number=clause.number)
        return cls(number=clause.number, name=name, text=clause.statement(phrasebook))


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A changed clause, old and new. `same_words`: its sentence is the same, only its place or its groups of members have changed."""

    direction: str
    before: ClauseView | None
    after: ClauseView | None
    same_words: bool

    @classmethod
    def of(cls, change: ClauseChange, *, phrasebook: Phrasebook) -> ChangeView:
        """The change in words."""
        before = ClauseView.of(change.before, phrasebook=phrasebook) if change.before is not None else None
        after = ClauseView.of(change.after, phrasebook=phrasebook) if change.after is not None else None
        same_words = before is not None and after is not None and before.text == after.text
        return cls(direction=change.direction.value, before=before, after=after, same_words=same_words)
