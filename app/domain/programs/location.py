"""Locations where purchases are made, each with a time zone of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Location:
    """A location. `number` counts the program's locations from 1, `key` is the owner's name for it, `zone` an IANA zone."""

    id: str
    number: int
    key: str
    name: str
    zone: str
    address: str | None
    created_at: datetime
