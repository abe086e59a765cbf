"""Programs and their locations."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant


class ProgramRow(Model):
    """A loyalty program, or a sandbox to try one.

    What an owner sets for the whole program stands here: how receipt numbers are told apart, what staff may move by
    hand in a day, how old and how large a receipt a till may amend (days; minor units, NULL is without limit), and
    after how many days a receipt's time is taken for a wrong clock. clock_offset_seconds is how far a sandbox's
    clock was moved forward. tiers_evaluated_through is the latest start of terms for which the accounts were
    scheduled for a tier review.
    """

    id = Id(primary_key=True)
    kind = fields.TextField()
    name = fields.TextField()
    currency = fields.TextField()
    zone = fields.TextField()
    region = fields.TextField()
    unit_name = fields.TextField()
    created_at = Instant()
    clock_offset_seconds = fields.BigIntField(default=0)
    tiers_evaluated_through = Instant(null=True)
    receipt_numbers = fields.TextField(default="UNIQUE")
    receipt_day_starts = fields.TextField(default="00:00:00")
    form_of_address = fields.TextField(default="FORMAL")
    staff_adjustments = fields.BigIntField(default=5000)
    staff_transfers = fields.BigIntField(default=10000)
    amendment_days = fields.BigIntField(default=3)
    amendment_amount = fields.BigIntField(null=True)
    receipt_age_days = fields.BigIntField(default=30)

    class Meta:
        """Its table."""

        table = "programs"


class LocationRow(Model):
    """A shop, with its own time zone. number counts the locations of a program from 1."""

    program_id = Id()
    id = Id(primary_key=True)
    number = fields.BigIntField()
    key = fields.TextField()
    name = fields.TextField()
    zone = fields.TextField()
    address = fields.TextField(null=True)
    created_at = Instant()

    class Meta:
        """Its table."""

        table = "locations"
