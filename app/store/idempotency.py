"""Stored results: what each idempotency key was answered, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store.database.codecs import instant, json_text, json_value
from app.store.database.session import Session


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The stored answer of a key, with the mutation and the digest of the input that it belongs to.

    `source` is whose key it is: "" the program's, else a customer's (id). Customers neither learn nor use up the keys
    of others.
    """

    key: str
    mutation: str
    fingerprint: str
    answer: dict[str, Any]
    actor: str | None
    recorded_at: datetime
    source: str = ""


async def find(session: Session, *, key: str, sources: Sequence[str] = ("",)) -> StoredResult | None:
    """The stored answer of a key, of the first of these sources that has one, or None.

    In a write the row is locked, so that a repeated request waits until the answer is durable.
    """
    for source in sources:  # one, but for customers who were merged
        row = await session.row(
            "SELECT mutation, fingerprint, answer, actor, recorded_at FROM idempotency_keys"
            " WHERE program_id = $1 AND key = $2 AND source = $3" + session.locking,
            key,
            source,
        )
        if row is not None:
            return StoredResult(
                key=key,
                mutation=row["mutation"],
                fingerprint=row["fingerprint"],
                answer=json_value(row["answer"]),
                actor=row["actor"],
                recorded_at=instant(row["recorded_at"]),
                source=source,
            )
    return None


async def keep(
    session: Session,
    *,
    key: str,
    mutation: str,
    fingerprint: str,
    answer: Mapping[str, Any],
    actor: str | None,
    recorded_at: datetime,
    source: str = "",
) -> None:
    """Store the answer of a key (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "INSERT INTO idempotency_keys (program_id, key, mutation, fingerprint, answer, actor, recorded_at, source)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key,
        mutation,
        fingerprint,
        json_text(answer),
        actor,
        recorded_at,
        source,
    )
