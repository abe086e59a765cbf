"""Customer profiles: birthdays and ages day by day, segments, preferences, and how little of them is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import Period, birthday_in, day_start
from app.domain.customers.profile import (
    CustomerProfile,
    Preference,
    PreferenceKind,
    ProfileError,
    parse_preferences,
    parse_segments,
    validate_birthday,
)
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Decision, DecisionOutcome, ReasonCode, Remedy, RemedyCode
from app.domain.engine.earning import earn
from app.domain.explanations.explanation import Explanation
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.simulation.impact import CustomerHistory, ImpactSimulation
from app.domain.terms.changes import ChangeDirection, clause_changes, overall_direction
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.groups import ExceptWhen
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.profile_condition import ProfileCondition, answers_of
from app.domain.terms.conditions.segments import Segments
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.lint import lint
from app.domain.terms.lint.finding import CatalogueReward, LintCode, VisitStatistics
from app.domain.terms.version import Terms
from tests import strategies as some
from tests.builders import a_clause, a_purchase, eligible_purchase, some_terms

ZONES = ("Europe/London", "America/New_York", "Asia/Taipei", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe")
DIET, SIZE = PreferenceKind.DIET, PreferenceKind.SIZE
days = st.dates(date(1996, 1, 1), date(2031, 12, 31))
births = st.dates(date(1930, 1, 1), date(1995, 12, 31)) | st.just(date(1980, 2, 29))
windows = st.tuples(st.integers(0, 363), st.integers(0, 363)).filter(lambda both: sum(both) <= 363)


def noon(day: date) -> datetime:
    """Noon in Greenwich."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def purchase_of(profile: CustomerProfile, day: date) -> EligiblePurchase:
    """A purchase of a customer at noon in London."""
    return eligible_purchase(at=noon(day), rule_facts=RuleFacts(profile=profile))


@pytest.mark.parametrize(
    ("birthday", "before", "after", "day", "holds"),
    [
        ("1990-05-10", 0, 0, "2026-05-10", True),
        ("1990-05-10", 0, 0, "2026-05-09", False),
        ("1990-05-10", 0, 0, "2026-05-11", False),
        ("1990-05-10", 7, 7, "2026-05-03", True),
        ("1990-05-10", 7, 7, "2026-05-02", False),
        ("1990-05-10", 7, 7, "2026-05-17", True),
        ("1990-05-10", 7, 7, "2026-05-18", False),
        ("1990-05-10", 7, 0, "2026-05-11", False),
        ("1990-01-02", 7, 7, "2026-12-26", True),
        ("1990-01-02", 7, 7, "2026-12-25", False),
        ("1990-12-30", 7, 7, "2027-01-06", True),
        ("1990-12-30", 7, 7, "2027-01-07", False),
        ("2000-02-29", 0, 0, "2026-02-28", True),
        ("2000-02-29", 0, 0, "2026-03-01", False),
        ("2000-02-29", 0, 0, "2028-02-28", False),
        ("2000-02-29", 0, 0, "2028-02-29", True),
        ("2000-02-29", 0, 1, "2026-03-01", True),
        ("2000-02-29", 1, 0, "2028-02-28", True),
        ("2000-02-29", 1, 0, "2026-02-27", True),
    ],
)
def test_birthday_window_holds_on_the_days_around_the_birthday(
    birthday: str, before: int, after: int, day: str, holds: bool
) -> None:
    profile = CustomerProfile(birthday=date.fromisoformat(birthday))
    finding = BirthdayWindow(before, after).check(purchase_of(profile, date.fromisoformat(day)))
    assert finding.met is holds
    assert finding.code is (ReasonCode.CONDITION_MET if holds else ReasonCode.OUTSIDE_BIRTHDAY_WINDOW)


