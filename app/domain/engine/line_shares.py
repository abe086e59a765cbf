"""The share of each receipt line in the points and stamps of a decision, and why a line earned none.

Derived on request from the decision and the receipt instead of stored: the decision names the clauses that gave points,
and their terms say which goods they select.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Exact, Parts, allocate_proportionally, rounded
from app.domain.decisions import Decision, ReasonCode, Verdict
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.terms.clause import Clause
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import ClauseKind, Earning, Extra
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import StampOccasion
from app.domain.terms.evaluation import selection
from app.domain.terms.version import Terms
from app.domain.units import Unit

_ONCE = Fraction(1)

Weights = dict[int, Exact]
"""Unrounded points or stamps by the number of a line."""


class LineExclusion(StrEnum):
    """Why a line earns nothing whatever its price."""

    KIND_NOT_COUNTED = "KIND_NOT_COUNTED"
    NOTHING_PAID = "NOTHING_PAID"
    GOODS_NOT_COUNTED = "GOODS_NOT_COUNTED"


class LineShare(NamedTuple):
    """A line, and the points and stamps that it earned; `clauses` are the keys of the clauses by which it earns nothing."""

    line: Line
    shares: Mapping[Unit, int]
    exclusion: LineExclusion | None = None
    clauses: tuple[str, ...] = ()


def line_shares(decision: Decision, *, terms: Terms, facts: PurchaseFacts) -> tuple[LineShare, ...]:
    """The share of every line, in order; each unit adds up to the decision's total.

    Points and stamps are allocated by largest remainder, ties to the lower line, in proportion to what each line earns before
    rounding. Awards without an amount per line, such as a bonus, count for the goods that their clause selects, in proportion
    to the amounts of these.
    """
    purchase = terms.eligible_part(facts)
    selected_parts = {
        clause.key: selection(clause, purchase=purchase)
        for clause in terms.clauses
        if clause.kind is ClauseKind.EARNING
    }
    award_by_clause = _awards_in_decision(decision, keys=selected_parts)
    line_numbers = [line.number for line in facts.lines]
    weights_by_unit = {
        Unit.POINTS: _point_weights(
            terms, award_by_clause=award_by_clause, selected_parts=selected_parts, decision=decision
        ),
        Unit.STAMPS: _stamp_weights(terms, award_by_clause=award_by_clause, selected_parts=selected_parts),
    }
    shares_by_unit = {
        unit: _allocated_by_line(
            decision.amount(unit), line_numbers=line_numbers, weights=weights_by_unit[unit], purchase=purchase
        )
        for unit in terms.units
    }
    awarding_keys = tuple(key for key, points in award_by_clause.items() if points) or tuple(selected_parts)
    eligible_numbers = {line.number for line in purchase.lines}
    selected_numbers = {line.number for key in awarding_keys for line in selected_parts[key].lines}
    counted_amounts_key = terms.policy_clauses[CountedAmounts].key
    results = []
    for line in facts.lines:
        earned_amounts = {unit: shares_by_unit[unit][line.number] for unit in terms.units}
        if line.kind not in terms.basis.line_kinds:
            results.append(LineShare(line, earned_amounts, LineExclusion.KIND_NOT_COUNTED, (counted_amounts_key,)))
        elif line.number not in eligible_numbers:
            results.append(LineShare(line, earned_amounts, LineExclusion.NOTHING_PAID, (counted_amounts_key,)))
        elif awarding_keys and line.number not in selected_numbers:
            results.append(LineShare(line, earned_amounts, LineExclusion.GOODS_NOT_COUNTED, awarding_keys))
        else:
            results.append(LineShare(line, earned_amounts))
    return tuple(results)


def _awards_in_decision(decision: Decision, *, keys: Container[str]) -> dict[str, int]:
    """The points or stamps of each clause with one of these `keys` that counted; 0 if it gave less than a point."""
    codes = (ReasonCode.POINTS_EARNED, ReasonCode.STAMPS_EARNED, ReasonCode.NOTHING_TO_COUNT)
    return {
        reason.clause_key: reason.finding.observed if isinstance(reason.finding.observed, int) else 0
        for reason in decision.reasons
        if reason.clause_key in keys and reason.condition is None and reason.finding.code in codes
    }


def _allocated_by_line(
    total: int, *, line_numbers: Sequence[int], weights: Weights, purchase: EligiblePurchase
) -> dict[int, int]:
    """The total by line number; if no line has a weight, in proportion to the eligible amounts."""
    if not any(weights.values()):
        weights = _spread_over_lines(1, purchase=purchase)
    shares = allocate_proportionally(total, weights=[weights.get(number, 0) for number in line_numbers])
    return dict(zip(line_numbers, shares, strict=True))


def _point_weights(
    terms: Terms,
    *,
    award_by_clause: Mapping[str, int],
    selected_parts: Mapping[str, EligiblePurchase],
    decision: Decision,
) -> Weights:
    """Unrounded points by line, of all clauses that count."""
    rounding = terms.rounding
    base_clauses = _counting_base_clauses(terms, award_by_clause=award_by_clause, selected_parts=selected_parts)
    weights: Weights = {}
    for clause, effect in base_clauses:
        clause_weights = _earned_weights(effect, purchase=selected_parts[clause.key], rounding=rounding)
        _add(weights, _scaled_to_award(clause_weights, clause=clause, award_by_clause=award_by_clause))
    limited_keys = {reason.clause_key for reason in decision.reasons if reason.verdict is Verdict.LIMITED}
    for clause, extra in terms.extra_clauses:
        if not award_by_clause.get(clause.key):
            continue
        purchase = selected_parts[clause.key]
        if isinstance(extra, PointsMultiplier):
            numbers = {line.number for line in purchase.lines}
            clause_weights = {}
            for base_clause, effect in base_clauses:
                base_part = selected_parts[base_clause.key]
                base_goods = base_part.narrowed_to(lambda line, numbers=numbers: line.number in numbers)  # type: ignore[misc]
                factor = extra.added_factor * (
                    _budget_fraction(
                        base_clause, effect, award_by_clause=award_by_clause, selected_parts=selected_parts
                    )
                    if base_clause.key in limited_keys
                    else 1
                )
                _add(clause_weights, _earned_weights(effect, purchase=base_goods, rounding=rounding, factor=factor))
        else:
            clause_weights = _spread_over_lines(
                _unrounded_bonus(extra, awarded=award_by_clause[clause.key]), purchase=purchase
            )
        _add(weights, _scaled_to_award(clause_weights, clause=clause, award_by_clause=award_by_clause))
    return weights


def _unrounded_bonus(extra: Extra, *, awarded: int) -> int:
    """The points of a bonus before they were rounded together with those of other clauses; of other effects, `awarded`."""
    if not isinstance(extra, BonusPoints):
        return awarded
    return extra.points * max(1, round(Fraction(awarded, extra.points)))


def _counting_base_clauses(
    terms: Terms, *, award_by_clause: Mapping[str, int], selected_parts: Mapping[str, EligiblePurchase]
) -> list[tuple[Clause, Earning]]:
    """The earning clauses that count, each with its effect. Multipliers multiply their points.

    If clauses stack, these are all matching ones; otherwise it is the one that gave points or, if rounding left no points, the
    one that would count.
    """
    matching_clauses = [(clause, effect) for clause, effect in terms.base_clauses if clause.key in award_by_clause]
    mode = terms.combination
    if mode is CombinationMode.STACK or not matching_clauses:
        return matching_clauses
    giving_clauses = [(clause, effect) for clause, effect in matching_clauses if award_by_clause[clause.key]]
    if giving_clauses or mode is CombinationMode.FIRST:
        return (giving_clauses or matching_clauses)[:1]
    return [max(matching_clauses, key=lambda base: base[1].earn(selected_parts[base[0].key]).total())]


def _budget_fraction(
    clause: Clause,
    effect: Earning,
    *,
    award_by_clause: Mapping[str, int],
    selected_parts: Mapping[str, EligiblePurchase],
) -> Fraction:
    """The part of a clause's award that its budget leaves."""
    return Fraction(award_by_clause[clause.key]) / (Fraction(effect.earn(selected_parts[clause.key]).total()) or 1)


