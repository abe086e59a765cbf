"""Versions of the terms, and impact previews of drafts."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.store.database.models.columns import Id, Instant, Json


class TermsVersionRow(Model):
    """A published version of the terms: the clauses as JSON, and a digest of the row."""

    program_id = Id()
    id = Id(primary_key=True)
    version = fields.BigIntField()
    effective_from = Instant()
    published_at = Instant()
    document = Json()
    digest = fields.TextField(default="")

    class Meta:
        """The table of the model."""

        table = "terms_versions"


class TermsWithdrawalRow(Model):
    """A version that was withdrawn before it came into force."""

    program_id = Id()
    version = fields.BigIntField(primary_key=True, generated=False)
    withdrawn_at = Instant()

    class Meta:
        """The table of the model."""

        table = "terms_withdrawals"


class ImpactPreviewRow(Model):
    """A preview of drafted terms, which are applied to recent purchases: how far it has come, and its result."""

    program_id = Id()
    id = Id(primary_key=True)
    terms_version = fields.BigIntField()
    draft = Json()
    days = fields.BigIntField()
    since = Instant()
    requested_at = Instant()
    state = fields.TextField()
    heartbeat_at = Instant(null=True)
    done = fields.BigIntField()
    total = fields.BigIntField()
    result = Json(null=True)

    class Meta:
        """The table of the model."""

        table = "impact_previews"
