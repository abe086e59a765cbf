"""What each line of a purchase brought: its share of the points and stamps, and why a line brought none.

Worked out from the decision and the receipt when somebody asks, so that no stored decision carries it: the clauses that
gave something stand in the decision, and which goods a clause looks at follows from its terms alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Exact, Parts, rounded, shared_out
from app.domain.decisions import Decision, ReasonCode, Verdict
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import Line, PurchaseFacts
from app.domain.terms.effects import ClauseKind, Earning, Extra
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import StampOccasion
from app.domain.terms.evaluation import selection
from app.domain.terms.version import Clause, Terms
from app.domain.units import Unit

_ONCE = Fraction(1)

Weights = dict[int, Exact]
"""Unrounded points or stamps by the number of a line."""


class LineExclusion(StrEnum):
    """Why a line brings nothing, whatever it costs."""

    KIND_NOT_COUNTED = "KIND_NOT_COUNTED"
    NOTHING_PAID = "NOTHING_PAID"
    GOODS_NOT_COUNTED = "GOODS_NOT_COUNTED"


class LineShare(NamedTuple):
    """A line and what it brought, by unit; `clauses` are the keys of those that leave it out."""

    line: Line
    shares: Mapping[Unit, int]
    exclusion: LineExclusion | None = None
    clauses: tuple[str, ...] = ()


def line_shares(decision: Decision, *, terms: Terms, facts: PurchaseFacts) -> tuple[LineShare, ...]:
    """Every line of the purchase that was decided, in order; each unit adds up to what the decision gave.

    Shared out by largest remainder, ties to the lower line, following what each line earns before rounding; what has no
    amount per line, such as a bonus, follows the amounts of the goods that its clause looks at.
    """
    purchase = terms.eligible(facts)
    selected = {
        clause.key: selection(clause, purchase=purchase)
        for clause in terms.clauses
        if clause.kind is ClauseKind.EARNING
    }
    gave = _amount_by_clause(decision, keys=selected)
    numbers = [line.number for line in facts.lines]
    weights = {
        Unit.POINTS: _points(terms, gave=gave, selected=selected, decision=decision),
        Unit.STAMPS: _stamps(terms, gave=gave, selected=selected),
    }
    shares = {
        unit: _shared(decision.amount(unit), numbers=numbers, weights=weights[unit], purchase=purchase)
        for unit in terms.units
    }
    giving = tuple(key for key, points in gave.items() if points) or tuple(selected)
    counted = {line.number for line in purchase.lines}
    looked_at = {line.number for key in giving for line in selected[key].lines}
    basis = terms.policy_clause(CountedAmounts).key
    found = []
    for line in facts.lines:
        brought = {unit: shares[unit][line.number] for unit in terms.units}
        if not terms.basis.counts(line.kind):
            found.append(LineShare(line, brought, LineExclusion.KIND_NOT_COUNTED, (basis,)))
        elif line.number not in counted:
            found.append(LineShare(line, brought, LineExclusion.NOTHING_PAID, (basis,)))
        elif giving and line.number not in looked_at:
            found.append(LineShare(line, brought, LineExclusion.GOODS_NOT_COUNTED, giving))
        else:
            found.append(LineShare(line, brought))
    return tuple(found)


def _amount_by_clause(decision: Decision, *, keys: Mapping[str, EligiblePurchase]) -> dict[str, int]:
    """What each clause gave that fitted and was not left for another one; 0 where it came to less than a point."""
    codes = (ReasonCode.POINTS_EARNED, ReasonCode.STAMPS_EARNED, ReasonCode.NOTHING_TO_COUNT)
    return {
        reason.clause: reason.finding.observed if isinstance(reason.finding.observed, int) else 0
        for reason in decision.reasons
        if reason.clause in keys and reason.condition is None and reason.finding.code in codes
    }


def _shared(total: int, *, numbers: Sequence[int], weights: Weights, purchase: EligiblePurchase) -> dict[int, int]:
    """The total by line; where no line has a weight, by what counts of each."""
    if not any(weights.values()):
        weights = _spread(1, purchase=purchase)
    shares = shared_out(total, weights=[weights.get(number, 0) for number in numbers])
    return dict(zip(numbers, shares, strict=True))


def _points(
    terms: Terms, *, gave: Mapping[str, int], selected: Mapping[str, EligiblePurchase], decision: Decision
) -> Weights:
    """What each line earns before rounding, by all clauses that count."""
    rounding = terms.policy(RoundingRule)
    bases = _bases(terms, gave=gave, selected=selected)
    weights: Weights = {}
    for clause, effect in bases:
        own = _earned(effect, purchase=selected[clause.key], rounding=rounding)
        _add(weights, _within(own, clause=clause, gave=gave))
    short = {reason.clause for reason in decision.reasons if reason.verdict is Verdict.LIMITED}
    for clause, extra in terms.bonus_clauses:
        if not gave.get(clause.key):
            continue
        purchase = selected[clause.key]
        if isinstance(extra, PointsMultiplier):
            lines = {line.number for line in purchase.lines}
            own = {}
            for base, effect in bases:
                part = selected[base.key].only(lambda line, lines=lines: line.number in lines)  # type: ignore[misc]
                factor = extra.extra * (_share(base, effect, gave=gave, selected=selected) if base.key in short else 1)
                _add(own, _earned(effect, purchase=part, rounding=rounding, factor=factor))
        else:
            own = _spread(_bonus(extra, gave=gave[clause.key]), purchase=purchase)
        _add(weights, _within(own, clause=clause, gave=gave))
    return weights


def _bonus(extra: Extra, *, gave: int) -> int:
    """What a bonus comes to before it is rounded together with other clauses: its points, as often as it was given."""
    if not isinstance(extra, BonusPoints):
        return gave
    return extra.points * max(1, round(Fraction(gave, extra.points)))


def _bases(
    terms: Terms, *, gave: Mapping[str, int], selected: Mapping[str, EligiblePurchase]
) -> list[tuple[Clause, Earning]]:
    """The earning clauses that count: all that fit where they add up, else the one that gave something, or would have first."""
    fitting = [(clause, effect) for clause, effect in terms.earning_clauses if clause.key in gave]
    mode = terms.policy(Combination).mode
    if mode is CombinationMode.STACK or not fitting:
        return fitting
    giving = [(clause, effect) for clause, effect in fitting if gave[clause.key]]
    if giving or mode is CombinationMode.FIRST:
        return (giving or fitting)[:1]
    return [max(fitting, key=lambda base: base[1].earn(selected[base[0].key]).total())]


def _share(
    clause: Clause, effect: Earning, *, gave: Mapping[str, int], selected: Mapping[str, EligiblePurchase]
) -> Fraction:
    """How much of what a clause would give its budget leaves."""
    return Fraction(gave[clause.key]) / (Fraction(effect.earn(selected[clause.key]).total()) or 1)


def _earned(
    effect: Earning, *, purchase: EligiblePurchase, rounding: RoundingRule, factor: Fraction = _ONCE
) -> Weights:
    """What an earning clause gives for each line, so many times over; rounded where the terms round each line."""
    parts = effect.earn(purchase).each()
    if len(parts) != len(purchase.lines):
        return _spread(Parts.of(parts).total() * factor, purchase=purchase)
    by_line = rounding.scope is RoundingScope.LINE
    exact = [part * factor for part in parts]
    return {
        line.number: rounded(part, mode=rounding.mode) if by_line else part
        for line, part in zip(purchase.lines, exact, strict=True)
    }


def _within(own: Weights, *, clause: Clause, gave: Mapping[str, int]) -> Weights:
    """What a clause with a budget gives is whole by itself: its lines come to just that."""
    total = sum(own.values())
    if clause.budget is None or not total:
        return own
    return {number: Fraction(weight) * gave[clause.key] / total for number, weight in own.items()}


def _stamps(terms: Terms, *, gave: Mapping[str, int], selected: Mapping[str, EligiblePurchase]) -> Weights:
    """The stamps of each line, by all clauses that gave some."""
    weights: Weights = {}
    for clause, effect in terms.stamp_clauses:
        purchase = selected[clause.key]
        if not gave.get(clause.key):
            continue
        if effect.per is StampOccasion.ITEM:
            items = {line.number: line.remaining_quantity().__floor__() for line in purchase.lines}
            _add(weights, {number: count * effect.stamps for number, count in items.items()})
        else:
            _add(weights, _spread(gave[clause.key], purchase=purchase))
    return weights


def _spread(total: Exact, *, purchase: EligiblePurchase) -> Weights:
    """What is given for all lines together, in proportion to what counts of each; evenly where nothing does."""
    numbers = [line.number for line in purchase.lines]
    amounts = purchase.amounts.each()
    whole = sum(amounts)
    if not whole:
        return {number: Fraction(total) / len(numbers) for number in numbers}
    return {number: Fraction(amount) * total / whole for number, amount in zip(numbers, amounts, strict=True)}


def _add(weights: Weights, more: Weights) -> None:
    """Add the weights of a clause to those of others."""
    for number, weight in more.items():
        weights[number] = weights.get(number, 0) + weight
