"""What each clause of the terms would do with a basket: applies, does not because, from when it would, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from app.domain.amounts import Money
from app.domain.decisions import Decision, DecisionOutcome, Reason, Remedy, RemedyCode, Verdict
from app.domain.engine.pending import ActivationForecast
from app.domain.engine.price_lists import PriceLists
from app.domain.engine.redemption import PricedReward, price_for, reward_cost
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects import ClauseKind
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.evaluation import evaluate
from app.domain.terms.version import Clause, Terms
from app.domain.units import Unit

_STEPS = 50
"""Openings that are looked at for the first moment at which every condition on time holds."""

_WAITING = (RemedyCode.COME_AT, RemedyCode.WAIT_FOR_BIRTHDAY)
"""Remedies that time brings."""

ALMOST_MET = Fraction(3, 4)
"""How much of what is asked for must be there for it to be nearly reached."""


@dataclass(frozen=True, slots=True)
class ClauseQualification:
    """One clause and a basket: what it gives or costs of a unit. `applies_from` is the first moment at which the time stands in its way no more.

    `refusal` is what a till would be refused its reward with, though no clause is about that.
    """

    clause: Clause
    applies: bool
    points: int
    unit: Unit
    applies_from: datetime | None
    almost_met: tuple[Remedy, ...]
    reasons: tuple[Reason, ...]
    refusal: Problem | None = None


def qualifications(
    *,
    terms: Terms,
    facts: PurchaseFacts,
    decision: Decision,
    balances: Mapping[Unit, Balance],
    price_lists: PriceLists | None = None,
    activations_for: Callable[[Clause], Sequence[ActivationForecast]] = lambda _clause: (),
    refusal_for: Callable[[str, Decision], Problem | None] = lambda _key, _decision: None,
) -> tuple[ClauseQualification, ...]:
    """Every clause that gives, limits or prices something; `decision` is what the basket would earn.

    `held` is what there is to pay with, by unit, `foreseen` when points that wait can pay for a reward; `refused` what a till that asks for the reward with a key would be
    refused with besides, when the terms decide like this.
    """
    purchase = terms.eligible(facts)
    found = []
    for clause in terms.clauses:
        if clause.kind is ClauseKind.REWARD:
            cost = reward_cost(clause)
            held_of_unit = balances.get(cost.unit, Balance())
            priced = price_for(
                terms=terms,
                clause=clause,
                facts=facts,
                balance=held_of_unit,
                price_lists=price_lists,
                activations=activations_for(clause),
            )
            refusal = refusal_for(cost.reward, priced.decision)
            found.append(_reward_qualification(clause, purchase=purchase, priced=priced, refusal=refusal))
        elif clause.kind in (ClauseKind.EARNING, ClauseKind.LIMIT):
            found.append(_earning_qualification(clause, purchase=purchase, decision=decision))
    return tuple(found)


def _earning_qualification(clause: Clause, *, purchase: EligiblePurchase, decision: Decision) -> ClauseQualification:
    reasons = tuple(reason for reason in decision.reasons if reason.clause == clause.key)
    whole = [reason for reason in reasons if reason.condition is None]
    applies = any(reason.verdict in (Verdict.APPLIED, Verdict.LIMITED) for reason in whole)
    points = sum(reason.finding.observed for reason in whole if applies and isinstance(reason.finding.observed, int))
    return ClauseQualification(
        clause=clause,
        applies=applies,
        points=points if clause.kind is ClauseKind.EARNING else 0,
        unit=Unit.STAMPS if isinstance(clause.effect, Stamps) else Unit.POINTS,
        applies_from=None if applies else _applies_from(clause, purchase=purchase),
        almost_met=() if applies else _almost_met(reasons),
        reasons=reasons,
    )


def _reward_qualification(
    clause: Clause, *, purchase: EligiblePurchase, priced: PricedReward, refusal: Problem | None
) -> ClauseQualification:
    granted = priced.decision.outcome is DecisionOutcome.GRANTED
    waits = not granted and refusal is None
    return ClauseQualification(
        clause=clause,
        applies=granted and refusal is None,
        points=priced.cost,
        unit=reward_cost(clause).unit,
        applies_from=_available_from(clause, purchase=purchase, decision=priced.decision) if waits else None,
        almost_met=() if granted else _almost_met(priced.decision.reasons),
        reasons=priced.decision.reasons,
        refusal=refusal,
    )


def _available_from(clause: Clause, *, purchase: EligiblePurchase, decision: Decision) -> datetime | None:
    """The first moment at which the reward can be paid for and its conditions hold; None where points are missing."""
    since = purchase.occurred_at
    for reason in decision.reasons:
        if reason.condition is None and not reason.finding.met:
            opening = _opening(reason)
            if opening is None:
                return None
            since = max(since, opening)
    return _applies_from(clause, purchase=purchase, since=since)


def _applies_from(clause: Clause, *, purchase: EligiblePurchase, since: datetime | None = None) -> datetime | None:
    """The first moment, not before `since`, at which all its conditions hold with this very basket.

    None where time is not all it takes.
    """
    at = since or purchase.occurred_at
    for _ in range(_STEPS):
        met, _, reasons = evaluate(clause, purchase=purchase._replace(occurred_at=at))
        if met:
            return at if at > purchase.occurred_at else None
        openings = [_opening(reason) for reason in reasons if not reason.finding.met]
        waits = [opening for opening in openings if opening is not None and opening > at]
        if not waits:
            return None
        # All of them hold at last from a moment at which one of them begins to.
        at = min(waits)
    return None


def _opening(reason: Reason) -> datetime | None:
    return next((remedy.from_ for remedy in reason.finding.remedies if remedy.code in _WAITING), None)


def _almost_met(reasons: Sequence[Reason]) -> tuple[Remedy, ...]:
    """What is missing, where a single thing is and most of it is there already."""
    failed = [reason for reason in reasons if not reason.finding.met]
    if len(failed) != 1:
        return ()
    finding = failed[0].finding
    observed, required = _measure(finding.observed), _measure(finding.required)
    if observed is None or not required or observed < ALMOST_MET * required:
        return ()
    return tuple(remedy for remedy in finding.remedies if remedy.code not in (RemedyCode.NONE, *_WAITING))


def _measure(value: object) -> Fraction | None:
    if isinstance(value, Money):
        return Fraction(value.minor)
    return Fraction(value) if isinstance(value, int) else None
