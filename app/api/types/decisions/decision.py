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
from app.domain import decisions
from app.domain.access import Permission
from app.domain.customers.profile import ProfilePart
from app.domain.decisions import DecisionOutcome, ReasonCode, RemedyCode, Verdict
from app.domain.engine.line_shares import line_shares
from app.domain.engine.qualification import ClauseQualification
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.summary import correction_sentence, summary
from app.domain.i18n import values
from app.domain.ledger.entry_reasons import Cause
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms import version as rules
from app.domain.terms.conditions.profile_condition import ProfileCondition
from app.queries.ledger import entries


@strawberry.type(description="What would make a condition hold.")
class Remedy:
    """A way to make a condition hold."""

    remedy: strawberry.Private[decisions.Remedy]
    reason: strawberry.Private[decisions.Reason]
    explanation: strawberry.Private[Explanation]
    code: RemedyCode = strawberry.field(description="Stable; for programs to act on.")
    from_: datetime | None = strawberry.field(
        name="from",
        description="The first moment at which the condition holds. For WAIT_FOR_BIRTHDAY only owner, staff and the customer see it, and it is null in recorded decisions.",
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
        return self.explanation.remedy(self.remedy, reason=self.reason, phrasebook=phrasebook_of(info, locale))

    @strawberry.field(
        description="The locations of which any one would do, as they are now, at most 200; null where the location does not matter."
    )
    async def locations(self, info: Info) -> list[Location] | None:
        """The locations whose keys are in `choices`; None for other remedies, and if any other location would do."""
        if self.code is not RemedyCode.USE_LOCATION or not self.choices:
            return None
        locations = await asyncio.gather(*(location_by_key(key, context=info.context) for key in self.choices))
        return [location for location in locations if location is not None]


@strawberry.type(description="What one clause of the terms did in a decision.")
class Reason:
    """A finding with its clause and its words."""

    reason: strawberry.Private[decisions.Reason]
    explanation: strawberry.Private[Explanation]
    clause: Clause = strawberry.field(description="The clause of the terms in force at `decidedFor`.")
    verdict: Verdict = strawberry.field(description="What the clause did.")
    code: ReasonCode = strawberry.field(description="Stable; for programs to act on.")

    @classmethod
    def of(cls, reason: decisions.Reason, *, explanation: Explanation) -> Reason:
        """The GraphQL object for a reason of the domain, with what explains it."""
        terms = explanation.terms
        return cls(
            reason=reason,
            explanation=explanation,
            clause=Clause.of(terms.clause_by_key[reason.clause_key], terms=terms),
            verdict=reason.verdict,
            code=reason.finding.code,
        )

    @strawberry.field(
        description="One sentence that can be read alone: of a failed condition or, where another clause applied instead, of that clause."
    )
    def statement(self, info: Info, locale: Language = None) -> str:
        """The finding in words."""
        return self.explanation.statement(self.reason, phrasebook=phrasebook_of(info, locale))

    @strawberry.field(description="What was found, in words; null where there is nothing to measure.")
    def observed(self, info: Info, locale: Language = None) -> str | None:
        """The observed value in words."""
        location_names, phrasebook = self.explanation.terms.location_names, phrasebook_of(info, locale)
        return values.value_in_words(
            self.reason.finding.observed,
            code=self.code,
            zone=self.explanation.zone,
            location_names=location_names,
            phrasebook=phrasebook,
        )

    @strawberry.field(description="What the clause requires, in words.")
    def required(self, info: Info, locale: Language = None) -> str | None:
        """The required value in words."""
        location_names, phrasebook = self.explanation.terms.location_names, phrasebook_of(info, locale)
        return values.value_in_words(
            self.reason.finding.required,
            code=self.code,
            zone=self.explanation.zone,
            location_names=location_names,
            phrasebook=phrasebook,
        )

    @strawberry.field(description="What would make the condition hold; empty when it holds.")
    def remedies(self, info: Info) -> list[Remedy]:
        """The remedies of the reason."""
        remedies = self.reason.finding.remedies
        return [_remedy(remedy, reason=self.reason, explanation=self.explanation, info=info) for remedy in remedies]


@strawberry.type(description="The result of the rules, with every clause that was evaluated.")
class Decision:
    """A stored or fresh decision, rendered anew for each reader."""

    decision: strawberry.Private[decisions.Decision]
    deciding_terms: strawberry.Private[rules.Terms]
    facts: strawberry.Private[PurchaseFacts | None]
    entry_id: strawberry.Private[str | None]
    cause: strawberry.Private[Cause | None]
    outcome: DecisionOutcome = strawberry.field(description="What the decision came to.")
    decided_for: datetime = strawberry.field(description="The business time for which it was decided.")

    @strawberry.field(description="One per evaluated clause and condition; all that failed are listed.")
    def reasons(self) -> list[Reason]:
        """The findings with their clauses."""
        explanation = Explanation.of(self.decision, terms=self.deciding_terms)
        return [Reason.of(reason, explanation=explanation) for reason in self.decision.reasons]

    @strawberry.field(
        description="The decision in one to three sentences, to be printed on a receipt or read aloud: what is given, what stood in the way and what would help. Conditions that are met are not mentioned; `reasons` has all of them."
    )
    def summary(self, info: Info, locale: Language = None) -> list[str]:
        """The sentences; if no clause decided, one about the cause of the entry."""
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
        """Computed from the receipt as it was known when this was decided."""
        facts = self.facts
        if facts is None and self.entry_id is not None:
            facts = await info.context.load_heavy(entries.receipts_behind, self.entry_id)
        if facts is None:
            return None
        shares = line_shares(self.decision, terms=self.deciding_terms, facts=facts)
        return [LinePoints.of(share, deciding_terms=self.deciding_terms) for share in shares]

    @strawberry.field(description="The version of the terms that decided.")
    def terms(self, info: Info) -> Terms:
        """The version in force at `decidedFor`."""
        return Terms.of(self.deciding_terms, context=info.context)


@strawberry.type(description="The effect of one clause on a basket, and what is missing for it.")
class ClauseOutlook:
    """One clause, evaluated for a basket before anything is recorded."""

    qualification: strawberry.Private[ClauseQualification]
    explanation: strawberry.Private[Explanation]
    applies: bool = strawberry.field(
        description="Whether it would count for this basket now; for a reward, whether it could be redeemed with this basket."
    )
    points: int = strawberry.field(
        description="How many points or stamps it gives for this basket; for a reward, how many it costs the customer; 0 if it gives none."
    )

    @classmethod
    def of(cls, qualification: ClauseQualification, *, basket: decisions.Decision, terms: rules.Terms) -> ClauseOutlook:
        """The GraphQL object for a clause's qualification; `basket` is the decision on the whole basket."""
        explanation = replace(Explanation.of(basket, terms=terms), reasons=qualification.reasons)
        return cls(
            qualification=qualification,
            explanation=explanation,
            applies=qualification.applies,
            points=qualification.amount,
        )

    @strawberry.field(description="The unit of `points`.")
    def unit(self, info: Info) -> PointUnit:
        """Points or stamps."""
        return unit_of(info.context, self.qualification.unit)

    @strawberry.field(
        description="The first moment at which it would apply to this basket unchanged; null if it applies now or time alone is not enough, and for tills if the clause requires a birthday or an age."
    )
    def applies_from(self, info: Info) -> datetime | None:
        """Hidden if it would reveal a date of birth to a caller who may not see it."""
        by_birthday = any(
            isinstance(leaf, ProfileCondition) and leaf.aspect is ProfilePart.BIRTHDAY
            for leaf in self.qualification.clause.leaves
        )
        return None if by_birthday and not _may_see_birthdays(info) else self.qualification.applies_from

    @strawberry.field(
        description="For a reward, the user error of `redeemReward` for a technical reason, as in `RewardOffer.refusal`; null if there would be none, and for other clauses."
    )
    def refusal(self) -> UserError | None:
        """A technical problem, not a refusal by the terms."""
        problem = self.qualification.problem
        return user_error(problem) if problem is not None else None

    @strawberry.field(description="The clause.")
    def clause(self) -> Clause:
        """Of the terms in force."""
        return Clause.of(self.qualification.clause, terms=self.explanation.terms)

    @strawberry.field(description="One per evaluated condition, and one for the clause as a whole.")
    def reasons(self) -> list[Reason]:
        """In the order of evaluation."""
        return [Reason.of(reason, explanation=self.explanation) for reason in self.qualification.reasons]

    @strawberry.field(
        description="What is missing, if only one condition fails and at least three quarters of it are met; otherwise empty."
    )
    def almost_met(self, info: Info) -> list[Remedy]:
        """The remedies of the condition that fails."""
        failed_reasons = self.explanation.failed_reasons()
        remedies = self.qualification.almost_met
        return [
            _remedy(remedy, reason=failed_reasons[0], explanation=self.explanation, info=info) for remedy in remedies
        ]


def decision_object(
    decision: decisions.Decision,
    *,
    deciding_terms: rules.Terms,
    facts: PurchaseFacts | None = None,
    entry_id: str | None = None,
    cause: Cause | None = None,
) -> Decision:
    """The GraphQL object for a decision of the domain.

    `facts` are those of the purchase or basket that was decided; without them they are read by `entry_id`, the id of the
    entry that booked the purchase. `cause` is the late event because of which the entry was appended, if no clause decided it.
    """
    return Decision(
        decision=decision,
        deciding_terms=deciding_terms,
        facts=facts,
        entry_id=entry_id,
        cause=cause,
        outcome=decision.outcome,
        decided_for=decision.decided_for,
    )


def _may_see_birthdays(info: Info) -> bool:
    """May the caller learn a date of birth? Customers read only decisions about themselves."""
    principal = info.context.principal
    return principal.may(Permission.READ_PROFILES) or principal.customer_id is not None


def _remedy(remedy: decisions.Remedy, *, reason: decisions.Reason, explanation: Explanation, info: Info) -> Remedy:
    if remedy.code is RemedyCode.WAIT_FOR_BIRTHDAY and not _may_see_birthdays(info):
        remedy = remedy._replace(instant=None)
    return Remedy(
        remedy=remedy,
        reason=reason,
        explanation=explanation,
        code=remedy.code,
        from_=remedy.instant,
        points=remedy.points,
        amount=money_of(remedy.amount) if remedy.amount is not None else None,
        quantity=remedy.quantity,
        choices=list(remedy.choices),
    )