@pytest.mark.parametrize(
    ("birthday", "day", "holds"),
    [
        ("2008-06-15", "2026-06-14", False),
        ("2008-06-15", "2026-06-15", True),
        ("2008-02-29", "2026-02-27", False),
        ("2008-02-29", "2026-02-28", True),
        ("2010-02-28", "2028-02-28", True),
        ("2008-02-29", "2028-02-28", True),
    ],
)
def test_age_is_reached_on_the_birthday(birthday: str, day: str, holds: bool) -> None:
    profile = CustomerProfile(birthday=date.fromisoformat(birthday))
    finding = AgeAtLeast(18).check(purchase_of(profile, date.fromisoformat(day)))
    assert finding.met is holds
    assert finding.code is (ReasonCode.CONDITION_MET if holds else ReasonCode.TOO_YOUNG)
    assert (finding.observed, finding.required) == (None, 18), "how old somebody is, is not said"


def test_days_follow_the_location_of_the_purchase() -> None:
    profile = CustomerProfile(birthday=date(2008, 6, 15))
    at = datetime(2026, 6, 14, 20, tzinfo=UTC)
    for zone, holds in (("Asia/Taipei", True), ("Europe/London", False)):
        purchase = eligible_purchase(at=at, zone=zone, rule_facts=RuleFacts(profile=profile))
        assert AgeAtLeast(18).check(purchase).met is holds
        assert BirthdayWindow().check(purchase).met is holds


@given(birthday=births, window=windows, day=days)
def test_birthday_window_agrees_with_counting_days(birthday: date, window: tuple[int, int], day: date) -> None:
    before, after = window
    near = any(-after <= (birthday_in(year, birthday=birthday) - day).days <= before for year in range(1994, 2035))
    assert BirthdayWindow(before, after).check(purchase_of(CustomerProfile(birthday=birthday), day)).met is near


@given(birthday=births, window=windows, day=days, zone=st.sampled_from(ZONES), hour=st.integers(0, 23))
def test_birthday_window_opens_exactly_at_the_moment_of_its_remedy(
    birthday: date, window: tuple[int, int], day: date, zone: str, hour: int
) -> None:
    condition = BirthdayWindow(*window)
    now = noon(day).replace(hour=hour)
    purchase = eligible_purchase(at=now, zone=zone, rule_facts=RuleFacts(profile=CustomerProfile(birthday=birthday)))
    finding = condition.check(purchase)
    if finding.met:
        assert finding.remedies == ()
        return
    (remedy,) = finding.remedies
    assert remedy.code is RemedyCode.WAIT_FOR_BIRTHDAY
    assert remedy.instant is not None
    assert now < remedy.instant < now + timedelta(days=2 * 366 if zone == "Pacific/Apia" else 367)
    assert condition.check(purchase._replace(occurred_at=remedy.instant)).met
    assert not condition.check(purchase._replace(occurred_at=remedy.instant - timedelta(microseconds=1))).met
    between = now + (remedy.instant - now) / 2
    assert not condition.check(purchase._replace(occurred_at=between)).met


def test_birthday_skipped_by_a_zone_waits_for_the_next_year() -> None:
    # Samoa went from 29 to 31 December 2011.
    profile = CustomerProfile(birthday=date(1990, 12, 30))
    purchase = eligible_purchase(
        at=datetime(2011, 12, 20, tzinfo=UTC), zone="Pacific/Apia", rule_facts=RuleFacts(profile=profile)
    )
    (remedy,) = BirthdayWindow().check(purchase).remedies
    assert remedy.instant == day_start(date(2012, 12, 30), zone_name="Pacific/Apia")


@given(birthday=births, years=st.integers(1, 120), day=days, zone=st.sampled_from(ZONES))
def test_age_condition_holds_exactly_from_the_moment_of_its_remedy(
    birthday: date, years: int, day: date, zone: str
) -> None:
    condition = AgeAtLeast(years)
    purchase = eligible_purchase(
        at=noon(day), zone=zone, rule_facts=RuleFacts(profile=CustomerProfile(birthday=birthday))
    )
    finding = condition.check(purchase)
    if finding.met:
        return
    (remedy,) = finding.remedies
    assert remedy.instant is not None
    assert condition.check(purchase._replace(occurred_at=remedy.instant)).met
    assert not condition.check(purchase._replace(occurred_at=remedy.instant - timedelta(microseconds=1))).met


