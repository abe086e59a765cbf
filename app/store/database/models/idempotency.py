"""Results of mutations, by their idempotency keys."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, Json, TextKey


class IdempotencyKeyRow(Model):
    """The result of a mutation, by its idempotency key: the same key gets the same answer again.

    `source`: whose key it is: "" the program's, shared by all its access keys, otherwise the customer (id) whose access key
    sent it.
    """

    program_id = Id()
    key = TextKey(primary_key=True)
    mutation = fields.TextField()
    fingerprint = fields.TextField()
    answer = Json()
    actor = Id(null=True)
    recorded_at = Instant()
    source = fields.TextField(default="")

    class Meta:
        """The table of the model."""

        table = "idempotency_keys"
