"""Receipts: purchases, refunds and exchanges, also pending ones and those in quarantine, and corrections."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, Json


class PurchaseRow(Model):
    """A purchase. A correction may change customer_id, total, earned, facts and moved_by, and nothing else.

    `number_location`, `number_day`: the location (id) and the business day within which its number is unique, by the
      setting when it was recorded; '' if numbers did not depend on the location or the day.
    `completion`: counts from 1 how often the order with this number was completed.
    `moved_by`: the correction that moved the purchase to its customer.
    `actor`: the access key with which it was recorded.
    """

    program_id = Id()
    id = Id(primary_key=True)
    customer_id = Id()
    source = fields.TextField()
    external_id = fields.TextField()
    occurred_at = Instant()
    recorded_at = Instant()
    currency = fields.TextField()
    total = fields.BigIntField()
    earned = fields.BigIntField()
    terms_version = fields.BigIntField()
    fingerprint = fields.TextField()
    facts = Json()
    moved_by = Id(null=True)
    location_id = Id(null=True)
    number_location = fields.TextField(default="")
    number_day = fields.TextField(default="")
    completion = fields.BigIntField(default=1)
    actor = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "purchases"


class RefundRow(Model):
    """A refund of a purchase: goods that were returned, or a part of the price that was paid back.

    `clawback_due`: points to claw back.
    `clawed_back`: points that were clawed back.
    `number_location`, `number_day`: as in purchases.
    """

    program_id = Id()
    id = Id(primary_key=True)
    purchase_id = Id()
    external_id = fields.TextField(null=True)
    occurred_at = Instant()
    recorded_at = Instant()
    lines = Json()
    cash = fields.BigIntField()
    clawback_due = fields.BigIntField()
    clawed_back = fields.BigIntField()
    reason = fields.TextField(null=True)
    fingerprint = fields.TextField(default="")
    amounts = Json(default="{}")
    number_location = fields.TextField(default="")
    number_day = fields.TextField(default="")

    class Meta:
        """The table of the model."""

        table = "refunds"


class ExchangeRow(Model):
    """An exchange: a refund, and the purchase of the new goods that the customer took for the returned ones."""

    program_id = Id()
    refund_id = Id(primary_key=True)
    purchase_id = Id()

    class Meta:
        """The table of the model."""

        table = "exchanges"


class ReceiptCorrectionRow(Model):
    """A correction of a receipt, by which it was amended or moved, with the purchase as it was before.

    `counted_points`, `counted_stamps`: what the correction uses of the daily staff budget of its access key.
    `retained_budget_usage`: what a moved purchase has used of clauses' budgets and keeps using for its former customer.
    """

    program_id = Id()
    id = Id(primary_key=True)
    purchase_id = Id()
    customer_id = Id()
    to_customer_id = Id()
    total = fields.BigIntField()
    earned = fields.BigIntField()
    moved_by = Id(null=True)
    facts = Json()
    recorded_at = Instant()
    reason = fields.TextField()
    actor = Id(null=True)
    counted_points = fields.BigIntField(default=0)
    counted_stamps = fields.BigIntField(default=0)
    retained_budget_usage = Json(null=True)

    class Meta:
        """The table of the model."""

        table = "receipt_corrections"


class PurchaseReductionRow(Model):
    """What no longer counts of a purchase, mostly because goods were returned: its visit (`no_visit`: 1), and points."""

    program_id = Id()
    purchase_id = Id(primary_key=True)
    customer_id = Id()
    occurred_at = Instant()
    no_visit = fields.BigIntField()
    points = fields.BigIntField()

    class Meta:
        """The table of the model."""

        table = "purchase_reductions"


class PendingRefundRow(Model):
    """A refund or an exchange that arrived before its purchase and waits for it.

    `new_receipt_number` and `new_receipt_customer_id`: of an exchange, the number of its new receipt and its customer.
    `rejected_with`: the problem because of which it could not be applied to its purchase. `dismissed_at`, `dismissed_by`
    and `dismissed_because`: when staff dismissed it, who and why.
    """

    program_id = Id()
    id = Id(primary_key=True)
    receipt = fields.TextField()
    external_id = fields.TextField(null=True)
    occurred_at = Instant()
    recorded_at = Instant()
    content = Json()
    state = fields.TextField()
    refund_id = Id(null=True)
    number_location = fields.TextField(default="")
    number_day = fields.TextField(default="")
    dismissed_at = Instant(null=True)
    dismissed_by = Id(null=True)
    dismissed_because = fields.TextField(null=True)
    new_receipt_number = fields.TextField(null=True)
    new_receipt_customer_id = Id(null=True)
    rejected_with = fields.TextField(null=True)

    class Meta:
        """The table of the model."""

        table = "pending_refunds"


class PendingRefundDigestRow(Model):
    """A digest of all pending refunds of a program, by which `troth verify` finds changed rows."""

    program_id = Id(primary_key=True)
    digest = fields.TextField()

    class Meta:
        """The table of the model."""

        table = "pending_refund_digests"


class QuarantinedReceiptRow(Model):
    """A receipt with an implausible time, as it was sent, until staff settle it.

    Only the outcome changes, once.
    """

    program_id = Id()
    id = Id(primary_key=True)
    sequence = fields.BigIntField()
    kind = fields.TextField()
    source = fields.TextField()
    external_id = fields.TextField(null=True)
    fingerprint = fields.TextField()
    customer_id = Id(null=True)
    implausible_time = fields.TextField()
    occurred_at = Instant()
    recorded_at = Instant()
    actor = Id(null=True)
    command = Json()
    state = fields.TextField(default="PENDING")
    settled_at = Instant(null=True)
    settled_by = Id(null=True)
    settled_because = fields.TextField(null=True)
    booked_for = Instant(null=True)
    purchase_id = Id(null=True)
    refund_id = Id(null=True)
    pending_refund_id = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "quarantined_receipts"


class QuarantineDigestRow(Model):
    """How many receipts of a program ever came into quarantine, and a digest of them, for `troth verify`."""

    program_id = Id(primary_key=True)
    number = fields.BigIntField()
    digest = fields.TextField()

    class Meta:
        """The table of the model."""

        table = "quarantine_digests"
