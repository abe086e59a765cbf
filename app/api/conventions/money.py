"""Money and points as the API shows them."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from app.api.conventions.context import Context
from app.api.conventions.scalars import CurrencyCode
from app.domain import amounts


@strawberry.type(description="An amount of money.")
class Money:
    """Decimal text and a currency; whole minor units inside."""

    amount: Decimal = strawberry.field(description="Decimal text with as many decimals as the currency has.")
    currency_code: CurrencyCode = strawberry.field(description="ISO 4217.")


@strawberry.type(description="The unit that a program's points are counted in.")
class PointUnit:
    """A program has one unit so far."""

    code: str = strawberry.field(description="Stable name of the unit.")
    name: str = strawberry.field(description="What the program calls its points.")


@strawberry.type(description="A number of points of one unit.")
class UnitPoints:
    """Points of a unit."""

    unit: PointUnit = strawberry.field(description="The unit.")
    points: int = strawberry.field(description="Whole points.")


def money(value: amounts.Money) -> Money:
    """An amount of the domain for the wire."""
    return Money(amount=value.decimal(), currency_code=CurrencyCode(value.currency))


def unit_of(context: Context) -> PointUnit:
    """The unit of the program."""
    return PointUnit(code="points", name=context.program.unit_name)
