"""Recorded purchases, as a client reads them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import strawberry

from app.api.conventions.context import Info
from app.api.conventions.ids import encode
from app.api.conventions.money import Money, money_of
from app.api.conventions.node import Node
from app.api.types.programs.actor import Actor, load_actor
from app.api.types.programs.location import Location, location_by_key
from app.domain import amounts
from app.domain.purchases.facts import Channel
from app.domain.purchases.lines import Line, LineKind
from app.domain.purchases.purchase import Purchase as PurchaseEntity


@strawberry.type(description="One line of a recorded purchase.")
class PurchaseLine:
    """As the till sent it."""

    number: int = strawberry.field(description="From 1, in the order sent; refunds refer to it.")
    sku: str = strawberry.field(description="The shop's code of the article.")
    name: str | None = strawberry.field(description="What the receipt called it.")
    categories: list[str] = strawberry.field(description="The categories it belonged to.")
    quantity: Decimal = strawberry.field(description="Number of items, or a measure such as a weight.")
    unit_price: Money = strawberry.field(description="The price of one item or one unit of the measure.")
    kind: LineKind = strawberry.field(description="What the line is.")


@strawberry.type(
    description="A recorded purchase; where its receipt was corrected, with the corrected values. Seen by whoever sees the customer."
)
class Purchase(Node):
    """A receipt and what it earned."""

    entity: strawberry.Private[PurchaseEntity]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    external_id: str = strawberry.field(description="The receipt's number.")
    completion: int = strawberry.field(
        description="Which completion of the order this receipt is, from 1. Before each later one, the order was cancelled."
    )
    occurred_at: datetime = strawberry.field(description="Business time.")
    recorded_at: datetime = strawberry.field(
        description="Server time; in a sandbox what the clock of the program showed."
    )
    channel: Channel | None = strawberry.field(description="Where it was made.")
    total: Money = strawberry.field(description="The amount due, tax included, in the currency it was paid in.")
    exchange_rate: Decimal | None = strawberry.field(
        description="How many units of the program's currency one unit of the purchase's currency was worth, as the till sent it; null for a purchase in the program's currency."
    )
    points: int = strawberry.field(description="Points it earned when it was recorded, or last corrected.")

    @classmethod
    def of(cls, entity: PurchaseEntity) -> Purchase:
        """The GraphQL object for a stored purchase."""
        return cls(
            entity=entity,
            id=strawberry.ID(encode("Purchase", entity.id)),
            external_id=entity.external_id,
            completion=entity.completion,
            occurred_at=entity.occurred_at,
            recorded_at=entity.recorded_at,
            channel=entity.facts.channel,
            total=money_of(entity.total),
            exchange_rate=entity.facts.exchange_rate.rate if entity.facts.exchange_rate is not None else None,
            points=entity.earned_points,
        )

    @strawberry.field(
        description="The business day on which it was made, by the clock of the location, from `Program.receiptDayStarts` on."
    )
    def day(self, info: Info) -> date:
        """By the program's current setting, which may have changed since."""
        return info.context.program.numbering.business_day(self.entity.origin)

    @strawberry.field(description="The location it was made at, as it is now; null where the till named none.")
    async def location(self, info: Info) -> Location | None:
        """The location with the key that is stored with the purchase."""
        key = self.entity.facts.location
        return await location_by_key(key, context=info.context) if key is not None else None

    @strawberry.field(
        description="The access key with which it was recorded; null where that was the `troth` command. For the owner, null to others."
    )
    async def actor(self, info: Info) -> Actor | None:
        """The access key, by its id."""
        return await load_actor(self.entity.actor, info=info)

    @strawberry.field(description="Its lines, at most 500.")
    def lines(self) -> list[PurchaseLine]:
        """The lines as they were sent."""
        return [_purchase_line(line, currency=self.entity.facts.currency) for line in self.entity.facts.lines]


def _purchase_line(line: Line, *, currency: str) -> PurchaseLine:
    return PurchaseLine(
        number=line.number,
        sku=line.sku,
        name=line.name,
        categories=list(line.categories),
        quantity=line.quantity,
        unit_price=money_of(amounts.Money(line.unit_price, currency)),
        kind=line.kind,
    )
