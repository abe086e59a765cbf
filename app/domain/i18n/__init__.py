"""The words of each locale: a catalogue of sentences, and the numbers, amounts and times that are put into them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal, cast

from app.domain.amounts import Money
from app.domain.calendar import WEEK, Period, Weekday, local_datetime
from app.domain.i18n import de, en, zh_hans, zh_hant
from app.domain.i18n.formats import formats_of
from app.domain.i18n.locales import FormOfAddress, Locale, negotiate_locale, region_of

Plural = str | Mapping[str, str]
"""A template, or one template per plural form of the number `n`."""
Message = Plural | Mapping[str, Plural]
"""A `Plural`, or one per form of address where a language has two (keys "formal" and "informal")."""

CATALOGUES: Mapping[Locale, Mapping[str, Message]] = {
    Locale.EN: en.MESSAGES,
    Locale.DE: de.MESSAGES,
    Locale.ZH_HANS: zh_hans.MESSAGES,
    Locale.ZH_HANT: zh_hant.MESSAGES,
}

_CHINESE = (Locale.ZH_HANS, Locale.ZH_HANT)


class Phrasebook:
    """The words of one locale for readers of a region. Call it with a key of the catalogue and its placeholders' values.

    A `public` phrasebook is for anybody: its sentences leave out the owner's names for groups of customers.
    """

    def __init__(self, locale: Locale, region: str, form_of_address: FormOfAddress, *, public: bool = False) -> None:
        self.locale = locale
        self.public = public
        self._formats = formats_of(locale, region)
        self._is_chinese = locale in _CHINESE
        self._with_spacing: Callable[[str], str] = _with_spaces_between_scripts if self._is_chinese else str
        self._messages = {
            key: _forms_for_reader(
                message, form_of_address=form_of_address, spelling=_SPELLING.get((locale, region), {})
            )
            for key, message in CATALOGUES[locale].items()
        }

    def __call__(self, key: str, **values: str) -> str:
        """The sentence of a key. Raises KeyError for an unknown key, a missing value, or a key that needs `counted`."""
        message = self._messages[key]
        if not isinstance(message, str):
            raise KeyError(f"{key} needs a number")
        return self._with_spacing(message.format_map(values))

    def text(self, sentences: Sequence[str]) -> str:
        """Sentences as one text: Chinese ones follow each other without a space."""
        return ("" if self._is_chinese else " ").join(sentences)

    def counted(self, key: str, n: int, **values: str) -> str:
        """The plural form of a key for a number, with the values of its other placeholders."""
        return self._counted(key, n, **values) if values else _cached_counted(self, key, n)

    def _counted(self, key: str, n: int, **values: str) -> str:
        forms = self._messages[key]
        form = forms if isinstance(forms, str) else forms.get(self._formats.cldr.plural_form(abs(n)), forms["other"])
        return self._with_spacing(form.format(n=self.number(n), **values))

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
        """An ordinal number, such as "3rd"."""
        forms = self._messages["ordinal"]
        assert not isinstance(forms, str)
        return forms.get(self._formats.cldr.ordinal_form(n), forms["other"]).format(n=n)

    def decimal(self, n: Decimal) -> str:
        """A decimal number, without zeros at its end."""
        return self._formats.number(n)

    def number(self, n: int) -> str:
        """A whole number with its thousands set apart."""
        return self._formats.number(n)

    def money(self, amount: Money) -> str:
        """An amount with its currency; whole amounts have no decimals."""
        return _cached_money(self, amount)

    def date_near(self, day: date, *, today: date) -> str:
        """A day, written out; without its year if `today` is in the same year."""
        return self._with_spacing(self._formats.date(day) if day.year != today.year else self._formats.day_of_year(day))

    def weekday_near(self, day: date, *, today: date) -> str:
        """The weekday of a day within the next seven; in Chinese with its date, since a weekday alone may mean either week."""
        weekday = self._formats.weekday(day)
        return f"{self.date_near(day, today=today)}（{weekday}）" if self._is_chinese else weekday

    def date(self, day: date) -> str:
        """A day, written out."""
        return self._with_spacing(self._formats.date(day))

    def time(self, at: time) -> str:
        """A time of day on the clock that the reader's region uses."""
        return _cached_time(self, at)

    def time_of_day(self, at: dt.time) -> str:
        """A single time of day, as in "before 9:00"; in Chinese with the part of the day."""
        return self._formats.time_of_day(at)

    def instant_with_weekday(self, at: datetime, *, zone: str) -> str:
        """Weekday, day and time on the wall clock of a zone."""
        day, clock = local_datetime(at, zone_name=zone).date(), self._formats.clock(at, zone=zone)
        return self("format.instant", weekday=self._formats.weekday(day), date=self.date(day), time=clock)

    def instant_or_day(self, at: datetime, *, zone: str) -> str:
        """Day and time on the wall clock of a zone; the day alone at midnight."""
        local_time = local_datetime(at, zone_name=zone)
        if local_time.time() == time.min:
            return self.date(local_time.date())
        return self("format.moment", date=self.date(local_time.date()), time=self._formats.clock(at, zone=zone))

    def calendar_note(self, zone_name: str | None, *, period: Period) -> str:
        """In brackets, whose calendar decides when a period begins: a location's, or the program's in its zone `zone_name`.

        Empty if `zone_name` is None, as it is if all locations of the program are in one zone, and for a period without end.
        """
        if zone_name is None or period is Period.EVER:
            return ""
        if period is Period.DAY:
            return self("calendar.location")
        return self("calendar.program", city=self._formats.city(zone_name))

    def listed(self, words: Sequence[str], *, last: Literal["and", "or"]) -> str:
        """Words as a list, with the word for `last` before the last one."""
        return self._with_spacing(self._formats.listed(words, last=last))

    def weekdays(self, days: Collection[Weekday]) -> str:
        """Days of the week; three or more in a row become a range."""
        return _cached_weekdays(self, frozenset(days))


