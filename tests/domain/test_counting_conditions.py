"""Counting clauses: every nth item of a customer, and a budget for all customers together."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import Rounding
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, RemedyCode, Verdict
from app.domain.engine.earning import earn
from app.domain.engine.refund import outcome_from_snapshot
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import LineKind
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.groups import AnyOf
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule
from app.domain.terms.evaluation import counted_items
from app.domain.terms.validation import DraftedClause, TermsError
from tests.builders import NOON, a_clause, a_line, a_purchase, pounds, some_terms

WHOLE, PARTIAL = BudgetMode.WHOLE, BudgetMode.PARTIAL
FIRST: DraftedClause = ("mode", (), Combination(CombinationMode.FIRST))
STACK: DraftedClause = ("mode", (), Combination(CombinationMode.STACK))
PER_POUND = PointsPerAmount(1, pounds("1.00"))


def eligible_for(*lines: Any, **member: Any) -> PurchaseFacts:
    """A purchase of a customer with these facts."""
    return a_purchase(*lines, rule_facts=RuleFacts(**member))


def budgets_left(**budgets: int) -> dict[str, Any]:
    """The remaining points of budgets, by clause."""
    return {"common_budgets_left": tuple(sorted(budgets.items()))}


def reason_of(decision: Decision, clause: str, code: ReasonCode) -> Reason:
    """The one reason of a clause with a code."""
    (found,) = [reason for reason in decision.reasons if reason.clause_key == clause and reason.finding.code is code]
    return found


@pytest.mark.parametrize(
    ("before", "quantity", "holds", "missing"),
    [
        (0, "9", False, 1),
        (0, "10", True, None),
        (9, "1", True, None),
        (9, "0.75", False, 1),
        (10, "1", False, 9),
        (10, "9", False, 1),
        (10, "25", True, None),
        (20, "0.5", False, 10),
    ],
)
def test_nth_item_counts_in_its_purchase(before: int, quantity: str, holds: bool, missing: int | None) -> None:
    terms = some_terms(a_clause(BonusPoints(5), EveryNthItem(10), key="tenth"))
    facts = eligible_for(a_line(quantity=quantity), items=(("tenth", before), ("other", 3)))
    decision = earn(terms=terms, facts=facts)
    reached = int(before + Decimal(quantity)) // 10 - before // 10
    assert decision.points == 5 * reached
    assert holds is (reached > 0)
    (remedies,) = [reason.finding.remedies for reason in decision.reasons if reason.condition == (0,)]
    assert [remedy.quantity for remedy in remedies] == ([] if holds else [missing])
    assert all(remedy.code is RemedyCode.ADD_QUANTITY for remedy in remedies)


def test_only_whole_selected_items_are_counted() -> None:
    drinks = Categories(include=frozenset({"drinks"}))
    either = AnyOf((drinks, Categories(include=frozenset({"tea"}))))
    terms = some_terms(
        a_clause(BonusPoints(5), EveryNthItem(10), drinks, key="drinks"),
        a_clause(BonusPoints(5), EveryNthItem(10), key="all"),
        a_clause(BonusPoints(5), either, EveryNthItem(4), key="either"),
        a_clause(BonusPoints(5), drinks, key="not-counted"),
        ("coffee", (EveryNthItem(3), drinks), RewardCost("coffee", 10)),
    )
    lines = (
        a_line(1, quantity="2", categories=("drinks",)),
        a_line(2, quantity="1.5", categories=("tea",)),
        a_line(3, quantity="0.9"),
        a_line(4, quantity="7", kind=LineKind.REWARD, categories=("drinks",)),
    )
    assert dict(counted_items(terms, facts=a_purchase(*lines))) == {"drinks": 2, "all": 3, "either": 3, "coffee": 2}
    assert counted_items(some_terms(), facts=a_purchase(*lines)) == ()


def test_kept_items_are_counted_from_the_position_of_their_purchase() -> None:
    terms = some_terms(a_clause(BonusPoints(5), EveryNthItem(10), key="tenth"))
    purchase = eligible_for(a_line(quantity="4"), items=(("tenth", 7),))
    assert earn(terms=terms, facts=purchase).points == 5
    for kept, due in ((Decimal(3), 0), (Decimal(2), 5)):
        outcome = outcome_from_snapshot(
            terms=terms,
            facts=purchase,
            earned_points=5,
            quantities_before={1: Decimal(4)},
            quantities_after={1: kept},
            available=100,
            occurred_at=NOON,
        )
        assert outcome.clawback_due == due


@pytest.mark.parametrize(
    ("mode", "there", "points", "spent", "outcome"),
    [
        (WHOLE, 50, 50, 50, DecisionOutcome.GRANTED),
        (WHOLE, 49, 0, 0, DecisionOutcome.NOTHING_EARNED),
        (WHOLE, 0, 0, 0, DecisionOutcome.NOTHING_EARNED),
        (PARTIAL, 51, 50, 50, DecisionOutcome.GRANTED),
        (PARTIAL, 30, 30, 30, DecisionOutcome.PARTLY_GRANTED),
        (PARTIAL, 0, 0, 0, DecisionOutcome.NOTHING_EARNED),
    ],
)
@pytest.mark.parametrize("effect", [BonusPoints(50), PointsPerVisit(50), PointsPerAmount(5, pounds("1.00"))])
def test_budget_gives_all_or_the_rest_according_to_its_mode(
    effect: Any, mode: BudgetMode, there: int, points: int, spent: int, outcome: DecisionOutcome
) -> None:
    terms = some_terms(a_clause(effect, Budget(1000, mode), key="gift"))
    decision = earn(terms=terms, facts=eligible_for(**budgets_left(gift=there)))
    assert (decision.points, dict(decision.budget_usage).get("gift", 0), decision.outcome) == (points, spent, outcome)
    if there < 50:
        reason = reason_of(decision, "gift", ReasonCode.BUDGET_USED_UP)
        assert reason.condition == (0,)
        assert reason.verdict is (Verdict.LIMITED if points else Verdict.NOT_MET)
        assert (reason.finding.observed, reason.finding.required) == (there, 50 if there else None)
        assert [remedy.code for remedy in reason.finding.remedies] == [RemedyCode.NONE]
    gives = [reason.finding for reason in decision.reasons if reason.condition is None]
    assert gives == ([Finding(True, ReasonCode.POINTS_EARNED, points)] if points else [])
    assert Decision.from_data(decision.to_data()) == decision


def test_unused_budget_is_full() -> None:
    terms = some_terms(a_clause(BonusPoints(50), Budget(30, PARTIAL), key="gift"))
    assert earn(terms=terms, facts=a_purchase()).points == 30


def test_budget_is_applied_before_clauses_are_chosen() -> None:
    rich = a_clause(PointsPerVisit(50), Budget(1000, PARTIAL), key="rich")
    poor = a_clause(PointsPerVisit(20), key="poor")
    for there, points, spent in ((1000, 50, 50), (21, 21, 21), (19, 20, 0), (0, 20, 0)):
        decision = earn(terms=some_terms(rich, poor), facts=eligible_for(**budgets_left(rich=there)))
        assert (decision.points, sum(dict(decision.budget_usage).values())) == (points, spent)
    whole = a_clause(PointsPerVisit(50), Budget(1000, WHOLE), key="rich")
    for order in ((whole, poor), (poor, whole)):
        decision = earn(terms=some_terms(*order), facts=eligible_for(**budgets_left(rich=49)))
        assert (decision.points, decision.budget_usage) == (20, ())
    first = earn(terms=some_terms(whole, poor, FIRST), facts=eligible_for(**budgets_left(rich=49)))
    assert first.points == 20, "the first one gives nothing, so it does not fit"
    yields = ("yields", (NotCombinedWith(frozenset({"rich"})),), BonusPoints(3))
    assert earn(terms=some_terms(whole, yields), facts=eligible_for(**budgets_left(rich=49))).points == 3


def test_budget_of_a_multiplier_covers_what_it_adds() -> None:
    base = a_clause(PER_POUND, key="base")
    for mode, points, verdict in ((PARTIAL, 10 + 4, Verdict.LIMITED), (WHOLE, 10, Verdict.NOT_MET)):
        triple = ("triple", (Budget(1000, mode),), PointsMultiplier(Decimal(3)))
        decision = earn(terms=some_terms(base, triple), facts=eligible_for(**budgets_left(triple=4)))
        assert (decision.points, decision.budget_usage) == (points, (("triple", 4),) if mode is PARTIAL else ())
        reason = reason_of(decision, "triple", ReasonCode.BUDGET_USED_UP)
        assert (reason.verdict, reason.finding.observed, reason.finding.required) == (verdict, 4, 20)
    another = ("double", (), PointsMultiplier(Decimal(2)))
    whole = ("triple", (Budget(1000, WHOLE),), PointsMultiplier(Decimal(3)))
    for mode in ((), (FIRST,)):
        decision = earn(terms=some_terms(base, whole, another, *mode), facts=eligible_for(**budgets_left(triple=4)))
        assert decision.points == 20, "the one that gives nothing stands aside"


def test_multiplier_applies_to_what_a_budget_leaves() -> None:
    base = a_clause(PER_POUND, Budget(1000, PARTIAL), key="base")
    double = ("double", (), PointsMultiplier(Decimal(2)))
    decision = earn(terms=some_terms(base, double), facts=eligible_for(**budgets_left(base=4)))
    assert (decision.points, decision.budget_usage) == (8, (("base", 4),))


def test_points_cut_by_a_cap_are_not_used_from_a_budget() -> None:
    gift = a_clause(BonusPoints(50), Budget(1000, WHOLE), key="gift")
    cap = ("cap", (), PointsCap(30, CapScope.PURCHASE))
    capped = earn(terms=some_terms(gift, a_clause(PointsPerVisit(10), key="visit"), cap), facts=eligible_for())
    assert (capped.points, capped.budget_usage) == (30, (("gift", 25),)), "50 of 60 are five sixths of 30"
    full = ("cap", (), PointsCap(10, CapScope.DAY))
    nothing = earn(
        terms=some_terms(gift, full),
        facts=eligible_for(earned_by_period=((full[2].period or None, 10),)),
    )
    assert (nothing.points, nothing.budget_usage) == (0, ())


def test_budget_points_are_whole_and_the_sum_is_rounded_once() -> None:
    half = PointsPerAmount(1, pounds("4.00"))
    terms = some_terms(a_clause(half, Budget(3, PARTIAL), key="gift"), a_clause(half, key="rest"), STACK)
    decision = earn(terms=terms, facts=eligible_for())
    assert (decision.points, decision.budget_usage) == (5, (("gift", 3),)), (
        "2.5 + 2.5, of which 3 come out of the budget"
    )
    down = some_terms(a_clause(half, Budget(3, PARTIAL), key="gift"), STACK, ("r", (), RoundingRule(Rounding.FLOOR)))
    assert earn(terms=down, facts=eligible_for()).budget_usage == (("gift", 2),)


def test_kept_goods_are_decided_with_the_budget_of_their_purchase() -> None:
    terms = some_terms(a_clause(PER_POUND, Budget(1000, PARTIAL), key="gift"))
    purchase = eligible_for(a_line(quantity="10"), **budgets_left(gift=30))
    assert earn(terms=terms, facts=purchase).points == 30

    def due(kept: int, *, before: int = 0) -> int:
        outcome = outcome_from_snapshot(
            terms=terms,
            facts=purchase,
            earned_points=30,
            quantities_before={1: Decimal(10)},
            quantities_after={1: Decimal(kept)},
            available=100,
            occurred_at=NOON,
        )
        assert outcome.decision.budget_usage == (), "a refund neither spends nor fills"
        return outcome.clawback_due

    assert [due(9), due(3), due(2), due(0)] == [0, 0, 10, 30]


gifts = st.one_of(
    st.builds(BonusPoints, points=st.integers(1, 40)),
    st.builds(PointsPerVisit, points=st.integers(1, 40)),
    st.builds(PointsPerAmount, points=st.integers(1, 9), per=st.just(pounds("7.00"))),
    st.builds(PointsMultiplier, factor=st.sampled_from([Decimal("1.5"), Decimal(3)])),
)


@given(
    effects=st.lists(gifts, min_size=1, max_size=4),
    there=st.lists(st.integers(0, 30), min_size=4, max_size=4),
    modes=st.lists(st.sampled_from([WHOLE, PARTIAL, None]), min_size=4, max_size=4),
    mode=st.sampled_from(list(CombinationMode)),
    price=st.integers(0, 9_000),
    cap=st.none() | st.integers(1, 60),
)
def test_purchases_never_exceed_a_budget_and_points_add_up(
    effects: list[Any],
    there: list[int],
    modes: list[BudgetMode | None],
    mode: CombinationMode,
    price: int,
    cap: int | None,
) -> None:
    clauses: list[DraftedClause] = [("base", (), PER_POUND), ("mode", (), Combination(mode))]
    for place, effect in enumerate(effects):
        kept = modes[place]
        conditions: tuple[Condition, ...] = (Budget(1000, kept),) if kept is not None else ()
        clauses.append((f"gift-{place}", conditions, effect))
    if cap is not None:
        clauses.append(("cap", (), PointsCap(cap, CapScope.PURCHASE)))
    terms = some_terms(*clauses)
    known = {key: there[int(key[-1])] for key in terms.budgets}
    facts = replace(a_purchase(a_line()._replace(unit_price=price)), rule_facts=RuleFacts(**budgets_left(**known)))
    decision = earn(terms=terms, facts=facts)
    spent = dict(decision.budget_usage)
    assert all(0 < points <= known[key] for key, points in spent.items())
    assert sum(spent.values()) <= decision.points
    given_ = {reason.clause_key: reason.finding.observed for reason in decision.reasons if reason.condition is None}
    shares = [
        points for key, points in given_.items() if key in decision.applied_clause_keys() and isinstance(points, int)
    ]
    assert decision.points == min(sum(shares), cap if cap is not None else sum(shares))
    if cap is None:
        assert {key: given_[key] for key in spent} == spent, "the reasons give as much as the budgets lose"
    for reason in decision.reasons:
        if reason.finding.code is ReasonCode.BUDGET_USED_UP and reason.finding.required is not None:
            assert reason.finding.observed < reason.finding.required


@pytest.mark.parametrize(
    ("conditions", "effect"),
    [
        ((Budget(0, WHOLE),), BonusPoints(5)),
        ((Budget(1_000_000_001, WHOLE),), BonusPoints(5)),
        ((Budget(10, WHOLE), Budget(20, PARTIAL)), BonusPoints(5)),
        ((AnyOf((Budget(10, WHOLE), EveryNthItem(2))),), BonusPoints(5)),
        ((Budget(10, WHOLE),), RewardCost("coffee", 5)),
        ((EveryNthItem(1),), BonusPoints(5)),
        ((EveryNthItem(1001),), BonusPoints(5)),
    ],
)
def test_invalid_counting_condition_is_rejected(conditions: tuple[Condition, ...], effect: Any) -> None:
    with pytest.raises(TermsError) as refused:
        some_terms(("x", conditions, effect))
    assert refused.value.path[:3] == ("clauses", "0", "conditions")
