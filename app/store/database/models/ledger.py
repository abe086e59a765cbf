"""Accounts, their ledgers of points or stamps, and notices of expiry."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, Json


class AccountRow(Model):
    """The points or stamps of a wallet and the snapshot of its balance, which has every event through
    replayed_through, decided under terms_version. next_change_at and next_notice_at are when time alone changes
    something or a notice of expiry is due, has_merges is 1 where wallets were merged, head is the hash of the last
    entry, and events_digest is a digest of all rows of events behind the account.
    """

    program_id = Id()
    id = Id(primary_key=True)
    wallet_id = Id()
    unit = fields.TextField()
    available = fields.BigIntField()
    pending = fields.BigIntField()
    held = fields.BigIntField()
    owed = fields.BigIntField()
    lifetime = fields.BigIntField()
    qualifying = fields.BigIntField()
    entries = fields.BigIntField()
    head = fields.TextField()
    replayed_through = Instant(null=True)
    next_change_at = Instant(null=True)
    next_notice_at = Instant(null=True)
    has_merges = fields.BigIntField(default=0)
    terms_version = fields.BigIntField(default=0)
    events_digest = fields.TextField(default="0" * 64)

    class Meta:
        """Its table."""

        table = "accounts"


class EntryRow(Model):
    """An entry of an account's ledger, chained by hash.

    subject is the id of what it is about, cause of the event that made a correction necessary, and owed the change
    of what the customer owes.
    """

    program_id = Id()
    id = Id(primary_key=True)
    account_id = Id()
    number = fields.BigIntField()
    type = fields.TextField()
    points = fields.BigIntField()
    unit = fields.TextField()
    counter_account = fields.TextField()
    occurred_at = Instant()
    recorded_at = Instant()
    purchase_id = Id(null=True)
    refund_id = Id(null=True)
    redemption_id = Id(null=True)
    decision = Json()
    previous = fields.TextField()
    hash = fields.TextField()
    subject = Id(default="00000000-0000-0000-0000-000000000000")
    owed = fields.BigIntField(default=0)
    cause = Id(null=True)

    class Meta:
        """Its table."""

        table = "entries"


class LotRow(Model):
    """Points of an account that were earned together and expire together.

    remaining and held change; all else is as earned.
    """

    program_id = Id()
    id = Id(primary_key=True)
    account_id = Id()
    entry_id = Id()
    points = fields.BigIntField()
    remaining = fields.BigIntField()
    earned_at = Instant()
    available_from = Instant()
    valid_until = fields.DateField(null=True)
    held = fields.BigIntField(default=0)
    terms_version = fields.BigIntField(default=1)
    zone = fields.TextField(default="UTC")

    class Meta:
        """Its table."""

        table = "lots"


class LotMovementRow(Model):
    """What an entry put into a lot (above 0) or took out of it (below 0)."""

    program_id = Id()
    id = Id(primary_key=True)
    entry_id = Id()
    lot_id = Id()
    points = fields.BigIntField()

    class Meta:
        """Its table."""

        table = "lot_movements"


class AdjustmentRow(Model):
    """Points that staff added or took off by hand, with the reason."""

    program_id = Id()
    id = Id(primary_key=True)
    account_id = Id()
    customer_id = Id()
    points = fields.BigIntField()
    occurred_at = Instant()
    recorded_at = Instant()
    terms_version = fields.BigIntField()
    reason = fields.TextField()
    actor = Id(null=True)

    class Meta:
        """Its table."""

        table = "adjustments"


class TransferRow(Model):
    """Points that were transferred from one account to another, with the dates of their lots."""

    program_id = Id()
    id = Id(primary_key=True)
    from_account_id = Id()
    to_account_id = Id()
    points = fields.BigIntField()
    lots = Json()
    occurred_at = Instant()
    recorded_at = Instant()
    reason = fields.TextField()
    actor = Id(null=True)

    class Meta:
        """Its table."""

        table = "transfers"


class ExpiryNoticeRow(Model):
    """A notice to a customer of lots that will expire."""

    program_id = Id()
    id = Id(primary_key=True)
    account_id = Id()
    given_at = Instant()
    lots = Json()

    class Meta:
        """Its table."""

        table = "expiry_notices"


class ExpiryNoticeDeliveryRow(Model):
    """A delivery of a notice, by channel: points expire only after it reached the customer in time."""

    program_id = Id()
    id = Id(primary_key=True)
    notice_id = Id()
    channel = fields.TextField()
    delivered_at = Instant()
    recorded_at = Instant()

    class Meta:
        """Its table."""

        table = "expiry_notice_deliveries"
