"""The terms for anybody, without a key: the same sentences that the public pages show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Info
from app.api.conventions.scalars import CurrencyCode
from app.domain.i18n import Phrasebook, public_phrasebook_for
from app.domain.programs.program import Program as ProgramEntity
from app.domain.terms.changes import ChangeDirection, ClauseChange
from app.domain.terms.clause import Clause as ClauseEntity
from app.domain.terms.effects.effect import ClauseKind
from app.domain.terms.highlights import highlights
from app.domain.terms.status import TermsStatus
from app.domain.terms.text import TextFormat, render
from app.queries.terms import public_terms as public_terms_query


@dataclass(frozen=True, slots=True)
class _Reader:
    """The language of the operation (`tags` of an Accept-Language header), and the program with its formats and form of address."""

    tags: str | None
    program: ProgramEntity

    def phrasebook(self, locale: str | None) -> Phrasebook:
        """The phrasebook for public texts, in the language of `locale`, or without one in that of the operation."""
        return public_phrasebook_for(
            locale or self.tags, region=self.program.region, form_of_address=self.program.form_of_address
        )


@strawberry.type(description="What anybody may know of a program.")
class PublicProgram:
    """A program for anybody, without its settings."""

    slug: str = strawberry.field(description="Its name in public addresses; its pages are at `/p/SLUG`.")
    name: str = strawberry.field(description="Its name, as customers see it.")
    currency_code: CurrencyCode = strawberry.field(description="The currency of its amounts, ISO 4217.")
    time_zone: str = strawberry.field(
        description="The IANA zone whose wall clock its rules go by, where a purchase has no location."
    )


@strawberry.type(description="A version of the terms, without its clauses.")
class PublicVersion:
    """A version in the list of all versions."""

    version: int = strawberry.field(description="1 for the first version, counting up.")
    status: TermsStatus = strawberry.field(description="Where the version stands now.")
    effective_from: datetime = strawberry.field(
        description="The instant from which it decides, unless it was withdrawn."
    )


@strawberry.type(
    description="A clause as anybody reads it: without its key, and without the names of customer segments."
)
class PublicClause:
    """A printed clause."""

    clause: strawberry.Private[ClauseEntity]
    reader: strawberry.Private[_Reader]
    number: str = strawberry.field(description="Its number in this version.")
    kind: ClauseKind = strawberry.field(description="The kind of its effect.")

    @classmethod
    def of(cls, clause: ClauseEntity, *, reader: _Reader) -> PublicClause:
        """The GraphQL object for a clause of the domain."""
        return cls(clause=clause, reader=reader, number=clause.number, kind=clause.kind)

    @strawberry.field(description="The whole clause as one sentence.")
    def statement(self, locale: Language = None) -> str:
        """The generated sentence."""
        return self.clause.statement(self.reader.phrasebook(locale))


@strawberry.type(description="What a version changed in one clause.")
class PublicClauseChange:
    """A clause that was added, removed or changed."""

    change: strawberry.Private[ClauseChange]
    reader: strawberry.Private[_Reader]
    before: PublicClause | None = strawberry.field(description="The clause as it was; null when it is new.")
    after: PublicClause | None = strawberry.field(description="The clause as it is; null when it is gone.")
    effect_on_customer: ChangeDirection = strawberry.field(description="What it means for customers.")

    @classmethod
    def of(cls, change: ClauseChange, *, reader: _Reader) -> PublicClauseChange:
        """The GraphQL object for a change of the domain."""
        return cls(
            change=change,
            reader=reader,
            before=PublicClause.of(change.before, reader=reader) if change.before is not None else None,
            after=PublicClause.of(change.after, reader=reader) if change.after is not None else None,
            effect_on_customer=change.direction,
        )

    @strawberry.field(description="The change as one sentence.")
    def statement(self, locale: Language = None) -> str:
        """The old and the new clause in words."""
        return self.change.statement(self.reader.phrasebook(locale))


@strawberry.type(
    description="A published version of a program's terms, for anybody to read: what `/p/SLUG/terms` shows. It contains neither what is left of budgets nor the names of customer segments."
)
class PublicTerms:
    """A version with the list of all versions."""

    terms: strawberry.Private[public_terms_query.PublicTerms]
    reader: strawberry.Private[_Reader]
    program: PublicProgram = strawberry.field(description="Whose terms these are.")
    version: int = strawberry.field(description="1 for the first version, counting up.")
    status: TermsStatus = strawberry.field(description="Where the version stands now.")
    effective_from: datetime = strawberry.field(
        description="The instant from which it decides, unless it was withdrawn."
    )
    versions: list[PublicVersion] = strawberry.field(
        description="All versions, withdrawn ones too, newest first; at most the last 100."
    )

    @classmethod
    def of(cls, terms: public_terms_query.PublicTerms, *, tags: str | None) -> PublicTerms:
        """The GraphQL object for a version, with sentences in the language of `tags`."""
        program, terms_version = terms.public_program.program, terms.published.terms
        return cls(
            terms=terms,
            reader=_Reader(tags, program),
            program=PublicProgram(
                slug=program.slug,
                name=program.name,
                currency_code=CurrencyCode(program.currency),
                time_zone=program.zone,
            ),
            version=terms_version.version,
            status=terms.status,
            effective_from=terms_version.effective_from,
            versions=[
                PublicVersion(version=published.number, status=status, effective_from=published.effective_from)
                for published, status in terms.public_program.versions
            ],
        )

    @strawberry.field(description="The clauses that the text of the terms shows, in their order, at most 200.")
    def clauses(self) -> list[PublicClause]:
        """The printed clauses, without those that cannot apply."""
        return [PublicClause.of(clause, reader=self.reader) for clause in self.terms.published.terms.printed_clauses]

    @strawberry.field(description="At most three of the clauses, for readers without time to read them all.")
    def highlights(self) -> list[PublicClause]:
        """The clauses that the first page shows."""
        return [PublicClause.of(clause, reader=self.reader) for clause in highlights(self.terms.published.terms)]

    @strawberry.field(description="What this version changed against the one before it; empty for the first.")
    def changes(self) -> list[PublicClauseChange]:
        """Clause by clause."""
        return [PublicClauseChange.of(change, reader=self.reader) for change in self.terms.published.changes]

    @strawberry.field(description="The whole version as one text.")
    def text(
        self,
        format: Annotated[
            TextFormat | None, strawberry.argument(description="How it is marked up; default PLAIN.")
        ] = None,
        locale: Language = None,
    ) -> str:
        """Every printed clause with its number."""
        phrasebook = self.reader.phrasebook(locale)
        return render(self.terms.published.terms, format=format or TextFormat.PLAIN, phrasebook=phrasebook)


@strawberry.type
class PublicTermsQueries:
    """Fields of `Query`."""

    @strawberry.field(
        description="The terms of a program for anybody, without a key; null when there are none. The public pages at `/p/SLUG` show the same."
    )
    async def public_terms(
        self,
        info: Info,
        program: Annotated[str, strawberry.argument(description="The program's slug, its name in public addresses.")],
        version: Annotated[
            int | None,
            strawberry.argument(
                description="The number of a version; by default the version in force, or before the first one starts, the one that starts first."
            ),
        ] = None,
    ) -> PublicTerms | None:
        """One version; the caller's key, if there is one, makes no difference."""
        application = info.context.application
        terms = await application.query_across_programs(
            public_terms_query.public_terms, slug=program, number=version, now_of=application.now
        )
        if terms is None:
            return None
        return PublicTerms.of(terms, tags=info.context.accept_language)
