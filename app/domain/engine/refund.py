"""What a refund takes back: the points that the kept part of the purchase would not have earned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from app.domain.amounts import Exact, Money, Rounding, rounded
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.engine.earning import base_points, earn
from app.domain.engine.returned_payments import returned_payments
from app.domain.engine.stamps import stamps_clawed_back
from app.domain.purchases.facts import FULL_PRICE, PurchaseFacts
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What a refund comes to: what was done with the points that were due, and the money given back.

    `base` are the points of the kept part that count towards a tier.
    """

    movement: ClawbackMovement
    cash: Money
    decision: Decision
    base: int

    @property
    def due(self) -> int:
        """Points that became due."""
        return self.movement.due

    @property
    def taken(self) -> int:
        """Those of them that went back, are owed, or had expired unspent."""
        return self.movement.due - self.movement.shortfall

    @property
    def stamps(self) -> int:
        """Stamps taken back, or owed where they are no longer there."""
        return self.movement.stamps

    @property
    def shortfall(self) -> int:
        """Points that should have gone back but were not there."""
        return self.movement.shortfall


def remaining_quantities(
    facts: PurchaseFacts, *, returned: Iterable[Mapping[int, Decimal]], of: Mapping[int, Decimal] | None = None
) -> dict[int, Decimal]:
    """What is left of each line (by number) when these quantities have come back; `of` is what was left before them."""
    left = dict(of) if of is not None else {line.number: line.quantity for line in facts.lines}
    for lines in returned:
        for number, quantity in lines.items():
            left[number] -= quantity
    return left


def remaining_value(
    facts: PurchaseFacts,
    *,
    quantities: Mapping[int, Decimal],
    price_shares: Mapping[int, Exact],
    amounts: Mapping[int, int],
) -> dict[int, Exact]:
    """The part of each line's price that is left when amounts (minor units, by line) are given back without goods.

    More than what the line still comes to takes all of it. The line then comes to whole minor units.
    """
    left = dict(price_shares)
    for number, amount in amounts.items():
        now = facts.remaining({number: quantities.get(number, Decimal(0))}, price_shares=left)
        value = sum((line.to_pay() for line in now.lines), 0)
        if value:
            after = max(0, rounded(value, mode=Rounding.HALF_UP) - amount)
            left[number] = Fraction(left.get(number, 1)) * after / value
    return left


def points_restored_decision(amount: int, *, unit: Unit, terms: Terms, at: datetime) -> Decision:
    """That points or stamps which had paid for goods came back with them, by the clause on refunds."""
    clause, in_points = terms.policy_clause(RefundPolicy).key, unit is Unit.POINTS
    code = ReasonCode.POINTS_RETURNED if in_points else ReasonCode.STAMPS_RETURNED
    return Decision(
        outcome=DecisionOutcome.GRANTED,
        points=amount if in_points else 0,
        terms_version=terms.version,
        decided_for=at,
        reasons=(Reason(clause, Verdict.APPLIED, Finding(True, code, amount)),),
        stamps=0 if in_points else amount,
    )


@dataclass(frozen=True, slots=True)
class RemainingPurchase:
    """What the kept part of a purchase comes to: what it would earn, and what is due back of points and stamps in all.

    It depends on what is kept and on nothing else, so that any sequence of refunds is due what one of all would be.
    `base` are its points towards a tier: no more than the purchase earned.
    """

    decision: Decision
    clawback_due: int
    stamp_clawback_due: int
    base: int


def evaluate_remaining(*, terms: Terms, earned: int, stamps: int, remaining: PurchaseFacts) -> RemainingPurchase:
    """Judge what is kept by the terms of the sale, which brought so many points and stamps.

    Budgets are as full as they were at the sale, with what was the customer's own then.
    """
    still = earn(terms=terms, facts=remaining)
    return RemainingPurchase(
        decision=still,
        clawback_due=max(0, earned - still.points),
        stamp_clawback_due=max(0, stamps - still.stamps),
        base=min(earned, base_points(still, terms=terms)),
    )


NO_DEBTS: Mapping[Unit, int] = MappingProxyType({})
"""Nothing is owed but for what the refund itself leaves owed."""