@pytest.mark.parametrize("condition", [BirthdayWindow(3, 3), AgeAtLeast(18)])
def test_unknown_birthday_has_a_remedy(condition: Condition) -> None:
    for rule_facts in (RuleFacts(profile=CustomerProfile()), RuleFacts()):
        finding = condition.check(eligible_purchase(rule_facts=rule_facts))
        assert (finding.met, finding.code) == (False, ReasonCode.BIRTHDAY_UNKNOWN)
        assert finding.remedies == (Remedy(RemedyCode.PROVIDE_BIRTHDAY),)


def test_one_of_several_segments_is_enough() -> None:
    condition = Segments(frozenset({"student", "teacher"}))
    assert condition.check(
        eligible_purchase(rule_facts=RuleFacts(profile=CustomerProfile(segments=frozenset({"teacher", "vip"}))))
    ).met
    finding = condition.check(
        eligible_purchase(rule_facts=RuleFacts(profile=CustomerProfile(segments=frozenset({"vip"}))))
    )
    assert finding.code is ReasonCode.NOT_IN_SEGMENT
    assert finding.remedies == (Remedy(RemedyCode.ASK_STAFF, choices=("student", "teacher")),)
    out = condition.check_except(
        eligible_purchase(rule_facts=RuleFacts(profile=CustomerProfile(segments=frozenset({"teacher"}))))
    )
    assert (out.met, out.remedies) == (False, (Remedy(RemedyCode.ASK_STAFF),))


def test_preference_matches_in_any_spelling() -> None:
    condition = Preferences(DIET, frozenset({"vegan", "Straße"}))
    wide = "ＶＥＧＡＮ"
    for kind, value, holds in (
        (DIET, "VEGAN", True),
        (DIET, "STRASSE", True),
        (DIET, wide, True),
        (SIZE, "vegan", False),
    ):
        profile = CustomerProfile(preferences=frozenset({Preference(kind, value)}))
        assert condition.check(eligible_purchase(rule_facts=RuleFacts(profile=profile))).met is holds
    finding = condition.check(eligible_purchase(rule_facts=RuleFacts(profile=CustomerProfile())))
    assert finding.code is ReasonCode.PREFERENCE_NOT_STATED
    assert finding.remedies == (Remedy(RemedyCode.STATE_PREFERENCE, choices=("Straße", "vegan")),)


@pytest.mark.parametrize(
    "condition",
    [
        BirthdayWindow(-1, 0),
        BirthdayWindow(0, -1),
        BirthdayWindow(364, 0),
        BirthdayWindow(182, 182),
        AgeAtLeast(0),
        AgeAtLeast(121),
        Segments(frozenset()),
        Segments(frozenset({"Student"})),
        Segments(frozenset({"x" * 41})),
        Segments(frozenset(f"s-{n}" for n in range(51))),
        Preferences(DIET, frozenset()),
        Preferences(DIET, frozenset({"vegan", "Vegan"})),
        Preferences(DIET, frozenset({" vegan"})),
        Preferences(DIET, frozenset({"x" * 61})),
        Preferences(DIET, frozenset({"a\nb"})),
    ],
)
def test_invalid_profile_condition_is_rejected(condition: Condition) -> None:
    assert condition.validation_error() is not None


