"""Words: one catalogue per locale, and the numbers, amounts and times that go into its sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Literal

import babel
from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from app.domain.amounts import DECIMALS, Money
from app.domain.calendar import WEEK, Weekday, zone
from app.domain.wording import de, en, zh_hans, zh_hant


class Locale(StrEnum):
    """The languages that every sentence exists in."""

    EN = "en"
    DE = "de"
    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"


Message = str | Mapping[str, str]
"""A template, or one template per plural form of the number `n`."""

CATALOGUES: Mapping[Locale, Mapping[str, Message]] = {
    Locale.EN: en.MESSAGES,
    Locale.DE: de.MESSAGES,
    Locale.ZH_HANS: zh_hans.MESSAGES,
    Locale.ZH_HANT: zh_hant.MESSAGES,
}

_CLDR = {Locale.EN: "en_GB", Locale.DE: "de", Locale.ZH_HANS: "zh_Hans", Locale.ZH_HANT: "zh_Hant"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


class Wording:
    """The words of one locale. Call it with a key of the catalogue and the values of its placeholders."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._messages = CATALOGUES[locale]
        self._cldr = babel.Locale.parse(_CLDR[locale])
        self._chinese = locale in (Locale.ZH_HANS, Locale.ZH_HANT)

    def __call__(self, key: str, **values: str) -> str:
        """The sentence of a key. Raises KeyError for an unknown key or a missing value."""
        message = self._messages[key]
        if not isinstance(message, str):
            raise KeyError(f"{key} needs a number")
        return self._spaced(message.format_map(values))

    def _spaced(self, sentence: str) -> str:
        """With a space between a time and the Chinese word after it; what names say stays as it is."""
        if not self._chinese or ":" not in sentence:
            return sentence
        return _TIME.sub(lambda found: found[1] or f"{found[2]} ", sentence)

    def counted(self, key: str, n: int) -> str:
        """The plural form of a key for a number."""
        return _counted(self.locale, key, n)

    def _counted(self, key: str, n: int) -> str:
        forms = self._messages[key]
        if isinstance(forms, str):
            return forms.format(n=self.number(n))
        return forms.get(self._cldr.plural_form(abs(n)), forms["other"]).format(n=self.number(n))

    def capitalised(self, sentence: str) -> str:
        """The sentence with a capital first letter."""
        return sentence[:1].upper() + sentence[1:]

    def points(self, n: int) -> str:
        """A number of points."""
        return self.counted("points", n)

    def days(self, n: int) -> str:
        """A number of days."""
        return self.counted("days", n)

    def months(self, n: int) -> str:
        """A number of months."""
        return self.counted("months", n)

    def ordinal(self, n: int) -> str:
        """A place in a row."""
        forms = self._messages["ordinal"]
        assert not isinstance(forms, str)
        return forms.get(self._cldr.ordinal_form(n), forms["other"]).format(n=n)

    def decimal(self, n: Decimal) -> str:
        """A number with its decimals, without zeros at the end."""
        return format_decimal(n, locale=self._cldr)

    def number(self, n: int) -> str:
        """A whole number with its thousands set apart."""
        return format_decimal(n, locale=self._cldr)

    def money(self, amount: Money) -> str:
        """An amount with its currency."""
        return _money(self.locale, amount)

    def _money(self, amount: Money) -> str:
        pattern = self._pattern(amount.currency)
        return format_currency(
            amount.decimal(), amount.currency, format=pattern, locale=self._cldr, currency_digits=False
        )

    def _pattern(self, currency: str) -> str:
        """The locale's pattern with the decimals of ISO 4217, which CLDR does not always follow."""
        decimals = DECIMALS[currency]
        pattern = str(self._cldr.currency_formats["standard"].pattern)
        return pattern.replace(".00", f".{'0' * decimals}" if decimals else "")

    def date(self, day: date) -> str:
        """A day, written out."""
        return format_date(day, format="long", locale=self._cldr)

    def time(self, at: time) -> str:
        """A time of day, 24 hours."""
        return format_time(at, format="HH:mm", locale=self._cldr)

    def instant(self, at: datetime, *, zone: str) -> str:
        """Weekday, day and time on the wall clock of a zone."""
        return format_datetime(at, format=self("format.instant"), tzinfo=_zone(zone), locale=self._cldr)

    def listed(self, words: Sequence[str], *, last: Literal["and", "or"]) -> str:
        """Words as a list, `last` before the last one."""
        return format_list(list(words), style="standard" if last == "and" else "or", locale=self._cldr)

    def weekdays(self, days: Collection[Weekday]) -> str:
        """Days of the week; three or more in a row become a range."""
        if len(set(days)) == len(WEEK):
            return self("weekdays.all")
        runs: list[list[Weekday]] = []
        for place, day in enumerate(WEEK):
            if day not in days:
                continue
            if runs and WEEK[place - 1] == runs[-1][-1]:
                runs[-1].append(day)
            else:
                runs.append([day])
        if all(len(run) <= 2 for run in runs):
            each = [self(f"weekday.{day.value}.each") for run in runs for day in run]
            return self("weekdays.each", days=self.listed(each, last="and"))
        words: list[str] = []
        for run in runs:
            names = [self(f"weekday.{day.value}") for day in run]
            words.extend([self("weekdays.range", first=names[0], last=names[-1])] if len(run) > 2 else names)
        return self.listed(words, last="and")


_zone = zone
_TIME = re.compile(r"(“[^”]*”|「[^」]*」)|([0-9]{2}:[0-9]{2})(?=[\u4e00-\u9fff])")
"""A name in its quotation marks, or a time with a Chinese character after it."""


@lru_cache(maxsize=len(Locale))
def wording(locale: Locale) -> Wording:
    """The words of a locale."""
    return Wording(locale)


_SAID = 10_000
"""Numbers and amounts kept as they are said: the same few come again and again at a till, and saying one takes long."""


@lru_cache(maxsize=_SAID)
def _counted(locale: Locale, key: str, n: int) -> str:
    return wording(locale)._counted(key, n)  # noqa: SLF001 - the same concept


@lru_cache(maxsize=_SAID)
def _money(locale: Locale, amount: Money) -> str:
    return wording(locale)._money(amount)  # noqa: SLF001 - the same concept


_RANGE = re.compile(r"(?P<tag>[a-z0-9*-]+)(?:;q=(?P<weight>[01](?:\.[0-9]{0,3})?|\.[0-9]{1,3}))?")


@lru_cache(maxsize=256)
def locale_for(tags: str | None) -> Locale:
    """The best locale for a BCP 47 tag or an Accept-Language header; English when none fits or none can be read."""
    wanted: list[tuple[Decimal, Locale]] = []
    for part in (tags or "")[:200].lower().replace("_", "-").split(","):
        read = _RANGE.fullmatch("".join(part.split()))
        locale = _locale_of(read["tag"].split("-")) if read else None
        if read is not None and locale is not None:
            wanted.append((Decimal(read["weight"] or 1), locale))
    # The first of equals: `max` keeps the order of the header.
    weight, best = max(wanted, key=lambda one: one[0], default=(Decimal(0), Locale.EN))
    return best if weight > 0 else Locale.EN


def _locale_of(subtags: list[str]) -> Locale | None:
    language, *rest = subtags
    if language in ("zh", "cmn", "yue"):
        traditional = language == "yue" or not _TRADITIONAL.isdisjoint(rest)
        return Locale.ZH_HANT if traditional and "hans" not in rest else Locale.ZH_HANS
    return Locale(language) if language in (Locale.EN.value, Locale.DE.value) else None
