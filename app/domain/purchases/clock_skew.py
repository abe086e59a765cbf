"""Business times that show a wrong till clock."""

from __future__ import annotations

from enum import StrEnum


class ImplausibleTime(StrEnum):
    """How a time is wrong: ahead of the program's clock, or older than what a till may still send."""

    AHEAD = "AHEAD"
    TOO_OLD = "TOO_OLD"
