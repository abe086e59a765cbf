"""Explanations of failed conditions in four languages, and summaries that leave out what is met and repeat nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.calendar import Period, Weekday
from app.domain.customers.profile import CustomerProfile
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Decision, DecisionOutcome, ReasonCode, RemedyCode
from app.domain.engine.earning import earn
from app.domain.engine.redemption import redeem
from app.domain.engine.refund import ClawbackMovement, evaluate_remaining, refund_decision
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.instants_in_words import from_when
from app.domain.explanations.phrases import answer_phrase
from app.domain.explanations.summary import summary
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import FormOfAddress, Locale
from app.domain.purchases.facts import Channel, Payment, PaymentKind, PurchaseFacts
from app.domain.terms.changes import ChangeDirection
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.member_for import MemberFor
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.payment_methods import PaymentMethods
from app.domain.terms.conditions.segments import Segments
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.notice import notice_decision
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests.builders import NOON, a_clause, a_line, a_purchase, pounds, some_terms
from tests.rule_samples import CONDITION_VARIANTS

EVENING = NOON.replace(hour=18)
"""Wednesday, 4 March 2026, 18:00 in London."""
HAPPY_HOUR = WeekdaysAndHours(frozenset(list(Weekday)[:5]), time(17), time(19))
MONDAY_MORNING = WeekdaysAndHours(frozenset({Weekday.MONDAY}), None, time(9))
ONLINE, IN_SHOP = Channels(frozenset({Channel.ONLINE})), Channels(frozenset({Channel.STORE}))
ENGLISH = phrasebook_in(Locale.EN)
MEAL = RewardCost("meal", 120, "Meal of the day")
SPEND = PointsPerAmount(1, pounds("1.00"))


def offered(*conditions: Condition, cost: RewardCost = MEAL) -> Terms:
    """Terms that offer a meal under conditions."""
    return some_terms(a_clause(), ("meal", conditions, cost))


def redemption(
    *conditions: Condition, available: int = 200, at: datetime = EVENING, **more: Any
) -> tuple[Decision, Terms]:
    """A meal requested in the evening, with the deciding terms."""
    terms = offered(*conditions)
    facts = a_purchase(at=at, channel=Channel.STORE, **more)
    return redeem(terms=terms, clause=terms.clause_by_key["meal"], facts=facts, available=available), terms


def summary_of(decision: Decision, terms: Terms, locale: Locale = Locale.EN) -> tuple[str, ...]:
    """The summary of a decision."""
    return summary(decision, terms=terms, phrasebook=phrasebook_in(locale))


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (Locale.EN, ("Not available Monday to Friday, 17:00 to 19:00.", "You can have it from 19:00 today.")),
        (Locale.DE, ("Montags bis freitags von 17 bis 19 Uhr nicht erhältlich.", "Das gibt es heute ab 19 Uhr.")),
        (Locale.ZH_HANS, ("周一至周五 17:00 至 19:00 不可兑换。", "今天 19:00 起即可兑换。")),
        (Locale.ZH_HANT, ("週一至週五 17:00 至 19:00 恕不受理兌換。", "今天 19:00 起即可兌換。")),
    ],
)
def test_happy_hour_refusal_names_the_closed_and_the_next_open_time(locale: Locale, expected: tuple[str, ...]) -> None:
    decision, terms = redemption(ExceptWhen((HAPPY_HOUR,)))
    assert decision.outcome is DecisionOutcome.REFUSED
    assert summary_of(decision, terms, locale) == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (Locale.EN, ("from today", "from 00:30 today", "from tomorrow")),
        (Locale.DE, ("ab heute", "heute ab 0:30 Uhr", "ab morgen")),
        (Locale.ZH_HANS, ("今天起", "今天 0:30 起", "明天起")),
        (Locale.ZH_HANT, ("今天起", "今天 0:30 起", "明天起")),
    ],
)
def test_midnight_is_written_without_a_time(locale: Locale, expected: tuple[str, ...]) -> None:
    midnight, phrasebook = datetime(2027, 1, 1, tzinfo=UTC), phrasebook_in(locale)
    moments = (midnight, midnight + timedelta(minutes=30), midnight + timedelta(days=1))
    assert (
        tuple(
            from_when(moment, at=midnight, zone_name="Europe/London", phrasebook=phrasebook).strip()
            for moment in moments
        )
        == expected
    )


@pytest.mark.parametrize(
    ("condition", "code", "expected", "helps"),
    [
        (HAPPY_HOUR, ReasonCode.OUTSIDE_TIME_WINDOW, "Only valid Monday to Friday, 17:00 to 19:00.", "Valid from 17:00 today."),
        (MONDAY_MORNING, ReasonCode.OUTSIDE_TIME_WINDOW, "Only valid on Mondays, before 9:00.", "Valid from Monday."),
        (Dates(date(2026, 6, 1), date(2026, 6, 30)), ReasonCode.OUTSIDE_DATES, "Only valid from 1 June 2026 to 30 June 2026.", "Valid from 1 June."),
        (Dates(date(2027, 1, 2), None), ReasonCode.OUTSIDE_DATES, "Only valid from 2 January 2027.", "Valid from 2 January 2027."),
        (Categories(frozenset({"tea"})), ReasonCode.NO_ELIGIBLE_PRODUCT, "Only valid when you buy something from “tea”.", "Add something from “tea” to your purchase."),
        (MinimumSpend(pounds("12.00")), ReasonCode.BELOW_MINIMUM_SPEND, "That is £10 so far; you need at least £12.", "Another £2 and you have it."),
        (MinimumQuantity(3), ReasonCode.BELOW_MINIMUM_QUANTITY, "Items that count so far: 1; you need at least 3.", "Add 2 more items that count."),
        (Locations(frozenset({"h"}), ("Harbour Street",)), ReasonCode.OTHER_LOCATION, "Only valid at “Harbour Street”.", "Buy at “Harbour Street”."),
        (ONLINE, ReasonCode.OTHER_CHANNEL, "Only valid online.", "Buy online."),
        (PaymentMethods(frozenset({PaymentKind.CARD})), ReasonCode.OTHER_PAYMENT, "Only valid if you pay everything by card.", "Pay everything by card."),
        (FirstPurchase(), ReasonCode.NOT_THE_FIRST, "Only valid on your first purchase; this is number 5.", None),
        (EveryNthVisit(3), ReasonCode.NOT_THE_NTH, "This is your purchase number 5; number 6 is the next that counts.", "1 more purchase to go."),
        (EveryNthItem(10), ReasonCode.NOT_THE_NTH_ITEM, "With this purchase you are at item number 8; number 10 is the next that counts.", "Add 2 more items that count."),
        (MemberFor(30), ReasonCode.MEMBER_TOO_SHORT, "You have been a member for 3 days; you need 30 days.", "Valid from 31 March."),
        (AgeAtLeast(18), ReasonCode.TOO_YOUNG, "Only valid for members aged 18 or over.", "Valid from 5 March 2028."),
        (Segments(frozenset({"vip"})), ReasonCode.NOT_IN_SEGMENT, "Only valid for members of the group “vip”.", "Ask our staff whether you can join the group “vip”."),
        (TimesPerPeriod(2, Period.MONTH), ReasonCode.USED_UP, "You can have this at most 2 times per calendar month, and you already have.", "Valid from 1 April."),
        (Budget(100, BudgetMode.PARTIAL), ReasonCode.BUDGET_USED_UP, "The points set aside for this are used up.", None),
        (ExceptWhen((IN_SHOP,)), ReasonCode.EXCEPTION_APPLIES, "Not valid in store.", "Buy online or by phone."),
    ],
)  # fmt: skip
def test_failed_condition_is_explained_with_its_remedy(
    condition: Condition, code: ReasonCode, expected: str, helps: str | None
) -> None:
    key = "k"
    rule_facts = RuleFacts(
        enrolled_at=NOON - timedelta(days=3),
        visits=4,
        uses=((key, 2),),
        items=((key, 7),),
        common_budgets_left=((key, 0),),
        profile=CustomerProfile(birthday=date(2010, 3, 5)),
    )
    terms = some_terms((key, (condition,), SPEND))
    payments = (Payment(PaymentKind.CASH, pounds("10.00").minor),)
    decision = earn(terms=terms, facts=a_purchase(channel=Channel.STORE, payments=payments, rule_facts=rule_facts))
    explained = Explanation.of(decision, terms=terms)
    (reason,) = decision.reasons
    assert (reason.finding.code, explained.statement(reason, phrasebook=ENGLISH)) == (code, expected)
    ways = [explained.remedy(remedy, reason=reason, phrasebook=ENGLISH) for remedy in reason.finding.remedies]
    assert ways == (["This is no longer possible."] if helps is None else [helps])
    assert decision.outcome is DecisionOutcome.NOTHING_EARNED
    assert len(summary_of(decision, terms)) == 1
    for locale in Locale:
        for address in FormOfAddress:
            phrasebook = phrasebook_in(locale, form_of_address=address)
            assert explained.statement(reason, phrasebook=phrasebook)
            assert len(summary(decision, terms=terms, phrasebook=phrasebook)) == 1


@pytest.mark.parametrize(
    ("condition", "rule_facts", "expected"),
    [
        (FirstPurchase(), RuleFacts(total_uses=(("k", 1),)), "You have already had this for your first purchase."),
        (
            BirthdayWindow(),
            RuleFacts(profile=CustomerProfile(birthday=NOON.date().replace(year=1990)), birthday_years=(("birthday 0 0", 2026),), used_birthdays=(("k", 2026),)),
            "You have already had this for this birthday.",
        ),
    ],
)  # fmt: skip
def test_one_time_award_says_that_it_was_used(condition: Condition, rule_facts: RuleFacts, expected: str) -> None:
    terms = some_terms(("k", (condition,), BonusPoints(5)))
    decision = earn(terms=terms, facts=a_purchase(rule_facts=rule_facts))
    (reason,) = decision.reasons
    explained = Explanation.of(decision, terms=terms)
    assert (reason.finding.code, explained.statement(reason, phrasebook=ENGLISH)) == (ReasonCode.USED_UP, expected)
    assert all(explained.statement(reason, phrasebook=phrasebook_in(locale)) for locale in Locale)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (AnyOf((MONDAY_MORNING, ONLINE)), "Only available on Mondays, before 9:00 or online."),
        (ExceptWhen((HAPPY_HOUR, IN_SHOP)), "Not available Monday to Friday, 17:00 to 19:00, in store."),
        (AnyOf((AllOf((ONLINE, MONDAY_MORNING)), FirstPurchase())), "Only available (online, on Mondays, before 9:00) or on your first purchase."),
        (ExceptWhen((AnyOf((HAPPY_HOUR, ONLINE)),)), "Not available Monday to Friday, 17:00 to 19:00."),
        (AnyOf((ExceptWhen((HAPPY_HOUR,)), ONLINE)), "Only available not Monday to Friday, 17:00 to 19:00 or online."),
    ],
)  # fmt: skip
def test_failed_alternatives_are_explained_together(condition: Condition, expected: str) -> None:
    decision, terms = redemption(condition, rule_facts=RuleFacts(visits=1))
    explained = Explanation.of(decision, terms=terms)
    failed = explained.failed_reasons()
    assert {explained.statement(reason, phrasebook=ENGLISH) for reason in failed} == {expected}
    assert summary_of(decision, terms)[0] == expected
    assert len(set(summary_of(decision, terms))) == len(summary_of(decision, terms)) <= 3


def test_summary_of_a_simple_purchase_is_one_sentence() -> None:
    terms = some_terms(
        ("spend", (), SPEND),
        ("first", (FirstPurchase(), MinimumSpend(pounds("5.00"))), PointsMultiplier(Decimal(2))),
        ("once", (TimesPerPeriod(1, Period.DAY), MinimumSpend(pounds("9.00"))), BonusPoints(5)),
    )
    decision = earn(terms=terms, facts=a_purchase(a_line(price="4.00")))
    assert summary_of(decision, terms) == ("You earn 4 points.",)
    sentences = [
        Explanation.of(decision, terms=terms).statement(reason, phrasebook=ENGLISH) for reason in decision.reasons
    ]
    assert sentences == [
        "4 points under clause 1.",
        "Met: on your first purchase.",
        "That is £4 so far; you need at least £5.",
        "Met: at most once a day.",
        "That is £4 so far; you need at least £9.",
    ]


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (Locale.EN, "This purchase earns no points or stamps."),
        (Locale.DE, "Für diesen Einkauf gibt es weder Punkte noch Stempel."),
        (Locale.ZH_HANS, "本次消费未获得积分或印花。"),
        (Locale.ZH_HANT, "這次消費未獲得點數或集點章。"),
    ],
)
def test_purchase_that_earns_nothing_says_so_once(locale: Locale, expected: str) -> None:
    terms = some_terms(
        ("spend", (HAPPY_HOUR,), SPEND),
        ("more", (MinimumSpend(pounds("50.00")),), BonusPoints(5)),
        ("card", (MinimumSpend(pounds("20.00")),), Stamps(1, StampOccasion.VISIT)),
    )
    assert summary_of(earn(terms=terms, facts=a_purchase()), terms, locale) == (expected,)


def test_two_failed_conditions_promise_no_date_too_early() -> None:
    decision, terms = redemption(ExceptWhen((HAPPY_HOUR,)), available=64)
    assert summary_of(decision, terms) == (
        "Not available Monday to Friday, 17:00 to 19:00.",
        "“Meal of the day” costs 120 points; you have 64 points.",
        "Available from 19:00 today.",
    )


@pytest.mark.parametrize(
    ("scope", "earned", "expected"),
    [
        (CapScope.PURCHASE, 0, "You can earn at most 5 points per purchase; this purchase comes to 10 points."),
        (CapScope.DAY, 0, "You can earn at most 5 points a day; this purchase comes to 10 points."),
        (CapScope.DAY, 2, "You can earn at most 5 points a day; 3 points of that were left for this purchase."),
        (CapScope.MONTH, 5, "You can earn at most 5 points per calendar month, and you have earned that already."),
    ],
)
def test_cap_names_its_limit_and_the_rest(scope: CapScope, earned: int, expected: str) -> None:
    terms = some_terms(("spend", (), SPEND), ("cap", (), PointsCap(5, scope)))
    rule_facts = RuleFacts(earned_by_period=((Period(scope.value), earned),) if scope is not CapScope.PURCHASE else ())
    decision = earn(terms=terms, facts=a_purchase(rule_facts=rule_facts))
    reason = decision.reasons[-1]
    assert reason.finding.code is ReasonCode.CAP_REACHED
    assert Explanation.of(decision, terms=terms).statement(reason, phrasebook=ENGLISH) == expected
    outcome = DecisionOutcome.NOTHING_EARNED if earned == 5 else DecisionOutcome.PARTLY_GRANTED
    assert decision.outcome is outcome


@pytest.mark.parametrize(
    ("mode", "code", "expected"),
    [
        (CombinationMode.BEST, ReasonCode.BETTER_CLAUSE_APPLIED, "Clause 1 would give 10 points; clause 2 gives 30 points and counts instead."),
        (CombinationMode.FIRST, ReasonCode.EARLIER_CLAUSE_APPLIED, "Clause 2 would give 30 points; clause 1 comes first and counts instead."),
    ],
)  # fmt: skip
def test_displaced_clause_names_the_clause_that_counts_and_its_points(
    mode: CombinationMode, code: ReasonCode, expected: str
) -> None:
    """Seven extra points make 37 in all: that is what nobody asks for here."""
    terms = some_terms(
        ("a", (), SPEND), ("b", (), PointsPerVisit(30)), ("c", (), BonusPoints(7)), ("mode", (), Combination(mode))
    )
    decision = earn(terms=terms, facts=a_purchase())
    (reason,) = [reason for reason in decision.reasons if reason.finding.code is code]
    assert Explanation.of(decision, terms=terms).statement(reason, phrasebook=ENGLISH) == expected


def test_multiplier_names_both_clauses() -> None:
    tea = Categories(frozenset({"tea"}))
    terms = some_terms(
        ("all", (), PointsPerFullAmount(2, pounds("1.00"))),
        ("tea", (tea,), PointsPerFullAmount(3, pounds("1.00"))),
        ("double", (), PointsMultiplier(Decimal(3))),
    )
    # All of it gives 20 by the first clause; tea 30 by the second, and the multiplier as much again twice.
    facts = a_purchase(a_line(price="10.00", categories=("tea",)))
    decision = earn(terms=terms, facts=facts)
    sentences = [
        Explanation.of(decision, terms=terms).statement(reason, phrasebook=ENGLISH) for reason in decision.reasons
    ]
    assert "Clause 1 would give 20 points; clause 2 gives 30 points and counts instead." in sentences


def test_exclusive_and_lower_clauses_are_named() -> None:
    terms = some_terms(
        ("few", (), PointsPerFullAmount(1, pounds("50.00"))),
        ("visit", (), PointsPerVisit(3)),
        ("apart", (NotCombinedWith(frozenset({"visit"})),), BonusPoints(9)),
    )
    decision = earn(terms=terms, facts=a_purchase())
    said = {
        reason.finding.code: Explanation.of(decision, terms=terms).statement(reason, phrasebook=ENGLISH)
        for reason in decision.reasons
    }
    assert said[ReasonCode.OTHER_CLAUSE_APPLIES] == "Clause 2 applies here, and the two cannot be combined."
    assert said[ReasonCode.NOTHING_TO_COUNT] == "It is too little for a point under clause 1."


def a_refund(
    moved: ClawbackMovement, *, debts: dict[Unit, int] | None = None, stamping: bool = False
) -> tuple[Decision, Terms]:
    """A refund of half a purchase of twenty pounds."""
    card = (("card", (), Stamps(2, StampOccasion.ITEM)),) if stamping else ()
    terms = some_terms(("spend", (), SPEND), *card)
    before = a_purchase(a_line(quantity="2"))
    kept = evaluate_remaining(
        terms=terms, earned_points=20, earned_stamps=4, remaining=replace(before, lines=(a_line(quantity="1"),))
    )
    return refund_decision(terms, remaining=kept, before=before, movement=moved, at=NOON, debts=debts or {}), terms


@pytest.mark.parametrize(
    ("moved", "debts", "code", "expected"),
    [
        (ClawbackMovement(due=10, taken=10), {}, ReasonCode.POINTS_CLAWED_BACK, ["We took back 10 points for what you returned."]),
        (ClawbackMovement(due=0, taken=0), {}, ReasonCode.POINTS_CLAWED_BACK, ["No points are taken back."]),
        (ClawbackMovement(due=10, taken=4), {}, ReasonCode.CLAMPED_TO_BALANCE, ["You returned goods worth 10 points; we took back 4 points, all you had."]),
        (ClawbackMovement(due=10, taken=4, owed=6), {Unit.POINTS: 9}, ReasonCode.BELOW_ZERO, ["For what you returned we took back 4 points, all you had; you now owe 9 points."]),
        (ClawbackMovement(due=10, owed=10), {Unit.POINTS: 10}, ReasonCode.BELOW_ZERO, ["You had no points left for what you returned; you now owe 10 points."]),
        (ClawbackMovement(restored=7), {}, ReasonCode.POINTS_RESTORED, ["What you keep earns more than what you kept before, so you get 7 points back."]),
        (ClawbackMovement(stamps_restored=1), {}, ReasonCode.STAMPS_RESTORED, ["What you keep brings more stamps than what you kept before, so you get 1 stamp back."]),
        (ClawbackMovement(due=10, expired=10), {}, ReasonCode.EXPIRED_COUNTS_AS_TAKEN, ["10 points of this purchase had already expired; we do not take them from you again."]),
    ],
)  # fmt: skip
def test_refund_explains_the_clawback_only(
    moved: ClawbackMovement, debts: dict[Unit, int], code: ReasonCode, expected: Sequence[str]
) -> None:
    decision, terms = a_refund(moved, debts=debts)
    assert decision.reasons[0].finding.code is code
    assert list(summary_of(decision, terms)) == expected
    kept = decision.reasons[-1]
    assert (
        Explanation.of(decision, terms=terms).statement(kept, phrasebook=ENGLISH)
        == "What you keep earns 10 points under clause 1."
    )


def test_missing_stamps_are_explained_as_owed() -> None:
    decision, terms = a_refund(ClawbackMovement(stamps=2, stamps_owed=1), debts={Unit.STAMPS: 3}, stamping=True)
    codes = [reason.finding.code for reason in decision.reasons[:2]]
    assert codes == [ReasonCode.STAMPS_CLAWED_BACK, ReasonCode.STAMPS_BELOW_ZERO]
    assert summary_of(decision, terms) == (
        "We took back 2 stamps for what you returned.",
        "For what you returned we took 1 stamp off your card, all you had; you now owe 3 stamps.",
    )


def test_granted_reward_names_its_price_and_the_cash_due() -> None:
    decision, terms = redemption()
    assert summary_of(decision, terms) == ("“Meal of the day” for 120 points.",)
    stamps = RewardCost("meal", 9, "Meal of the day", unit=Unit.STAMPS, cash=pounds("2.50"))
    terms = some_terms(a_clause(), ("card", (), Stamps(1, StampOccasion.VISIT)), ("meal", (), stamps))
    decision = redeem(terms=terms, clause=terms.clause_by_key["meal"], facts=a_purchase(), available=9)
    assert decision.reasons[0].finding.code is ReasonCode.STAMPS_PAID
    assert summary_of(decision, terms) == ("“Meal of the day” for 9 stamps.", "Plus £2.50 to pay.")


def test_only_the_amount_on_top_of_an_exchange_earns() -> None:
    terms = some_terms(("visit", (), PointsPerVisit(5)), ("card", (), Stamps(1, StampOccasion.VISIT)))
    facts: PurchaseFacts = replace(a_purchase(), amount_only=True)
    decision = earn(terms=terms, facts=facts)
    assert {reason.finding.code for reason in decision.reasons} == {ReasonCode.NOT_IN_AN_EXCHANGE}
    (said,) = summary_of(decision, terms)
    assert (
        said
        == "This purchase earns no points or stamps: in an exchange, only the amount that you pay on top earns points."
    )


@pytest.mark.parametrize("locale", Locale)
def test_different_conditions_have_different_phrases(locale: Locale) -> None:
    """But for budgets, of which what is left is said by a figure."""
    conditions_by_sentence: dict[str, Condition] = {}
    for condition in CONDITION_VARIANTS:
        if isinstance(condition, Budget):
            continue
        words = answer_phrase(condition, phrasebook_in(locale))
        assert words
        assert conditions_by_sentence.setdefault(words, condition) == condition, (
            words,
            conditions_by_sentence[words],
            condition,
        )


def test_change_announced_in_time_says_so() -> None:
    start = datetime(2026, 4, 15, tzinfo=UTC)
    decision = notice_decision(in_force=some_terms(), direction=ChangeDirection.WORSE, effective_from=start, now=NOON)
    assert [reason.finding.code for reason in decision.reasons] == [ReasonCode.NOTICE_GIVEN]
    assert len(summary_of(decision, some_terms())) == 1
    assert not any(remedy.code is RemedyCode.NONE for reason in decision.reasons for remedy in reason.finding.remedies)
