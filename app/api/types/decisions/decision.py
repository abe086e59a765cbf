"""Decisions: each reason with its clause, a sentence, the observed and the required value, and its remedies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Info, phrasebook_of
from app.api.conventions.money import Money, PointUnit, UnitPoints, money_of, unit_of
from app.api.conventions.user_errors import UserError, user_error
from app.api.types.decisions.line_points import LinePoints
from app.api.types.programs.location import Location, location_by_key
from app.api.types.terms.terms import Clause, Terms
from app.domain import decisions as made
from app.domain.access import Permission
from app.domain.customers.profile import Aspect
from app.domain.decisions import DecisionOutcome, ReasonCode, RemedyCode, Verdict
from app.domain.engine import qualification as outlooks
from app.domain.engine.line_shares import line_shares
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.summary import correction_sentence, summary
from app.domain.i18n import values as values
from app.domain.ledger.entry_reasons import Cause
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms import version as rules
from app.domain.terms.conditions.about_customer import AboutCustomer
from app.queries.ledger import entries


@strawberry.type(description="What would make a condition hold.")
class Remedy:
    """Applying it makes the condition hold."""

    remedy: strawberry.Private[made.Remedy]
    reason: strawberry.Private[made.Reason]
    explained: strawberry.Private[Explanation]
    code: RemedyCode = strawberry.field(description="Stable; for programs to act on.")
    from_: datetime | None = strawberry.field(
        name="from",
        description="The first moment at which the condition holds. Of WAIT_FOR_BIRTHDAY for owner, staff and the customer only, and null in recorded decisions.",
    )
    points: int | None = strawberry.field(description="Points that are missing.")
    amount: Money | None = strawberry.field(description="Money that is missing on what counts.")
    quantity: int | None = strawberry.field(description="Number of items that are missing.")
    choices: list[str] = strawberry.field(
        description="Stock codes, categories, keys of locations, channels, methods of payment, segments or preferences of which any one would do."
    )

    @strawberry.field(description="One sentence: what becomes possible, and how or from when.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """The remedy in words."""
        return self.explained.remedy(self.remedy, reason=self.reason, phrasebook=phrasebook_of(info, locale))

    @strawberry.field(
        description="The locations of which any one would do, as they are now, at most 200; null where the location does not matter."
    )
    async def locations(self, info: Info) -> list[Location] | None:
        """The places by their keys; none of them are named where any other will do."""
        if self.code is not RemedyCode.USE_LOCATION or not self.choices:
            return None
        found = await asyncio.gather(*(location_by_key(key, context=info.context) for key in self.choices))
        return [location for location in found if location is not None]


@strawberry.type(description="What one clause of the terms did in a decision.")
class Reason:
    """A finding with its clause and its words."""

    reason: strawberry.Private[made.Reason]
    explained: strawberry.Private[Explanation]
    clause: Clause = strawberry.field(description="The clause of the terms in force at `decidedFor`.")
    verdict: Verdict = strawberry.field(description="What the clause did.")
    code: ReasonCode = strawberry.field(description="Stable; for programs to act on.")

    @classmethod
    def of(cls, reason: made.Reason, *, explained: Explanation) -> Reason:
        """A reason of the domain for the reader, with all that explains it."""
        terms = explained.terms
        return cls(
            reason=reason,
            explained=explained,
            clause=Clause.of(terms.by_key[reason.clause], terms=terms),
            verdict=reason.verdict,
            code=reason.finding.code,
        )

    @strawberry.field(
        description="One sentence that can be read alone: of a failed condition or, where another clause applied instead, of that clause."
    )
    def statement(self, info: Info, locale: Language = None) -> str:
        """The finding in words."""
        return self.explained.statement(self.reason, phrasebook=phrasebook_of(info, locale))

    @strawberry.field(description="What was found, in words; null where there is nothing to measure.")
    def observed(self, info: Info, locale: Language = None) -> str | None:
        """The observed value in words."""
        places, phrasebook = self.explained.terms.location_names, phrasebook_of(info, locale)
        return values.value_in_words(
            self.reason.finding.observed,
            code=self.code,
            zone=self.explained.zone,
            locations=places,
            phrasebook=phrasebook,
        )

    @strawberry.field(description="What the clause requires, in words.")
    def required(self, info: Info, locale: Language = None) -> str | None:
        """The required value in words."""
        places, phrasebook = self.explained.terms.location_names, phrasebook_of(info, locale)
        return values.value_in_words(
            self.reason.finding.required,
            code=self.code,
            zone=self.explained.zone,
            locations=places,
            phrasebook=phrasebook,
        )

    @strawberry.field(description="What would make the condition hold; empty when it holds.")
    def remedies(self, info: Info) -> list[Remedy]:
        """The remedies of the reason."""
        found = self.reason.finding.remedies
        return [_remedy(remedy, reason=self.reason, explained=self.explained, info=info) for remedy in found]


@strawberry.type(description="The result of the rules, with every clause that was evaluated.")
class Decision:
    """A stored or fresh decision, rendered anew for each reader."""

    decision: strawberry.Private[made.Decision]
    deciding_terms: strawberry.Private[rules.Terms]
    bought: strawberry.Private[PurchaseFacts | None]
    bought_by_entry: strawberry.Private[str | None]
    cause: strawberry.Private[Cause | None]
    outcome: DecisionOutcome = strawberry.field(description="What it came to.")
    decided_for: datetime = strawberry.field(description="The business time for which it was decided.")

    @strawberry.field(description="One per evaluated clause and condition; all that failed are listed.")
    def reasons(self) -> list[Reason]:
        """The findings with their clauses."""
        explained = Explanation.of(self.decision, terms=self.deciding_terms)
        return [Reason.of(reason, explained=explained) for reason in self.decision.reasons]

    @strawberry.field(
        description="What it came to in one to three sentences, to be printed on a receipt or read aloud: what is given, what stood in the way and what would help. Conditions that are met are silent; `reasons` has all."
    )
    def summary(self, info: Info, locale: Language = None) -> list[str]:
        """The decision in short."""
        phrasebook, correction = phrasebook_of(info, locale), None
        if self.cause is not None:
            zone = info.context.program.zone
            correction = correction_sentence(
                self.cause.kind, occurred_at=self.cause.occurred_at, zone=zone, phrasebook=phrasebook
            )
        return list(summary(self.decision, terms=self.deciding_terms, phrasebook=phrasebook, correction=correction))

    @strawberry.field(
        description="What the decision is about, by unit of the terms: earned, paid or clawed back; never negative."
    )
    def points(self, info: Info) -> list[UnitPoints]:
        """Never negative; the ledger entry has the sign."""
        units = self.deciding_terms.units
        return [UnitPoints(unit=unit_of(info.context, unit), points=self.decision.amount(unit)) for unit in units]

    @strawberry.field(
        description="What each line of the purchase brought, at most 500; null where no purchase or basket was decided."
    )
    async def lines(self, info: Info) -> list[LinePoints] | None:
        """Worked out from the receipt as it was known when this was decided."""
        bought = self.bought
        if bought is None and self.bought_by_entry is not None:
            bought = await info.context.load_heavy(entries.receipts_behind, self.bought_by_entry)
        if bought is None:
            return None
        shares = line_shares(self.decision, terms=self.deciding_terms, facts=bought)
        return [LinePoints.of(share, deciding_terms=self.deciding_terms) for share in shares]

    @strawberry.field(description="The version of the terms that decided.")
    def terms(self, info: Info) -> Terms:
        """The version in force at `decidedFor`."""
        return Terms.of(self.deciding_terms, context=info.context)


@strawberry.type(description="The effect of one clause on a basket, and what is missing for it.")
class ClauseOutlook:
    """The clause evaluated before anything is recorded."""

    qualification: strawberry.Private[outlooks.ClauseQualification]
    explained: strawberry.Private[Explanation]
    applies: bool = strawberry.field(
        description="Whether it would count for this basket now; of a reward, whether it could be redeemed with it."
    )
    points: int = strawberry.field(
        description="What it gives of its unit with this basket; for a reward what it costs the customer; 0 when it gives none."
    )

    @classmethod
    def of(cls, found: outlooks.ClauseQualification, *, basket: made.Decision, terms: rules.Terms) -> ClauseOutlook:
        """An outlook of the domain for the reader; `basket` is what the whole basket was decided to earn."""
        explained = replace(Explanation.of(basket, terms=terms), reasons=found.reasons)
        return cls(qualification=found, explained=explained, applies=found.applies, points=found.points)

    @strawberry.field(description="The unit of `points`.")
    def unit(self, info: Info) -> PointUnit:
        """Points or stamps."""
        return unit_of(info.context, self.qualification.unit)

    @strawberry.field(
        description="The first moment at which it would apply to this basket as it is; null when it does, or when time is not all it takes; and for tills where the clause asks for a birthday or an age."
    )
    def applies_from(self, info: Info) -> datetime | None:
        """Hidden where it would give a date of birth away."""
        by_birthday = any(
            isinstance(leaf, AboutCustomer) and leaf.aspect is Aspect.BIRTHDAY
            for leaf in self.qualification.clause.leaves
        )
        return None if by_birthday and not _sees_birthdays(info) else self.qualification.applies_from

    @strawberry.field(
        description="Of a reward, the user error that `redeemReward` would answer with, for a technical reason, as in `RewardOffer.refusal`; null where there is none, and for other clauses."
    )
    def refusal(self) -> UserError | None:
        """A technical problem, not a refusal by the terms."""
        found = self.qualification.problem
        return user_error(found) if found is not None else None

    @strawberry.field(description="The clause.")
    def clause(self) -> Clause:
        """Of the terms in force."""
        return Clause.of(self.qualification.clause, terms=self.explained.terms)

    @strawberry.field(description="One per evaluated condition, and one for the clause as a whole.")
    def reasons(self) -> list[Reason]:
        """In the order of evaluation."""
        return [Reason.of(reason, explained=self.explained) for reason in self.qualification.reasons]

    @strawberry.field(
        description="What is missing, where only one condition fails and at least three quarters of it are met."
    )
    def almost_met(self, info: Info) -> list[Remedy]:
        """The remedies of that condition."""
        failed = self.explained.failed()
        found = self.qualification.almost_met
        return [_remedy(remedy, reason=failed[0], explained=self.explained, info=info) for remedy in found]


def decision(
    found: made.Decision,
    *,
    deciding_terms: rules.Terms,
    bought: PurchaseFacts | None = None,
    bought_by_entry: str | None = None,
    cause: Cause | None = None,
) -> Decision:
    """A decision of the domain for the reader.

    `bought` is the purchase or basket that it is about; or else the entry (id) that booked the purchase leads to it.
    `cause` is what became known late and made the entry necessary, where no clause decided it.
    """
    return Decision(
        decision=found,
        deciding_terms=deciding_terms,
        bought=bought,
        bought_by_entry=bought_by_entry,
        cause=cause,
        outcome=found.outcome,
        decided_for=found.decided_for,
    )


def _sees_birthdays(info: Info) -> bool:
    """May the caller learn a date of birth? Customers read only decisions about themselves."""
    principal = info.context.principal
    return principal.may(Permission.READ_PROFILES) or principal.customer_id is not None


def _remedy(remedy: made.Remedy, *, reason: made.Reason, explained: Explanation, info: Info) -> Remedy:
    if remedy.code is RemedyCode.WAIT_FOR_BIRTHDAY and not _sees_birthdays(info):
        remedy = remedy._replace(from_=None)
    return Remedy(
        remedy=remedy,
        reason=reason,
        explained=explained,
        code=remedy.code,
        from_=remedy.from_,
        points=remedy.points,
        amount=money_of(remedy.amount) if remedy.amount is not None else None,
        quantity=remedy.quantity,
        choices=list(remedy.choices),
    )
