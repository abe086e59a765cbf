"""Whether a reward can be had: the conditions of its clause, and the points that it costs."""

from __future__ import annotations

from app.domain.counting import Counted
from app.domain.decisions import Decision, DecisionOutcome, Reason, Verdict
from app.domain.effects.counted_amounts import CountedAmounts
from app.domain.effects.reward_cost import RewardCost
from app.domain.facts import PurchaseFacts
from app.domain.judging import judge
from app.domain.terms import Clause, Terms


def price(clause: Clause) -> RewardCost:
    """The cost effect of a reward clause. Raises TypeError for any other clause."""
    if not isinstance(clause.effect, RewardCost):
        raise TypeError(f"clause {clause.number} prices no reward")
    return clause.effect


def redeem(*, terms: Terms, clause: Clause, facts: PurchaseFacts, available: int) -> Decision:
    """Decide a redemption: granted at the clause's cost, or refused with every condition that failed."""
    cost = price(clause)
    purchase = Counted.of(facts, basis=terms.policy(CountedAmounts).basis)
    holds, _, reasons = judge(clause, purchase=purchase)
    paid = cost.check(available=available)
    granted = holds and paid.met
    verdict = Verdict.APPLIED if paid.met else Verdict.NOT_MET
    return Decision(
        outcome=DecisionOutcome.GRANTED if granted else DecisionOutcome.REFUSED,
        points=cost.points if granted else 0,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(*reasons, Reason(clause=clause.key, verdict=verdict, finding=paid)),
    )
