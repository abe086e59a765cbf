"""The impact of a draft, in numbers worked out by hand; unchanged terms have none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import Period
from app.domain.purchases.facts import PurchaseFacts
from app.domain.simulation.customer_replay import PastRedemption, PurchaseWithReturns
from app.domain.simulation.impact import CustomerHistory, Impact, ImpactSimulation
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests.builders import a_line, a_purchase, pounds
from tests.strategies import drafts, purchases

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
PER_POUND = ("spend", (), PointsPerAmount(points=1, per=pounds("1.00")))
COFFEE = ("coffee", (), RewardCost(reward="coffee", points=100, name="Coffee"))


def terms(*clauses: DraftedClause) -> Terms:
    """Terms in force."""
    return Terms.from_draft(version=1, effective_from=START, currency="GBP", zone="Europe/London", clauses=clauses)


def bought(pounds_spent: str, *, day: int) -> PurchaseFacts:
    """A purchase of one line, days after the start."""
    return replace(a_purchase(a_line(price=pounds_spent)), occurred_at=START + timedelta(days=day))


def redemption(reward: str = "coffee", *, day: int) -> PastRedemption:
    """A requested reward."""
    return PastRedemption(reward, replace(a_purchase(a_line()), lines=(), occurred_at=START + timedelta(days=day)))


def history_of(name: str, *events: PurchaseFacts | PastRedemption, opening: int = 0) -> CustomerHistory:
    """The history of a customer by name."""
    return CustomerHistory(customer_id=name, enrolled_at=START, opening_points=opening, prior_visits=0, events=events)


def impact(current: Terms, draft: Terms, *histories: CustomerHistory) -> Impact:
    """The impact of a draft on customers with these histories."""
    replay = ImpactSimulation(current=current, draft=draft)
    for history in histories:
        replay.add(history)
    return replay.impact()


def test_dearer_reward_costs_more_or_becomes_unaffordable() -> None:
    rich = history_of("rich", bought("300.00", day=1), redemption(day=2))
    poor = history_of("poor", bought("110.00", day=1), redemption(day=2), bought("5.00", day=3))
    idle = history_of("idle", opening=105)
    simulated = impact(
        terms(PER_POUND, COFFEE), terms(PER_POUND, (*COFFEE[:2], replace(COFFEE[2], points=120))), rich, poor, idle
    )
    assert (simulated.members, simulated.purchases, simulated.redemptions) == (3, 3, 2)
    assert (simulated.gainers, simulated.losers) == (0, 2)
    assert (simulated.points_gained, simulated.points_lost) == (0, 20)
    assert [
        (customer.customer_id, customer.difference, customer.redemptions_lost) for customer in simulated.most_losing
    ] == [
        ("rich", -20, 0),
        ("poor", 0, 1),
    ]
    # Before: 200 + 15 + 105; after: 180 + 115 (kept, for want of a coffee) + 105.
    assert (simulated.liability_before, simulated.liability_after) == (320, 400)
    (coffee,) = simulated.rewards
    assert (coffee.name, coffee.members_before, coffee.members_after, coffee.no_longer_affordable) == (
        "Coffee",
        2,
        1,
        1,
    )
    assert (coffee.redemptions_lost, coffee.redemptions_won) == (1, 0)


def test_higher_earning_allows_a_refused_redemption() -> None:
    double = ("spend", (), PointsPerAmount(points=2, per=pounds("1.00")))
    simulated = impact(
        terms(PER_POUND, COFFEE), terms(double, COFFEE), history_of("one", bought("60.00", day=1), redemption(day=2))
    )
    (first,) = simulated.most_gaining
    assert (first.difference, first.earned_before, first.earned_after, first.redemptions_won) == (60, 60, 120, 1)
    assert (simulated.gainers, simulated.losers, simulated.points_gained) == (1, 0, 60)
    assert (simulated.liability_before, simulated.liability_after) == (60, 20)


def test_fewer_stamps_and_a_price_in_stamps_are_a_loss() -> None:
    cake, visit = ("cake", (), RewardCost("cake", 2, "Cake", Unit.STAMPS)), ("visit", (), Stamps(2))
    past = history_of("ann", bought("90.00", day=1), redemption("cake", day=2), bought("90.00", day=3))
    less = impact(
        terms(PER_POUND, visit, cake), terms(PER_POUND, ("visit", (), Stamps(1)), cake), replace(past, opening_stamps=2)
    )
    assert (less.gainers, less.losers, less.points_lost, less.stamps_gained, less.stamps_lost) == (0, 1, 0, 0, 2)
    (ann,) = less.most_losing
    assert (ann.difference, ann.stamps, ann.redemptions_lost) == (0, -2, 0)
    in_points = terms(PER_POUND, visit, ("cake", (), RewardCost("cake", 50, "Cake")))
    moved = impact(in_points, terms(PER_POUND, visit, cake), past)
    assert (moved.losers, moved.points_gained, moved.stamps_lost) == (1, 50, 2), "50 points fewer, two stamps more"
    more = impact(in_points, terms(PER_POUND, ("visit", (), Stamps(3)), ("cake", (), RewardCost("cake", 50))), past)
    assert (more.gainers, more.losers, more.stamps_gained) == (1, 0, 2)
    assert Impact.from_data(moved.to_data()) == moved


def test_period_counters_advance_during_the_replay() -> None:
    current = terms(PER_POUND, ("third", (EveryNthVisit(nth=3),), BonusPoints(points=10)))
    draft = terms(
        PER_POUND,
        ("once", (TimesPerPeriod(times=1, period=Period.MONTH),), BonusPoints(points=4)),
        ("cap", (), PointsCap(points=15, scope=CapScope.DAY)),
    )
    days = (1, 1, 2, 40)
    simulated = impact(current, draft, history_of("one", *(bought("10.00", day=day) for day in days)))
    (first,) = simulated.most_losing
    # Before: 10, 10, 10 + 10, 10. After: 10 + 4, then 1 of 10 under the day's cap of 15, 10, and 10 + 4 in April.
    assert (first.earned_before, first.earned_after, first.difference) == (50, 39, -11)


def test_ten_most_affected_customers_are_named_each_way() -> None:
    double = ("spend", (), PointsPerAmount(points=2, per=pounds("1.00")))
    histories = [history_of(f"m-{place:04}", bought(f"{place}.00", day=1)) for place in range(1, 1500)]
    simulated = impact(terms(PER_POUND), terms(double), *histories)
    assert [customer.difference for customer in simulated.most_gaining] == list(range(1499, 1489, -1))
    assert simulated.gainers == 1499
    assert simulated.most_losing == ()


def test_result_survives_storage() -> None:
    simulated = impact(
        terms(PER_POUND, COFFEE), terms(PER_POUND), history_of("one", bought("120.00", day=1), redemption(day=2))
    )
    assert Impact.from_data(simulated.to_data()) == simulated
    assert simulated.rewards[0].redemptions_lost == 1, "a reward that is dropped is lost"


@given(drafts(), st.lists(purchases(), max_size=6))
def test_unchanged_draft_has_no_impact(clauses: list[DraftedClause], past: list[PurchaseFacts]) -> None:
    same = Terms.from_draft(version=1, effective_from=START, currency="GBP", zone="Europe/London", clauses=clauses)
    again = replace(same, version=2)
    events = sorted(past, key=lambda facts: facts.occurred_at)
    simulated = impact(same, again, history_of("one", *events, opening=50))
    assert (simulated.gainers, simulated.losers, simulated.points_gained, simulated.points_lost) == (0, 0, 0, 0)
    assert simulated.liability_before == simulated.liability_after


def test_periods_follow_the_calendar_of_each_location() -> None:
    current = terms(PER_POUND)
    draft = terms(PER_POUND, ("cap", (), PointsCap(points=15, scope=CapScope.DAY)))
    # 10:30 and 12:00 are one day in London, and two in Auckland, 13 hours ahead.
    second = bought("10.00", day=1)
    first = replace(second, occurred_at=second.occurred_at - timedelta(minutes=90))
    for zone, lost in (("Europe/London", 5), ("Pacific/Auckland", 0)):
        simulated = impact(current, draft, history_of("one", replace(first, zone=zone), replace(second, zone=zone)))
        assert simulated.points_lost == lost


def test_budget_is_shared_and_item_counters_continue() -> None:
    gift = ("gift", (Budget(50, BudgetMode.PARTIAL),), BonusPoints(points=30))
    tenth = ("tenth", (EveryNthItem(10),), BonusPoints(points=4))
    current, draft = terms(PER_POUND), terms(PER_POUND, gift, tenth)
    histories = [replace(history_of(f"m-{n}", bought("10.00", day=n)), prior_items={"tenth": 9}) for n in range(1, 4)]
    simulated = impact(current, draft, *histories)
    assert simulated.points_gained == 30 + 20 + 0 + 3 * 4
    again = ImpactSimulation(current=current, draft=draft, budget_usage={"gift": 45})
    for history in histories:
        again.add(history)
    assert again.impact().points_gained == 5 + 3 * 4


@pytest.mark.parametrize("mode", BudgetMode)
def test_refunded_budget_points_go_to_the_same_customer_only(mode: BudgetMode) -> None:
    draft = terms(PER_POUND, ("gift", (Budget(30, mode),), BonusPoints(points=30)))
    returned = PurchaseWithReturns(
        bought("10.00", day=0).with_remaining_quantities({}), before_returns=bought("10.00", day=0)
    )
    gone = replace(history_of("ann"), events=(returned,))
    other = history_of("bob", bought("10.00", day=1))
    assert impact(terms(PER_POUND), draft, gone, other).points_gained == 0
    again = replace(gone, events=(returned, bought("10.00", day=1), bought("10.00", day=2)))
    assert impact(terms(PER_POUND), draft, again, other).points_gained == 30
    before = ImpactSimulation(current=terms(PER_POUND), draft=draft, budget_usage={"gift": 30})
    before.add(other)
    before.add(replace(history_of("cat", bought("10.00", day=1)), own_budget_shares={"gift": 30}))
    assert before.impact().points_gained == 30, "what came back before the replay"


def test_tiers_are_reached_during_the_replay_and_apply_from_then_on() -> None:
    gold = ("gold", (), Tier("gold", "Gold", 100))
    twice = ("twice", (TierAtLeast("gold"),), PointsMultiplier(factor=Decimal(2)))
    past = history_of("ann", bought("100.00", day=0), bought("10.00", day=1), bought("10.00", day=800))
    simulated = impact(terms(PER_POUND), terms(PER_POUND, gold, twice), past)
    (ann,) = simulated.most_gaining
    assert (ann.earned_before, ann.earned_after) == (120, 130), (
        "the purchase that reaches the tier is judged below it, and two years later it is lost"
    )
