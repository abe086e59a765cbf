"""Points that will expire and points that wait, and the notices of expiry in a customer's inbox."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Info, phrasebook_of
from app.domain.ledger.expiry_notice import Delivery, NoticeChannel
from app.domain.wallets import forecast
from app.queries.customers.expiry_notices import ExpiryNoticeView


@strawberry.type(description="The points that expire next if nothing more happens.")
class NextExpiry:
    """Nothing expires without a notice."""

    last_day: date = strawberry.field(
        description="The last day on which they can be spent at the earliest, on the calendar of the program."
    )
    at: datetime | None = strawberry.field(
        description="When they expire; null as long as no notice has reached the customer: nothing expires without one."
    )
    points: int = strawberry.field(description="How many, whole points.")

    @classmethod
    def of(cls, found: forecast.NextExpiry) -> NextExpiry:
        """The GraphQL object for a value of the domain."""
        return cls(last_day=found.last_day, at=found.at, points=found.points)


@strawberry.type(description="Points that become available next.")
class NextActivation:
    """Points that are pending until then."""

    at: datetime = strawberry.field(description="From when they can be spent.")
    points: int = strawberry.field(description="How many, whole points.")

    @classmethod
    def of(cls, found: forecast.NextActivation) -> NextActivation:
        """The GraphQL object for a value of the domain."""
        return cls(at=found.at, points=found.points)


@strawberry.type(description="A lot as a notice names it: points that were earned together.")
class ExpiringPoints:
    """The number when the notice was given, and the last day as things stand."""

    points: int = strawberry.field(description="How many there were when the notice was given, whole points.")
    last_day: date = strawberry.field(
        description="The last day on which they can be spent, as things stand. Where the notice reached the customer later than the terms allow, or has not yet, they stay valid for as many days more."
    )

    @strawberry.field(description="The same in one sentence.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """The points and the date, as a sentence."""
        phrasebook = phrasebook_of(info, locale)
        return phrasebook("expiry_notice", points=phrasebook.points(self.points), day=phrasebook.date(self.last_day))


@strawberry.type(description="The delivery of a notice to the customer.")
class NoticeDelivery:
    """The time and the channel."""

    channel: NoticeChannel = strawberry.field(
        description="The channel. The clause on the validity of points says whether it counts."
    )
    delivered_at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, delivery: Delivery) -> NoticeDelivery:
        """The GraphQL object for a stored delivery."""
        return cls(channel=delivery.channel, delivered_at=delivery.delivered_at)


@strawberry.type(description="A notice of points that will expire. Seen by whoever sees the customer.")
class ExpiryNotice:
    """Put into the customer's inbox before the points expire."""

    given_at: datetime = strawberry.field(description="When it was put into the inbox.")
    lots: list[ExpiringPoints] = strawberry.field(description="The lots whose points will expire.")
    deliveries: list[NoticeDelivery] = strawberry.field(
        description="When and how it reached the customer, earliest first; empty as long as it did not."
    )

    @classmethod
    def of(cls, found: ExpiryNoticeView) -> ExpiryNotice:
        """The GraphQL object for a stored notice."""
        return cls(
            given_at=found.notice.given_at,
            lots=[ExpiringPoints(points=lot.points, last_day=lot.last_day) for lot in found.notice.lots],
            deliveries=[NoticeDelivery.of(delivery) for delivery in found.deliveries],
        )
