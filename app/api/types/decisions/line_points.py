"""What each line of a purchase brought, and why a line brought nothing."""

from __future__ import annotations

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Info, phrasebook_of
from app.api.conventions.enums import register_enum
from app.api.conventions.money import UnitPoints, unit_of
from app.api.types.terms.terms import Clause
from app.domain.engine.line_shares import LineExclusion, LineShare
from app.domain.terms import version as rules

register_enum(
    LineExclusion,
    "Why a line brings nothing, whatever it costs.",
    {
        LineExclusion.KIND_NOT_COUNTED: "Lines of its kind, such as shipping, do not count by the clause on what counts.",
        LineExclusion.NOTHING_PAID: "Nothing was paid for it in money: it was free, or paid for with points.",
        LineExclusion.GOODS_NOT_COUNTED: "None of the clauses that gave points or stamps counts these goods; where none gave any, no clause of the terms counts them.",
    },
    name="LineExclusionCode",
)


@strawberry.type(description="Why a line brings nothing.")
class ExcludedLine:
    """The clauses that exclude the line, and a sentence."""

    share: strawberry.Private[LineShare]
    deciding_terms: strawberry.Private[rules.Terms]
    code: LineExclusion = strawberry.field(description="Stable; for programs to act on.")

    @strawberry.field(description="The clauses that exclude the line.")
    def clauses(self) -> list[Clause]:
        """As of the terms version that decided."""
        terms = self.deciding_terms
        return [Clause.of(terms.clause_by_key[key], terms=terms) for key in self.share.clauses]

    @strawberry.field(description="Why, in one sentence.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """The kind of the line, or the clauses by their numbers."""
        phrasebook = phrasebook_of(info, locale)
        if self.code is LineExclusion.KIND_NOT_COUNTED:
            return phrasebook(f"line.{self.code.value}.{self.share.line.kind.value}")
        numbers = [self.deciding_terms.clause_by_key[key].number for key in self.share.clauses]
        return phrasebook(f"line.{self.code.value}", clauses=phrasebook.listed(numbers, last="or"))


@strawberry.type(description="What a line of a purchase or basket brought.")
class LinePoints:
    """The line's share of the points of a decision."""

    share: strawberry.Private[LineShare]
    deciding_terms: strawberry.Private[rules.Terms]
    number: int = strawberry.field(description="The line's number, from 1 in the order sent.")

    @strawberry.field(
        description="The line's share, in each unit of the terms: the shares of all lines add up to `Decision.points`. They are allocated by the largest remainder of what each line earns before rounding; ties go to the lower line number."
    )
    def points(self, info: Info) -> list[UnitPoints]:
        """Never negative."""
        shares = self.share.shares.items()
        return [UnitPoints(unit=unit_of(info.context, unit), points=points) for unit, points in shares]

    @strawberry.field(description="Why the line brings nothing, whatever it costs; null for a line that counts.")
    def excluded(self) -> ExcludedLine | None:
        """None for a line that earns nothing only because its price is too low."""
        if self.share.exclusion is None:
            return None
        return ExcludedLine(share=self.share, deciding_terms=self.deciding_terms, code=self.share.exclusion)

    @classmethod
    def of(cls, share: LineShare, *, deciding_terms: rules.Terms) -> LinePoints:
        """The GraphQL object for a share of the domain."""
        return cls(share=share, deciding_terms=deciding_terms, number=share.line.number)
