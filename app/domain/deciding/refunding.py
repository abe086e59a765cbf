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
from app.domain.deciding.earning import base_points, earn
from app.domain.deciding.returned_payments import returned_payments
from app.domain.deciding.stamping import stamps_due, taken_back
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.effects.refund_policy import RefundPolicy
from app.domain.facts import FULL_PRICE, PurchaseFacts
from app.domain.terms import Terms
from app.domain.units import Unit


class Found(NamedTuple):
    """What a wallet holds of a unit just before a refund: free, pending ones too, and owed."""

    free: int
    owed: int = 0

    def owed_after(self, taken: int) -> int:
        """What is owed in all when so much is taken, and what is not there is owed."""
        return self.owed + taken - min(self.free, taken)


FOUND_ENOUGH: Mapping[Unit, Found] = MappingProxyType({})
"""A wallet that holds whatever is taken."""


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a refund comes to: points due and taken, the shortfall between them, and the money for what came back.

    `base` are the points of the kept part that count towards a level, `stamps` those taken back: all of them, owed where
    they are no longer there.
    """

    due: int
    taken: int
    cash: Money
    decision: Decision
    base: int
    stamps: int = 0

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


def worth_left(
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


def returned(amount: int, *, unit: Unit, terms: Terms, at: datetime) -> Decision:
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


def due_in_all(*, terms: Terms, earned: int, kept: Iterable[PurchaseFacts]) -> int:
    """What the refunds of a purchase are due together; `kept` is what was kept after each, in the order in which they happened.

    What each was due when it was recorded does not say it: one that became known later may come before it.
    """
    return max((0, *(earned - earn(terms=terms, facts=one).points for one in kept)))


def refund(
    *,
    terms: Terms,
    sale: PurchaseFacts,
    earned: int,
    kept_before: Mapping[int, Decimal],
    kept_after: Mapping[int, Decimal],
    due_before: int,
    worth_before: Mapping[int, Exact] = FULL_PRICE,
    worth_after: Mapping[int, Exact] = FULL_PRICE,
    available: int | None,
    occurred_at: datetime,
    stamps: int = 0,
    stamps_due_before: int = 0,
    found: Mapping[Unit, Found] = FOUND_ENOUGH,
) -> Refunded:
    """Judge what is kept by the terms of the sale.

    What is due in all depends on what is kept and on nothing else, so any sequence of refunds ends like the full one;
    it is never more than was earned, and never less than earlier refunds were due. `available` limits what is taken, None:
    nothing does, and what is not there is owed. `stamps` are those that the purchase brought, `found` is what the wallet holds of each unit just before.
    `worth_before` and `worth_after` are the parts of the prices of lines that were not given back without goods.
    Budgets are as full as they were at the sale; what is taken back fills none of them again.
    """
    before, after = sale.kept(kept_before, worth=worth_before), sale.kept(kept_after, worth=worth_after)
    still = earn(terms=terms, facts=after)
    due = max(0, min(earned, earned - still.points) - due_before)
    taken = due if available is None else min(due, max(0, available))
    stamps_back = stamps_due(earned=stamps, still=still.stamps, before=stamps_due_before)
    decision = Decision(
        outcome=DecisionOutcome.GRANTED if taken == due else DecisionOutcome.PARTLY_GRANTED,
        points=taken,
        terms_version=terms.version,
        decided_for=occurred_at,
        reasons=(
            *_by_policy(terms, due=due, taken=taken, stamps=stamps_back, found=found.get(Unit.POINTS)),
            *_stamps_taken(terms, stamps=stamps_back, before=before, still=still, found=found.get(Unit.STAMPS)),
            *still.reasons,
        ),
        zone=still.zone,
        stamps=stamps_back,
    )
    return Refunded(
        due=due,
        taken=taken,
        cash=returned_payments(sale, kept_before=before, kept_after=after, spent={}).cash,
        decision=decision,
        base=base_points(still, terms=terms),
        stamps=stamps_back,
    )


def _by_policy(terms: Terms, *, due: int, taken: int, stamps: int, found: Found | None) -> Iterator[Reason]:
    """What the clause on refunds took of what was due; where stamps alone go back, nothing is said of points."""
    if stamps and not due:
        return
    clause = terms.policy_clause(RefundPolicy).key
    if taken < due:
        yield Reason(clause, Verdict.LIMITED, Finding(False, ReasonCode.CLAMPED_TO_BALANCE, taken, due))
    elif found is not None and found.free < taken:
        below = Finding(True, ReasonCode.BELOW_ZERO, found.free, found.owed_after(taken))
        yield Reason(clause, Verdict.APPLIED, below)
    else:
        yield Reason(clause, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_TAKEN_BACK, taken, due))


def _stamps_taken(
    terms: Terms, *, stamps: int, before: PurchaseFacts, still: Decision, found: Found | None
) -> tuple[Reason, ...]:
    """The stamps that each clause takes back and, where the card has not so many, how many were there and are owed now."""
    reasons = taken_back(terms, stamps=stamps, before=before, still=still)
    if not reasons or found is None or found.free >= stamps:
        return reasons
    below = Finding(True, ReasonCode.STAMPS_BELOW_ZERO, found.free, found.owed_after(stamps))
    return (*reasons, Reason(reasons[-1].clause, Verdict.APPLIED, below))