class ClawbackMovement(NamedTuple):
    """What a refund did with the points and stamps that were due.

    `due` are points that became due: `taken` from the wallet, `owed`, `expired` unspent before (those count as taken), or
    short. `restored` went back to the wallet, because what is kept now earns more; `forgiven` were owed or short till
    then, or had expired. `stamps` were taken, `stamps_owed` of them are owed, `stamps_restored` went back.
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
        """Points that should have gone back but were not there: that is settled, and asked for by no later refund."""
        return self.due - self.taken - self.owed - self.expired

    def plus(self, other: ClawbackMovement) -> ClawbackMovement:
        """Both together."""
        return ClawbackMovement(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def refund_decision(
    terms: Terms,
    *,
    remaining: RemainingPurchase,
    before: PurchaseFacts,
    movement: ClawbackMovement,
    at: datetime,
    debts: Mapping[Unit, int] = NO_DEBTS,
) -> Decision:
    """The decision of a refund by the terms of its sale.

    `before` is what was kept of the sale until then, `debts` what is owed of each unit after it.
    """
    return Decision(
        outcome=DecisionOutcome.PARTLY_GRANTED if movement.shortfall else DecisionOutcome.GRANTED,
        points=movement.restored or movement.taken + movement.owed,
        terms_version=terms.version,
        decided_for=at,
        reasons=(
            *_by_policy(terms, movement=movement, debt=debts.get(Unit.POINTS, movement.owed)),
            *_stamps_clawed_back(
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


def preview_claw_back(
    *,
    terms: Terms,
    facts: PurchaseFacts,
    earned: int,
    quantities_before: Mapping[int, Decimal],
    quantities_after: Mapping[int, Decimal],
    price_shares_before: Mapping[int, Exact] = FULL_PRICE,
    price_shares_after: Mapping[int, Exact] = FULL_PRICE,
    available: int | None,
    occurred_at: datetime,
    allow_negative: bool = False,
    owed_before: int = 0,
    stamps: int = 0,
) -> RefundOutcome:
    """Decide a refund of a purchase that stands alone and of whose points none has expired.

    `available` limits what is taken, None: nothing does; what is not there is owed where the terms say so (`owing`), and
    short where they do not; `owed_before` is owed already. `stamps` are those that the
    purchase brought. `worth_before` and `worth_after` are the parts of the prices of lines that were not given back
    without goods.
    """
    before, after = (
        facts.remaining(quantities_before, price_shares=price_shares_before),
        facts.remaining(quantities_after, price_shares=price_shares_after),
    )
    earlier = evaluate_remaining(terms=terms, earned=earned, stamps=stamps, remaining=before)
    kept = evaluate_remaining(terms=terms, earned=earned, stamps=stamps, remaining=after)
    due, stamps_due = kept.clawback_due - earlier.clawback_due, kept.stamp_clawback_due - earlier.stamp_clawback_due
    taken = max(0, due if available is None else min(due, available))
    moved = ClawbackMovement(
        due=max(0, due),
        taken=taken,
        owed=max(0, due - taken) if allow_negative else 0,
        restored=max(0, -due),
        stamps=max(0, stamps_due),
        stamps_restored=max(0, -stamps_due),
    )
    return RefundOutcome(
        movement=moved,
        cash=returned_payments(facts, before=before, after=after, redeemed={}).cash,
        decision=refund_decision(
            terms,
            remaining=kept,
            before=before,
            movement=moved,
            at=occurred_at,
            debts={Unit.POINTS: owed_before + moved.owed},
        ),
        base=kept.base,
    )


def _by_policy(terms: Terms, *, movement: ClawbackMovement, debt: int) -> Iterator[Reason]:
    """What the clause on refunds did with what was due; where stamps alone move, nothing is said of points."""
    clause = terms.policy_clause(RefundPolicy).key
    if movement.restored:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_RESTORED, movement.restored))
    if movement.stamps_restored:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_RESTORED, movement.stamps_restored))
    if movement.expired:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.EXPIRED_COUNTS_AS_TAKEN, movement.expired))
    if not movement.due and (movement.stamps or movement.restored or movement.forgiven or movement.stamps_restored):
        return
    asked = movement.due - movement.expired
    if movement.expired and not asked:
        return
    if movement.owed:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.BELOW_ZERO, movement.taken, debt))
    elif movement.shortfall:
        yield Reason(clause, Verdict.LIMITED, Finding(False, ReasonCode.CLAMPED_TO_BALANCE, movement.taken, asked))
    else:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_CLAWED_BACK, movement.taken, asked))


def _stamps_clawed_back(
    terms: Terms, *, remaining: RemainingPurchase, before: PurchaseFacts, movement: ClawbackMovement, debt: int
) -> tuple[Reason, ...]:
    """The stamps that each clause takes back and, where the card has not so many, how many were there and are owed now."""
    reasons = stamps_clawed_back(terms, stamps=movement.stamps, before=before, after=remaining.decision)
    if not reasons or not movement.stamps_owed:
        return reasons
    below = Finding(True, ReasonCode.STAMPS_BELOW_ZERO, movement.stamps - movement.stamps_owed, debt)
    return (*reasons, Reason(reasons[-1].clause, Verdict.APPLIED, below))
