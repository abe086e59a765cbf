"""The sentences of terms: none can be read as another rule, and none states what cannot matter."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from app.domain.amounts import Money
from app.domain.calendar import WEEK, Weekday
from app.domain.i18n import Phrasebook, phrasebook_in
from app.domain.i18n.locales import FormOfAddress, Locale
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.times_per_period import Period, TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.templates import TEMPLATES
from app.domain.terms.text import TextFormat, render
from app.domain.terms.validation import DraftedClause, with_calendars
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests.builders import pounds, some_terms
from tests.rule_samples import CONDITION_VARIANTS

HAPPY_HOUR = WeekdaysAndHours(frozenset(WEEK[:5]), time(17), time(19))
HARBOUR = Locations(frozenset({"harbour"}), ("Harbour Street",))
CAKE = RewardCost("cake", 50, "Cake")
EARLY = WeekdaysAndHours(frozenset(WEEK[:5]), None, time(9))
DRINKS = Categories(include=frozenset({"drinks"}))
NBSP = "\N{NO-BREAK SPACE}"


def statement_of(effect: Effect, *conditions: Condition, phrasebook: Phrasebook) -> str:
    """The statement of a clause in terms of its own."""
    return some_terms(("k", conditions, effect)).clause_by_key["k"].statement(phrasebook)


def euros(clauses: tuple[DraftedClause, ...], *, since: date = date(2026, 1, 1)) -> Terms:
    """Terms of a shop in Berlin."""
    start = datetime(since.year, since.month, since.day, 12, tzinfo=UTC)
    return Terms.from_draft(version=1, effective_from=start, currency="EUR", zone="Europe/Berlin", clauses=clauses)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        (Locale.EN, "You can have “Cake” for 50 points, but not Monday to Friday from 17:00 to 19:00."),
        (Locale.DE, "„Cake“ gibt es für 50 Punkte, aber nicht montags bis freitags von 17 bis 19 Uhr."),
        (Locale.ZH_HANS, "“Cake”需 50 积分兑换；周一至周五 17:00 至 19:00 不可兑换。"),
        (Locale.ZH_HANT, "「Cake」以 50 點兌換；週一至週五 17:00 至 19:00 恕不受理。"),
    ],
)
def test_happy_hour_exclusion_does_not_read_as_free(locale: Locale, sentence: str) -> None:
    assert statement_of(CAKE, ExceptWhen((HAPPY_HOUR,)), phrasebook=phrasebook_in(locale)) == sentence


OF_A_REWARD = [
    condition
    for condition in CONDITION_VARIANTS
    if condition.kind not in ("budget", "not_combined_with", "tier_at_least")
    and condition != MinimumSpend(Money(2000, "JPY"))
]


@pytest.mark.parametrize("condition", OF_A_REWARD)
def test_condition_of_a_reward_restricts_it_without_another_price(
    condition: Condition,
) -> None:
    english = statement_of(CAKE, condition, phrasebook=phrasebook_in(Locale.EN))
    assert any(words in english for words in (", but only ", ", but not ", ", at most "))
    german = statement_of(CAKE, condition, phrasebook=phrasebook_in(Locale.DE))
    assert any(words in german for words in (", aber nur ", ", aber nicht ", ", höchstens "))
    chinese = statement_of(CAKE, condition, phrasebook=phrasebook_in(Locale.ZH_HANS))
    assert any(words in chinese for words in ("，仅限", "，须", "不可兑换", "限 "))


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        (Locale.ZH_HANS, "每次消费可得 1 积分；周一至周五 17:00 至 19:00 在“Harbour Street”门店的消费除外。"),
        (Locale.ZH_HANT, "每次消費可得 1 點；週一至週五 17:00 至 19:00 於「Harbour Street」門市之消費除外。"),
        (
            Locale.EN,
            "You earn 1 point for every visit with a purchase, but not Monday to Friday from 17:00 to 19:00 at “Harbour Street”.",
        ),
    ],
)
def test_exception_of_two_conditions_needs_both(locale: Locale, sentence: str) -> None:
    assert (
        statement_of(PointsPerVisit(1), ExceptWhen((HARBOUR, HAPPY_HOUR)), phrasebook=phrasebook_in(locale)) == sentence
    )


def test_old_price_in_points_is_not_worded_as_money() -> None:
    for days in (0, 180):
        assert "原价" not in statement_of(OldPriceProtection(days), phrasebook=phrasebook_in(Locale.ZH_HANS))


def test_alternative_goods_are_one_list() -> None:
    either = AnyOf((Products(include=frozenset({"22423"})), Categories(include=frozenset({"tea"}))))
    assert statement_of(PointsMultiplier(Decimal(2)), either, phrasebook=phrasebook_in(Locale.EN)) == (
        "You earn double points on item “22423” and “tea”."
    )


def test_once_ever_is_stated_per_member() -> None:
    once = TimesPerPeriod(1, Period.EVER)
    for locale, words in (
        (Locale.EN, "at most once per member"),
        (Locale.DE, "höchstens einmal je Mitglied"),
        (Locale.ZH_HANS, "每位会员限 1 次"),
        (Locale.ZH_HANT, "每人限 1 次"),
    ):
        assert words in statement_of(BonusPoints(5), once, phrasebook=phrasebook_in(locale))


@pytest.mark.parametrize(
    ("locale", "sentences"),
    [
        (
            Locale.EN,
            [
                "On your first purchase you get 20 extra points.",
                "You earn double points on “drinks”, Monday to Friday before 9:00.",
                "For every 10th item in “drinks” you buy (counted over all your purchases) you get 20 extra points.",
                "You get 20 extra points if you spend at least £20 on eligible items.",
            ],
        ),
        (
            Locale.DE,
            [
                "Beim ersten Einkauf gibt es 20 Punkte zusätzlich.",
                "Auf Waren aus „drinks“ gibt es montags bis freitags vor 9 Uhr die doppelten Punkte.",
                "Für jedes 10. Stück aus „drinks“ (über alle Einkäufe gezählt) gibt es 20 Punkte zusätzlich.",
                f"Ab 20{NBSP}£ Einkaufswert gibt es 20 Punkte zusätzlich.",
            ],
        ),
        (
            Locale.ZH_HANS,
            [
                "首次消费，额外赠送 20 积分。",
                "周一至周五上午 9 点前，购买“drinks”类商品可得双倍积分。",
                "每买满 10 件“drinks”类商品时（按历次消费累计），额外赠送 20 积分。",
                "可积分商品消费满 £20，额外赠送 20 积分。",
            ],
        ),
        (
            Locale.ZH_HANT,
            [
                "首次消費，另贈 20 點。",
                "週一至週五上午 9 點前，購買「drinks」類商品可得雙倍點數。",
                "每買滿 10 件「drinks」類商品時（依歷次消費累計），另贈 20 點。",
                "可集點商品消費滿 £20，另贈 20 點。",
            ],
        ),
    ],
)
def test_clauses_read_naturally_in_each_language(locale: Locale, sentences: list[str]) -> None:
    phrasebook = phrasebook_in(locale)
    assert sentences == [
        statement_of(BonusPoints(20), FirstPurchase(), phrasebook=phrasebook),
        statement_of(PointsMultiplier(Decimal(2)), EARLY, DRINKS, phrasebook=phrasebook),
        statement_of(BonusPoints(20), DRINKS, EveryNthItem(10), phrasebook=phrasebook),
        statement_of(BonusPoints(20), MinimumSpend(pounds("20.00")), phrasebook=phrasebook),
    ]


def test_american_and_british_readers_get_their_own_formats() -> None:
    clauses = [CAKE, PointsPerAmount(1, Money(100, "GBP"))]
    terms = some_terms(("k", (ExceptWhen((HAPPY_HOUR,)),), clauses[0]), ("s", (), clauses[1]))
    british, american = (
        render(terms, format=TextFormat.PLAIN, phrasebook=phrasebook_in(Locale.EN, region=region))
        for region in ("GB", "US")
    )
    assert "valid from 1 January 2020\n" in british
    assert "valid from January 1, 2020\n" in american
    assert "from 17:00 to 19:00" in british
    assert f"from 5{NBSP}PM to 7{NBSP}PM" in american
    assert ("in your favour" in british, "in your favor" in american) == (True, True)


def test_german_terms_use_sie_or_du_consistently() -> None:
    terms = some_terms(*TEMPLATES["tiered"]("GBP").clauses)
    formal, informal = (
        render(terms, format=TextFormat.PLAIN, phrasebook=phrasebook_in(Locale.DE, form_of_address=address))
        for address in FormOfAddress
    )
    assert "Wenn Sie Ware zurückgeben" in formal
    assert "Wenn du Ware zurückgibst" in informal
    assert [word for word in (" du ", " dir ", " dein") if word in formal] == []
    assert [word for word in (" Sie ", " Ihnen ", " Ihre") if word in informal] == []


@pytest.mark.parametrize(
    ("locale", "lasting"),
    [
        (Locale.EN, "Stamps do not expire."),
        (Locale.DE, "Stempel verfallen nicht."),
        (Locale.ZH_HANS, "印花永不过期。"),
        (Locale.ZH_HANT, "集點章永久有效。"),
    ],
)
def test_stamp_card_terms_do_not_mention_points(locale: Locale, lasting: str) -> None:
    terms = euros(TEMPLATES["stamps"]("EUR").clauses)
    phrasebook = phrasebook_in(locale)
    text = render(terms, format=TextFormat.PLAIN, phrasebook=phrasebook)
    assert lasting in text
    assert [clause.number for clause in terms.printed_clauses] == ["1", "2", "3", "4", "5", "6"]
    assert {clause.key for clause in terms.clauses if not clause.is_printed} == {
        "combination",
        "rounding",
        "grandfathering",
    }
    if locale is Locale.EN:
        # The basis says of purchases, not of the card, that what points pay does not count.
        assert text.replace("what you pay for with points", "").count("oint") == 0


def test_unprinted_clauses_are_numbered_last() -> None:
    terms = euros(TEMPLATES["stamps"]("EUR").clauses)
    silent = [clause.number for clause in terms.clauses if not clause.is_printed]
    assert sorted(silent, key=int) == ["7", "8", "9"]
    assert Terms.from_data(terms.to_data()).clauses == terms.clauses


def test_points_and_stamps_are_worded_together() -> None:
    spend: DraftedClause = ("spend", (), PointsPerAmount(1, Money(100, "EUR")))
    card: DraftedClause = ("card", (), Stamps(1))
    both = euros((spend, card))
    phrasebook = phrasebook_in(Locale.EN)
    assert both.policy_clauses[PointsValidity].statement(phrasebook) == "Points and stamps do not expire."
    expiring = euros((spend, card, ("expiry", (), PointsValidity(12, expires=True))))
    assert (
        expiring.policy_clauses[PointsValidity].statement(phrasebook).endswith("have been told. Stamps do not expire.")
    )
    assert "points and stamps" in both.clause_by_key["counted-amounts"].statement(phrasebook)
    assert euros((spend,)).policy_clauses[PointsValidity].statement(phrasebook) == "Points do not expire."


def test_old_price_is_promised_only_if_something_costs_points() -> None:
    spend: DraftedClause = ("spend", (), PointsPerAmount(1, Money(100, "EUR")))
    meal: DraftedClause = ("meal", (), RewardCost("meal", 9, "Meal", Unit.STAMPS))
    coffee: DraftedClause = ("coffee", (), RewardCost("coffee", 9, "Coffee"))
    assert not euros((spend, meal)).policy_clauses[OldPriceProtection].is_printed
    assert euros((spend, coffee)).policy_clauses[OldPriceProtection].is_printed
    # What an owner says otherwise than by default stands there, whatever the rest says.
    assert euros((spend, meal, ("old", (), OldPriceProtection(90)))).policy_clauses[OldPriceProtection].is_printed


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "blank"])
def test_printed_clauses_are_numbered_without_gaps(name: str) -> None:
    terms = euros(TEMPLATES[name]("EUR").clauses)
    assert [clause.number for clause in terms.printed_clauses] == [
        str(n) for n in range(1, len(terms.printed_clauses) + 1)
    ]
    assert all(clause.is_printed for clause in terms.clauses if clause.kind is not ClauseKind.POLICY)


@pytest.mark.parametrize(
    ("locale", "part"),
    [
        (Locale.EN, "(not on a day when the clocks skip these hours, such as 29 March 2026)"),
        (Locale.DE, "etwa am 29. März 2026"),
        (Locale.ZH_HANS, "例如 2026 年 3 月 29 日"),
        (Locale.ZH_HANT, "例如 2026 年 3 月 29 日"),
    ],
)
def test_hours_skipped_by_the_clock_change_are_stated_with_a_day(locale: Locale, part: str) -> None:
    night = WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(2), time(3))
    terms = euros((("night", (AnyOf((night, FirstPurchase())),), BonusPoints(5)), ("plain", (night,), BonusPoints(5))))
    for key in ("night", "plain"):
        assert part in terms.clause_by_key[key].statement(phrasebook_in(locale))
    assert Terms.from_data(terms.to_data()).clauses == terms.clauses


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (time(2), time(4), frozenset(WEEK)),
        (time(1), time(3), frozenset(WEEK)),
        (time(2), time(3), frozenset(WEEK[:6])),
        (time(17), time(18), frozenset(WEEK)),
        (None, None, frozenset(WEEK)),
    ],
)
def test_hours_not_wholly_skipped_are_stated_plainly(
    start: time | None, end: time | None, days: frozenset[Weekday]
) -> None:
    window = WeekdaysAndHours(days, start, end)
    terms = euros((("k", (window,), BonusPoints(5)),))
    assert "clocks" not in terms.clause_by_key["k"].statement(phrasebook_in(Locale.EN))


@pytest.mark.parametrize(
    ("locale", "outside"),
    [
        (Locale.EN, "but not from 17:00 to 19:00"),
        (Locale.DE, "aber nicht von 17 bis 19 Uhr"),
        (Locale.ZH_HANS, "每天 17:00 至 19:00 不可兑换"),
        (Locale.ZH_HANT, "每天 17:00 至 19:00 恕不受理"),
    ],
)
def test_daily_excluded_hours_do_not_read_as_some_days(locale: Locale, outside: str) -> None:
    daily = ExceptWhen((WeekdaysAndHours(frozenset(WEEK), time(17), time(19)),))
    assert outside in statement_of(CAKE, daily, phrasebook=phrasebook_in(locale))


@pytest.mark.parametrize(
    ("locale", "effect", "sentence"),
    [
        (
            Locale.EN,
            CAKE,
            "You can have “Cake” for 50 points, but only if you buy at least 2 eligible items"
            " and only Monday to Friday from 17:00 to 19:00 or at “Harbour Street”.",
        ),
        (
            Locale.DE,
            CAKE,
            "„Cake“ gibt es für 50 Punkte, aber nur beim Kauf von mindestens 2 Stück"
            " und nur montags bis freitags von 17 bis 19 Uhr oder am Standort „Harbour Street“.",
        ),
        (
            Locale.DE,
            PointsPerItem(1),
            "Für jedes gekaufte Stück gibt es beim Kauf von mindestens 2 Stück"
            " entweder montags bis freitags von 17 bis 19 Uhr oder am Standort „Harbour Street“ 1 Punkt.",
        ),
    ],
)
def test_condition_beside_alternatives_does_not_read_as_part_of_the_last_one(
    locale: Locale, effect: Effect, sentence: str
) -> None:
    assert (
        statement_of(effect, AnyOf((HAPPY_HOUR, HARBOUR)), MinimumQuantity(2), phrasebook=phrasebook_in(locale))
        == sentence
    )


@pytest.mark.parametrize(
    ("locale", "items"),
    [
        (Locale.EN, "every item you buy that is all of this at once (“drinks” and “hot”)"),
        (
            Locale.DE,
            "jedes gekaufte Stück mit allen diesen Merkmalen zugleich (Waren aus „drinks“ und Waren aus „hot“)",
        ),
    ],
)
def test_item_in_two_categories_reads_as_one_item(locale: Locale, items: str) -> None:
    hot = Categories(include=frozenset({"hot"}))
    assert items in statement_of(PointsPerItem(1), AllOf((DRINKS, hot)), phrasebook=phrasebook_in(locale))


def test_all_of_group_reads_like_separate_conditions() -> None:
    together = statement_of(CAKE, AllOf((HARBOUR, AgeAtLeast(18))), phrasebook=phrasebook_in(Locale.EN))
    assert together == statement_of(CAKE, HARBOUR, AgeAtLeast(18), phrasebook=phrasebook_in(Locale.EN))
    assert (
        together == "You can have “Cake” for 50 points, but only at “Harbour Street” and only if you are 18 or older."
    )


@pytest.mark.parametrize(
    ("locale", "month", "day"),
    [
        (Locale.EN, "per calendar month (by the calendar in Berlin)", "a day (by the calendar of the location)"),
        (Locale.DE, "im Kalendermonat (nach dem Kalender in Berlin)", "am Tag (nach dem Kalender am Standort)"),
        (Locale.ZH_HANS, "（按柏林时间）", "（按门店当地日期）"),
        (Locale.ZH_HANT, "（依柏林時間）", "（依門市當地日期）"),
    ],
)
def test_terms_name_the_calendar_of_periods_with_several_zones(locale: Locale, month: str, day: str) -> None:
    phrasebook = phrasebook_in(locale)
    clauses: list[DraftedClause] = [
        ("monthly", (TimesPerPeriod(1, Period.MONTH),), BonusPoints(5)),
        ("daily", (TimesPerPeriod(1, Period.DAY),), BonusPoints(5)),
        ("ever", (TimesPerPeriod(1, Period.EVER),), BonusPoints(5)),
        ("cap", (), PointsCap(500, CapScope.MONTH)),
        ("per-day", (), PointsCap(500, CapScope.DAY)),
        ("each", (), PointsCap(500, CapScope.PURCHASE)),
    ]
    plain = euros(tuple(with_calendars(clauses, zone="Europe/Berlin", zones={"Europe/Berlin"})))
    abroad = euros(tuple(with_calendars(clauses, zone="Europe/Berlin", zones={"Europe/Berlin", "Asia/Tokyo"})))
    for key, words in (("monthly", month), ("cap", month), ("daily", day), ("per-day", day)):
        assert words in abroad.clause_by_key[key].statement(phrasebook)
        assert words not in plain.clause_by_key[key].statement(phrasebook)
    for key in ("ever", "each"):
        assert abroad.clause_by_key[key].statement(phrasebook) == plain.clause_by_key[key].statement(phrasebook)


@pytest.mark.parametrize(
    ("locale", "currency", "sentence"),
    [
        (Locale.ZH_HANT, "TWD", "每消費 100 元可得 1 點，未滿 100 元者按比例計算。"),
        (Locale.ZH_HANS, "CNY", "每消费 100 元可得 1 积分，不足 100 元的部分按比例计算。"),
        (Locale.ZH_HANS, "EUR", "每消费 €100 可得 1 积分，不足 €100 的部分按比例计算。"),
    ],
)
def test_chinese_spaces_digits_and_latin_letters_only(locale: Locale, currency: str, sentence: str) -> None:
    terms = Terms.from_draft(
        version=1,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        currency=currency,
        zone="Asia/Taipei",
        clauses=[("k", (), PointsPerAmount(1, Money(10_000, currency))), ("r", (), RewardCost("r", 9, "早餐 加 A餐"))],
    )
    phrasebook = phrasebook_in(locale)
    assert terms.clause_by_key["k"].statement(phrasebook) == sentence
    assert "早餐 加 A餐" in terms.clause_by_key["r"].statement(phrasebook)
