"""Notices of changed terms, as members find them in their inbox."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.api.conventions.context import Info
from app.api.types.terms.terms import ClauseChange, Terms, change_of
from app.domain.terms.changes import ChangeDirection, clause_changes, overall_direction
from app.queries.terms.published_terms import Notice


@strawberry.type(description="An announced change of the terms.")
class TermsNotice:
    """Old clause, new clause and date."""

    notice: strawberry.Private[Notice]
    announced_at: datetime = strawberry.field(description="When it was announced.")
    effective_from: datetime = strawberry.field(description="The instant from which the new version decides.")

    @classmethod
    def of(cls, notice: Notice) -> TermsNotice:
        """The GraphQL object for a stored notice."""
        return cls(notice=notice, announced_at=notice.announced_at, effective_from=notice.terms.effective_from)

    @strawberry.field(description="The version that was announced.")
    def terms(self, info: Info) -> Terms:
        """The new terms."""
        return Terms.of(self.notice.terms, context=info.context)

    @strawberry.field(description="What changes, clause by clause, each with the old and the new clause.")
    def changes(self) -> list[ClauseChange]:
        """The changes, by the keys of their clauses."""
        before, after = self.notice.before, self.notice.terms
        return [change_of(change, before=before, after=after) for change in clause_changes(before, after)]

    @strawberry.field(description="What all changes mean together: WORSE if any of them is.")
    def effect_on_customer(self) -> ChangeDirection:
        """Better, neutral or worse."""
        return overall_direction(clause_changes(self.notice.before, self.notice.terms))
