"""What may be wrong with books."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in the books that does not add up: where, and what."""

    place: str
    what: str


UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading and telling rows raises that Troth cannot have written."""
