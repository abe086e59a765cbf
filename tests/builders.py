"""Test data with sensible defaults, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.domain.amounts import Money
from app.domain.ledger.lots import Lot
from app.domain.purchases.eligible import AmountBasis, EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.version import Terms

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


def pounds(text: str) -> Money:
    """An amount in pounds."""
    return Money.of(text, "GBP")


def a_line(number: int = 1, *, price: str = "10.00", quantity: str = "1", **more: Any) -> Line:
    """A line of goods."""
    return Line(
        number=number,
        sku=more.pop("sku", f"sku-{number}"),
        quantity=Decimal(quantity),
        unit_price=pounds(price).minor,
        **more,
    )


def a_purchase(*lines: Line, at: datetime = NOON, **more: Any) -> PurchaseFacts:
    """A purchase in London, of one line of £10.00 unless lines are given."""
    return PurchaseFacts(
        occurred_at=at, zone=more.pop("zone", "Europe/London"), currency="GBP", lines=lines or (a_line(),), **more
    )


def eligible_purchase(
    *lines: Line, at: datetime = NOON, basis: AmountBasis | None = None, **more: Any
) -> EligiblePurchase:
    """A purchase as conditions see it."""
    facts = a_purchase(*lines, at=at, **more)
    return EligiblePurchase.of(facts, basis=basis or AmountBasis(), program_zone=facts.zone)


def a_clause(
    effect: Effect | None = None, *conditions: Condition, key: str = "spend"
) -> tuple[str, Sequence[Condition], Effect]:
    """An earning clause of a point per pound, unless another effect is given."""
    return key, conditions, effect or PointsPerAmount(points=1, per=pounds("1.00"))


def some_terms(
    *clauses: tuple[str, Sequence[Condition], Effect], version: int = 1, zone: str = "Europe/London"
) -> Terms:
    """Terms in force since 2020."""
    return Terms.from_draft(
        version=version,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        currency="GBP",
        zone=zone,
        clauses=clauses or (a_clause(),),
    )


def a_lot(id: str = "a", *, points: int = 100, remaining: int | None = None, **more: Any) -> Lot:
    """A lot earned at noon that never expires."""
    return Lot(
        id=id,
        points=points,
        remaining=points if remaining is None else remaining,
        earned_at=more.pop("earned_at", NOON),
        available_from=NOON,
        promised_last_day=more.pop("promised_last_day", None),
        entry_id=f"entry-{id}",
    )
