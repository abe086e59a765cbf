"""Rewards and their redemptions."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, Json


class RewardRow(Model):
    """A reward. `stock`: the items left; NULL: no limit. `cash_part`: what is paid in addition to the points, in minor units."""

    program_id = Id()
    id = Id(primary_key=True)
    key = fields.TextField()
    name = fields.TextField()
    description = fields.TextField()
    picture_url = fields.TextField(null=True)
    retail_value = fields.BigIntField(null=True)
    stock_initial = fields.BigIntField(null=True)
    stock = fields.BigIntField(null=True)
    created_at = Instant()
    article = fields.TextField(null=True)
    variants = Json(null=True)
    cash_part = fields.BigIntField(null=True)

    class Meta:
        """The table of the model."""

        table = "rewards"


class RedemptionRow(Model):
    """A reward that a customer redeemed, or has on hold.

    `held_until`: when the hold expires; NULL: redeemed directly, without a hold.
    `ended_at`: when a hold was released or expired.
    `checkout`: the number of the checkout that redeemed or held the reward.
    `number_location`, `number_day`: as in purchases, for the number of the checkout.
    `fulfilled_by`: the access key with which the reward was handed over.
    `actor`: the access key with which it was redeemed or held.
    `issued_at`: when a customer paid for it with a key of their own; a till hands the reward over later.
    `source`: who numbers the checkout: "" the program, otherwise the customer (id) who redeems with a key of their own.
    """

    program_id = Id()
    id = Id(primary_key=True)
    customer_id = Id()
    reward_id = Id()
    state = fields.TextField()
    points = fields.BigIntField()
    occurred_at = Instant()
    recorded_at = Instant()
    facts = Json()
    terms_version = fields.BigIntField()
    decision = Json(default="{}")
    held_until = Instant(null=True)
    ended_at = Instant(null=True)
    checkout = fields.TextField(null=True)
    fulfilled_at = Instant(null=True)
    fulfilled_by = Id(null=True)
    number_location = fields.TextField(default="")
    number_day = fields.TextField(default="")
    actor = Id(null=True)
    issued_at = Instant(null=True)
    source = fields.TextField(default="")

    class Meta:
        """The table of the model."""

        table = "redemptions"


class ReversalRow(Model):
    """The reversal of a redemption. `usable_until`: until when the returned points may still be used."""

    program_id = Id()
    id = Id(primary_key=True)
    redemption_id = Id()
    occurred_at = Instant()
    recorded_at = Instant()
    usable_until = Instant(null=True)
    reason = fields.TextField(null=True)
    actor = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "reversals"


class RedemptionPaymentRow(Model):
    """The purchase that a redemption paid for: at most one.

    A row is removed when an amended receipt no longer names the redemption.
    """

    program_id = Id()
    redemption_id = Id(primary_key=True)
    purchase_id = Id()

    class Meta:
        """The table of the model."""

        table = "redemption_payments"
