"""Receipts: purchases, refunds and exchanges, corrected, pending or in quarantine."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, Json


class PurchaseRow(Model):
    """A receipt. A correction may change customer_id, total, earned, facts and moved_by, and nothing else.

    `number_location`, `number_day`: the location (id) and the business day within which its number is unique, by
      the setting in force when it was recorded; '' where numbers did not depend on it.
    `completion`: counts from 1 how often the order with this number was completed.
    `moved_by`: the correction that moved the receipt to its customer.
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
    """Goods or money of a purchase that came back.

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
    """A refund, and the purchase that was handed out for the returned goods."""

    program_id = Id()
    refund_id = Id(primary_key=True)
    purchase_id = Id()

    class Meta:
        """The table of the model."""

        table = "exchanges"


class ReceiptCorrectionRow(Model):
    """A purchase as it was before it was amended or moved.

    `counted_points`, `counted_stamps`: what is charged to the daily limit of the member of staff.
    `retained_budget_usage`: what a moved purchase used of clauses' budgets for its former customer.
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
    """What a purchase no longer counts for, because goods came back: as a visit, and points."""

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

    `new_receipt_number`: of an exchange, the number of its new receipt. `rejected_with` says why the purchase
    could not take the refund.
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
    settled_at = Instant(null=True)
    settled_by = Id(null=True)
    settled_because = fields.TextField(null=True)
    new_receipt_number = fields.TextField(null=True)
    customer_id = Id(null=True)
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
    """A receipt with an impossible time, as it was sent, until a person settles it.

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
    """The number of quarantined receipts of a program and a digest of them, by which `troth verify` finds changed
    rows.
    """

    program_id = Id(primary_key=True)
    number = fields.BigIntField()
    digest = fields.TextField()

    class Meta:
        """The table of the model."""

        table = "quarantine_digests"
