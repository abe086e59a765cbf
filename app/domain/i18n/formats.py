"""Numbers, amounts, days and times as people of a region write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

import babel
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from app.domain.amounts import DECIMALS, Money
from app.domain.calendar import local_datetime, zone_info
from app.domain.i18n.locales import Locale

NO_BREAK = "\u00a0"
_CLDR = {
    Locale.EN: "en_{region}",
    Locale.DE: "de_{region}",
    Locale.ZH_HANS: "zh_Hans_{region}",
    Locale.ZH_HANT: "zh_Hant_{region}",
}
_CURRENCIES_IN_WORDS = {
    (Locale.ZH_HANS, "CN", "CNY"): "{amount} 元",
    (Locale.ZH_HANT, "TW", "TWD"): "{amount} 元",
    (Locale.ZH_HANT, "TW", "CNY"): "人民幣 {amount} 元",
    (Locale.ZH_HANT, "HK", "CNY"): "人民幣 {amount} 元",
    (Locale.ZH_HANT, "MO", "CNY"): "人民幣 {amount} 元",
}
"""Templates of currencies that Chinese writes in words, by language, region of the reader, and currency."""


@lru_cache(maxsize=64)
def formats_of(locale: Locale, region: str) -> Formats:
    """The formats of a language in one of its regions in `REGIONS`."""
    return Formats(locale, region)


class Formats:
    """Numbers, amounts, days and times of a language and a region."""

    def __init__(self, locale: Locale, region: str) -> None:
        self.cldr = babel.Locale.parse(_CLDR[locale].format(region=region))
        self._currencies_in_words = {
            currency: words
            for (entry_locale, entry_region, currency), words in _CURRENCIES_IN_WORDS.items()
            if (entry_locale, entry_region) == (locale, region)
        }
        self._clock_patterns = _clock_patterns_of(locale, self.cldr)
        self._full_hour_with_part_of_day = _FULL_HOURS_WITH_PART_OF_DAY.get(locale)

    def number(self, n: int | Decimal) -> str:
        """A number with its thousands set apart, without zeros at the end of its decimals."""
        return format_decimal(n, locale=self.cldr)

    def money(self, amount: Money) -> str:
        """An amount with its currency; whole amounts have no decimals."""
        decimals = DECIMALS[amount.currency]
        value = amount.decimal()
        is_whole = value == value.to_integral_value()
        decimals_pattern = "" if is_whole or not decimals else f".{'0' * decimals}"
        if (words := self._currencies_in_words.get(amount.currency)) is not None:
            return words.format(amount=format_decimal(value, format=f"#,##0{decimals_pattern}", locale=self.cldr))
        pattern = str(self.cldr.currency_formats["standard"].pattern).replace(".00", decimals_pattern)
        pattern = pattern.replace("¤", self._symbol(amount.currency, before_digits=pattern.startswith("¤#")))
        return format_currency(value, amount.currency, format=pattern, locale=self.cldr, currency_digits=False)

    def _symbol(self, currency: str, *, before_digits: bool) -> str:
        """The sign of a currency, quoted for a pattern; a sign that ends with a letter has a space before digits."""
        symbol = get_currency_symbol(currency, locale=self.cldr)
        if symbol == currency and self.cldr.language == "en":
            # CLDR's data for Australia has only codes for foreign currencies, but people write the signs.
            symbol = get_currency_symbol(currency, locale="en_GB")
        return f"'{symbol}{NO_BREAK if before_digits and symbol[-1].isalpha() else ''}'"

    def date(self, day: dt.date) -> str:
        """A day, written out."""
        return format_date(day, format="long", locale=self.cldr)

    def day_of_year(self, day: dt.date) -> str:
        """A day, written out without its year."""
        return format_skeleton("MMMMd", day, locale=self.cldr)

    def weekday(self, day: dt.date) -> str:
        """The name of a day's weekday."""
        return format_date(day, format="EEEE", locale=self.cldr)

    def time(self, at: dt.time) -> str:
        """A time of day on the region's 24-hour or 12-hour clock: 17:00, or 5 PM. Full hours omit minutes where usual."""
        return self._formatted_time(
            at, self._clock_patterns.full_hours if at.minute == 0 else self._clock_patterns.with_minutes
        )

    def time_of_day(self, at: dt.time) -> str:
        """A single time of day: as `time` writes it, in Chinese with the part of the day."""
        if self._full_hour_with_part_of_day is None:
            return self.time(at)
        return format_time(at, format=self._full_hour_with_part_of_day if at.minute == 0 else "Bh:mm", locale=self.cldr)

    def clock(self, at: datetime, *, zone: str) -> str:
        """The time of day of an instant on the wall clock of a zone, with its minutes."""
        return self._formatted_time(local_datetime(at, zone_name=zone).time(), self._clock_patterns.with_minutes)

    def _formatted_time(self, at: dt.time, pattern: str) -> str:
        if pattern == _DIGITAL and at.hour == 0 and self.cldr.language == "en":
            pattern = "HH:mm"
        return format_time(at, format=pattern, locale=self.cldr)

    def city(self, zone_name: str) -> str:
        """The city that a zone is named after."""
        return get_timezone_location(zone_info(zone_name), locale=self.cldr, return_city=True)

    def listed(self, words: Sequence[str], *, last: Literal["and", "or"]) -> str:
        """Words as a list, with the word for `last` before the last one."""
        return format_list(list(words), style="standard" if last == "and" else "or", locale=self.cldr)


class _ClockPatterns(NamedTuple):
    """Patterns of CLDR for times with minutes and for full hours."""

    with_minutes: str
    full_hours: str


_DIGITAL = "H:mm"
_FULL_HOURS_WITH_PART_OF_DAY = {Locale.ZH_HANS: "Bh点", Locale.ZH_HANT: "Bh點"}


def _clock_patterns_of(locale: Locale, cldr: babel.Locale) -> _ClockPatterns:
    if locale is Locale.EN and "h" in str(cldr.time_formats["short"].pattern):
        return _ClockPatterns(f"h:mm{NO_BREAK}a", f"h{NO_BREAK}a")
    return _ClockPatterns(_DIGITAL, "H" if locale is Locale.DE else _DIGITAL)
