"""Reservations of rewards for a checkout: what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class NewHold:
    """That a reward is only reserved: for a checkout, which has one reservation however often it is tried, and how long."""

    checkout: str
    length: timedelta
