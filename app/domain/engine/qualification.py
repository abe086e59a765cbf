"""Qualification of a basket for each clause: whether it applies, why not, from when, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from app.domain.amounts import Money
from app.domain.decisions import Decision, DecisionOutcome, Reason, Remedy, RemedyCode, Verdict
from app.domain.engine.old_prices import OldPrices
from app.domain.engine.pending_points import ActivationForecast
from app.domain.engine.redemption import PricedReward, cost_effect_of, price_reward
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.effects.effect import ClauseKind
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.evaluation import evaluate
from app.domain.terms.version import Terms
from app.domain.units import Unit

_MAX_STEPS = 50
"""How many instants are tried to find the first at which every condition on time holds."""

_WAITING_REMEDIES = (RemedyCode.COME_AT, RemedyCode.WAIT_FOR_BIRTHDAY)
"""Remedies that consist in waiting."""

ALMOST_MET = Fraction(3, 4)
"""How much of a requirement must be met to count as almost met."""


@dataclass(frozen=True, slots=True)
class ClauseQualification:
    """A basket and one clause: the `amount` that the clause gives or costs, and from when it applies if only time is missing.

    `applies_from` is None if the clause applies already, or if something other than time is missing. `almost_met` are the
    remedies of the only failed condition, if most of it is met. `problem` is a technical problem with the reward, which no
    clause is about.
    """

    clause: Clause
    applies: bool
    amount: int
    unit: Unit
    applies_from: datetime | None
    almost_met: tuple[Remedy, ...]
    reasons: tuple[Reason, ...]
    problem: Problem | None = None


def qualifications(
    *,
    terms: Terms,
    facts: PurchaseFacts,
    decision: Decision,
    balances: Mapping[Unit, Balance],
    old_prices: OldPrices | None = None,
    activations_for: Callable[[Clause], Sequence[ActivationForecast]] = lambda _clause: (),
    problem_for: Callable[[str, Decision], Problem | None] = lambda _key, _decision: None,
) -> tuple[ClauseQualification, ...]:
    """The qualifications for every earning clause, limit and reward; `decision` is what the basket would earn.

    `activations_for` returns the activations of pending points for a reward clause; `problem_for` the technical problem with
    a redemption, given the key of the reward and the decision of the terms.
    """
    purchase = terms.eligible_part(facts)
    results = []
    for clause in terms.clauses:
        if clause.kind is ClauseKind.REWARD:
            cost_effect = cost_effect_of(clause)
            balance = balances.get(cost_effect.unit, Balance())
            priced_reward = price_reward(
                terms=terms,
                clause=clause,
                facts=facts,
                balance=balance,
                old_prices=old_prices,
                activations=activations_for(clause),
            )
            problem = problem_for(cost_effect.reward, priced_reward.decision)
            results.append(
                _reward_qualification(clause, purchase=purchase, priced_reward=priced_reward, problem=problem)
            )
        elif clause.kind in (ClauseKind.EARNING, ClauseKind.LIMIT):
            results.append(_earning_qualification(clause, purchase=purchase, decision=decision))
    return tuple(results)


def _earning_qualification(clause: Clause, *, purchase: EligiblePurchase, decision: Decision) -> ClauseQualification:
    reasons = tuple(reason for reason in decision.reasons if reason.clause_key == clause.key)
    effect_reasons = [reason for reason in reasons if reason.condition is None]
    applies = any(reason.verdict in (Verdict.APPLIED, Verdict.LIMITED) for reason in effect_reasons)
    points = sum(
        reason.finding.observed for reason in effect_reasons if applies and isinstance(reason.finding.observed, int)
    )
    return ClauseQualification(
        clause=clause,
        applies=applies,
        amount=points if clause.kind is ClauseKind.EARNING else 0,
        unit=Unit.STAMPS if isinstance(clause.effect, Stamps) else Unit.POINTS,
        applies_from=None if applies else _applies_from(clause, purchase=purchase),
        almost_met=() if applies else _almost_met(reasons),
        reasons=reasons,
    )


def _reward_qualification(
    clause: Clause, *, purchase: EligiblePurchase, priced_reward: PricedReward, problem: Problem | None
) -> ClauseQualification:
    granted = priced_reward.decision.outcome is DecisionOutcome.GRANTED
    waiting_may_help = not granted and problem is None
    return ClauseQualification(
        clause=clause,
        applies=granted and problem is None,
        amount=priced_reward.cost,
        unit=cost_effect_of(clause).unit,
        applies_from=_available_from(clause, purchase=purchase, decision=priced_reward.decision)
        if waiting_may_help
        else None,
        almost_met=() if granted else _almost_met(priced_reward.decision.reasons),
        reasons=priced_reward.decision.reasons,
        problem=problem,
    )


def _available_from(clause: Clause, *, purchase: EligiblePurchase, decision: Decision) -> datetime | None:
    """The first instant at which the reward can be paid and its conditions hold; None if points are missing."""
    since = purchase.occurred_at
    for reason in decision.reasons:
        if reason.condition is None and not reason.finding.met:
            payable_from = _waiting_ends_at(reason)
            if payable_from is None:
                return None
            since = max(since, payable_from)
    return _applies_from(clause, purchase=purchase, since=since)


def _applies_from(clause: Clause, *, purchase: EligiblePurchase, since: datetime | None = None) -> datetime | None:
    """The first instant, not before `since`, at which all conditions hold with this basket.

    None if they hold at the time of the purchase, or if something other than time is missing.
    """
    at = since or purchase.occurred_at
    for _ in range(_MAX_STEPS):
        met, _, reasons = evaluate(clause, purchase=purchase._replace(occurred_at=at))
        if met:
            return at if at > purchase.occurred_at else None
        instants = [_waiting_ends_at(reason) for reason in reasons if not reason.finding.met]
        later_instants = [instant for instant in instants if instant is not None and instant > at]
        if not later_instants:
            return None
        # All conditions begin to hold at an instant at which one of them begins to hold.
        at = min(later_instants)
    return None


def _waiting_ends_at(reason: Reason) -> datetime | None:
    """The instant until which to wait for the condition to hold; None if waiting does not help."""
    return next((remedy.instant for remedy in reason.finding.remedies if remedy.code in _WAITING_REMEDIES), None)


def _almost_met(reasons: Sequence[Reason]) -> tuple[Remedy, ...]:
    """The remedies of the only failed condition, if most of it is met."""
    failed_reasons = [reason for reason in reasons if not reason.finding.met]
    if len(failed_reasons) != 1:
        return ()
    finding = failed_reasons[0].finding
    observed, required = _measure(finding.observed), _measure(finding.required)
    if observed is None or not required or observed < ALMOST_MET * required:
        return ()
    return tuple(remedy for remedy in finding.remedies if remedy.code not in (RemedyCode.NONE, *_WAITING_REMEDIES))


def _measure(value: object) -> Fraction | None:
    """A number or an amount of money as a fraction; None for any other value."""
    if isinstance(value, Money):
        return Fraction(value.minor)
    return Fraction(value) if isinstance(value, int) else None
