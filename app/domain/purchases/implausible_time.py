"""Business times that cannot be right, such as those of a till whose clock is wrong."""

from __future__ import annotations

from enum import StrEnum


class ImplausibleTime(StrEnum):
    """Why a time is implausible: it is ahead of the program's clock, or older than a till may send."""

    AHEAD = "AHEAD"
    TOO_OLD = "TOO_OLD"
