"""Decisions on redemptions: the conditions of the reward's clause, and its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.amounts import Money
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.engine.old_prices import OldPrices, RewardCharge
from app.domain.engine.pending_points import ActivationForecast, reasons_with_pending_points
from app.domain.ledger.entries import Balance
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.evaluation import evaluate
from app.domain.terms.version import Terms
from app.domain.units import Unit


def cost_effect_of(clause: Clause) -> RewardCost:
    """The cost effect of a reward clause. Raises TypeError for other clauses."""
    if not isinstance(clause.effect, RewardCost):
        raise TypeError(f"clause {clause.number} prices no reward")
    return clause.effect


def cost_unit(terms: Terms | None, *, reward: str) -> Unit:
    """The unit of a reward's cost; points if the terms do not price the reward."""
    clause = terms.clause_of_reward(reward) if terms is not None else None
    return cost_effect_of(clause).unit if clause is not None else Unit.POINTS


@dataclass(frozen=True, slots=True)
class PricedReward:
    """The decision that a redemption would get, the cost in points or stamps, and how much is missing.

    `missing` includes debt; it is 0 if the balance suffices.
    """

    decision: Decision
    cost: int
    missing: int


def price_reward(
    *,
    terms: Terms,
    clause: Clause,
    facts: PurchaseFacts,
    balance: Balance,
    old_prices: OldPrices | None,
    activations: Sequence[ActivationForecast] = (),
) -> PricedReward:
    """Price a reward, and decide its redemption in advance; `balance` is in the unit of the cost.

    `old_prices` are the prices that older points pay, None if all points pay the clause's price; `activations` are those of
    pending points.
    """
    cost_effect = cost_effect_of(clause)
    charge = (
        old_prices.charge(cost_effect.reward) if old_prices is not None and cost_effect.unit is Unit.POINTS else None
    )
    cost = cost_effect.points if charge is None else charge.cost
    decision = redeem(
        terms=terms,
        clause=clause,
        facts=facts,
        available=balance.available,
        owed=balance.owed,
        charge=charge,
        activations=activations,
    )
    return PricedReward(decision=decision, cost=cost, missing=max(0, cost + balance.owed - balance.available))


def redeem(
    *,
    terms: Terms,
    clause: Clause,
    facts: PurchaseFacts,
    available: int,
    owed: int = 0,
    charge: RewardCharge | None = None,
    activations: Sequence[ActivationForecast] = (),
) -> Decision:
    """Decide a redemption: granted at the clause's cost, or refused with every condition that failed.

    `available` and `owed` are in the unit of the cost. While points are owed, the clause on refunds refuses all rewards for points.
    `charge` is the cost if some points pay an old price; None if all points pay the clause's price. `activations` are those of
    pending points.
    """
    cost_effect = cost_effect_of(clause)
    purchase = terms.eligible_part(facts)
    conditions_met, _, reasons = evaluate(clause, purchase=purchase)
    cost = cost_effect.points if charge is None else charge.cost
    payment_finding = cost_effect.check(available=available, owed=owed, cost=cost)
    granted = conditions_met and payment_finding.met
    costs_points = cost_effect.unit is Unit.POINTS
    verdict = Verdict.APPLIED if payment_finding.met else Verdict.NOT_MET
    # The clause on refunds states that nothing is redeemed while points are owed.
    is_in_debt = payment_finding.code is ReasonCode.NEGATIVE_BALANCE
    payment_clause = terms.policy_clauses[RefundPolicy] if is_in_debt else clause
    payment_reasons: tuple[Reason, ...] = (
        Reason(clause_key=payment_clause.key, verdict=verdict, finding=payment_finding),
    )
    if not payment_finding.met and activations:
        missing = cost + owed - available
        payment_reasons = reasons_with_pending_points(
            payment_reasons[0], missing=missing, activations=activations, terms=terms
        )
    return Decision(
        outcome=DecisionOutcome.GRANTED if granted else DecisionOutcome.REFUSED,
        points=cost if granted and costs_points else 0,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(
            *reasons,
            *payment_reasons,
            *_cash_due_reasons(clause, cash=cost_effect.cash),
            *_old_price_reasons(terms, charge=charge, current_price=cost_effect.points),
        ),
        zone=facts.zone if facts.zone != terms.zone else None,
        stamps=cost if granted and not costs_points else 0,
    )


def _cash_due_reasons(clause: Clause, *, cash: Money | None) -> tuple[Reason, ...]:
    """The reason that states the cash due in addition to the points; none without cash."""
    if cash is None:
        return ()
    return (Reason(clause.key, Verdict.APPLIED, Finding(True, ReasonCode.CASH_DUE, None, cash)),)


def _old_price_reasons(terms: Terms, *, charge: RewardCharge | None, current_price: int) -> tuple[Reason, ...]:
    """The reason that states the old price; none if all points pay the clause's price."""
    if charge is None:
        return ()
    finding = Finding(True, ReasonCode.OLD_PRICE_KEPT, charge.cost, current_price)
    return (Reason(clause_key=terms.policy_clauses[OldPriceProtection].key, verdict=Verdict.APPLIED, finding=finding),)
