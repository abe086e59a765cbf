"""Programs and their locations."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant


class ProgramRow(Model):
    """A loyalty program, or a sandbox to try one, with the settings that its owner chose.

    `clock_offset_seconds`: how far the clock of a sandbox was moved forward.
    `tier_reviews_scheduled_through`: the latest start of terms for which a tier review of every account is
      scheduled.
    `receipt_numbers`: the scope within which a receipt number is unique.
    `receipt_day_starts`: the time of day at which a business day starts, for numbers that are unique within a business
      day.
    `staff_adjustments`, `staff_transfers`: points that a member of staff may adjust or transfer in a day.
    `amendment_days`: the age (days) up to which a till may amend a receipt.
    `amendment_amount`: by how much a till may change a receipt whatever its total (minor units; NULL: 100 major
      units).
    `receipt_age_days`: the age (days) beyond which a receipt is put into quarantine.
    `slug`: the name in public addresses, unique over all programs. `listed`: 1 if the first page of the deployment
      shows it.
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
    tier_reviews_scheduled_through = Instant(null=True)
    receipt_numbers = fields.TextField(default="UNIQUE")
    receipt_day_starts = fields.TextField(default="00:00:00")
    form_of_address = fields.TextField(default="FORMAL")
    staff_adjustments = fields.BigIntField(default=5000)
    staff_transfers = fields.BigIntField(default=10000)
    amendment_days = fields.BigIntField(default=3)
    amendment_amount = fields.BigIntField(null=True)
    receipt_age_days = fields.BigIntField(default=30)
    slug = fields.TextField()
    listed = fields.BigIntField(default=0)

    class Meta:
        """The table of the model."""

        table = "programs"


class LocationRow(Model):
    """A shop, with its own time zone. `number` counts the locations of a program from 1."""

    program_id = Id()
    id = Id(primary_key=True)
    number = fields.BigIntField()
    key = fields.TextField()
    name = fields.TextField()
    zone = fields.TextField()
    address = fields.TextField(null=True)
    created_at = Instant()

    class Meta:
        """The table of the model."""

        table = "locations"
