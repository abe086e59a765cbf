"""The terms for the reader: numbered clauses whose sentences come from the rules themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, phrasebook_of
from app.api.conventions.ids import encode
from app.api.conventions.node import Node
from app.domain.terms import changes
from app.domain.terms import version as rules
from app.domain.terms.changes import ChangeDirection
from app.domain.terms.clause import Clause as ClauseEntity
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.effects.effect import ClauseKind
from app.domain.terms.status import TermsStatus, status_at
from app.domain.terms.text import TextFormat, render
from app.queries.terms.published_terms import terms_version


@strawberry.type(description="One condition of a clause.")
class ConditionStatement:
    """A condition in words, with its stable kind."""

    clause: strawberry.Private[ClauseEntity]
    condition: strawberry.Private[Condition]
    kind: str = strawberry.field(description="Stable name of the kind of condition.")

    @strawberry.field(description="The condition in words.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """As it reads inside the sentence of its clause."""
        return self.clause.condition_text(self.condition, phrasebook=phrasebook_of(info, locale))


@strawberry.type(description="One rule of the terms. The sentence is generated from the rule that is enforced.")
class Clause:
    """A clause of one version."""

    clause: strawberry.Private[ClauseEntity]
    terms: strawberry.Private[rules.Terms]
    key: str = strawberry.field(description="The owner's name for the clause, stable over versions.")
    number: str = strawberry.field(description="Its number in this version.")
    kind: ClauseKind = strawberry.field(description="The kind of its effect.")
    printed: bool = strawberry.field(
        description="Whether the text of the terms shows it. A standard clause that nothing in the terms can reach is not shown; its number comes after those of the clauses that are shown."
    )

    @classmethod
    def of(cls, clause: ClauseEntity, *, terms: rules.Terms) -> Clause:
        """The GraphQL object for a clause of the domain."""
        return cls(
            clause=clause,
            terms=terms,
            key=clause.key,
            number=clause.number,
            kind=clause.kind,
            printed=clause.is_printed,
        )

    @strawberry.field(description="The whole clause as one sentence.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """The generated sentence."""
        return self.clause.statement(phrasebook_of(info, locale))

    @strawberry.field(description="Its conditions, one by one; all of them must hold.")
    def conditions(self) -> list[ConditionStatement]:
        """In the order of the clause."""
        return [
            ConditionStatement(clause=self.clause, condition=condition, kind=condition.kind)
            for condition in self.clause.conditions
        ]


@strawberry.type(description="What a version changed in one clause.")
class ClauseChange:
    """A clause that was added, removed or changed."""

    change: strawberry.Private[changes.ClauseChange]
    before: Clause | None = strawberry.field(description="The clause as it was; null when it is new.")
    after: Clause | None = strawberry.field(description="The clause as it is; null when it is gone.")
    effect_on_customer: ChangeDirection = strawberry.field(description="What it means for the customer.")

    @strawberry.field(description="The change as one sentence.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """The old and the new clause in words."""
        return self.change.statement(phrasebook_of(info, locale))


@strawberry.type(description="A tier that members reach, as a version of the terms has it.")
class Tier:
    """A tier with its clause."""

    key: str = strawberry.field(description="The owner's name for it, stable over versions.")
    name: str = strawberry.field(description="The name that members read, as the owner wrote it, in every language.")
    points: int = strawberry.field(description="Qualifying points that are required for it.")
    clause: Clause = strawberry.field(description="The clause of the terms that defines it.")

    @classmethod
    def of(cls, key: str | None, *, terms: rules.Terms) -> Tier | None:
        """The GraphQL object for the tier with this key; None if these terms have no such tier."""
        tier = next((tier for tier in terms.tiers if tier.tier == key), None)
        if tier is None:
            return None
        clause = Clause.of(terms.tier_clause(tier.tier), terms=terms)
        return cls(key=tier.tier, name=tier.name, points=tier.points, clause=clause)


@strawberry.type(description="One published version of the terms; it never changes.")
class Terms(Node):
    """A version, readable by every key of the program."""

    version_terms: strawberry.Private[rules.Terms]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    version: int = strawberry.field(description="1 for the first version, counting up.")
    effective_from: datetime = strawberry.field(description="The instant from which it decides.")

    @classmethod
    def of(cls, terms: rules.Terms, *, context: Context) -> Terms:
        """The GraphQL object for a version of the caller's program."""
        return cls(
            version_terms=terms,
            id=strawberry.ID(encode("Terms", f"{context.program.id}.{terms.version}")),
            version=terms.version,
            effective_from=terms.effective_from,
        )

    @strawberry.field(description="Where the version stands now.")
    async def status(self, info: Info) -> TermsStatus:
        """Scheduled, in force, superseded or withdrawn."""
        # The time now, not that of the operation: a mutation of the operation may have published this version meanwhile.
        now = info.context.application.now(info.context.program)
        published = await info.context.query(terms_version, number=self.version)
        after = published.after if published is not None else None
        return status_at(
            now,
            effective_from=self.effective_from,
            withdrawn=published is not None and published.withdrawn,
            next_effective_from=after.effective_from if after is not None else None,
        )

    @strawberry.field(description="The clauses in their order, at most 200.")
    def clauses(
        self, kind: Annotated[ClauseKind | None, strawberry.argument(description="Only clauses of this kind.")] = None
    ) -> list[Clause]:
        """All clauses, or those of one kind."""
        return [
            Clause.of(clause, terms=self.version_terms)
            for clause in self.version_terms.clauses
            if kind is None or clause.kind is kind
        ]

    @strawberry.field(description="The tiers that members reach, lowest first, at most 10; empty where there are none.")
    def tiers(self) -> list[Tier]:
        """Each with its clause."""
        tiers = (Tier.of(tier.tier, terms=self.version_terms) for tier in self.version_terms.tiers)
        return [tier for tier in tiers if tier is not None]

    @strawberry.field(description="What this version changed against the one before; empty for the first.")
    async def changes(self, info: Info) -> list[ClauseChange]:
        """Clause by clause, by key."""
        published = await info.context.query(terms_version, number=self.version)
        if published is None or published.before is None:
            return []
        return [change_of(change, before=published.before, after=published.terms) for change in published.changes]

    @strawberry.field(description="The whole version as one text.")
    def text(
        self,
        info: Info,
        format: Annotated[
            TextFormat | None, strawberry.argument(description="How it is marked up; default PLAIN.")
        ] = None,
        locale: Language = None,
    ) -> str:
        """Every clause with its number."""
        return render(self.version_terms, format=format or TextFormat.PLAIN, phrasebook=phrasebook_of(info, locale))


def change_of(change: changes.ClauseChange, *, before: rules.Terms, after: rules.Terms) -> ClauseChange:
    """The GraphQL object for a change of the domain."""
    return ClauseChange(
        change=change,
        before=Clause.of(change.before, terms=before) if change.before is not None else None,
        after=Clause.of(change.after, terms=after) if change.after is not None else None,
        effect_on_customer=change.direction,
    )
