"""Better, neutral or worse: a table of changes, each classified from the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest

from app.domain.calendar import WEEK, Period
from app.domain.purchases.facts import Channel
from app.domain.terms.changes import ChangeDirection, clause_changes, overall_direction
from app.domain.terms.conditions.at_till import AtTill
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.groups import AnyOf, ExceptWhen
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.member_for import MemberFor
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend, SpendBasis
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.notice_period import NoticePeriod, NoticePreset
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.validation import DraftedClause
from tests.builders import a_clause, pounds, some_terms

WEEKDAYS = frozenset(WEEK[:5])
EVENING = WeekdaysAndHours(WEEKDAYS, time(17), time(19))
LONGER = WeekdaysAndHours(WEEKDAYS, time(16), time(20))
ONLINE = Channels(frozenset({Channel.ONLINE}))
HARBOUR = Locations(frozenset({"harbour"}), ("Harbour Street",))
NET, GROSS = SpendBasis.NET, SpendBasis.GROSS
B, N, W = ChangeDirection.BETTER, ChangeDirection.NEUTRAL, ChangeDirection.WORSE


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        (MinimumSpend(pounds("20.00")), MinimumSpend(pounds("10.00")), B, W),
        (MinimumSpend(pounds("20.00"), NET), MinimumSpend(pounds("20.00")), B, W),
        (MinimumSpend(pounds("20.00")), MinimumSpend(pounds("20.00"), GROSS), B, W),
        (MinimumSpend(pounds("20.00"), NET), MinimumSpend(pounds("10.00"), GROSS), B, W),
        (MinimumSpend(pounds("20.00"), GROSS), MinimumSpend(pounds("10.00"), NET), W, W),
        (MinimumQuantity(3), MinimumQuantity(2), B, W),
        (EVENING, LONGER, B, W),
        (EVENING, WeekdaysAndHours(WEEKDAYS, time(18), time(20)), W, W),
        (WeekdaysAndHours(frozenset(WEEK)), WeekdaysAndHours(frozenset(WEEK), time(0)), N, N),
        (Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)), Dates(first=date(2026, 6, 1)), B, W),
        (ONLINE, Channels(frozenset(Channel)), B, W),
        (Products(include=frozenset("ab")), Products(include=frozenset("abc")), B, W),
        (Categories(exclude=frozenset("ab")), Categories(exclude=frozenset("a")), B, W),
        (EveryNthVisit(6), EveryNthVisit(3), B, W),
        (EveryNthVisit(6), EveryNthVisit(5), W, W),
        (EveryNthItem(6), EveryNthItem(3), B, W),
        (EveryNthItem(6), EveryNthItem(5), W, W),
        (HARBOUR, Locations(frozenset({"harbour", "station"})), B, W),
        (HARBOUR, Locations(frozenset({"station"})), W, W),
        (HARBOUR, Locations(frozenset({"harbour"}), ("Harbour Square",)), N, N),
        (ExceptWhen((Locations(frozenset({"harbour", "station"})),)), ExceptWhen((HARBOUR,)), B, W),
        (Budget(100, BudgetMode.PARTIAL), Budget(200, BudgetMode.PARTIAL), B, W),
        (Budget(100, BudgetMode.WHOLE), Budget(200, BudgetMode.WHOLE), W, W),
        (Budget(100, BudgetMode.WHOLE), Budget(100, BudgetMode.PARTIAL), W, W),
        (MemberFor(60), MemberFor(30), B, W),
        (TimesPerPeriod(1, Period.MONTH), TimesPerPeriod(2, Period.MONTH), B, W),
        (TimesPerPeriod(1, Period.MONTH), TimesPerPeriod(1, Period.WEEK), W, W),
        (ONLINE, AnyOf((ONLINE, EVENING)), B, W),
        (ExceptWhen((EVENING,)), ExceptWhen((EVENING, ONLINE)), B, W),
        (ExceptWhen((LONGER,)), ExceptWhen((EVENING,)), B, W),
    ],
)
def test_change_of_a_condition_is_classified(
    before: Condition, after: Condition, forth: ChangeDirection, back: ChangeDirection
) -> None:
    old, new = some_terms(a_clause(None, before)), some_terms(a_clause(None, after))
    assert (overall_direction(clause_changes(old, new)), overall_direction(clause_changes(new, old))) == (forth, back)


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        ((), (AtTill(),), W, B),
        ((AtTill(),), (AnyOf((AtTill(), EVENING)),), B, W),
        ((AtTill(),), (EVENING,), W, W),
        ((AtTill(), EVENING), (EVENING, AtTill()), N, N),
    ],
)
def test_reward_that_is_taken_out_of_self_service_is_worse(
    before: tuple[Condition, ...], after: tuple[Condition, ...], forth: ChangeDirection, back: ChangeDirection
) -> None:
    cake = RewardCost("cake", 50)
    old, new = some_terms(("cake", before, cake)), some_terms(("cake", after, cake))
    assert (overall_direction(clause_changes(old, new)), overall_direction(clause_changes(new, old))) == (forth, back)


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        (PointsPerAmount(1, pounds("1.00")), PointsPerAmount(2, pounds("1.00")), B, W),
        (PointsPerAmount(1, pounds("1.00")), PointsPerAmount(2, pounds("2.00")), N, N),
        (PointsPerFullAmount(1, pounds("10.00")), PointsPerFullAmount(1, pounds("5.00")), B, W),
        (PointsPerFullAmount(3, pounds("10.00")), PointsPerFullAmount(2, pounds("6.00")), W, W),
        (PointsPerAmount(1, pounds("1.00")), PointsPerVisit(1000), W, W),
        (PointsMultiplier(Decimal(2)), PointsMultiplier(Decimal(3)), B, W),
        (PointsCap(10, CapScope.DAY), PointsCap(20, CapScope.DAY), B, W),
        (PointsCap(10, CapScope.DAY), PointsCap(400, CapScope.MONTH), W, W),
        (RewardCost("coffee", 100), RewardCost("coffee", 90), B, W),
        (RewardCost("coffee", 100), RewardCost("mug", 90), W, W),
        (Combination(CombinationMode.BEST), Combination(CombinationMode.STACK), B, W),
        (CountedAmounts(), CountedAmounts(shipping=True), B, W),
        (CountedAmounts(tips=True), CountedAmounts(shipping=True), W, W),
        (RoundingRule(), RoundingRule(scope=RoundingScope.LINE), W, W),
        (PointsValidity(12), PointsValidity(), B, W),
        (OldPriceProtection(30), OldPriceProtection(90), B, W),
        (NoticePeriod(30), NoticePeriod(60), B, W),
        (NoticePeriod(60, NoticePreset.CA_QC), NoticePeriod(90), W, W),
    ],
)
def test_change_of_an_effect_is_classified(
    before: Effect, after: Effect, forth: ChangeDirection, back: ChangeDirection
) -> None:
    old = some_terms(a_clause(key="base"), a_clause(before))
    new = some_terms(a_clause(key="base"), a_clause(after))
    assert (overall_direction(clause_changes(old, new)), overall_direction(clause_changes(new, old))) == (forth, back)


ONCE = TimesPerPeriod(1, Period.MONTH)
FIRST: DraftedClause = ("mode", (), Combination(CombinationMode.FIRST))


def test_more_visits_under_a_limit_are_mixed() -> None:
    old = some_terms(a_clause(None, MinimumSpend(pounds("20.00")), ONCE))
    new = some_terms(a_clause(None, MinimumSpend(pounds("10.00")), ONCE))
    assert overall_direction(clause_changes(old, new)) is W


def test_more_purchases_under_a_stamp_limit_are_mixed() -> None:
    # A item and then ten, a stamp a item once a month: where nothing is asked for, the limit goes to the one item.
    each = Stamps(1, StampOccasion.ITEM)
    many = some_terms(a_clause(each, MinimumQuantity(10), ONCE))
    assert overall_direction(clause_changes(many, some_terms(a_clause(each, ONCE)))) is W
    assert (
        overall_direction(
            clause_changes(many, some_terms(a_clause(Stamps(2, StampOccasion.ITEM), MinimumQuantity(10), ONCE)))
        )
        is B
    )
    less, more = (("counted", (), CountedAmounts(shipping=bool_)) for bool_ in (False, True))
    for limit, means in (((), B), ((ONCE,), W)):
        dear = a_clause(each, MinimumSpend(pounds("20.00")), *limit)
        assert overall_direction(clause_changes(some_terms(dear, less), some_terms(dear, more))) is means


def test_widened_clause_that_displaces_others_is_mixed() -> None:
    for rest in ((FIRST,), (("yields", (NotCombinedWith(frozenset({"spend"})),), PointsPerVisit(5)),)):
        old, new = some_terms(a_clause(None, ONLINE), *rest), some_terms(a_clause(), *rest)
        assert overall_direction(clause_changes(old, new)) is W
    assert (
        overall_direction(
            clause_changes(some_terms(FIRST, a_clause()), some_terms(FIRST, a_clause(), a_clause(key="new")))
        )
        is W
    )


def test_order_of_clauses_matters_only_in_first_mode() -> None:
    first, two = a_clause(key="one"), a_clause(PointsPerVisit(5), key="two")
    assert clause_changes(some_terms(first, two), some_terms(two, first)) == ()
    assert overall_direction(clause_changes(some_terms(first, two, FIRST), some_terms(two, first, FIRST))) is W


def test_added_and_removed_clauses_are_classified() -> None:
    cap: DraftedClause = ("cap", (), PointsCap(10, CapScope.DAY))
    coffee: DraftedClause = ("coffee", (), RewardCost("coffee", 100))
    for clause, comes, goes in ((a_clause(key="new"), B, W), (cap, W, B), (coffee, B, W)):
        old, new = some_terms(a_clause()), some_terms(a_clause(), clause)
        assert (overall_direction(clause_changes(old, new)), overall_direction(clause_changes(new, old))) == (
            comes,
            goes,
        )
    both = some_terms(a_clause(), coffee), some_terms(a_clause(), ("mug", (), RewardCost("mug", 100)))
    assert overall_direction(clause_changes(*both)) is W, "one for the worse is enough"


def test_change_of_a_rival_of_a_limited_clause_is_mixed() -> None:
    # £2 and then £100, twice the points once a month against 5 a visit: at 3 a pound the limit goes to the £2.
    once = a_clause(PointsPerAmount(2, pounds("1.00")), ONCE, key="once")
    more = a_clause(PointsPerAmount(3, pounds("1.00")), ONCE, key="once")
    visit = a_clause(PointsPerVisit(5), key="visit")
    assert overall_direction(clause_changes(some_terms(once, visit), some_terms(more, visit))) is W
    first = some_terms(once, visit, FIRST)
    assert overall_direction(clause_changes(first, some_terms(once, visit, ("mode", (), Combination())))) is W
    assert overall_direction(clause_changes(some_terms(visit), some_terms(visit, once))) is B, (
        "nothing was used up before"
    )


PARTIAL, WHOLE = Budget(100, BudgetMode.PARTIAL), Budget(100, BudgetMode.WHOLE)
BONUS = BonusPoints(10)
CAP: DraftedClause = ("cap", (), PointsCap(50, CapScope.DAY))


def overall(old: list[DraftedClause], new: list[DraftedClause]) -> ChangeDirection:
    """The classification of a change."""
    return overall_direction(clause_changes(some_terms(*old), some_terms(*new)))


def test_added_budget_is_worse_and_a_removed_one_better() -> None:
    without, within = a_clause(BONUS, key="gift"), a_clause(BONUS, PARTIAL, key="gift")
    assert (overall([without], [within]), overall([within], [without])) == (W, B)
    assert overall([a_clause()], [a_clause(), within]) is B, "nobody had it before"


def test_larger_budget_is_better_only_if_no_less_is_left_for_anybody() -> None:
    def grown(budget: Budget, effect: Effect, *rest: DraftedClause) -> ChangeDirection:
        more = replace(budget, points=200)
        return overall([a_clause(effect, budget, key="gift"), *rest], [a_clause(effect, more, key="gift"), *rest])

    spend = PointsPerAmount(1, pounds("1.00"))
    assert grown(PARTIAL, BONUS, a_clause()) is B
    assert grown(WHOLE, BONUS, a_clause()) is B, "every gift is the same: more of them, and nobody is passed over"
    assert grown(PARTIAL, spend) is B
    # 160 for gifts of 100, 100 and 50 gives the first and the third; 210 the first and the second.
    assert grown(WHOLE, spend) is W
    # 5 are left, a gift of 10 and a rival of 8: with 10 left the gift is taken, and nothing is left for the next one.
    assert grown(PARTIAL, spend, a_clause(PointsPerVisit(8), key="rival")) is W
    assert grown(PARTIAL, BONUS, CAP) is W


def test_change_in_the_use_of_a_budget_is_mixed() -> None:
    gift = a_clause(BONUS, PARTIAL, ONLINE, key="gift")
    assert overall([gift], [a_clause(BONUS, PARTIAL, key="gift")]) is W, "more people share it"
    assert overall([gift], [a_clause(BonusPoints(11), PARTIAL, ONLINE, key="gift")]) is W
    assert overall([gift, CAP], [gift]) is W, "without the cap more is given out of it"
    assert overall([gift, CAP, a_clause()], [gift, CAP, a_clause(), a_clause(BONUS, key="new")]) is W
    assert overall([gift], [gift, ("basis", (), CountedAmounts(shipping=True))]) is W
    earning = a_clause(PointsPerVisit(5), PARTIAL, key="gift")
    assert overall([earning], [earning, a_clause(key="rival")]) is W
    assert overall([gift], [gift, a_clause(key="rival")]) is B, "a bonus comes on top, whatever else is earned"
    coffee: DraftedClause = ("coffee", (), RewardCost("coffee", 10))
    assert overall([gift], [gift, coffee]) is B


def test_change_of_counted_items_is_mixed() -> None:
    tea, drinks = Products(include=frozenset({"tea"})), Products(include=frozenset({"tea", "cup"}))
    counting = a_clause(BONUS, EveryNthItem(10), tea, key="tenth")
    assert overall([counting], [a_clause(BONUS, EveryNthItem(10), drinks, key="tenth")]) is W
    assert overall([counting], [counting, ("basis", (), CountedAmounts(shipping=True))]) is W
    assert overall([counting], [a_clause(BONUS, tea, key="tenth")]) is W, "twenty at once reach the tenth twice"
    assert overall([counting], [a_clause(BonusPoints(11), EveryNthItem(5), tea, key="tenth")]) is B


def test_counting_more_items_may_displace_a_better_clause() -> None:
    spend = MinimumSpend(pounds("20.00"))
    bonus = ("bonus", (spend,), BonusPoints(10))
    yielding = ("points", (NotCombinedWith(frozenset({"bonus"})),), PointsPerAmount(1, pounds("1.00")))
    first = ("mode", (), Combination(CombinationMode.FIRST))
    poor = ("poor", (spend,), PointsPerVisit(2))
    for clauses in ((bonus, yielding), (poor, ("points", (), PointsPerAmount(1, pounds("1.00"))), first)):
        before = some_terms(*clauses)
        after = some_terms(*clauses, ("basis", (), CountedAmounts(taxes=True)), version=2)
        assert overall_direction(clause_changes(before, after)) is W
