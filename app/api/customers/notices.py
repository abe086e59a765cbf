"""Notices of changed terms, as members find them in their inbox."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.api.program.terms import ClauseChange, Terms, change_of
from app.domain.changing.comparing import ChangeEffect, changes, worst
from app.queries.published_terms import Notice


@strawberry.type(description="An announced change of the terms.")
class TermsNotice:
    """Old clause, new clause and date."""

    notice: strawberry.Private[Notice]
    announced_at: datetime = strawberry.field(description="When it was announced.")
    effective_from: datetime = strawberry.field(description="From when it decides.")

    @classmethod
    def of(cls, notice: Notice) -> TermsNotice:
        """A notice of the store for the reader."""
        return cls(notice=notice, announced_at=notice.announced_at, effective_from=notice.terms.effective_from)

    @strawberry.field(description="The version that was announced.")
    def terms(self) -> Terms:
        """The new terms."""
        return Terms.of(self.notice.terms)

    @strawberry.field(description="What changes, clause by clause, each with the old and the new clause.")
    def changes(self) -> list[ClauseChange]:
        """By key."""
        before, after = self.notice.before, self.notice.terms
        return [change_of(one, before=before, after=after) for one in changes(before, after)]

    @strawberry.field(description="What all changes mean together: one for the worse is enough.")
    def effect_on_customer(self) -> ChangeEffect:
        """Better, neutral or worse."""
        return worst(changes(self.notice.before, self.notice.terms))
