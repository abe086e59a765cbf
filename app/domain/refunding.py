"""What a refund takes back: the points that the kept part of the purchase would not have earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.amounts import Money
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.earning import base_points, earn
from app.domain.effects.refund_policy import RefundPolicy
from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund comes to: points due and taken, the shortfall between them, and the price of what came back.

    `base` are the points of the kept part that count towards a level.
    """

    due: int
    taken: int
    cash: Money
    decision: Decision
    base: int

    @property
    def shortfall(self) -> int:
        """Points that should have gone back but were not there."""
        return self.due - self.taken


def kept(
    sale: PurchaseFacts, *, returned: Iterable[Mapping[int, Decimal]], of: Mapping[int, Decimal] | None = None
) -> dict[int, Decimal]:
    """What is left of each line (by number) when these quantities have come back; `of` is what was left before them."""
    left = dict(of) if of is not None else {line.number: line.quantity for line in sale.lines}
    for lines in returned:
        for number, quantity in lines.items():
            left[number] -= quantity
    return left


def refund(
    *,
    terms: Terms,
    sale: PurchaseFacts,
    earned: int,
    kept_before: Mapping[int, Decimal],
    kept_after: Mapping[int, Decimal],
    due_before: int,
    available: int | None,
    occurred_at: datetime,
) -> Refunded:
    """Judge what is kept by the terms of the sale.

    What is due in all depends on what is kept and on nothing else, so any sequence of refunds ends like the full one;
    it is never more than was earned, and never less than earlier refunds were due. `available` limits what is taken, None:
    nothing does, and what is not there is owed.
    Budgets are as full as they were at the sale; what is taken back fills none of them again.
    """
    still = earn(terms=terms, facts=sale.kept(kept_after))
    due = max(0, min(earned, earned - still.points) - due_before)
    taken = due if available is None else min(due, max(0, available))
    finding = Finding(
        met=taken == due,
        code=ReasonCode.POINTS_TAKEN_BACK if taken == due else ReasonCode.CLAMPED_TO_BALANCE,
        observed=taken,
        required=due,
    )
    policy = Reason(
        clause=terms.policy_clause(RefundPolicy).key,
        verdict=Verdict.APPLIED if taken == due else Verdict.LIMITED,
        finding=finding,
    )
    decision = Decision(
        outcome=DecisionOutcome.GRANTED if taken == due else DecisionOutcome.PARTLY_GRANTED,
        points=taken,
        terms_version=terms.version,
        decided_for=occurred_at,
        reasons=(policy, *still.reasons),
        zone=still.zone,
    )
    cash = sale.kept(kept_before).total().minor - sale.kept(kept_after).total().minor
    return Refunded(
        due=due, taken=taken, cash=Money(cash, sale.currency), decision=decision, base=base_points(still, terms=terms)
    )
