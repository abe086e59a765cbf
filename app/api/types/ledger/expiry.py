"""Points that will expire, pending points, and the notices of expiry in a customer's inbox."""

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
    """The number of points, their last day, and when they expire."""

    last_day: date = strawberry.field(
        description="The last day on which they can be spent at the earliest, on the calendar of the program."
    )
    at: datetime | None = strawberry.field(
        description="When they expire; null as long as no notice has reached the customer: nothing expires without one."
    )
    points: int = strawberry.field(description="How many whole points expire.")

    @classmethod
    def of(cls, expiry: forecast.NextExpiry) -> NextExpiry:
        """The GraphQL object for a value of the domain."""
        return cls(last_day=expiry.last_day, at=expiry.at, points=expiry.points)


@strawberry.type(description="Points that become available next.")
class NextActivation:
    """Points that are pending until then."""

    at: datetime = strawberry.field(description="The instant from which they can be spent.")
    points: int = strawberry.field(description="How many whole points become available.")

    @classmethod
    def of(cls, activation: forecast.NextActivation) -> NextActivation:
        """The GraphQL object for a value of the domain."""
        return cls(at=activation.at, points=activation.points)


@strawberry.type(description="A lot as a notice names it: points that were earned together.")
class ExpiringPoints:
    """The number of points when the notice was given, and their current last day."""

    points: int = strawberry.field(description="How many whole points there were when the notice was given.")
    last_day: date = strawberry.field(
        description="The current last day on which they can be spent. If the notice reached the customer later than the terms allow, or has not reached them yet, the points stay valid for as many days more."
    )

    @strawberry.field(description="The points and their last day in one sentence.")
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
    delivered_at: datetime = strawberry.field(description="When the notice was delivered.")

    @classmethod
    def of(cls, delivery: Delivery) -> NoticeDelivery:
        """The GraphQL object for a stored delivery."""
        return cls(channel=delivery.channel, delivered_at=delivery.delivered_at)


@strawberry.type(description="A notice of points that will expire. Seen by whoever sees the customer.")
class ExpiryNotice:
    """A notice in the customer's inbox, given before the points expire."""

    given_at: datetime = strawberry.field(description="When it was put into the inbox.")
    lots: list[ExpiringPoints] = strawberry.field(description="The lots whose points will expire.")
    deliveries: list[NoticeDelivery] = strawberry.field(
        description="When and how it reached the customer, earliest first; empty as long as it did not."
    )

    @classmethod
    def of(cls, view: ExpiryNoticeView) -> ExpiryNotice:
        """The GraphQL object for a stored notice."""
        return cls(
            given_at=view.notice.given_at,
            lots=[ExpiringPoints(points=lot.points, last_day=lot.last_day) for lot in view.notice.lots],
            deliveries=[NoticeDelivery.of(delivery) for delivery in view.deliveries],
        )
