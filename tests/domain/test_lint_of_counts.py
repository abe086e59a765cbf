"""Findings of the linter about locations, counters and budgets."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from app.domain.calendar import WEEK
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.groups import ExceptWhen
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.lint import lint
from app.domain.terms.lint.finding import CatalogueReward, LintCode, LintFinding, Visit, VisitStatistics
from app.domain.terms.validation import DraftedClause
from tests.builders import a_clause, pounds, some_terms

EN = phrasebook_in(Locale.EN)
HARBOUR = Locations(frozenset({"harbour"}), ("Harbour Street",))
BOTH = Locations(frozenset({"harbour", "station"}), ("Harbour Street", "Central Station"))


def found_in(
    *clauses: DraftedClause, statistics: VisitStatistics | None = None, pictured: tuple[str, ...] = ()
) -> list[LintFinding]:
    """The findings."""
    catalogue = {key: CatalogueReward(key, "As it is.", has_picture=True) for key in pictured}
    return list(lint(some_terms(*clauses), statistics=statistics or VisitStatistics(), catalogue=catalogue))


@pytest.mark.parametrize("effect", [BonusPoints(50), PointsPerVisit(50), PointsPerItem(50)])
@pytest.mark.parametrize("mode", BudgetMode)
def test_budget_smaller_than_one_award_is_found(effect: Effect, mode: BudgetMode) -> None:
    (finding,) = found_in(a_clause(effect, Budget(49, mode), key="gift"))
    assert (finding.code.value, finding.clause.key) == ("CONTRADICTION", "gift")
    assert finding.statement(EN) == "This clause promises what clause 1 does not allow.", "its own"
    assert finding.example(EN) == "A purchase is promised 50 points; 49 are set aside for all members together."
    assert found_in(a_clause(effect, Budget(50, mode), key="gift")) == []


def test_small_variable_award_is_no_finding_for_a_budget() -> None:
    assert found_in(a_clause(PointsPerAmount(50, pounds("1.00")), Budget(49, BudgetMode.WHOLE))) == []


def test_condition_without_any_location_left_is_found() -> None:
    station = Locations(frozenset({"station"}), ("Central Station",))
    cases: list[tuple[tuple[Condition, ...], str]] = [
        ((HARBOUR, station), "NEVER_HOLDS"),
        ((HARBOUR, ExceptWhen((BOTH,))), "EXCLUDES_ITSELF"),
    ]
    for conditions, code in cases:
        (finding,) = found_in(a_clause(None, *conditions, key="never"))
        assert (finding.code.value, finding.clause.key) == (code, "never")
        assert "“Harbour Street”" in finding.example(EN)
        for locale in Locale:
            phrasebook = phrasebook_in(locale)
            assert finding.statement(phrasebook) != finding.example(phrasebook)


@pytest.mark.parametrize("locale", Locale)
def test_finding_quotes_the_conditions_of_a_reward(locale: Locale) -> None:
    phrasebook = phrasebook_in(locale)
    tea = Products(include=frozenset({"tea"}))
    cake = RewardCost("cake", 50, "Cake")
    (finding,) = found_in(a_clause(), ("cake", (tea, HARBOUR, ExceptWhen((BOTH,))), cake), pictured=("cake",))
    assert finding.code is LintCode.EXCLUDES_ITSELF
    assert tea.requirement(phrasebook) in finding.clause.statement(phrasebook)
    assert tea.requirement(phrasebook) in finding.example(phrasebook)
    assert tea.sentence(phrasebook) not in finding.example(phrasebook)
    evening = WeekdaysAndHours(frozenset(WEEK), time(17), time(19))
    for conditions in ((HARBOUR, BOTH), (BOTH, ExceptWhen((HARBOUR,))), (HARBOUR, ExceptWhen((HARBOUR, evening)))):
        assert found_in(a_clause(None, *conditions)) == []


def test_visits_are_compared_with_local_hours_of_their_location() -> None:
    evening = WeekdaysAndHours(frozenset(WEEK), time(17), time(19))
    # 10:00 in London is 18:00 in Taipei.
    moments = [datetime(2026, 3, 2, 10, tzinfo=UTC) + timedelta(days=day) for day in range(30)]
    there = VisitStatistics(visits=tuple(Visit(at, "Asia/Taipei") for at in moments))
    here = VisitStatistics(visits=tuple(Visit(at, "Europe/London") for at in moments))
    assert found_in(a_clause(None, evening), statistics=there) == []
    (finding,) = found_in(a_clause(None, evening), statistics=here)
    assert finding.code.value == "SHUTS_OUT_VISITS"


def test_independent_clause_never_makes_another_one_redundant() -> None:
    for condition in (EveryNthItem(2), Budget(1_000, BudgetMode.PARTIAL)):
        clauses = [a_clause(PointsPerVisit(5), condition, key=key) for key in ("one", "two")]
        assert found_in(*clauses) == []
