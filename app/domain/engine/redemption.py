"""Whether a reward can be had: the conditions of its clause, and the points that it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.amounts import Money
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.engine.pending import ActivationForecast, pending_reasons
from app.domain.engine.price_lists import Charge, PriceLists
from app.domain.ledger.entries import Balance
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects.grandfathering import Grandfathering
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.evaluation import evaluate
from app.domain.terms.version import Clause, Terms
from app.domain.units import Unit


def reward_cost(clause: Clause) -> RewardCost:
    """The cost effect of a reward clause. Raises TypeError for any other clause."""
    if not isinstance(clause.effect, RewardCost):
        raise TypeError(f"clause {clause.number} prices no reward")
    return clause.effect


def cost_unit(terms: Terms | None, *, reward: str) -> Unit:
    """The unit that terms price a reward (by key) in; points where they do not price it."""
    clause = terms.cost_of(reward) if terms is not None else None
    return reward_cost(clause).unit if clause is not None else Unit.POINTS


@dataclass(frozen=True, slots=True)
class PricedReward:
    """What a till would be answered for a reward, what it costs the customer in its unit, and what is missing of that.

    `missing` counts what is owed first; 0 where the balance pays.
    """

    decision: Decision
    cost: int
    missing: int


def price_for(
    *,
    terms: Terms,
    clause: Clause,
    facts: PurchaseFacts,
    balance: Balance,
    price_lists: PriceLists | None,
    activations: Sequence[ActivationForecast] = (),
) -> PricedReward:
    """Decide a redemption before it is asked for, by what there is of the unit that the reward costs.

    `lists` is what points of different age pay; None where all of them pay the price of the clause. `foreseen` is when
    points that wait can pay for it.
    """
    asked = reward_cost(clause)
    charge = price_lists.charge(asked.reward) if price_lists is not None and asked.unit is Unit.POINTS else None
    cost = asked.points if charge is None else charge.cost
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
    charge: Charge | None = None,
    activations: Sequence[ActivationForecast] = (),
) -> Decision:
    """Decide a redemption: granted at the clause's cost, or refused with every condition that failed.

    `available` and `owed` are of the unit that the reward costs; `owed` is 0 or more, and while there is any it is
    refused, points by the clause on refunds. `charge` is what it costs in points of different price; None where all of
    them pay the price of the clause. `foreseen` are the moments at which points that wait become available.
    """
    cost = reward_cost(clause)
    purchase = terms.eligible(facts)
    holds, _, reasons = evaluate(clause, purchase=purchase)
    asked = cost.points if charge is None else charge.cost
    paid = cost.check(available=available, owed=owed, cost=asked)
    granted = holds and paid.met
    in_points = cost.unit is Unit.POINTS
    verdict = Verdict.APPLIED if paid.met else Verdict.NOT_MET
    # What is owed, and that nothing is given meanwhile, is what the clause on refunds says.
    owing = paid.code is ReasonCode.NEGATIVE_BALANCE
    said_by = terms.policy_clause(RefundPolicy) if owing else clause
    payment: tuple[Reason, ...] = (Reason(clause=said_by.key, verdict=verdict, finding=paid),)
    if not paid.met and activations:
        missing = asked + owed - available
        payment = pending_reasons(payment[0], missing=missing, activations=activations, terms=terms)
    return Decision(
        outcome=DecisionOutcome.GRANTED if granted else DecisionOutcome.REFUSED,
        points=asked if granted and in_points else 0,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(
            *reasons,
            *payment,
            *_cash_due(clause, cash=cost.cash),
            *_old_price_kept(terms, charge=charge, now=cost.points),
        ),
        zone=facts.zone if facts.zone != terms.zone else None,
        stamps=asked if granted and not in_points else 0,
    )


def _cash_due(clause: Clause, *, cash: Money | None) -> tuple[Reason, ...]:
    """What the till collects besides the points."""
    if cash is None:
        return ()
    return (Reason(clause.key, Verdict.APPLIED, Finding(True, ReasonCode.CASH_DUE, None, cash)),)


def _old_price_kept(terms: Terms, *, charge: Charge | None, now: int) -> tuple[Reason, ...]:
    """That older points paid an older price, by which clause."""
    if charge is None:
        return ()
    finding = Finding(True, ReasonCode.OLD_PRICE_KEPT, charge.cost, now)
    return (Reason(clause=terms.policy_clause(Grandfathering).key, verdict=Verdict.APPLIED, finding=finding),)
