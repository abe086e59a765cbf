"""The lines of purchases as the API shows them."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from app.api.money import Money, money
from app.domain import amounts
from app.domain.facts import Line, LineKind


@strawberry.type(description="One line of a recorded purchase.")
class PurchaseLine:
    """As the till sent it."""

    number: int = strawberry.field(description="From 1, in the order sent; refunds refer to it.")
    sku: str = strawberry.field(description="The shop's code of the article.")
    name: str | None = strawberry.field(description="What the receipt called it.")
    categories: list[str] = strawberry.field(description="The categories it belonged to.")
    quantity: Decimal = strawberry.field(description="Pieces or measure.")
    unit_price: Money = strawberry.field(description="Price of one.")
    kind: LineKind = strawberry.field(description="What the line is.")

    @classmethod
    def of(cls, one: Line, *, currency: str) -> PurchaseLine:
        """A line of a purchase in a currency for the reader."""
        return cls(
            number=one.number,
            sku=one.sku,
            name=one.name,
            categories=list(one.categories),
            quantity=one.quantity,
            unit_price=money(amounts.Money(one.unit_price, currency)),
            kind=one.kind,
        )
