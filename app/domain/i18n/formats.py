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
_YUAN = {
    (Locale.ZH_HANS, "CN", "CNY"): "{amount} 元",
    (Locale.ZH_HANT, "TW", "TWD"): "{amount} 元",
    (Locale.ZH_HANT, "TW", "CNY"): "人民幣 {amount} 元",
    (Locale.ZH_HANT, "HK", "CNY"): "人民幣 {amount} 元",
    (Locale.ZH_HANT, "MO", "CNY"): "人民幣 {amount} 元",
}
"""Currencies that Chinese writes in words, by the region of the reader."""


@lru_cache(maxsize=64)
def formats(locale: Locale, region: str) -> Formats:
    """The formats of a language in a region of `REGIONS`."""
    return Formats(locale, region)


class Formats:
    """Numbers, amounts, days and times of a language and a region."""

    def __init__(self, locale: Locale, region: str) -> None:
        self.cldr = babel.Locale.parse(_CLDR[locale].format(region=region))
        self._words = {
            currency: words
            for (entry_locale, entry_region, currency), words in _YUAN.items()
            if (entry_locale, entry_region) == (locale, region)
        }
        self._clock = _clock(locale, self.cldr)
        self._spoken = _SPOKEN.get(locale)

    def number(self, n: int | Decimal) -> str:
        """A number with its thousands set apart, without zeros after its decimals."""
        return format_decimal(n, locale=self.cldr)

    def money(self, amount: Money) -> str:
        """An amount with its currency; whole amounts stand without decimals."""
        decimals = DECIMALS[amount.currency]
        value = amount.decimal()
        whole = value == value.to_integral_value()
        decimals_pattern = "" if whole or not decimals else f".{'0' * decimals}"
        if (words := self._words.get(amount.currency)) is not None:
            return words.format(amount=format_decimal(value, format=f"#,##0{decimals_pattern}", locale=self.cldr))
        pattern = str(self.cldr.currency_formats["standard"].pattern).replace(".00", decimals_pattern)
        pattern = pattern.replace("¤", self._symbol(amount.currency, before_digits=pattern.startswith("¤#")))
        return format_currency(value, amount.currency, format=pattern, locale=self.cldr, currency_digits=False)

    def _symbol(self, currency: str, *, before_digits: bool) -> str:
        """The sign of a currency, quoted for a pattern; letters stand apart from the digits behind them."""
        symbol = get_currency_symbol(currency, locale=self.cldr)
        if symbol == currency and self.cldr.language == "en":
            # Australia's data has codes for every foreign currency, where people write the signs.
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
        """A time of day on the clock that the region reads: 17:00, or 5 PM; full hours without minutes where that is usual."""
        return self._shown(at, self._clock.whole if at.minute == 0 else self._clock.minutes)

    def time_of_day(self, at: dt.time) -> str:
        """A time of day that is said alone: as `time`, in Chinese with the part of the day."""
        if self._spoken is None:
            return self.time(at)
        return format_time(at, format=self._spoken if at.minute == 0 else "Bh:mm", locale=self.cldr)

    def clock(self, at: datetime, *, zone: str) -> str:
        """The time of day of an instant on the wall clock of a zone, with its minutes."""
        return self._shown(local_datetime(at, zone_name=zone).time(), self._clock.minutes)

    def _shown(self, at: dt.time, pattern: str) -> str:
        if pattern == _DIGITAL and at.hour == 0 and self.cldr.language == "en":
            pattern = "HH:mm"
        return format_time(at, format=pattern, locale=self.cldr)

    def city(self, zone_name: str) -> str:
        """The city that a zone is named after."""
        return get_timezone_location(zone_info(zone_name), locale=self.cldr, return_city=True)

    def listed(self, words: Sequence[str], *, last: Literal["and", "or"]) -> str:
        """Words as a list, `last` before the last one."""
        return format_list(list(words), style="standard" if last == "and" else "or", locale=self.cldr)


class _Clock(NamedTuple):
    """Patterns of CLDR for times with minutes and for full hours."""

    minutes: str
    whole: str


_DIGITAL = "H:mm"
_SPOKEN = {Locale.ZH_HANS: "Bh点", Locale.ZH_HANT: "Bh點"}


def _clock(locale: Locale, cldr: babel.Locale) -> _Clock:
    if locale is Locale.EN and "h" in str(cldr.time_formats["short"].pattern):
        return _Clock(f"h:mm{NO_BREAK}a", f"h{NO_BREAK}a")
    return _Clock(_DIGITAL, "H" if locale is Locale.DE else _DIGITAL)
