"""Terms versions: kept for ever, never changed; compiled once per process."""

from __future__ import annotations

from datetime import datetime

from app.domain.terms import Terms
from app.store.unit import Session


async def in_force(session: Session, *, program_id: str, at: datetime) -> Terms | None:
    """The terms in force at an instant: the latest `effective_from` that is not after it, or None."""
    raise NotImplementedError


async def version(session: Session, *, program_id: str, number: int) -> Terms | None:
    """One version by its number, or None."""
    raise NotImplementedError


async def latest(session: Session, *, program_id: str, lock: bool = False) -> Terms | None:
    """The version with the highest number, in force or announced, or None; `lock` keeps other publishers waiting."""
    raise NotImplementedError


async def all_versions(session: Session, *, program_id: str) -> tuple[Terms, ...]:
    """Every version, oldest first."""
    raise NotImplementedError


async def publish(session: Session, *, program_id: str, id: str, terms: Terms, published_at: datetime) -> None:
    """Keep a new version."""
    raise NotImplementedError
