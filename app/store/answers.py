"""Answers: what each idempotency key was answered, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer under a key, with the verb and the digest of the input that it was given to."""

    key: str
    mutation: str
    fingerprint: str
    answer: dict[str, Any]
    actor: str | None
    recorded_at: datetime


async def find(session: Session, *, program_id: str, key: str) -> StoredAnswer | None:
    """What this key was answered, or None. In a write the row is locked, so that a replay waits for its durability."""
    raise NotImplementedError


async def keep(
    session: Session,
    *,
    program_id: str,
    key: str,
    mutation: str,
    fingerprint: str,
    answer: Mapping[str, Any],
    actor: str | None,
    recorded_at: datetime,
) -> None:
    """Keep the answer of a key (with the next statements, see `Session.later`)."""
    raise NotImplementedError
