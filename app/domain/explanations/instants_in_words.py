"""Instants in words, relative to the day of the decision, on the wall clock of a zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from app.domain.calendar import day_start, local_date, zone_info
from app.domain.i18n import Phrasebook

_WEEKDAY_RANGE = timedelta(days=6)
"""Up to six days ahead, the weekday alone is unambiguous."""


def from_when(instant: datetime, *, at: datetime, zone_name: str, phrasebook: Phrasebook) -> str:
    """From which time on: "from 19:00 today", "from today", "from tomorrow", "from Monday", "from 1 December".

    "Today" is the day of the instant `at`. The start of a local day is written without a time.
    """
    today, day = local_date(at, zone_name=zone_name), local_date(instant, zone_name=zone_name)
    clock = instant.astimezone(zone_info(zone_name)).time()
    is_day_start = instant == day_start(day, zone_name=zone_name)
    if day == today:
        form = "today"
    elif day == today + timedelta(days=1):
        form = "tomorrow"
    else:
        form = "weekday" if today < day <= today + _WEEKDAY_RANGE else "date"
    return phrasebook(
        f"from.{form}" if is_day_start else f"from.{form}.at",
        time=phrasebook.time(time(clock.hour, clock.minute)),
        weekday=phrasebook.weekday_near(day, today=today),
        date=phrasebook.date_near(day, today=today),
    )