_SCRIPT_BOUNDARY = re.compile(
    r"(“[^”]*”|「[^」]*」)"
    r"|(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])"
    r"|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9€$£¥])|(?<=[A-Za-z0-9%€$£¥])(?=[\u4e00-\u9fff])"
)
"""A name in quotation marks, a space between Chinese characters, or a place where they meet Latin letters or digits."""


def _with_spaces_between_scripts(sentence: str) -> str:
    """A Chinese sentence with spaces between Chinese characters and Latin letters or digits; quoted names stay as they are."""
    return _SCRIPT_BOUNDARY.sub(lambda match: match[1] or ("" if match[0] else " "), sentence)


_AMERICAN = {"favour": "favor", "ancelled": "anceled"}
_SPELLING = {
    (Locale.DE, "CH"): {"ß": "ss"},
    (Locale.DE, "LI"): {"ß": "ss"},
    (Locale.EN, "US"): _AMERICAN,
    (Locale.EN, "PH"): _AMERICAN,
}
"""Letters to replace, by locale and region, where the region does not spell as the catalogue does."""


def _forms_for_reader(message: Message, *, form_of_address: FormOfAddress, spelling: Mapping[str, str]) -> Plural:
    """The template or plural forms of a message for a form of address, in the spelling of a region."""
    if isinstance(message, Mapping) and "formal" in message:
        message = message[form_of_address.value.lower()]
    forms = cast("Plural", message)
    if isinstance(forms, str):
        return _spelled(forms, spelling)
    return {form: _spelled(text, spelling) for form, text in forms.items()}


def _spelled(text: str, spelling: Mapping[str, str]) -> str:
    for usual, regional in spelling.items():
        text = text.replace(usual, regional)
    return text


def phrasebook_in(
    locale: Locale, *, region: str | None = None, form_of_address: FormOfAddress = FormOfAddress.FORMAL
) -> Phrasebook:
    """The phrasebook of a locale with the spelling and formats of a region (ISO 3166), or else of the default region."""
    return _phrasebook(locale, region_of(locale, region), form_of_address)


@lru_cache(maxsize=1000)
def phrasebook_for(tags: str | None, *, region: str | None, form_of_address: FormOfAddress) -> Phrasebook:
    """The phrasebook for a reader's BCP 47 tag or Accept-Language header.

    Without a region in that tag, the formats are those of `region`, where the program is.
    """
    locale, requested_region = negotiate_locale(tags)
    return _phrasebook(locale, region_of(locale, requested_region, region), form_of_address)


@lru_cache(maxsize=1000)
def public_phrasebook_for(tags: str | None, *, region: str | None, form_of_address: FormOfAddress) -> Phrasebook:
    """As `phrasebook_for`, but a public phrasebook: for readers with or without an access key."""
    locale, requested_region = negotiate_locale(tags)
    return _phrasebook(locale, region_of(locale, requested_region, region), form_of_address, public=True)


@cache  # at most one for each language, region, form of address and value of `public`
def _phrasebook(locale: Locale, region: str, form_of_address: FormOfAddress, *, public: bool = False) -> Phrasebook:
    return Phrasebook(locale, region, form_of_address, public=public)


_CACHE_SIZE = 10_000
"""How many results each function remembers: a till has the same few numbers again and again, and formatting one takes long."""


@lru_cache(maxsize=_CACHE_SIZE)
def _cached_counted(phrasebook: Phrasebook, key: str, n: int) -> str:
    return phrasebook._counted(key, n)  # noqa: SLF001 - the same concept


@lru_cache(maxsize=_CACHE_SIZE)
def _cached_money(phrasebook: Phrasebook, amount: Money) -> str:
    return phrasebook._formats.money(amount)  # noqa: SLF001 - the same concept


@lru_cache(maxsize=_CACHE_SIZE)
def _cached_time(phrasebook: Phrasebook, at: time) -> str:
    return phrasebook._formats.time(at)  # noqa: SLF001 - the same concept


@lru_cache(maxsize=_CACHE_SIZE)
def _cached_weekdays(phrasebook: Phrasebook, days: frozenset[Weekday]) -> str:
    if len(days) == len(WEEK):
        return phrasebook("weekdays.all")
    runs: list[list[Weekday]] = []
    for index, day in enumerate(WEEK):
        if day not in days:
            continue
        if runs and WEEK[index - 1] == runs[-1][-1]:
            runs[-1].append(day)
        else:
            runs.append([day])
    if all(len(run) <= 2 for run in runs):
        day_names = [phrasebook(f"weekday.{day.value}.each") for run in runs for day in run]
        return phrasebook("weekdays.each", days=phrasebook.listed(day_names, last="and"))
    words: list[str] = []
    for run in runs:
        names = [phrasebook(f"weekday.{day.value}") for day in run]
        words.extend([phrasebook("weekdays.range", first=names[0], last=names[-1])] if len(run) > 2 else names)
    return phrasebook.listed(words, last="and")
