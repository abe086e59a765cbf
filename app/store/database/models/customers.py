"""Customers, their wallets and identities, and the access keys."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant


class WalletRow(Model):
    """What holds the accounts of one customer, or of a household that shares them."""

    program_id = Id()
    id = Id(primary_key=True)
    created_at = Instant()

    class Meta:
        """The table of the model."""

        table = "wallets"


class CustomerRow(Model):
    """A customer; `merged_into` is the customer who survived a merger.

    The birthday is personal data and may be removed. `tier`, `tier_since` and `tier_grace_ends_at` are the tier as of the
    last replay.
    """

    program_id = Id()
    id = Id(primary_key=True)
    wallet_id = Id()
    state = fields.TextField()
    locale = fields.TextField(null=True)
    accepted_terms_version = fields.BigIntField(null=True)
    enrolled_at = Instant()
    birthday = fields.DateField(null=True)
    tier = fields.TextField(null=True)
    tier_since = Instant(null=True)
    tier_grace_ends_at = Instant(null=True)
    merged_into = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "customers"


class IdentityRow(Model):
    """What a customer is recognized by: a card, an e-mail address, a phone number.

    The value is stored in one spelling.
    """

    program_id = Id()
    id = Id(primary_key=True)
    customer_id = Id()
    kind = fields.TextField()
    value = fields.TextField()
    created_at = Instant()

    class Meta:
        """The table of the model."""

        table = "identities"


class CustomerSegmentRow(Model):
    """A segment that a customer is in. Personal data: rows may be removed."""

    program_id = Id()
    customer_id = Id(primary_key=True)
    segment = fields.TextField()

    class Meta:
        """The table of the model."""

        table = "customer_segments"


class CustomerPreferenceRow(Model):
    """A preference of a customer, such as a diet or a size. Personal data: rows may be removed."""

    program_id = Id()
    customer_id = Id(primary_key=True)
    kind = fields.TextField()
    value = fields.TextField()

    class Meta:
        """The table of the model."""

        table = "customer_preferences"


class AccessKeyRow(Model):
    """A key to the API: its role and a hash of its secret. A customer's key names the customer.

    `number` counts the keys of a program from 1. `expires_at` is when the key ends by itself, by the server's clock; a
    rotated key may be used beside its successor until then. `replaces_id` is the key that this one replaced by a rotation,
    `actor` the key with which it was created (None: the command line).
    """

    program_id = Id()
    id = Id(primary_key=True)
    number = fields.BigIntField()
    role = fields.TextField()
    secret_hash = fields.TextField()
    customer_id = Id(null=True)
    label = fields.TextField()
    created_at = Instant()
    expires_at = Instant(null=True)
    revoked_at = Instant(null=True)
    replaces_id = Id(null=True)
    actor = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "access_keys"


class AccessKeyUseRow(Model):
    """When a key was last used, to the minute. Written by a background task, never by the transaction of a request."""

    program_id = Id()
    key_id = Id(primary_key=True)
    last_used_at = Instant()

    class Meta:
        """The table of the model."""

        table = "access_key_uses"


class KeyHolderRow(Model):
    """The customer record of the holder of a staff key: the key must not change that customer's wallet."""

    program_id = Id()
    key_id = Id(primary_key=True)
    customer_id = Id()

    class Meta:
        """The table of the model."""

        table = "key_holders"


class MergerRow(Model):
    """A wallet that was merged into another one, of the same person or of a household.

    `customer_id`: the customer whose wallet was merged.
    `survivor_id`: the customer as whom the merged one continues; NULL: a household, in which both customers remain.
    """

    program_id = Id()
    id = Id(primary_key=True)
    customer_id = Id()
    survivor_id = Id(null=True)
    from_wallet_id = Id()
    to_wallet_id = Id()
    occurred_at = Instant()
    recorded_at = Instant()
    reason = fields.TextField()
    actor = Id(null=True)

    class Meta:
        """The table of the model."""

        table = "mergers"
