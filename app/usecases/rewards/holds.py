"""Holds of rewards for a checkout, as they are requested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class NewHold:
    """The request to hold a reward for a checkout, and for how long; a checkout has one hold however often it is tried."""

    checkout: str
    length: timedelta
