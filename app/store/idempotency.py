"""The results of mutations, stored for ever by their idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store.database.codecs import instant, json_text, json_value
from app.store.database.session import Session


@dataclass(frozen=True, slots=True)
class StoredResult:
    """The stored answer of a key, with the mutation and the digest of the input (`fingerprint`) for which it was given.

    `source` says whose key it is: "" the program's, otherwise the id of the customer whose access key sent it. So
    customers can neither see nor use up the keys of others.
    """

    key: str
    mutation: str
    fingerprint: str
    answer: dict[str, Any]
    actor: str | None
    recorded_at: datetime
    source: str = ""


async def find(session: Session, *, key: str, sources: Sequence[str] = ("",)) -> StoredResult | None:
    """The stored answer of a key, from the first of these sources that has one; None if there is none.

    In a write transaction the row is locked, so that a repeated request waits until the answer is durable.
    """
    for source in sources:  # several only for customers who were merged
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


async def add(
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
