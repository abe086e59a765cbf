"""The linter: every finding with the case that proves it, and what is no finding."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import WEEK, Period
from app.domain.engine.earning import earn
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.ledger.lots import ValidityEnd
from app.domain.purchases.facts import Channel, PaymentKind, PurchaseFacts
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.payment_methods import PaymentMethods
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.lint import lapsed_notice_finding, lint, notice_finding
from app.domain.terms.lint.finding import CatalogueReward, LintCode, LintFinding, Visit, VisitStatistics
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests import strategies as some
from tests.builders import a_clause, pounds
from tests.domain.test_ledger_terms import YEARLY, unenforced_terms
from tests.soak_settings import property_settings

ONLINE, STORE = (Channels(frozenset({value})) for value in (Channel.ONLINE, Channel.STORE))
TEA = Products(include=frozenset({"tea"}))
MUG = CatalogueReward("Mug", "An enamel mug, 0.4 l.", has_picture=True)
COST: DraftedClause = ("mug", (), RewardCost("mug", 100, "Mug"))
EVENING = WeekdaysAndHours(frozenset(WEEK), time(22), time(23))
NOONS = tuple(Visit(datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day), "Europe/London") for day in range(30))


def found(
    *clauses: DraftedClause, statistics: VisitStatistics | None = None, mug: CatalogueReward = MUG
) -> list[tuple[str, LintCode, str]]:
    """Every finding: its clause, its code, and the kind of its example; worded in every language."""
    return [
        (finding.clause.key, finding.code, finding.case)
        for finding in findings(*clauses, statistics=statistics, mug=mug)
    ]


def findings(
    *clauses: DraftedClause, statistics: VisitStatistics | None = None, mug: CatalogueReward = MUG
) -> tuple[LintFinding, ...]:
    """The findings themselves."""
    results = lint(unenforced_terms(*clauses), statistics=statistics or VisitStatistics(), catalogue={"mug": mug})
    for result in results:
        for locale in Locale:
            sentences = [result.statement(phrasebook_in(locale)), result.example(phrasebook_in(locale))]
            assert all(sentences), locale
            assert not any("{" in text for text in sentences), locale
    return results


@pytest.mark.parametrize(
    ("conditions", "case"),
    [
        ((ONLINE, STORE), "exclusive"),
        ((AllOf((ONLINE, FirstPurchase())), STORE), "exclusive"),
        (
            (PaymentMethods(frozenset({PaymentKind.CASH})), PaymentMethods(frozenset({PaymentKind.CARD}))),
            "exclusive",
        ),
        ((FirstPurchase(), EveryNthVisit(3)), "exclusive"),
        ((TEA, Products(include=frozenset({"mug"}))), "goods"),
        ((TEA, Products(exclude=frozenset({"tea", "mug"}))), "goods"),
        (
            (Categories(include=frozenset({"drinks"})), Categories(exclude=frozenset({"drinks"}))),
            "goods",
        ),
        ((EVENING, WeekdaysAndHours(frozenset(WEEK), time(9), time(12))), ""),
        ((Dates(last=datetime(2019, 12, 31).date()),), ""),
    ],
)
def test_contradictory_conditions_are_found(conditions: tuple[Condition, ...], case: str) -> None:
    clause = a_clause(PointsPerVisit(5), *conditions, key="odd")
    assert found(a_clause(), clause) == [("odd", LintCode.NEVER_HOLDS, case)]


@pytest.mark.parametrize(
    "conditions",
    [
        (ONLINE, Channels(frozenset(Channel))),
        (AnyOf((ONLINE, STORE)), ONLINE),
        (ONLINE, ExceptWhen((ONLINE, EVENING))),
        (EveryNthVisit(2), EveryNthVisit(3)),
        (TEA, Products(include=frozenset({"tea", "mug"}))),
        (Categories(include=frozenset({"drinks"})), Categories(include=frozenset({"food"}))),
        (Categories(include=frozenset({"drinks", "food"})), Categories(exclude=frozenset({"drinks"}))),
    ],
)
def test_compatible_conditions_are_no_finding(conditions: tuple[Condition, ...]) -> None:
    assert found(a_clause(), a_clause(PointsPerVisit(5), *conditions, key="fine")) == []


def test_exception_that_excludes_the_required_goods_is_found() -> None:
    excepted = ExceptWhen((Channels(frozenset({Channel.ONLINE, Channel.PHONE})),))
    assert found(a_clause(), a_clause(PointsPerVisit(5), ONLINE, excepted, key="odd")) == [
        ("odd", LintCode.EXCLUDES_ITSELF, "")
    ]


def test_reward_may_require_two_articles_unless_measured_together() -> None:
    both: tuple[Condition, ...] = (TEA, Products(include=frozenset({"cake"})))
    assert found(a_clause(), ("mug", both, RewardCost("mug", 100))) == []
    measured = (*both, MinimumSpend(pounds("1.00")))
    assert found(a_clause(), ("mug", measured, RewardCost("mug", 100))) == [("mug", LintCode.NEVER_HOLDS, "goods")]


def test_stamps_for_unknown_articles_are_found() -> None:
    apart: tuple[Condition, ...] = (TEA, Products(include=frozenset({"mug"})))
    assert found(a_clause(), a_clause(Stamps(1), *apart, key="odd")) == [("odd", LintCode.NEVER_HOLDS, "goods")]


def test_clause_that_yields_to_an_unconditional_one_is_found() -> None:
    yields = a_clause(PointsPerVisit(9), ONLINE, NotCombinedWith(frozenset({"spend"})), key="yields")
    assert found(a_clause(), yields) == [("yields", LintCode.NEVER_HOLDS, "yields")]
    assert found(a_clause(None, STORE), yields) == []
    once = TimesPerPeriod(1, Period.DAY)
    daily = a_clause(PointsPerVisit(9), ONLINE, once, NotCombinedWith(frozenset({"spend"})), key="yields")
    assert found(a_clause(None, ONLINE, once), daily) == [], "it may be used up"


@given(
    conditions=st.lists(st.one_of(some.plain, some.selecting, some.groups).filter(some.fit), min_size=2, max_size=3),
    facts=st.lists(some.purchases(), min_size=1, max_size=5),
)
@property_settings(50)
def test_conditions_found_impossible_never_hold(conditions: list[Condition], facts: list[PurchaseFacts]) -> None:
    terms = unenforced_terms(("odd", conditions, PointsPerVisit(5)))
    said = {finding.code for finding in lint(terms, statistics=VisitStatistics(), catalogue={})}
    if {LintCode.NEVER_HOLDS, LintCode.EXCLUDES_ITSELF} & said:
        assert all(earn(terms=terms, facts=fact).points == 0 for fact in facts)


def test_clause_beside_a_better_one_is_found_unless_that_one_is_limited() -> None:
    worse = a_clause(PointsPerAmount(1, pounds("2.00")), ONLINE, key="worse")
    assert found(a_clause(), worse) == [("worse", LintCode.NEVER_COUNTS, "")]
    once = TimesPerPeriod(1, Period.MONTH)
    assert found(a_clause(None, once, key="once"), a_clause(None, once, key="again")) == []


CAP: DraftedClause = ("cap", (), PointsCap(30, CapScope.PURCHASE))
OVER_40 = MinimumSpend(pounds("40.00"))


@pytest.mark.parametrize(
    ("effect", "conditions"),
    [
        (BonusPoints(31), ()),
        (PointsPerVisit(31), ()),
        (PointsPerAmount(1, pounds("1.00")), (OVER_40,)),
        (PointsPerAmount(1, pounds("1.00")), (AllOf((OVER_40, ONLINE)),)),
        (PointsPerFullAmount(16, pounds("20.00")), (OVER_40,)),
    ],
)
def test_award_above_its_cap_is_found(effect: Effect, conditions: tuple[Condition, ...]) -> None:
    clause = a_clause(effect, *conditions, key="odd")
    base = a_clause(PointsPerAmount(1, pounds("9.00")))
    assert found(base, clause, CAP) == [("odd", LintCode.CONTRADICTION, "")]
    assert found(base, clause, ("cap", (), PointsCap(40, CapScope.DAY))) == []


def test_award_within_the_cap_for_some_is_no_finding() -> None:
    base = a_clause(PointsPerVisit(1))
    for clause in (
        a_clause(key="fine"),
        a_clause(None, MinimumSpend(pounds("30.00")), key="fine"),
        a_clause(None, AnyOf((OVER_40, ONLINE)), key="fine"),
        a_clause(PointsPerFullAmount(15, pounds("20.00")), OVER_40, key="fine"),
    ):
        assert found(base, clause, CAP) == []
    by_line = ("r", (), RoundingRule(scope=RoundingScope.LINE))
    assert found(base, a_clause(None, OVER_40, key="fine"), CAP, by_line) == [], "each line may lose a part of a point"


@pytest.mark.parametrize(
    ("cap", "period", "reached"),
    [
        (PointsCap(499, CapScope.YEAR), TierWindow.CALENDAR_YEAR, False),
        (PointsCap(41, CapScope.MONTH), TierWindow.CALENDAR_YEAR, False),
        (PointsCap(1, CapScope.DAY), TierWindow.CALENDAR_YEAR, False),
        (PointsCap(500, CapScope.YEAR), TierWindow.CALENDAR_YEAR, True),
        (PointsCap(42, CapScope.MONTH), TierWindow.CALENDAR_YEAR, True),
        (PointsCap(10, CapScope.PURCHASE), TierWindow.CALENDAR_YEAR, True),
        (PointsCap(499, CapScope.YEAR), TierWindow.SINCE_JOINING, True),
        (PointsCap(499, CapScope.YEAR), TierWindow.ROLLING_YEAR, True),
    ],
)
def test_tier_unreachable_under_the_cap_is_found(cap: PointsCap, period: TierWindow, reached: bool) -> None:
    clauses = (("gold", (), Tier("gold", "Gold", 500)), ("p", (), TierPeriod(period)), ("cap", (), cap))
    assert found(a_clause(), *clauses) == ([] if reached else [("gold", LintCode.CONTRADICTION, "tier")])


def test_points_that_expire_while_pending_are_found() -> None:
    wait = ("wait", (), PendingPeriod(30))

    def over(validity: PointsValidity) -> list[tuple[str, LintCode, str]]:
        return found(a_clause(), wait, ("v", (), validity))

    short = PointsValidity(days=30, expires=True, since=ValidityStart.EARNING)
    assert over(short) == [("wait", LintCode.CONTRADICTION, "pending")]
    for fine in (
        PointsValidity(days=31, expires=True, since=ValidityStart.EARNING),
        PointsValidity(days=30, expires=True),
        PointsValidity(days=30, since=ValidityStart.EARNING),
        PointsValidity(days=30, expires=True, since=ValidityStart.EARNING, until=ValidityEnd.MONTH),
    ):
        assert over(fine) == []


def test_window_that_excludes_most_visits_is_found_with_an_example() -> None:
    evening = a_clause(PointsPerVisit(5), EVENING, key="evening")
    (first,) = findings(a_clause(), evening, statistics=VisitStatistics(visits=NOONS))
    assert (first.clause.key, first.code) == ("evening", LintCode.SHUTS_OUT_VISITS)
    assert (
        first.example(phrasebook_in(Locale.EN))
        == "100% of the last 30 visits were outside these hours, for example one on 1 March 2026."
    )
    assert found(a_clause(), evening, statistics=VisitStatistics(visits=NOONS[:19])) == [], "too few to know"
    noon = a_clause(PointsPerVisit(5), WeekdaysAndHours(frozenset(WEEK), time(11), time(14)), key="noon")
    assert found(a_clause(), noon, statistics=VisitStatistics(visits=NOONS)) == []


@pytest.mark.parametrize(
    ("validity", "pace", "case"),
    [
        (PointsValidity(3), Fraction(32), ""),
        (PointsValidity(3), Fraction(33), None),
        (PointsValidity(days=90), Fraction(33), ""),
        (PointsValidity(days=90), Fraction(34), None),
        (PointsValidity(days=90), Fraction(0), "never"),
        (PointsValidity(), Fraction(0), None),
        (PointsValidity(days=90, until=ValidityEnd.YEAR), Fraction(10), None),
        (PointsValidity(days=90, expires=True), Fraction(33), ""),
        (PointsValidity(days=90, expires=True, since=ValidityStart.ACTIVITY), Fraction(1), None),
        (PointsValidity(days=90), None, None),
    ],
)
def test_reward_unreachable_for_the_median_customer_is_found(
    validity: PointsValidity, pace: Fraction | None, case: str | None
) -> None:
    results = found(a_clause(), COST, ("v", (), validity), statistics=VisitStatistics(median_points_per_month=pace))
    assert results == ([] if case is None else [("mug", LintCode.REWARD_OUT_OF_REACH, case)])


def test_pending_period_shortens_the_time_to_reach_a_reward() -> None:
    wait: DraftedClause = ("wait", (), PendingPeriod(10))
    statistics = VisitStatistics(median_points_per_month=Fraction(35))
    for since, reached in ((ValidityStart.EARNING, False), (ValidityStart.ACTIVATION, True)):
        validity = ("v", (), PointsValidity(days=90, expires=True, since=since))
        assert found(a_clause(), COST, wait, validity, statistics=statistics) == (
            [] if reached else [("mug", LintCode.REWARD_OUT_OF_REACH, "")]
        )


def test_price_in_stamps_is_not_compared_with_the_pace_of_points() -> None:
    clause: DraftedClause = ("mug", (), RewardCost("mug", 100, "Mug", Unit.STAMPS))
    assert (
        found(a_clause(), clause, ("v", (), YEARLY), statistics=VisitStatistics(median_points_per_month=Fraction(1)))
        == []
    )


@pytest.mark.parametrize(
    ("shown", "sold", "kinds"),
    [
        (
            CatalogueReward("Holder", "x", True, article="85123A"),
            {("85123A", "HOLDER"), ("85123B", "")},
            ("85123A", "85123B"),
        ),
        (
            CatalogueReward("Holder", "x", True, article="85123"),
            {("85123A", ""), ("85123BL", "")},
            ("85123A", "85123BL"),
        ),
        (CatalogueReward("Holder", "x", True, article="M-1"), {("M-1", "Mug"), ("M-2", "mug")}, ("M-1", "M-2")),
        (CatalogueReward("Mug", "x", True), {("M-1", "MUG"), ("M-2", "mug"), ("M-3", "Mug tree")}, ("M-1", "M-2")),
        (CatalogueReward("Holder", "x", True, article="85123A"), {("85123A", "HOLDER"), ("85124B", "")}, None),
        (CatalogueReward("Holder", "x", True, article="85123A"), {("85123A", ""), ("85999B", "")}, None),
        (CatalogueReward("Holder", "x", True, ("red", "blue"), "85123A"), {("85123A", ""), ("85123B", "")}, None),
        (CatalogueReward("Mug", "x", True), {("M-1", "Mug")}, None),
    ],
)
def test_reward_without_variants_of_an_article_with_variants_is_found(
    shown: CatalogueReward, sold: set[tuple[str, str]], kinds: tuple[str, str] | None
) -> None:
    results = findings(a_clause(), COST, statistics=VisitStatistics(sold_articles=frozenset(sold)), mug=shown)
    if kinds is None:
        assert results == ()
        return
    (first,) = results
    assert first.code is LintCode.NO_VARIANT_CHOICE
    assert all(kind in first.example(phrasebook_in(locale)) for kind in kinds for locale in Locale)


@pytest.mark.parametrize(
    ("cash", "case"), [(None, ""), (pounds("1.00"), "other"), (pounds("2.00"), None), (pounds("3.00"), "other")]
)
def test_cash_price_missing_in_the_clause_is_found(cash: object, case: str | None) -> None:
    shown = CatalogueReward("Mug", "An enamel mug.", has_picture=True, cash_part=pounds("2.00"))
    clause: DraftedClause = ("mug", (), RewardCost("mug", 100, "Mug", cash=cash))
    results = findings(a_clause(), clause, mug=shown)
    assert [(result.code, result.case) for result in results] == (
        [] if case is None else [(LintCode.CASH_NOT_STATED, case)]
    )
    assert all("£2" in result.example(phrasebook_in(Locale.EN)) for result in results)


def test_reward_without_picture_or_description_is_found() -> None:
    def codes(shown: CatalogueReward) -> list[LintCode]:
        return [code for _, code, _ in found(a_clause(), COST, mug=shown)]

    assert codes(CatalogueReward("Mug", "An enamel mug.")) == [LintCode.REWARD_WITHOUT_PICTURE]
    for said in ("", "  ", "mug", " Mug "):
        assert codes(CatalogueReward("Mug", said, has_picture=True)) == [LintCode.REWARD_WITHOUT_DESCRIPTION]


def test_too_short_notice_names_the_earliest_start() -> None:
    terms: Terms = unenforced_terms(a_clause())
    first = notice_finding(
        terms.clause_by_key["notice"], wanted=datetime(2026, 1, 5).date(), earliest=datetime(2026, 2, 1).date()
    )
    assert first.code is LintCode.NOTICE_TOO_SHORT
    for locale in Locale:
        assert "2026" in first.example(phrasebook_in(locale))
        assert first.statement(phrasebook_in(locale))


def test_too_late_start_names_the_latest_start_and_its_reason() -> None:
    clause = unenforced_terms(a_clause()).clause_by_key["notice"]
    expected, latest = datetime(2026, 9, 5).date(), datetime(2026, 4, 1).date()
    alone = lapsed_notice_finding(clause, wanted=expected, latest=latest)
    behind = lapsed_notice_finding(clause, wanted=expected, latest=latest, version_before=73)
    for locale in Locale:
        phrasebook = phrasebook_in(locale)
        for finding in (alone, behind):
            assert finding.code is LintCode.NOTICE_TOO_LONG
            assert finding.statement(phrasebook)
            assert phrasebook.date(expected) in finding.example(phrasebook)
            assert phrasebook.date(latest) in finding.example(phrasebook)
        assert "73" in behind.example(phrasebook)
        assert "73" not in alone.example(phrasebook)