def _earned_weights(
    effect: Earning, *, purchase: EligiblePurchase, rounding: RoundingRule, factor: Fraction = _ONCE
) -> Weights:
    """The award of an earning clause by line, times `factor`; rounded if the terms round each line."""
    parts = effect.earn(purchase).values()
    if len(parts) != len(purchase.lines):
        return _spread_over_lines(Parts.of(parts).total() * factor, purchase=purchase)
    rounds_lines = rounding.scope is RoundingScope.LINE
    exact_parts = [part * factor for part in parts]
    return {
        line.number: rounded(part, mode=rounding.mode) if rounds_lines else part
        for line, part in zip(purchase.lines, exact_parts, strict=True)
    }


def _scaled_to_award(weights: Weights, *, clause: Clause, award_by_clause: Mapping[str, int]) -> Weights:
    """The weights of a clause, scaled to its award if it has a budget, because such an award is rounded by itself."""
    total = sum(weights.values())
    if clause.budget is None or not total:
        return weights
    return {number: Fraction(weight) * award_by_clause[clause.key] / total for number, weight in weights.items()}


def _stamp_weights(
    terms: Terms, *, award_by_clause: Mapping[str, int], selected_parts: Mapping[str, EligiblePurchase]
) -> Weights:
    """Stamps by line, of all clauses that gave some."""
    weights: Weights = {}
    for clause, effect in terms.stamp_clauses:
        purchase = selected_parts[clause.key]
        if not award_by_clause.get(clause.key):
            continue
        if effect.per is StampOccasion.ITEM:
            items_by_line = {line.number: line.remaining_quantity().__floor__() for line in purchase.lines}
            _add(weights, {number: items * effect.stamps for number, items in items_by_line.items()})
        else:
            _add(weights, _spread_over_lines(award_by_clause[clause.key], purchase=purchase))
    return weights


def _spread_over_lines(total: Exact, *, purchase: EligiblePurchase) -> Weights:
    """A total spread over the lines in proportion to their eligible amounts; evenly if these are all 0."""
    numbers = [line.number for line in purchase.lines]
    amounts = purchase.amounts.values()
    total_amount = sum(amounts)
    if not total_amount:
        return {number: Fraction(total) / len(numbers) for number in numbers}
    return {number: Fraction(amount) * total / total_amount for number, amount in zip(numbers, amounts, strict=True)}


def _add(weights: Weights, added: Weights) -> None:
    """Add weights in place."""
    for number, weight in added.items():
        weights[number] = weights.get(number, 0) + weight
