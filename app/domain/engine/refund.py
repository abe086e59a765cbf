"""Refunds: the clawback of points that the remaining purchase would not have earned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from app.domain.amounts import Exact, Money, Rounding, rounded
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.engine.earning import base_points, earn
from app.domain.engine.returned_payments import payments_returned_between
from app.domain.engine.stamps import stamp_clawback_reasons
from app.domain.purchases.facts import UNREDUCED_PRICES, PurchaseFacts
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """The outcome of a refund: the clawback, and the money to refund.

    `qualifying_points` are the qualifying points of the remaining purchase.
    """

    movement: ClawbackMovement
    money: Money
    decision: Decision
    qualifying_points: int

    @property
    def clawback_due(self) -> int:
        """Points that became due for clawback."""
        return self.movement.due

    @property
    def clawed_back(self) -> int:
        """Due points that were taken, are owed, or had expired unspent."""
        return self.movement.due - self.movement.shortfall

    @property
    def stamps(self) -> int:
        """Stamps clawed back, including those owed."""
        return self.movement.stamps

    @property
    def shortfall(self) -> int:
        """Due points that were missing and are not owed."""
        return self.movement.shortfall


def remaining_quantities(
    facts: PurchaseFacts,
    *,
    returned: Iterable[Mapping[int, Decimal]],
    quantities_before: Mapping[int, Decimal] | None = None,
) -> dict[int, Decimal]:
    """Remaining quantities by line number; `quantities_before` are those before the returns (None: the bought quantities)."""
    remaining = (
        dict(quantities_before)
        if quantities_before is not None
        else {line.number: line.quantity for line in facts.lines}
    )
    for returned_quantities in returned:
        for number, quantity in returned_quantities.items():
            remaining[number] -= quantity
    return remaining


def remaining_price_shares(
    facts: PurchaseFacts,
    *,
    quantities: Mapping[int, Decimal],
    price_shares: Mapping[int, Exact],
    amounts: Mapping[int, int],
) -> dict[int, Exact]:
    """The part of each line's price that is left after `amounts` (minor units, by line) are refunded without goods.

    At most the remaining price is subtracted; the result is a whole number of minor units.
    """
    shares = dict(price_shares)
    for number, amount in amounts.items():
        remaining_line = facts.with_remaining_quantities(
            {number: quantities.get(number, Decimal(0))}, price_shares=shares
        )
        price = sum((line.amount_due() for line in remaining_line.lines), 0)
        if price:
            price_after = max(0, rounded(price, mode=Rounding.HALF_UP) - amount)
            shares[number] = Fraction(shares.get(number, 1)) * price_after / price
    return shares


def points_restored_decision(amount: int, *, unit: Unit, terms: Terms, at: datetime) -> Decision:
    """The decision that restores points or stamps which had paid for returned goods, by the clause on refunds."""
    clause_key, in_points = terms.policy_clauses[RefundPolicy].key, unit is Unit.POINTS
    code = ReasonCode.POINTS_RETURNED if in_points else ReasonCode.STAMPS_RETURNED
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=amount if in_points else 0,
        terms_version=terms.version,
        decided_for=at,
        reasons=(Reason(clause_key, Verdict.APPLIED, Finding(True, code, amount)),),
        stamps=0 if in_points else amount,
    )


@dataclass(frozen=True, slots=True)
class RemainingPurchase:
    """The remaining part of a purchase: what it would earn, and the total points and stamps due for clawback.

    It depends on nothing but what remains, so any sequence of refunds claws back in total what one refund would.
    `qualifying_points` are its qualifying points, at most what the purchase earned.
    """

    decision: Decision
    clawback_due: int
    stamp_clawback_due: int
    qualifying_points: int


def evaluate_remaining(
    *, terms: Terms, earned_points: int, earned_stamps: int, remaining: PurchaseFacts
) -> RemainingPurchase:
    """Decide the remaining purchase by its terms; the whole purchase earned `earned_points` and `earned_stamps`.

    Budgets and the customer's own shares of them are those at the time of the purchase.
    """
    decision = earn(terms=terms, facts=remaining)
    return RemainingPurchase(
        decision=decision,
        clawback_due=max(0, earned_points - decision.points),
        stamp_clawback_due=max(0, earned_stamps - decision.stamps),
        qualifying_points=min(earned_points, base_points(decision, terms=terms)),
    )


NO_DEBTS: Mapping[Unit, int] = MappingProxyType({})
"""No debt except that of the refund itself."""


class ClawbackMovement(NamedTuple):
    """What a refund did with the points and stamps due for clawback.

    Of the points that are `due`, some were `taken` from the wallet, some are `owed`, some had `expired` unspent and count as
    taken, and the rest is the shortfall. If the remaining purchase now earns more than before, less is to be clawed back: the
    points `restored` went back into the wallet; the points `forgiven` had been owed, missing, or expired. `stamps` were clawed
    back, `stamps_owed` of them are owed.
    """

    due: int = 0
    taken: int = 0
    owed: int = 0
    expired: int = 0
    restored: int = 0
    forgiven: int = 0
    stamps: int = 0
    stamps_owed: int = 0
    stamps_restored: int = 0

    @property
    def shortfall(self) -> int:
        """Due points that were missing and are not owed; no later refund claws them back."""
        return self.due - self.taken - self.owed - self.expired

    def plus(self, other: ClawbackMovement) -> ClawbackMovement:
        """The sum of two movements, field by field."""
        return ClawbackMovement(*(own_number + number for own_number, number in zip(self, other, strict=True)))


def refund_decision(
    terms: Terms,
    *,
    remaining: RemainingPurchase,
    before: PurchaseFacts,
    movement: ClawbackMovement,
    at: datetime,
    debts: Mapping[Unit, int] = NO_DEBTS,
) -> Decision:
    """The decision of a refund by the terms of its purchase.

    `before` is what remained of the purchase before the refund, `remaining` what is left after the refund; `debts` are the
    customer's debts after the refund, by unit.
    """
    return Decision(
        outcome=DecisionOutcome.PARTLY_GRANTED if movement.shortfall else DecisionOutcome.GRANTED,
        points=movement.restored or movement.taken + movement.owed,
        terms_version=terms.version,
        decided_for=at,
        reasons=(
            *_refund_clause_reasons(terms, movement=movement, debt=debts.get(Unit.POINTS, movement.owed)),
            *_stamp_reasons(
                terms,
                remaining=remaining,
                before=before,
                movement=movement,
                debt=debts.get(Unit.STAMPS, movement.stamps_owed),
            ),
            *remaining.decision.reasons,
        ),
        zone=remaining.decision.zone,
        stamps=movement.stamps_restored or movement.stamps,
    )


def outcome_from_snapshot(
    *,
    terms: Terms,
    facts: PurchaseFacts,
    earned_points: int,
    quantities_before: Mapping[int, Decimal],
    quantities_after: Mapping[int, Decimal],
    price_shares_before: Mapping[int, Exact] = UNREDUCED_PRICES,
    price_shares_after: Mapping[int, Exact] = UNREDUCED_PRICES,
    available: int | None,
    occurred_at: datetime,
    allow_negative: bool = False,
    owed_before: int = 0,
    earned_stamps: int = 0,
) -> RefundOutcome:
    """Decide a refund of a purchase without exchanges, none of whose points have expired.

    `available` limits the clawback (None: no limit); missing points become debt with `allow_negative`, else shortfall.
    `owed_before` is the debt before the refund. The purchase earned `earned_points` and `earned_stamps`. The price shares are
    the parts of each line's price, by line number, that are left after refunds of amounts without goods.
    """
    before = facts.with_remaining_quantities(quantities_before, price_shares=price_shares_before)
    after = facts.with_remaining_quantities(quantities_after, price_shares=price_shares_after)
    evaluate = partial(evaluate_remaining, terms=terms, earned_points=earned_points, earned_stamps=earned_stamps)
    remaining_before, remaining = evaluate(remaining=before), evaluate(remaining=after)
    due = remaining.clawback_due - remaining_before.clawback_due
    stamps_due = remaining.stamp_clawback_due - remaining_before.stamp_clawback_due
    taken = max(0, due if available is None else min(due, available))
    movement = ClawbackMovement(
        due=max(0, due),
        taken=taken,
        owed=max(0, due - taken) if allow_negative else 0,
        restored=max(0, -due),
        stamps=max(0, stamps_due),
        stamps_restored=max(0, -stamps_due),
    )
    return RefundOutcome(
        movement=movement,
        money=payments_returned_between(facts, before=before, after=after, paid_points={}).money,
        decision=refund_decision(
            terms,
            remaining=remaining,
            before=before,
            movement=movement,
            at=occurred_at,
            debts={Unit.POINTS: owed_before + movement.owed},
        ),
        qualifying_points=remaining.qualifying_points,
    )


def _refund_clause_reasons(terms: Terms, *, movement: ClawbackMovement, debt: int) -> Iterator[Reason]:
    """The reasons of the clause on refunds; no reason about points if only stamps move."""
    clause_key = terms.policy_clauses[RefundPolicy].key
    if movement.restored:
        yield Reason(clause_key, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_RESTORED, movement.restored))
    if movement.stamps_restored:
        yield Reason(clause_key, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_RESTORED, movement.stamps_restored))
    if movement.expired:
        yield Reason(clause_key, Verdict.APPLIED, Finding(True, ReasonCode.EXPIRED_COUNTS_AS_TAKEN, movement.expired))
    if not movement.due and (movement.stamps or movement.restored or movement.forgiven or movement.stamps_restored):
        return
    claimable = movement.due - movement.expired
    if movement.expired and not claimable:
        return
    if movement.owed:
        yield Reason(clause_key, Verdict.APPLIED, Finding(True, ReasonCode.BELOW_ZERO, movement.taken, debt))
    elif movement.shortfall:
        yield Reason(
            clause_key, Verdict.LIMITED, Finding(False, ReasonCode.CLAMPED_TO_BALANCE, movement.taken, claimable)
        )
    else:
        yield Reason(
            clause_key, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_CLAWED_BACK, movement.taken, claimable)
        )


def _stamp_reasons(
    terms: Terms, *, remaining: RemainingPurchase, before: PurchaseFacts, movement: ClawbackMovement, debt: int
) -> tuple[Reason, ...]:
    """The stamps clawed back by clause and, if some are owed, how many could be taken and the debt."""
    reasons = stamp_clawback_reasons(
        terms, clawed_back_stamps=movement.stamps, before=before, decision_after=remaining.decision
    )
    if not reasons or not movement.stamps_owed:
        return reasons
    below_zero = Finding(True, ReasonCode.STAMPS_BELOW_ZERO, movement.stamps - movement.stamps_owed, debt)
    return (*reasons, Reason(reasons[-1].clause_key, Verdict.APPLIED, below_zero))
