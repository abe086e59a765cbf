"""Money and points as the API shows them."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, phrasebook_of
from app.api.conventions.scalars import CurrencyCode
from app.domain import amounts
from app.domain.units import Unit


@strawberry.type(description="An amount of money.")
class Money:
    """An amount as the API shows it; the domain counts whole minor units."""

    amount: Decimal = strawberry.field(description="Decimal text with as many decimals as the currency has.")
    currency_code: CurrencyCode = strawberry.field(description="ISO 4217.")


@strawberry.type(description="A unit that a wallet counts in.")
class PointUnit:
    """Points or stamps."""

    program_name: strawberry.Private[str | None]
    code: str = strawberry.field(description="Stable name of the unit: `points` or `stamps`.")

    @strawberry.field(
        description="The program's name for its points, as the owner wrote it, in every language; for stamps, the word of the language."
    )
    def name(self, info: Info, locale: Language = None) -> str:
        """The owner can give a name to points, not to stamps."""
        return self.program_name or phrasebook_of(info, locale)(f"unit.{self.code}")


@strawberry.type(description="A number of points of one unit.")
class UnitPoints:
    """Points of a unit."""

    unit: PointUnit = strawberry.field(description="The unit.")
    points: int = strawberry.field(description="Whole points.")


def unit_of(context: Context, unit: Unit = Unit.POINTS) -> PointUnit:
    """A unit of the program."""
    return PointUnit(code=unit.value, program_name=context.program.unit_name if unit is Unit.POINTS else None)


def money_of(value: amounts.Money) -> Money:
    """An amount of the domain as the API shows it."""
    return Money(amount=value.decimal(), currency_code=CurrencyCode(value.currency))