def test_profile_is_normalised() -> None:
    now = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert validate_birthday(date(2026, 3, 5), now=now, zone_name="Europe/Berlin") == date(2026, 3, 5)
    for day in (date(2026, 3, 6), date(2027, 1, 1)):
        with pytest.raises(ProfileError, match="BIRTHDAY_AHEAD"):
            validate_birthday(day, now=now, zone_name="Europe/Berlin")
    assert parse_preferences([(DIET, " vegan "), (DIET, "Vegan"), (SIZE, "vegan")]) == {
        Preference(DIET, "Vegan"),
        Preference(SIZE, "vegan"),
    }
    for wrong in ("", "   ", "x" * 61, "a\x00b"):
        with pytest.raises(ProfileError) as caught:
            parse_preferences([(SIZE, "M"), (DIET, wrong)])
        assert caught.value.path == ("preferences", 1, "value")
    with pytest.raises(ProfileError, match="COUNT_MOST most=50"):
        parse_preferences([(SIZE, str(n)) for n in range(51)])
    assert parse_segments(["vip", "vip"]) == {"vip"}
    with pytest.raises(ProfileError) as refused:
        parse_segments(["vip", "V.I.P."])
    assert refused.value.path == ("segments", 1)


def decided(terms: Terms, facts: PurchaseFacts) -> tuple[Decision, PurchaseFacts]:
    """The decision on a purchase, and the facts as they are kept."""
    profile = facts.rule_facts.profile
    assert profile is not None
    answers = answers_of(
        terms.required_facts.profile_conditions, profile=profile, at=facts.occurred_at, zone_name=facts.zone
    )
    return earn(terms=terms, facts=facts), replace(
        facts, rule_facts=replace(facts.rule_facts, condition_answers=answers)
    )


def texts(data: object) -> str:
    """All values in stored data as one text."""
    return repr(data)


@given(
    conditions=st.lists(some.about_customers.filter(some.fit), min_size=1, max_size=3),
    profile=some.persons,
    facts=some.purchases(),
)
def test_stored_facts_decide_the_same_without_revealing_the_birthday(
    conditions: list[Condition], profile: CustomerProfile, facts: PurchaseFacts
) -> None:
    terms = some_terms(*(a_clause(None, condition, key=f"c-{place}") for place, condition in enumerate(conditions)))
    fresh, kept = decided(terms, replace(facts, rule_facts=RuleFacts(profile=profile)))
    stored = PurchaseFacts.from_data(kept.to_data())
    assert stored == kept
    assert stored.rule_facts.profile is None
    again = earn(terms=terms, facts=stored)
    assert again == fresh.without_personal_values(), "points, findings and remedies"
    assert again.points == fresh.points
    assert set(kept.to_data()["customer_facts"]) == {"answers"}
    assert set(kept.to_data()["customer_facts"]["answers"].values()) <= {True, False, None}
    written = texts(fresh.to_data())
    for reason in fresh.reasons:
        for remedy in reason.finding.remedies:
            if remedy.code is RemedyCode.WAIT_FOR_BIRTHDAY:
                assert remedy.instant is not None
                assert remedy.instant.isoformat() not in written


def test_preference_spelled_differently_in_two_clauses_is_stored_once() -> None:
    spelled = [Preferences(DIET, frozenset({value})) for value in ("vegan", "Vegan")]
    terms = some_terms(*(a_clause(None, preferences, key=f"c-{place}") for place, preferences in enumerate(spelled)))
    profile = CustomerProfile(preferences=frozenset({Preference(DIET, "VEGAN")}))
    fresh, kept = decided(terms, a_purchase(rule_facts=RuleFacts(profile=profile)))
    assert len(kept.rule_facts.condition_answers) == 1
    assert PurchaseFacts.from_data(kept.to_data()) == kept
    assert earn(terms=terms, facts=kept).points == fresh.points > 0


def test_customers_with_the_same_answers_have_the_same_stored_facts() -> None:
    terms = some_terms(
        a_clause(None, AgeAtLeast(18)),
        a_clause(BonusPoints(5), BirthdayWindow(7, 7), key="gift"),
        a_clause(BonusPoints(5), Preferences(DIET, frozenset({"vegan", "vegetarian"})), key="diet"),
    )
    left = []
    for birthday, diet in ((date(1970, 3, 1), "Vegan"), (date(1999, 3, 8), "vegetarian")):
        profile = CustomerProfile(birthday=birthday, preferences=frozenset({Preference(DIET, diet)}))
        fresh, kept = decided(terms, a_purchase(rule_facts=RuleFacts(profile=profile)))
        left.append((fresh.to_data(), kept.to_data()))
    assert left[0] == left[1]


