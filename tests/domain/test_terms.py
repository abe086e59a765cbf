"""Terms: what a draft needs, what is added to it, what a change is, and how much notice it needs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.domain.amounts import Money
from app.domain.calendar import Weekday
from app.domain.decisions import DecisionOutcome, ReasonCode, RemedyCode, Verdict
from app.domain.engine.earning import earn
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.terms.changes import ChangeDirection, clause_changes
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.notice_period import NoticePeriod, NoticePreset
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.notice import earliest_start, notice_decision
from app.domain.terms.validation import TermsError
from tests.builders import a_clause, a_line, a_purchase, pounds, some_terms

MONDAY = frozenset({Weekday.MONDAY})


def test_omitted_standard_clauses_are_added_and_numbered() -> None:
    terms = some_terms(a_clause(PointsPerVisit(1), key="visit"), ("gone", (), PointsValidity(12)))
    assert [(clause.number, clause.key) for clause in terms.clauses] == [
        ("1", "visit"),
        ("2", "gone"),
        ("3", "counted-amounts"),
        ("4", "refunds"),
        ("5", "notice"),
        ("6", "combination"),
        ("7", "rounding"),
        ("8", "grandfathering"),
    ]
    assert [clause.number for clause in terms.clauses if clause.is_printed] == ["1", "2", "3", "4", "5"]
    assert terms.validity.months == 12
    assert terms.policy_clauses[NoticePeriod].number == "5"


def test_standard_clause_is_added_despite_a_taken_key() -> None:
    terms = some_terms(a_clause(PointsPerVisit(1), key="notice"))
    assert isinstance(terms.clause_by_key["notice"].effect, PointsPerVisit)
    assert terms.policy_clauses[NoticePeriod].key == "standard-notice"


@pytest.mark.parametrize(
    "condition",
    [
        MinimumSpend(Money(2000, "EUR")),
        MinimumSpend(pounds("0.00")),
        MinimumSpend(pounds("-1.00")),
        WeekdaysAndHours(frozenset()),
        WeekdaysAndHours(MONDAY, time(9), time(9)),
        WeekdaysAndHours(MONDAY, None, time(0)),
        WeekdaysAndHours(MONDAY, time(9, 0, 30), None),
        WeekdaysAndHours(MONDAY, time(9, tzinfo=UTC), None),
        Dates(),
        Dates(first=date(2026, 2, 1), last=date(2026, 1, 31)),
        Products(),
        Products(include=frozenset({"a"}), exclude=frozenset({"a", "b"})),
        Products(include=frozenset(f"sku-{number}" for number in range(201))),
        Categories(include=frozenset({""})),
    ],
)
def test_meaningless_condition_is_rejected_with_its_path(condition: Condition) -> None:
    with pytest.raises(TermsError) as refused:
        some_terms(a_clause(key="first"), a_clause(None, MinimumSpend(pounds("1.00")), condition, key="second"))
    assert refused.value.path == ("clauses", "1", "conditions", "1")


@pytest.mark.parametrize(
    "effect",
    [
        PointsPerAmount(0, pounds("1.00")),
        PointsPerAmount(1_000_001, pounds("1.00")),
        PointsPerAmount(1, pounds("0.00")),
        PointsPerFullAmount(1, Money(100, "EUR")),
        PointsPerVisit(-1),
        RewardCost("Coffee!", 100),
        RewardCost("coffee", 0),
        PointsValidity(0),
        NoticePeriod(-1),
        NoticePeriod(366),
    ],
)
def test_invalid_effect_is_rejected_with_its_path(effect: Effect) -> None:
    with pytest.raises(TermsError) as refused:
        some_terms(a_clause(effect))
    assert refused.value.path == ("clauses", "0", "effect")


def test_keys_rewards_and_standard_clauses_are_unique() -> None:
    for second, field in (
        (a_clause(key="a"), "key"),
        (a_clause(key="Not a key"), "key"),
        (("b", (), RewardCost("coffee", 5)), "effect"),
        (("b", (), NoticePeriod(5)), "effect"),
        (("b", (MinimumSpend(pounds("1.00")),), PointsValidity(5)), "conditions"),
    ):
        with pytest.raises(TermsError) as refused:
            some_terms(a_clause(key="a"), ("n", (), NoticePeriod(9)), ("r", (), RewardCost("coffee", 9)), second)
        assert refused.value.path == ("clauses", "3", field)


def test_terms_have_at_most_two_hundred_clauses() -> None:
    assert len(some_terms(*(a_clause(key=f"c-{number}") for number in range(200))).clauses) == 207
    with pytest.raises(TermsError) as refused:
        some_terms(*(a_clause(key=f"c-{number}") for number in range(201)))
    assert refused.value.path == ("clauses",)


def test_changes_are_matched_by_key() -> None:
    before = some_terms(a_clause(key="kept"), a_clause(key="raised"), a_clause(key="gone"))
    after = some_terms(
        a_clause(PointsPerAmount(2, pounds("1.00")), key="raised"), a_clause(key="kept"), a_clause(key="new")
    )
    found = clause_changes(before, after)
    assert [
        (change.before.key if change.before else None, change.after.key if change.after else None) for change in found
    ] == [
        ("raised", "raised"),
        (None, "new"),
        ("gone", None),
    ]
    assert [change.direction for change in found] == [
        ChangeDirection.BETTER,
        ChangeDirection.BETTER,
        ChangeDirection.WORSE,
    ]
    assert found[0].statement(phrasebook_in(Locale.EN)) == (
        "Before: You earn 1 point for every £1 you spend (part amounts count in proportion). "
        "Now: You earn 2 points for every £1 you spend (part amounts count in proportion)."
    )
    assert clause_changes(before, before) == ()


@pytest.mark.parametrize(
    ("zone", "days", "now", "earliest"),
    [
        ("Europe/London", 30, "2026-01-01T12:00:00+00:00", "2026-02-01T00:00:00+00:00"),
        ("Europe/London", 30, "2026-02-27T23:59:59+00:00", "2026-03-29T23:00:00+00:00"),
        ("Asia/Taipei", 1, "2026-01-01T16:00:00+00:00", "2026-01-03T16:00:00+00:00"),
        ("Asia/Taipei", 1, "2026-01-01T15:59:59+00:00", "2026-01-02T16:00:00+00:00"),
        ("Europe/London", 0, "2026-01-01T12:00:00+00:00", "2026-01-01T12:00:00+00:00"),
    ],
)
def test_change_starts_after_whole_local_days_of_notice(zone: str, days: int, now: str, earliest: str) -> None:
    terms = some_terms(a_clause(), ("n", (), NoticePeriod(days)), zone=zone)
    announced = datetime.fromisoformat(now)
    start = earliest_start(in_force=terms, direction=ChangeDirection.WORSE, now=announced)
    assert start == datetime.fromisoformat(earliest)
    granted = notice_decision(in_force=terms, direction=ChangeDirection.WORSE, effective_from=start, now=announced)
    assert granted.outcome is DecisionOutcome.GRANTED


def test_quebec_change_must_start_within_the_legal_window() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for days in (60, 89):
        terms = some_terms(a_clause(), ("n", (), NoticePeriod(days, NoticePreset.CA_QC)))
        asked = {
            ReasonCode.NOTICE_TOO_SHORT: (now + timedelta(days=days - 1), RemedyCode.START_LATER, timedelta()),
            ReasonCode.NOTICE_TOO_LONG: (now + timedelta(days=91), RemedyCode.START_SOONER, timedelta(microseconds=1)),
        }
        for code, (expected, way_out, sooner) in asked.items():
            refused = notice_decision(in_force=terms, direction=ChangeDirection.WORSE, effective_from=expected, now=now)
            assert refused.outcome is DecisionOutcome.REFUSED
            (finding,) = (reason.finding for reason in refused.reasons)
            (remedy,) = finding.remedies
            assert (finding.code, remedy.code) == (code, way_out)
            assert remedy.instant is not None
            start = remedy.instant - sooner
            granted = notice_decision(in_force=terms, direction=ChangeDirection.WORSE, effective_from=start, now=now)
            assert granted.outcome is DecisionOutcome.GRANTED, (days, code)
    better = notice_decision(in_force=terms, direction=ChangeDirection.BETTER, effective_from=now, now=now)
    assert better.outcome is DecisionOutcome.GRANTED
    with pytest.raises(TermsError, match="least=60 most=89"):
        some_terms(a_clause(), ("n", (), NoticePeriod(90, NoticePreset.CA_QC)))


def test_quebec_preset_sets_and_prints_its_days() -> None:
    quebec = NoticePeriod(preset=NoticePreset.CA_QC)
    assert quebec == NoticePeriod(60, NoticePreset.CA_QC)
    assert NoticePeriod.from_data(quebec.to_data()) == quebec
    assert quebec.to_data()["days"] == 60, "kept as a number, whatever the default becomes"
    assert (NoticePeriod().least_days, NoticePeriod().most_days, quebec.most_days) == (30, None, 90)
    for locale in Locale:
        assert {"60", "90"} <= set(re.findall("[0-9]+", quebec.sentence(phrasebook_in(locale))))
    with pytest.raises(TermsError, match="least=60 most=89"):
        some_terms(a_clause(), ("n", (), NoticePeriod(30, NoticePreset.CA_QC)))


def test_product_condition_in_a_group_with_others_is_rejected() -> None:
    tea = Products(include=frozenset({"tea"}))
    for group in (AllOf((tea, MinimumQuantity(2))), AnyOf((AllOf((tea, MinimumQuantity(2))), FirstPurchase()))):
        with pytest.raises(TermsError, match="GOODS_APART"):
            some_terms(a_clause(None, group))
    narrowed = some_terms(a_clause(None, AllOf((tea, Products(exclude=frozenset({"mug"}))))))
    bought = a_purchase(a_line(1, sku="tea", price="2.00"), a_line(2, sku="tv", price="500.00"))
    assert earn(terms=narrowed, facts=bought).points == 2


def test_too_short_notice_is_refused_with_the_earliest_date() -> None:
    terms = some_terms()
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    expected = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    refused = notice_decision(in_force=terms, direction=ChangeDirection.WORSE, effective_from=expected, now=now)
    assert refused.outcome is DecisionOutcome.REFUSED
    (reason,) = refused.reasons
    assert (reason.clause_key, reason.verdict) == ("notice", Verdict.NOT_MET)
    assert reason.finding.code is ReasonCode.NOTICE_TOO_SHORT
    (remedy,) = reason.finding.remedies
    assert remedy.code is RemedyCode.START_LATER
    assert remedy.instant == datetime(2026, 2, 1, tzinfo=UTC)
    assert refused.points == 0
