"""Numbers, amounts, dates and times in the format of the reader's region, and the German form of address of the program."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from app.domain.amounts import Money
from app.domain.i18n import CATALOGUES, Phrasebook, phrasebook_for, phrasebook_in
from app.domain.i18n.locales import REGIONS, FormOfAddress, Locale, negotiate_locale

NBSP = "\N{NO-BREAK SPACE}"
EVENING = datetime(2026, 12, 24, 17, tzinfo=UTC)
EARLY = datetime(2026, 11, 30, 6, 34, tzinfo=UTC)


def formal_phrasebook(tags: str | None, region: str | None = None) -> Phrasebook:
    """The formal phrasebook for a reader with these language tags, of a program in a region."""
    return phrasebook_for(tags, region=region, form_of_address=FormOfAddress.FORMAL)


@pytest.mark.parametrize(
    ("tags", "region", "instant"),
    [
        ("en-US", "DE", f"Thursday, December 24, 2026, 5:00{NBSP}PM"),
        ("en", "US", f"Thursday, December 24, 2026, 5:00{NBSP}PM"),
        ("en-GB", "US", "Thursday, 24 December 2026, 17:00"),
        ("en", "GB", "Thursday, 24 December 2026, 17:00"),
        ("en", "DE", "Thursday, 24 December 2026, 17:00"),
        (None, None, "Thursday, 24 December 2026, 17:00"),
        ("en", "AU", f"Thursday, 24 December 2026, 5:00{NBSP}pm"),
        ("en-CA", "US", f"Thursday, December 24, 2026, 5:00{NBSP}p.m."),
        ("de", "DE", "Donnerstag, 24. Dezember 2026, 17:00 Uhr"),
        ("zh-Hans", "CN", "2026 年 12 月 24 日星期四 17:00"),
        ("zh-TW", "TW", "2026 年 12 月 24 日星期四 17:00"),
    ],
)
def test_dates_and_times_follow_the_readers_region_or_else_the_programs(
    tags: str | None, region: str | None, instant: str
) -> None:
    assert formal_phrasebook(tags, region).instant_with_weekday(EVENING, zone="UTC") == instant


@pytest.mark.parametrize(
    ("tags", "region", "amount", "text"),
    [
        ("en-US", None, Money(123450, "USD"), "$1,234.50"),
        ("en-US", None, Money(500, "USD"), "$5"),
        ("en", "US", Money(500, "AUD"), "A$5"),
        ("en", "AU", Money(500, "AUD"), "$5"),
        ("en-GB", "AU", Money(500, "AUD"), "A$5"),
        ("en", "AU", Money(550, "EUR"), "€5.50"),
        ("en", "CA", Money(500, "CAD"), "$5"),
        ("en-GB", None, Money(500, "USD"), "US$5"),
        ("en", "DE", Money(100, "EUR"), "€1"),
        ("en", "GB", Money(200, "GBP"), "£2"),
        ("en", "GB", Money(500, "CHF"), f"CHF{NBSP}5"),
        ("de", "DE", Money(100, "EUR"), f"1{NBSP}€"),
        ("de", "DE", Money(150, "EUR"), f"1,50{NBSP}€"),
        ("de", "AT", Money(150, "EUR"), f"€{NBSP}1,50"),
        ("de-CH", "DE", Money(150, "CHF"), f"CHF{NBSP}1.50"),
        ("de", "CH", Money(500, "CHF"), f"CHF{NBSP}5"),
        ("zh-Hant", "TW", Money(10000, "TWD"), "100 元"),
        ("zh-TW", "TW", Money(123450, "TWD"), "1,234.50 元"),
        ("zh-HK", "TW", Money(10000, "TWD"), "NT$100"),
        ("zh-HK", "HK", Money(10000, "HKD"), "HK$100"),
        ("zh-TW", "TW", Money(10000, "CNY"), "人民幣 100 元"),
        ("zh-CN", "TW", Money(10000, "TWD"), "NT$100"),
        ("en", "TW", Money(10000, "TWD"), "NT$100"),
        ("zh", "CN", Money(10000, "CNY"), "100 元"),
        ("zh", "CN", Money(123456, "CNY"), "1,234.56 元"),
        ("zh", "CN", Money(12345, "JPY"), "JP¥12,345"),
        ("en", "DE", Money(1500, "KWD"), f"KWD{NBSP}1.500"),
        ("en", "DE", Money(1000, "KWD"), f"KWD{NBSP}1"),
    ],
)
def test_amounts_follow_the_region(tags: str, region: str | None, amount: Money, text: str) -> None:
    assert formal_phrasebook(tags, region).money(amount) == text


@pytest.mark.parametrize(
    ("tags", "nine", "half_past_seven"),
    [
        ("en-GB", "9:00", "19:30"),
        ("en-US", f"9{NBSP}AM", f"7:30{NBSP}PM"),
        ("en-AU", f"9{NBSP}am", f"7:30{NBSP}pm"),
        ("de", "9", "19:30"),
        ("zh-CN", "9:00", "19:30"),
    ],
)
def test_hours_of_rules_follow_the_regional_clock(tags: str, nine: str, half_past_seven: str) -> None:
    assert (formal_phrasebook(tags).time(time(9)), formal_phrasebook(tags).time(time(19, 30))) == (
        nine,
        half_past_seven,
    )


def test_moment_at_midnight_is_written_as_a_day() -> None:
    phrasebook = formal_phrasebook("en-GB")
    assert phrasebook.instant_or_day(EARLY, zone="UTC") == "30 November 2026, 6:34"
    assert phrasebook.instant_or_day(EARLY.replace(hour=0, minute=0), zone="UTC") == "30 November 2026"
    assert phrasebook.instant_or_day(EARLY.replace(hour=23, minute=0), zone="Europe/Berlin") == "1 December 2026"
    assert formal_phrasebook("en-GB").instant_with_weekday(EARLY.replace(hour=0), zone="UTC").endswith("00:34")


@pytest.mark.parametrize(
    ("tags", "locale", "region"),
    [
        ("en-US,en;q=0.9", Locale.EN, "US"),
        ("de-AT", Locale.DE, "AT"),
        ("zh-Hant-HK", Locale.ZH_HANT, "HK"),
        ("fr-CA, en;q=0.5", Locale.EN, None),
        ("zh-Hans", Locale.ZH_HANS, None),
        ("en-001", Locale.EN, None),
    ],
)
def test_region_comes_from_the_chosen_language_tag(tags: str, locale: Locale, region: str | None) -> None:
    assert negotiate_locale(tags) == (locale, region)


def test_numbers_follow_the_language_in_a_foreign_region() -> None:
    assert formal_phrasebook("en", "DE").number(1234) == "1,234"
    assert formal_phrasebook("de", "US").decimal(Decimal("1.5")) == "1,5"
    assert formal_phrasebook("de-US", "US") is formal_phrasebook("de", "DE")


def test_german_has_sie_or_du_and_swiss_german_no_sharp_s() -> None:
    forms = {
        key: message
        for key, message in CATALOGUES[Locale.DE].items()
        if isinstance(message, dict) and "formal" in message
    }
    for key, message in forms.items():
        assert set(message) == {"formal", "informal"}, key
        assert message["formal"] != message["informal"], key
    swiss = phrasebook_in(Locale.DE, region="CH")
    assert not any("ß" in str(message) for message in swiss._messages.values())


@pytest.mark.parametrize("locale", [Locale.ZH_HANS, Locale.ZH_HANT])
def test_sentences_are_joined_without_a_space_in_chinese_only(locale: Locale) -> None:
    assert phrasebook_in(locale).text(["一。", "二。"]) == "一。二。"
    assert phrasebook_in(Locale.DE).text(["Eins.", "Zwei."]) == "Eins. Zwei."


@pytest.mark.parametrize(
    ("locale", "region"), [(locale, region) for locale, known in REGIONS.items() for region in sorted(known)]
)
def test_every_known_region_formats_dates_amounts_and_times(locale: Locale, region: str) -> None:
    phrasebook = phrasebook_in(locale, region=region)
    assert phrasebook is not phrasebook_in(locale, region="XX") or region in ("GB", "DE", "CN", "TW")
    assert "2026" in phrasebook.instant_with_weekday(EVENING, zone="UTC")
    for currency in ("EUR", "USD", "GBP", "CHF", "CNY", "TWD", "HKD", "INR", "AUD"):
        amounts = [phrasebook.money(Money(minor, currency)) for minor in (123_400, 123_450)]
        assert ["".join(filter(str.isdigit, amount)) for amount in amounts] == ["1234", "123450"]
