"""Discrepancies that verification may find."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something stored that does not add up: where, and what."""

    place: str
    problem: str


UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""The errors that reading and replaying raise for rows that Troth cannot have written."""
