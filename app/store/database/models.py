"""The tables that the ORM serves: what is written or listed now and then. Everything a till waits for is SQL.

A model knows one column as its key, `id`; in the database it is (`program_id`, `id`). So rows are created and found
through models, always with `program_id` in the filter, and never saved or deleted by key alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.fields.base import Field
from tortoise.models import Model

from app.store.database.codecs import instant


class Instant(Field[datetime], datetime):
    """An aware UTC instant, however the database keeps it."""

    skip_to_python_if_native = False
    SQL_TYPE = "TIMESTAMPTZ"

    def to_python_value(self, value: Any) -> datetime | None:
        """The instant of a column's value."""
        return None if value is None else instant(value)


class ProgramRow(Model):
    """A program."""

    id = fields.CharField(max_length=36, primary_key=True)
    kind = fields.TextField()
    name = fields.TextField()
    currency = fields.TextField()
    zone = fields.TextField()
    region = fields.TextField()
    unit_name = fields.TextField()
    form_of_address = fields.TextField(default="FORMAL")
    created_at = Instant()
    clock_offset_seconds = fields.BigIntField(default=0)
    tiers_evaluated_through = Instant(null=True)
    receipt_numbers = fields.TextField(default="UNIQUE")
    receipt_day_starts = fields.TextField(default="00:00")
    staff_adjustments = fields.BigIntField(default=5_000)
    staff_transfers = fields.BigIntField(default=10_000)
    amendment_days = fields.BigIntField(default=3)
    amendment_amount = fields.BigIntField(null=True)
    receipt_age_days = fields.BigIntField(default=30)

    class Meta:
        """Where it is kept."""

        table = "programs"


class AccessKeyRow(Model):
    """An access key."""

    id = fields.CharField(max_length=36, primary_key=True)
    program_id = fields.CharField(max_length=36)
    role = fields.TextField()
    secret_hash = fields.TextField()
    customer_id = fields.CharField(max_length=36, null=True)
    label = fields.TextField()
    created_at = Instant()
    revoked_at = Instant(null=True)

    class Meta:
        """Where it is kept."""

        table = "access_keys"


class RewardRow(Model):
    """A reward."""

    id = fields.CharField(max_length=36, primary_key=True)
    program_id = fields.CharField(max_length=36)
    key = fields.TextField()
    name = fields.TextField()
    description = fields.TextField()
    picture_url = fields.TextField(null=True)
    retail_value = fields.BigIntField(null=True)
    stock_initial = fields.BigIntField(null=True)
    stock = fields.BigIntField(null=True)
    created_at = Instant()
    article = fields.TextField(null=True)
    variants = fields.TextField(null=True)
    cash_part = fields.BigIntField(null=True)

    class Meta:
        """Where it is kept."""

        table = "rewards"
