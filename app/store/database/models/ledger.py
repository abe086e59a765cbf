"""Accounts, their ledgers of points or stamps, and notices of expiry."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.codecs import NIL_UUID
from app.store.database.models.columns import Id, Instant, Json


class AccountRow(Model):
    """The points or stamps of a wallet: the balance as of the last replay, and the state of that replay.

    `owed`: points clawed back that the customer did not have and owes.
    `entry_count`, `last_hash`: the number of entries and the hash of the last one.
    `replayed_through`: the balance contains every event up to this instant.
    `next_change_at`: when the next change falls due.
    `next_notice_at`: when the next expiry notice is due.
    `has_merges`: 1 if another wallet was merged into this one, or this one into another.
    `terms_version`: the latest version of the terms that the replay used.
    `events_digest`: a digest of the rows of all events behind the account.
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
    entry_count = fields.BigIntField()
    last_hash = fields.TextField()
    replayed_through = Instant(null=True)
    next_change_at = Instant(null=True)
    next_notice_at = Instant(null=True)
    has_merges = fields.BigIntField(default=0)
    terms_version = fields.BigIntField(default=0)
    events_digest = fields.TextField(default="0" * 64)

    class Meta:
        """The table of the model."""

        table = "accounts"


class EntryRow(Model):
    """An entry of an account's ledger. `previous` is the hash of the entry before.

    `subject`: the id of what the entry is about, such as a purchase, a redemption or a lot.
    `owed_change`: by how many points the customer's debt grew (above 0) or shrank (below 0).
    `cause`: the late or corrected event because of which this correcting entry was appended; NULL: it corrects nothing.
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
    subject = Id(default=NIL_UUID)
    owed_change = fields.BigIntField(default=0)
    cause = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "entries"


class LotRow(Model):
    """Points of an account that were earned together and expire together.

    `points`: how many were earned; a late event may change that.
    `remaining`: how many are left.
    `held`: how many of these are reserved by holds.
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
        """The table of the model."""

        table = "lots"


class LotMovementRow(Model):
    """What an entry put into a lot (above 0) or took out of it (below 0)."""

    program_id = Id()
    id = Id(primary_key=True)
    entry_id = Id()
    lot_id = Id()
    points = fields.BigIntField()

    class Meta:
        """The table of the model."""

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
        """The table of the model."""

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
        """The table of the model."""

        table = "transfers"


class ExpiryNoticeRow(Model):
    """A notice to a customer about lots that will expire."""

    program_id = Id()
    id = Id(primary_key=True)
    account_id = Id()
    given_at = Instant()
    lots = Json()

    class Meta:
        """The table of the model."""

        table = "expiry_notices"


class ExpiryNoticeDeliveryRow(Model):
    """The delivery of a notice through a channel: points expire only if a notice was delivered in time."""

    program_id = Id()
    id = Id(primary_key=True)
    notice_id = Id()
    channel = fields.TextField()
    delivered_at = Instant()
    recorded_at = Instant()

    class Meta:
        """The table of the model."""

        table = "expiry_notice_deliveries"
