"""Stored results: what each idempotency key was answered, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store.database.codecs import instant, json_text, json_value
from app.store.database.session import Session


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The stored answer of a key, with the mutation and the digest of the input that it belongs to."""

    key: str
    mutation: str
    fingerprint: str
    answer: dict[str, Any]
    actor: str | None
    recorded_at: datetime


async def find(session: Session, *, key: str) -> StoredResult | None:
    """The stored answer of a key, or None. In a write the row is locked, so that a repeated request waits until the answer is durable."""
    row = await session.row(
        "SELECT mutation, fingerprint, answer, actor, recorded_at FROM idempotency_keys WHERE program_id = $1 AND key = $2"
        + session.locking,
        key,
    )
    if row is None:
        return None
    return StoredResult(
        key=key,
        mutation=row["mutation"],
        fingerprint=row["fingerprint"],
        answer=json_value(row["answer"]),
        actor=row["actor"],
        recorded_at=instant(row["recorded_at"]),
    )


async def keep(
    session: Session,
    *,
    key: str,
    mutation: str,
    fingerprint: str,
    answer: Mapping[str, Any],
    actor: str | None,
    recorded_at: datetime,
) -> None:
    """Store the answer of a key (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "INSERT INTO idempotency_keys (program_id, key, mutation, fingerprint, answer, actor, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        key,
        mutation,
        fingerprint,
        json_text(answer),
        actor,
        recorded_at,
    )
