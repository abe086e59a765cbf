"""What a wallet counts in: points, and stamps beside them."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """A unit of a wallet; each has an account of its own. Values are those of the stored accounts."""

    POINTS = "points"
    STAMPS = "stamps"
