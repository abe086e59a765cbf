"""Tiers for the reader: which one a customer holds and why, what is missing for the next one, and all changes."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.api.conventions.context import Context, Info
from app.api.types.decisions.decision import Decision, Reason, decision_object
from app.api.types.terms.terms import Tier
from app.domain.engine import tiers as tier_rules
from app.domain.explanations.explanation import Explanation
from app.domain.terms import version as rules
from app.domain.terms.effects.tier_period import TierWindow
from app.queries.customers import tiers

REPLAYED_FIELDS = frozenset({"Customer.tierChanges", "TierStatus.projected", "TierStatus.reasons"})
"""The fields for which a wallet's history is replayed."""


@strawberry.type(description="The next tier above the one that is held.")
class NextTier:
    """The tier and the qualifying points that are still missing for it."""

    tier: Tier = strawberry.field(description="The tier.")
    missing: int = strawberry.field(description="Qualifying points that are still missing for the tier; above 0.")


@strawberry.type(description="The tier that will be held if nothing more is bought.")
class ProjectedTier:
    """A forecast under the published terms, announced versions included."""

    at: datetime = strawberry.field(description="When the customer will hold it.")
    tier: Tier | None = strawberry.field(description="The tier; null if none will be held.")


@strawberry.type(description="The tier that a customer holds. Seen by whoever sees the customer.")
class TierStatus:
    """The tier as of now, by the events recorded so far."""

    status: strawberry.Private[tiers.TierStatus]
    terms: strawberry.Private[rules.Terms]
    key: str | None = strawberry.field(description="The owner's name for the tier; null where none is held.")
    name: str | None = strawberry.field(description="What the terms call it; null where none is held.")
    since: datetime | None = strawberry.field(
        description="Since when the tier is held; if none is held, since when the last one was lost; null if none was ever held."
    )
    holds_until: datetime | None = strawberry.field(
        description="The end of the grace period; null while the points suffice for the tier."
    )
    qualifying_points: int = strawberry.field(
        description="Points that count towards a tier now: those earned in `period`, before multipliers and bonuses."
    )
    period: TierWindow = strawberry.field(description="The period whose points count.")
    period_ends: datetime | None = strawberry.field(
        description="The first instant of the next calendar year in the program's zone, when a new period begins; null where `period` is no calendar year."
    )

    @classmethod
    def of(cls, status: tiers.TierStatus, *, context: Context) -> TierStatus | None:
        """A customer's tier for the reader; None where the terms in force have no tiers."""
        terms = status.terms
        if terms is None or not terms.tiers:
            return None
        tier = Tier.of(status.tier.key, terms=status.named_by) if status.named_by is not None else None
        return cls(
            status=status,
            terms=terms,
            key=status.tier.key,
            name=tier.name if tier is not None else None,
            since=status.tier.since,
            holds_until=status.tier.grace_ends_at,
            qualifying_points=status.qualifying,
            period=tier_rules.window_of(terms),
            period_ends=tier_rules.end_of_calendar_year(terms=terms, at=context.now),
        )

    @strawberry.field(description="The tier as the terms define it; null where none is held.")
    def tier(self) -> Tier | None:
        """By the latest terms that have the tier."""
        named_by = self.status.named_by
        return Tier.of(self.key, terms=named_by) if named_by is not None else None

    @strawberry.field(description="The next tier above; null where there is none.")
    def next(self) -> NextTier | None:
        """By the terms in force."""
        tier_above = tier_rules.tier_above(self.key, points=self.qualifying_points, terms=self.terms)
        tier = Tier.of(tier_above.tier, terms=self.terms) if tier_above is not None else None
        if tier is None:
            return None
        return NextTier(tier=tier, missing=tier.points - self.qualifying_points)

    @strawberry.field(
        description="The tier that will be held if nothing more is bought: after the end of the calendar year and of the grace period that follows it; where points count for 12 months or since joining, the next different tier. Null where nothing will change it."
    )
    def projected(self) -> ProjectedTier | None:
        """From a replay of the wallet's history."""
        forecast = self.status.history.forecast
        if forecast is None:
            return None
        return ProjectedTier(at=forecast.at, tier=Tier.of(forecast.tier, terms=forecast.terms))

    @strawberry.field(
        description="Why the tier is held although the points no longer suffice (TIER_KEPT); empty if they suffice."
    )
    def reasons(self, info: Info) -> list[Reason]:
        """TIER_KEPT, or nothing."""
        kept_because = self.status.history.kept_because
        if kept_because is None:
            return []
        return [
            Reason.of(
                kept_because, explanation=Explanation((kept_because,), self.terms, info.context.now, self.terms.zone)
            )
        ]


@strawberry.type(description="A tier reached or lost. Seen by whoever sees the customer.")
class TierChange:
    """A change in the customer's history as it is recorded now; an event that arrives late may change it."""

    change: strawberry.Private[tier_rules.TierChange]
    at: datetime = strawberry.field(description="When, in business time.")
    before: Tier | None = strawberry.field(
        description="The tier before; null if there was none, or one that the terms of that time do not have."
    )
    after: Tier | None = strawberry.field(description="The tier from then on; null if there is none.")
    qualifying_points: int = strawberry.field(
        description="The points that decided the change. With calendar years: the points of that year, or of the year before if those were more."
    )

    @classmethod
    def of(cls, change: tier_rules.TierChange) -> TierChange:
        """The GraphQL object for a change of the domain."""
        return cls(
            change=change,
            at=change.at,
            before=Tier.of(change.before, terms=change.terms),
            after=Tier.of(change.after, terms=change.terms),
            qualifying_points=change.qualifying_points,
        )

    @strawberry.field(
        description="Why: the tier's clause was reached (TIER_REACHED) or lost (TIER_LOST), or a merged customer brought the tier in its grace period (TIER_KEPT)."
    )
    def decision(self) -> Decision:
        """The change as a decision of the terms of that time."""
        return decision_object(tier_rules.tier_decision(self.change), deciding_terms=self.change.terms)


async def tier_of(customer_id: str, *, info: Info) -> TierStatus | None:
    """The tier of a customer; None where the terms in force have no tiers."""
    status = await _load_status(customer_id, info=info)
    return TierStatus.of(status, context=info.context) if status is not None else None


async def tier_changes_of(customer_id: str, *, info: Info) -> list[TierChange]:
    """The tiers that a customer reached and lost, newest first."""
    status = await _load_status(customer_id, info=info)
    changes = status.history.changes if status is not None else ()
    return [TierChange.of(change) for change in reversed(changes)]


async def _load_status(customer_id: str, *, info: Info) -> tiers.TierStatus | None:
    context = info.context
    with_history = bool(REPLAYED_FIELDS & context.reachable_fields)
    load = context.load_heavy if with_history else context.load
    return await load(tiers.tier_statuses, customer_id, at=context.now, with_history=with_history)
