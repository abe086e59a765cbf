"""Reads the numbers, days and times out of a sentence in four languages, as a reader would.

Nothing of the application is asked: names of months, ways of writing numbers, and what "tomorrow" means stand here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

from app.domain.i18n.locales import Locale

Figure: TypeAlias = int | Decimal | date | time
"""A number, a day, or a time of day."""

_QUOTED = re.compile("“[^”]*”|„[^“]*“|「[^」]*」")
_EN_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DE_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_EN_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_DE_WEEKDAYS = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
_ZH_WEEKDAYS = [f"星期{day}" for day in "一二三四五六日"]


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language writes days and numbers: `day` has the groups year, month and day, `once` is a word for 1."""

    day: re.Pattern[str]
    months: list[str]
    weekdays: list[str]
    today: str
    tomorrow: str
    number: re.Pattern[str]
    thousands: str
    decimal: str
    first: re.Pattern[str]
    """A single one of what is counted, which must not be said of several."""
    several: re.Pattern[str]
    once: str = ""


_CHINESE = re.compile(r"(?:(?P<year>\d{4}) ?年 ?)?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?日")
_NEVER = re.compile(r"(?!)")


def _chinese() -> _Language:
    number = re.compile(r"\d[\d,]*(?:\.\d+)?")
    return _Language(_CHINESE, [], _ZH_WEEKDAYS, "今天", "明天", number, ",", ".", _NEVER, _NEVER)


_LANGUAGES = {
    Locale.EN: _Language(
        day=re.compile(rf"(?P<day>\d{{1,2}}) (?P<month>{'|'.join(_EN_MONTHS)})(?: (?P<year>\d{{4}}))?"),
        months=_EN_MONTHS,
        weekdays=_EN_WEEKDAYS,
        today="today",
        tomorrow="tomorrow",
        number=re.compile(r"\d[\d,]*(?:\.\d+)?"),
        thousands=",",
        decimal=".",
        first=re.compile(r"(?<![\d,.])1 (?:more )?(?:qualifying )?(?:points|stamps|purchases|items)\b"),
        several=re.compile(
            r"(?:(?<![\d,.])(?:0|[2-9])|\d[\d,]*\d) (?:more )?(?:qualifying )?(?:point|stamp|purchase|item)\b"
        ),
        once=r"\bat most once\b",
    ),
    Locale.DE: _Language(
        day=re.compile(rf"(?P<day>\d{{1,2}})\. (?P<month>{'|'.join(_DE_MONTHS)})(?: (?P<year>\d{{4}}))?"),
        months=_DE_MONTHS,
        weekdays=_DE_WEEKDAYS,
        today="heute",
        tomorrow="morgen",
        number=re.compile(r"\d[\d.]*(?:,\d+)?"),
        thousands=".",
        decimal=",",
        first=re.compile(r"(?<![\d,.])1 (?:Punkte|Statuspunkte|Einkäufe)\b"),
        several=re.compile(r"(?:(?<![\d,.])(?:0|[2-9])|\d[\d.]*\d) (?:Punkt|Statuspunkt|Einkauf)\b"),
        once=r"\bhöchstens einmal\b",
    ),
    Locale.ZH_HANS: _chinese(),
    Locale.ZH_HANT: _chinese(),
}


def figures_of(sentence: str, *, locale: Locale, today: date) -> Counter[Figure]:
    """The figures of a sentence written on a day, without those in quoted names.

    Fails where a weekday is not that of the day beside it, or one of something stands in the plural.
    """
    language, found = _LANGUAGES[locale], Counter[Figure]()
    text = _QUOTED.sub(" ", sentence).replace("\u00a0", " ")
    assert not language.first.search(text), sentence
    assert not language.several.search(text), sentence

    def take(pattern: str | re.Pattern[str], figure: Callable[[re.Match[str]], Figure]) -> None:
        nonlocal text
        for match in re.finditer(pattern, text):
            found[figure(match)] += 1
        text = re.sub(pattern, " ", text)

    weekdays = [day for day in language.weekdays if day in text]
    take(language.day, lambda match: _day(match, language=language, today=today))
    take(r"(\d{1,2}):(\d\d)(?: Uhr)?", lambda match: time(int(match[1]), int(match[2])))
    take(r"(?<=ab )(\d{1,2}) Uhr", lambda match: time(int(match[1])))
    take(rf"\b{language.today}\b" if locale in (Locale.EN, Locale.DE) else language.today, lambda _: today)
    take(
        rf"\b{language.tomorrow}\b" if locale in (Locale.EN, Locale.DE) else language.tomorrow,
        lambda _: today + timedelta(days=1),
    )
    _check_weekdays(weekdays, found, language=language, today=today)
    if language.once:
        take(language.once, lambda _: 1)
    take(language.number, lambda match: _number(match[0], language=language))
    return found


def _day(match: re.Match[str], *, language: _Language, today: date) -> date:
    """A day; without a year it is in this year."""
    month = match["month"]
    place = language.months.index(month) + 1 if language.months else int(month)
    return date(int(match["year"] or today.year), place, int(match["day"]))


def _check_weekdays(weekdays: list[str], found: Counter[Figure], *, language: _Language, today: date) -> None:
    """A weekday beside days must be that of one of them; alone it means the next day of that name."""
    days = [figure for figure in found if isinstance(figure, date)]
    for weekday in weekdays:
        place = language.weekdays.index(weekday)
        if days:
            assert place in {day.weekday() for day in days}, f"{days} and {weekday}"
        else:
            found[today + timedelta(days=(place - today.weekday() - 1) % 7 + 1)] += 1


def _number(text: str, *, language: _Language) -> int | Decimal:
    """A number; a full stop behind it ends a sentence, or makes a German ordinal."""
    whole, _, rest = text.rstrip(".,").replace(language.thousands, "").partition(language.decimal)
    groups = re.split(re.escape(language.thousands), text.rstrip(".,").split(language.decimal)[0])
    assert len(groups[0]) <= 3, f"{text} does not set its thousands apart"
    assert all(len(group) == 3 for group in groups[1:]), f"{text} does not set its thousands apart"
    return Decimal(f"{whole}.{rest}") if rest else int(whole)


def day_and_time(at: datetime, *, zone: str, midnight: bool = False) -> list[Figure]:
    """The day and time of an instant in a zone; midnight has no time unless `midnight` asks for it."""
    wall = at.astimezone(ZoneInfo(zone))
    clock = time(wall.hour, wall.minute)
    return [wall.date(), clock] if midnight or clock != time(0) else [wall.date()]