def test_profile_is_not_shown_in_logs() -> None:
    profile = CustomerProfile(date(1970, 3, 1), frozenset({"vip"}), frozenset({Preference(DIET, "vegan")}))
    for shown in (
        repr(RuleFacts(profile=profile)),
        repr(a_purchase(rule_facts=RuleFacts(profile=profile))),
        repr(profile),
    ):
        assert not any(secret in shown for secret in ("1970", "vip", "vegan"))


def test_conditions_have_separate_questions() -> None:
    several: list[ProfileCondition] = [
        BirthdayWindow(1, 11),
        BirthdayWindow(11, 1),
        AgeAtLeast(1),
        Segments(frozenset({"a", "b"})),
        Segments(frozenset({"a-b"})),
        Preferences(DIET, frozenset({"a", "b"})),
        Preferences(DIET, frozenset({'a", "b'})),
        Preferences(SIZE, frozenset({"a", "b"})),
    ]
    assert len({condition.answer_key for condition in several}) == len(several)
    # They are stored with purchases: a changed one would leave old entries without their answers.
    assert [condition.answer_key for condition in several[:4]] == [
        "birthday 1 11",
        "birthday 11 1",
        "age 1",
        "segments a,b",
    ]
    assert several[5].answer_key == 'preferences DIET ["a", "b"]'


B, N, W = ChangeDirection.BETTER, ChangeDirection.NEUTRAL, ChangeDirection.WORSE


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        (BirthdayWindow(3, 3), BirthdayWindow(7, 3), B, W),
        (BirthdayWindow(3, 3), BirthdayWindow(7, 2), W, W),
        (AgeAtLeast(21), AgeAtLeast(18), B, W),
        (Segments(frozenset({"a"})), Segments(frozenset({"a", "b"})), B, W),
        (Segments(frozenset({"a"})), Segments(frozenset({"b"})), W, W),
        (ExceptWhen((Segments(frozenset({"a", "b"})),)), ExceptWhen((Segments(frozenset({"a"})),)), B, W),
        (Preferences(DIET, frozenset({"a"})), Preferences(DIET, frozenset({"a", "b"})), B, W),
        (Preferences(DIET, frozenset({"a"})), Preferences(DIET, frozenset({"A"})), N, N),
        (Preferences(DIET, frozenset({"a"})), Preferences(SIZE, frozenset({"a"})), W, W),
        (BirthdayWindow(), AgeAtLeast(1), W, W),
    ],
)
def test_change_of_a_profile_condition_is_classified(
    before: Condition, after: Condition, forth: ChangeDirection, back: ChangeDirection
) -> None:
    old, new = some_terms(a_clause(None, before)), some_terms(a_clause(None, after))
    assert (overall_direction(clause_changes(old, new)), overall_direction(clause_changes(new, old))) == (forth, back)


def findings(*clauses: object) -> list[LintCode]:
    """The findings of the linter."""
    terms = some_terms(*clauses)
    cake = CatalogueReward("Cake", "A item of carrot cake.", has_picture=True)
    found = lint(terms, statistics=VisitStatistics(), catalogue={"cake": cake})
    for finding in found:
        for locale in Locale:
            assert finding.statement(phrasebook_in(locale))
            assert "{" not in finding.example(phrasebook_in(locale))
    return [finding.code for finding in found]


