"""The units of a wallet: points and stamps."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """A unit of a wallet, with an account of its own. The values are stored."""

    POINTS = "points"
    STAMPS = "stamps"
