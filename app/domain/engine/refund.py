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

    moved: ClawbackMovement
    cash: Money
    decision: Decision
    base: int

    @property
    def due(self) -> int:
        """Points that became due."""
        return self.moved.due

    @property
    def taken(self) -> int:
        """Those of them that went back, are owed, or had expired unspent."""
        return self.moved.due - self.moved.shortfall

    @property
    def stamps(self) -> int:
        """Stamps taken back, or owed where they are no longer there."""
        return self.moved.stamps

    @property
    def shortfall(self) -> int:
        """Points that should have gone back but were not there."""
        return self.moved.shortfall


def remaining_quantities(
    sale: PurchaseFacts, *, returned: Iterable[Mapping[int, Decimal]], of: Mapping[int, Decimal] | None = None
) -> dict[int, Decimal]:
    """What is left of each line (by number) when these quantities have come back; `of` is what was left before them."""
    left = dict(of) if of is not None else {line.number: line.quantity for line in sale.lines}
    for lines in returned:
        for number, quantity in lines.items():
            left[number] -= quantity
    return left


def remaining_value(
    sale: PurchaseFacts, *, kept: Mapping[int, Decimal], worth: Mapping[int, Exact], amounts: Mapping[int, int]
) -> dict[int, Exact]:
    """The part of each line's price that is left when amounts (minor units, by line) are given back without goods.

    More than what the line still comes to takes all of it. The line then comes to whole minor units.
    """
    left = dict(worth)
    for number, amount in amounts.items():
        now = sale.kept({number: kept.get(number, Decimal(0))}, worth=left)
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
class KeptPurchase:
    """What the kept part of a purchase comes to: what it would earn, and what is due back of points and stamps in all.

    It depends on what is kept and on nothing else, so that any sequence of refunds is due what one of all would be.
    `base` are its points towards a tier: no more than the purchase earned.
    """

    still: Decision
    due: int
    stamps_due: int
    base: int


def evaluate_kept(*, terms: Terms, earned: int, stamps: int, kept: PurchaseFacts) -> KeptPurchase:
    """Judge what is kept by the terms of the sale, which brought so many points and stamps.

    Budgets are as full as they were at the sale, with what was the customer's own then.
    """
    still = earn(terms=terms, facts=kept)
    return KeptPurchase(
        still=still,
        due=max(0, earned - still.points),
        stamps_due=max(0, stamps - still.stamps),
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


def decide(
    terms: Terms,
    *,
    kept: KeptPurchase,
    before: PurchaseFacts,
    moved: ClawbackMovement,
    at: datetime,
    debts: Mapping[Unit, int] = NO_DEBTS,
) -> Decision:
    """The decision of a refund by the terms of its sale.

    `before` is what was kept of the sale until then, `debts` what is owed of each unit after it.
    """
    return Decision(
        outcome=DecisionOutcome.PARTLY_GRANTED if moved.shortfall else DecisionOutcome.GRANTED,
        points=moved.restored or moved.taken + moved.owed,
        terms_version=terms.version,
        decided_for=at,
        reasons=(
            *_by_policy(terms, moved=moved, debt=debts.get(Unit.POINTS, moved.owed)),
            *_stamps_taken(
                terms, kept=kept, before=before, moved=moved, debt=debts.get(Unit.STAMPS, moved.stamps_owed)
            ),
            *kept.still.reasons,
        ),
        zone=kept.still.zone,
        stamps=moved.stamps_restored or moved.stamps,
    )


def preview_claw_back(
    *,
    terms: Terms,
    sale: PurchaseFacts,
    earned: int,
    kept_before: Mapping[int, Decimal],
    kept_after: Mapping[int, Decimal],
    worth_before: Mapping[int, Exact] = FULL_PRICE,
    worth_after: Mapping[int, Exact] = FULL_PRICE,
    available: int | None,
    occurred_at: datetime,
    owing: bool = False,
    owed_before: int = 0,
    stamps: int = 0,
) -> RefundOutcome:
    """Decide a refund of a purchase that stands alone and of whose points none has expired.

    `available` limits what is taken, None: nothing does; what is not there is owed where the terms say so (`owing`), and
    short where they do not; `owed_before` is owed already. `stamps` are those that the
    purchase brought. `worth_before` and `worth_after` are the parts of the prices of lines that were not given back
    without goods.
    """
    before, after = sale.kept(kept_before, worth=worth_before), sale.kept(kept_after, worth=worth_after)
    earlier = evaluate_kept(terms=terms, earned=earned, stamps=stamps, kept=before)
    kept = evaluate_kept(terms=terms, earned=earned, stamps=stamps, kept=after)
    due, stamps_due = kept.due - earlier.due, kept.stamps_due - earlier.stamps_due
    taken = max(0, due if available is None else min(due, available))
    moved = ClawbackMovement(
        due=max(0, due),
        taken=taken,
        owed=max(0, due - taken) if owing else 0,
        restored=max(0, -due),
        stamps=max(0, stamps_due),
        stamps_restored=max(0, -stamps_due),
    )
    return RefundOutcome(
        moved=moved,
        cash=returned_payments(sale, kept_before=before, kept_after=after, spent={}).cash,
        decision=decide(
            terms, kept=kept, before=before, moved=moved, at=occurred_at, debts={Unit.POINTS: owed_before + moved.owed}
        ),
        base=kept.base,
    )


def _by_policy(terms: Terms, *, moved: ClawbackMovement, debt: int) -> Iterator[Reason]:
    """What the clause on refunds did with what was due; where stamps alone move, nothing is said of points."""
    clause = terms.policy_clause(RefundPolicy).key
    if moved.restored:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_RESTORED, moved.restored))
    if moved.stamps_restored:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_RESTORED, moved.stamps_restored))
    if moved.expired:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.EXPIRED_COUNTS_AS_TAKEN, moved.expired))
    if not moved.due and (moved.stamps or moved.restored or moved.forgiven or moved.stamps_restored):
        return
    asked = moved.due - moved.expired
    if moved.expired and not asked:
        return
    if moved.owed:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.BELOW_ZERO, moved.taken, debt))
    elif moved.shortfall:
        yield Reason(clause, Verdict.LIMITED, Finding(False, ReasonCode.CLAMPED_TO_BALANCE, moved.taken, asked))
    else:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_CLAWED_BACK, moved.taken, asked))


def _stamps_taken(
    terms: Terms, *, kept: KeptPurchase, before: PurchaseFacts, moved: ClawbackMovement, debt: int
) -> tuple[Reason, ...]:
    """The stamps that each clause takes back and, where the card has not so many, how many were there and are owed now."""
    reasons = stamps_clawed_back(terms, stamps=moved.stamps, before=before, still=kept.still)
    if not reasons or not moved.stamps_owed:
        return reasons
    below = Finding(True, ReasonCode.STAMPS_BELOW_ZERO, moved.stamps - moved.stamps_owed, debt)
    return (*reasons, Reason(reasons[-1].clause, Verdict.APPLIED, below))
