"""Evaluation of a clause's conditions on the part of the purchase that the clause selects."""

from __future__ import annotations

from app.domain.decisions import Finding, Reason, ReasonCode, Verdict
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import LineKind
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.groups import AnyOf, ExceptWhen, Group, leaves
from app.domain.terms.version import Terms

_APPLIED, _NOT_MET = Verdict.APPLIED, Verdict.NOT_MET
"""Looked up once, because looking an enum member up for every condition of every purchase costs measurable time."""


def evaluate(clause: Clause, *, purchase: EligiblePurchase) -> tuple[bool, EligiblePurchase, tuple[Reason, ...]]:
    """Whether every condition holds, the selected part of the purchase, and a reason for each condition.

    If alternatives hold, only those that hold have reasons; otherwise all of them. Only clauses that depend on
    amounts alone apply to the price difference of an exchange.
    """
    if purchase.amount_only and not clause.depends_on_amounts_only:
        return False, purchase, (Reason(clause.key, Verdict.EXCLUDED, Finding(False, ReasonCode.NOT_IN_AN_EXCHANGE)),)
    if not clause.conditions:
        return True, purchase, ()
    if clause.needs_counters:
        purchase = purchase._replace(clause_key=clause.key)
    selected_part = selection(clause, purchase=purchase) if clause.selectors else purchase
    key = clause.key
    all_met = True
    reasons: list[Reason] = []
    for path, condition, is_group, sees_whole_purchase, only_selector in clause.steps:
        if is_group:
            met = _evaluate_condition(condition, path, key, purchase, selected_part, expected=True, reasons=reasons)
        else:
            # What `_evaluate_condition` does, inlined, because nearly all conditions are no groups.
            checked_purchase = purchase if sees_whole_purchase else selected_part
            finding = (
                condition.check(checked_purchase)
                if only_selector is None
                else only_selector.finding_for(len(checked_purchase.lines))
            )
            met = finding.met
            reasons.append(Reason(key, _APPLIED if met else _NOT_MET, finding, path))
        if not met:
            all_met = False
    return all_met, selected_part, tuple(reasons)


def times_awarded(clause: Clause, *, selected_part: EligiblePurchase) -> int:
    """How many times a matching clause is applied: once or, if it counts items, once for each nth item reached.

    `selected_part` is the part of the purchase that the clause selects. The result is at most what the clause's use limit
    leaves.
    """
    if not clause.counts_items:
        return 1
    selected_part = selected_part._replace(clause_key=clause.key)
    times = _times_of_all(clause.conditions, purchase=selected_part)
    limit = clause.use_limit
    return times if limit is None else min(times, limit.times - selected_part.rule_facts.uses_of(clause.key))


def _times_of_all(conditions: tuple[Condition, ...], *, purchase: EligiblePurchase) -> int:
    """How often all conditions that count items hold together; 1 if none counts items."""
    counting_conditions = [
        condition for condition in conditions if any(isinstance(leaf, EveryNthItem) for leaf in leaves((condition,)))
    ]
    return min((_times(condition, purchase=purchase) for condition in counting_conditions), default=1)


def _times(condition: Condition, *, purchase: EligiblePurchase) -> int:
    """How often a condition holds: for `EveryNthItem` once for each nth item reached, for other conditions once or never."""
    if isinstance(condition, EveryNthItem):
        return condition.times_reached(purchase)
    if isinstance(condition, AnyOf):
        return max(_times(alternative, purchase=purchase) for alternative in condition.conditions)
    if isinstance(condition, Group):
        return _times_of_all(condition.conditions, purchase=purchase)
    return 1 if condition.check(purchase).met else 0


def is_visit(terms: Terms, *, facts: PurchaseFacts) -> bool:
    """Whether a purchase counts as a visit: it has an eligible amount and is not the price difference of an exchange."""
    if facts.replaced_price is not None or facts.amount_only:
        return False
    # Goods with a price are eligible whatever the terms say. Nearly all purchases have some, and then no amounts are computed.
    if not facts.payments and any(
        line.kind is LineKind.GOODS and line.price() > line.discount and line.quantity_share and line.price_share
        for line in facts.lines
    ):
        return True
    return bool(terms.eligible_part(facts).lines)


def selection(clause: Clause, *, purchase: EligiblePurchase) -> EligiblePurchase:
    """The part of the purchase that a clause selects."""
    for selector in clause.selectors:
        purchase = purchase.narrowed_to(selector.selects)
    return purchase


def counted_items(terms: Terms, *, facts: PurchaseFacts) -> tuple[tuple[str, int], ...]:
    """How many items of a purchase each clause counts, by the key of the clause; without clauses that count none of them."""
    purchase = terms.eligible_part(facts)
    if purchase.amount_only:
        return ()
    items_by_clause = [
        (key, selection(terms.clause_by_key[key], purchase=purchase).item_count())
        for key in terms.required_facts.item_clauses
    ]
    return tuple((key, items) for key, items in items_by_clause if items)


def is_met(condition: Condition, *, purchase: EligiblePurchase) -> bool:
    """Whether one condition holds, groups and exceptions included."""
    return _evaluate_condition(condition, (), "", purchase, purchase, expected=True, reasons=[])


def _evaluate_condition(
    condition: Condition,
    path: tuple[int, ...],
    key: str,
    purchase: EligiblePurchase,
    selected_part: EligiblePurchase,
    *,
    expected: bool,
    reasons: list[Reason],
) -> bool:
    """Whether a condition holds or, if `expected` is False (in an exception), does not. Adds to `reasons`.

    Groups follow De Morgan's laws; if alternatives hold, only those that hold add reasons.
    """
    if not isinstance(condition, Group):
        # Conditions that select goods see the whole purchase; others see the selection.
        checked_purchase = purchase if condition.selects_lines else selected_part
        finding = condition.check(checked_purchase) if expected else condition.check_except(checked_purchase)
        verdict = Verdict.APPLIED if finding.met else (Verdict.NOT_MET if expected else Verdict.EXCLUDED)
        reasons.append(Reason(key, verdict, finding, path))
        return finding.met
    expected_inside = expected is not isinstance(condition, ExceptWhen)
    results: list[tuple[bool, list[Reason]]] = []
    for index, nested in enumerate(condition.conditions):
        nested_reasons: list[Reason] = []
        results.append(
            (
                _evaluate_condition(
                    nested,
                    (*path, index),
                    key,
                    purchase,
                    selected_part,
                    expected=expected_inside,
                    reasons=nested_reasons,
                ),
                nested_reasons,
            )
        )
    one_is_enough = isinstance(condition, AnyOf) is expected_inside
    group_met = any(met for met, _ in results) if one_is_enough else all(met for met, _ in results)
    for met, nested_reasons in results:
        if met or not (one_is_enough and group_met):
            reasons.extend(nested_reasons)
    return group_met
