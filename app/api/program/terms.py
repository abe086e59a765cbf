"""The terms for the reader: numbered clauses whose sentences come from the rules themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.context import Info, say
from app.api.conventions.enums import TermsStatus
from app.api.conventions.ids import encode
from app.api.conventions.node import Node
from app.domain import terms as rules
from app.domain.changing import comparing
from app.domain.changing.comparing import ChangeEffect
from app.domain.effects import ClauseKind
from app.domain.printing import TextFormat, printed
from app.queries.published_terms import terms_version


@strawberry.type(description="One condition of a clause.")
class ConditionStatement:
    """A condition in words, with its stable kind."""

    kind: str = strawberry.field(description="Stable name of the kind of condition.")
    statement: str = strawberry.field(description="The condition in the caller's locale.")


@strawberry.type(description="One rule of the terms. The sentence is generated from the rule that is enforced.")
class Clause:
    """A clause of one version."""

    clause: strawberry.Private[rules.Clause]
    judged_by: strawberry.Private[rules.Terms]
    key: str = strawberry.field(description="The owner's name for the clause, stable over versions.")
    number: str = strawberry.field(description="Its number in this version.")
    kind: ClauseKind = strawberry.field(description="What it is about.")
    printed: bool = strawberry.field(
        description="Whether the text of the terms shows it. A standard clause that nothing in the terms can reach is not shown; it has its number after all that are."
    )

    @classmethod
    def of(cls, clause: rules.Clause, *, terms: rules.Terms) -> Clause:
        """A clause of the domain for the reader."""
        return cls(
            clause=clause,
            judged_by=terms,
            key=clause.key,
            number=clause.number,
            kind=clause.kind,
            printed=clause.printed,
        )

    @strawberry.field(description="The whole clause as one sentence in the caller's locale.")
    def statement(self, info: Info) -> str:
        """The generated sentence."""
        return self.clause.statement(say(info))

    @strawberry.field(description="Its conditions, one by one; all of them must hold.")
    def conditions(self, info: Info) -> list[ConditionStatement]:
        """Each condition in words."""
        said = self.clause.condition_sentences(say(info))
        return [
            ConditionStatement(kind=one.kind, statement=statement)
            for one, statement in zip(self.clause.conditions, said, strict=True)
        ]


@strawberry.type(description="What a version changed in one clause.")
class ClauseChange:
    """A clause that came, went or changed."""

    change: strawberry.Private[comparing.ClauseChange]
    before: Clause | None = strawberry.field(description="The clause as it was; null when it is new.")
    after: Clause | None = strawberry.field(description="The clause as it is; null when it is gone.")
    effect_on_customer: ChangeEffect = strawberry.field(description="What it means for the customer.")

    @strawberry.field(description="The change as one sentence in the caller's locale.")
    def statement(self, info: Info) -> str:
        """Old and new in words."""
        return self.change.statement(say(info))


@strawberry.type(description="A level that members reach, as a version of the terms has it.")
class TierLevel:
    """A level with its clause."""

    key: str = strawberry.field(description="The owner's name for it, stable over versions.")
    name: str = strawberry.field(
        description="What members read, as the owner wrote it: the terms call it so in every language."
    )
    points: int = strawberry.field(description="Qualifying points that it takes.")
    clause: Clause = strawberry.field(description="The clause of the terms that promises it.")

    @classmethod
    def of(cls, key: str | None, *, terms: rules.Terms) -> TierLevel | None:
        """The level of this key for the reader; None where these terms have none."""
        level = next((one for one in terms.tiers if one.tier == key), None)
        if level is None:
            return None
        clause = Clause.of(terms.tier_clause(level.tier), terms=terms)
        return cls(key=level.tier, name=level.name, points=level.points, clause=clause)


@strawberry.type(description="One published version of the terms; it never changes.")
class Terms(Node):
    """A version, readable by every key of the program."""

    version_terms: strawberry.Private[rules.Terms]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    version: int = strawberry.field(description="1 for the first version, counting up.")
    effective_from: datetime = strawberry.field(description="From when it decides.")

    @classmethod
    def of(cls, found: rules.Terms) -> Terms:
        """A version of the domain for the reader."""
        return cls(
            version_terms=found,
            id=strawberry.ID(encode("Terms", str(found.version))),
            version=found.version,
            effective_from=found.effective_from,
        )

    @strawberry.field(description="Where the version stands now.")
    async def status(self, info: Info) -> TermsStatus:
        """Scheduled, in force, superseded or withdrawn."""
        # Not the time of the request: a mutation in it may have published this very version since.
        now = info.context.desk.now(info.context.program)
        published = await info.context.ask(terms_version, number=self.version)
        if published is not None and published.withdrawn:
            return TermsStatus.WITHDRAWN
        if self.effective_from > now:
            return TermsStatus.SCHEDULED
        after = published.after if published is not None else None
        if after is not None and after.effective_from <= now:
            return TermsStatus.SUPERSEDED
        return TermsStatus.IN_FORCE

    @strawberry.field(description="The clauses in their order, at most 200.")
    def clauses(
        self, kind: Annotated[ClauseKind | None, strawberry.argument(description="Only clauses of this kind.")] = None
    ) -> list[Clause]:
        """All clauses, or those of one kind."""
        return [
            Clause.of(one, terms=self.version_terms)
            for one in self.version_terms.clauses
            if kind is None or one.kind is kind
        ]

    @strawberry.field(
        description="The levels that members reach, lowest first, at most 10; empty where there are none."
    )
    def tiers(self) -> list[TierLevel]:
        """Each with its clause."""
        found = (TierLevel.of(one.tier, terms=self.version_terms) for one in self.version_terms.tiers)
        return [one for one in found if one is not None]

    @strawberry.field(description="What this version changed against the one before; empty for the first.")
    async def changes(self, info: Info) -> list[ClauseChange]:
        """Clause by clause, by key."""
        published = await info.context.ask(terms_version, number=self.version)
        if published is None or published.before is None:
            return []
        return [
            change_of(one, before=published.before, after=published.terms)
            for one in comparing.changes(published.before, published.terms)
        ]

    @strawberry.field(description="The whole version as one text in the caller's locale.")
    def text(
        self,
        info: Info,
        format: Annotated[
            TextFormat | None, strawberry.argument(description="How it is marked up; default PLAIN.")
        ] = None,
    ) -> str:
        """Every clause with its number."""
        return printed(self.version_terms, format=format or TextFormat.PLAIN, say=say(info))


def change_of(one: comparing.ClauseChange, *, before: rules.Terms, after: rules.Terms) -> ClauseChange:
    """A change of the domain for the reader."""
    return ClauseChange(
        change=one,
        before=Clause.of(one.before, terms=before) if one.before is not None else None,
        after=Clause.of(one.after, terms=after) if one.after is not None else None,
        effect_on_customer=one.effect_on_customer,
    )