def test_clause_that_excludes_its_own_customers_is_found() -> None:
    student, either = Segments(frozenset({"student"})), Segments(frozenset({"student", "staff"}))
    assert findings(a_clause(None, student, ExceptWhen((either,)))) == [LintCode.EXCLUDES_ITSELF]
    assert findings(a_clause(None, either, ExceptWhen((student,)))) == []
    always = WeekdaysAndHours(frozenset({*some.Weekday}))
    assert findings(a_clause(None, student, ExceptWhen((either, always)))) == []
    terms = some_terms(a_clause(None, student, ExceptWhen((either,))))
    (first,) = lint(terms, statistics=VisitStatistics(), catalogue={})
    assert first.example(phrasebook_in(Locale.EN)) == (
        "Whoever meets “as a member of the group “student”” is excluded by "
        "“but not as a member of the group “staff” or “student””."
    )


def test_birthday_bonus_and_two_ages_are_no_findings() -> None:
    assert findings(a_clause(), a_clause(PointsMultiplier(some.Decimal(2)), BirthdayWindow(7, 7), key="double")) == []
    assert findings(a_clause(None, AgeAtLeast(18), AgeAtLeast(21), BirthdayWindow(), BirthdayWindow(3, 0))) == []


def test_impact_replay_uses_current_profiles() -> None:
    gift = a_clause(BonusPoints(50), BirthdayWindow(), TimesPerPeriod(1, Period.YEAR), key="gift")
    diet = a_clause(BonusPoints(3), Preferences(DIET, frozenset({"vegan"})), key="diet")
    replay = ImpactSimulation(current=some_terms(a_clause()), draft=some_terms(a_clause(), gift, diet))
    events = tuple(a_purchase(at=noon(date(2026, 5, day))) for day in (9, 10, 10))
    vegan = frozenset({Preference(DIET, "vegan")})
    for name, profile in {
        "born": CustomerProfile(birthday=date(1990, 5, 10), preferences=vegan),
        "other": CustomerProfile(birthday=date(1990, 5, 11)),
    }.items():
        start = noon(date(2026, 1, 1))
        replay.add(
            CustomerHistory(
                customer_id=name, enrolled_at=start, opening_points=0, prior_visits=0, events=events, profile=profile
            )
        )
    simulated = replay.impact()
    assert [(customer.customer_id, customer.difference) for customer in simulated.most_gaining] == [("born", 59)]
    assert (simulated.gainers, simulated.losers) == (1, 0)


def test_terms_without_profile_conditions_require_no_profile() -> None:
    assert some_terms(a_clause()).required_facts.is_empty
    required = some_terms(a_clause(None, AgeAtLeast(18)), a_clause(None, AgeAtLeast(18), key="again")).required_facts
    assert (required.is_empty, required.profile_conditions) == (False, (AgeAtLeast(18),))


def test_profile_refusals_have_a_translated_remedy() -> None:
    terms = some_terms(a_clause(None, BirthdayWindow(), AgeAtLeast(18), Segments(frozenset({"vip"}))))
    decision = earn(
        terms=terms, facts=a_purchase(rule_facts=RuleFacts(profile=CustomerProfile(birthday=date(2020, 1, 1))))
    )
    assert decision.outcome is DecisionOutcome.NOTHING_EARNED
    assert [reason.finding.code for reason in decision.reasons] == [
        ReasonCode.OUTSIDE_BIRTHDAY_WINDOW,
        ReasonCode.TOO_YOUNG,
        ReasonCode.NOT_IN_SEGMENT,
    ]
    for locale in Locale:
        phrasebook = phrasebook_in(locale)
        for made in (decision, decision.without_personal_values()):
            explained = Explanation.of(made, terms=terms)
            for reason in made.reasons:
                assert explained.statement(reason, phrasebook=phrasebook)
                (remedy,) = reason.finding.remedies
                assert explained.remedy(remedy, reason=reason, phrasebook=phrasebook)
    ways = []
    for made in (decision, decision.without_personal_values()):
        (remedy,) = made.reasons[0].finding.remedies
        explained = Explanation.of(made, terms=terms)
        ways.append(explained.remedy(remedy, reason=made.reasons[0], phrasebook=phrasebook_in(Locale.EN)))
    assert ways == ["Valid from 1 January 2027.", "Your birthday will bring it."]
