"""Business times that cannot be right, such as those of a till whose clock is wrong."""

from __future__ import annotations

from enum import StrEnum


class ImplausibleTime(StrEnum):
    """Why the time of a receipt is implausible: ahead of the program's clock, or too old to be sent by a till."""

    AHEAD = "AHEAD"
    TOO_OLD = "TOO_OLD"
