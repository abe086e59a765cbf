"""Impact previews: what was asked for, how far it has come, and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.simulation.impact import Impact
from app.domain.terms.version import Terms
from app.store.database.codecs import instant, json_text, json_value
from app.store.database.session import Row, Session, UnscopedSession

KEPT = 20
"""Previews of a program that are kept once they have ended."""


class PreviewState(StrEnum):
    """How far a preview has come."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview. `since` is where the replay begins; `done` of `total` members are replayed."""

    id: str
    terms_version: int
    draft: Terms
    days: int
    since: datetime
    requested_at: datetime
    state: PreviewState = PreviewState.QUEUED
    done: int = 0
    total: int = 0
    result: Impact | None = None


_COLUMNS = "id, terms_version, draft, days, since, requested_at, state, done, total, result"


async def add(session: Session, *, preview: Preview) -> None:
    """Put a preview into the queue, and forget ended ones that are older than the last few."""
    await session.execute(
        "DELETE FROM impact_previews WHERE program_id = $1 AND state IN ('DONE', 'CANCELLED', 'FAILED') AND id NOT IN"
        f" (SELECT id FROM impact_previews WHERE program_id = $1 ORDER BY id DESC LIMIT {KEPT - 1})"
    )
    await session.execute(
        "INSERT INTO impact_previews (program_id, id, terms_version, draft, days, since, requested_at, state, done, total)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0)",
        preview.id,
        preview.terms_version,
        json_text(preview.draft.to_data()),
        preview.days,
        preview.since,
        preview.requested_at,
        preview.state.value,
    )


async def by_id(session: Session, *, preview_id: str) -> Preview | None:
    """The preview with this id, or None."""
    row = await session.row(f"SELECT {_COLUMNS} FROM impact_previews WHERE program_id = $1 AND id = $2", preview_id)
    return None if row is None else _preview(row)


async def unfinished(session: Session) -> int:
    """How many of a program wait or run."""
    row = await session.row(
        "SELECT count(*) AS n FROM impact_previews WHERE program_id = $1 AND state IN ('QUEUED', 'RUNNING')"
    )
    return int(row["n"]) if row is not None else 0


async def next_queued(session: UnscopedSession) -> tuple[str, str] | None:
    """Program and id of the preview that has waited longest, of all programs, or None."""
    row = await session.row("SELECT program_id, id FROM impact_previews WHERE state = 'QUEUED' ORDER BY id LIMIT 1")
    return None if row is None else (row["program_id"], row["id"])


async def take(session: Session, *, preview_id: str, at: datetime) -> bool:
    """Begin a queued preview; False when somebody else did, or it was cancelled."""
    return await _turn(session, "state = 'RUNNING', beat_at = $3", preview_id, at, was="QUEUED")


async def beat(session: Session, *, preview_id: str, at: datetime, done: int, total: int) -> bool:
    """Say how far a running preview is; False when it is not to go on."""
    return await _turn(session, "beat_at = $3, done = $4, total = $5", preview_id, at, done, total, was="RUNNING")


async def finish(session: Session, *, preview_id: str, at: datetime, result: Impact) -> bool:
    """Keep the result of a running preview; False when it was cancelled meanwhile."""
    return await _turn(
        session,
        "state = 'DONE', beat_at = $3, done = $4, total = $4, result = $5",
        preview_id,
        at,
        result.members,
        json_text(result.to_data()),
        was="RUNNING",
    )


async def fail(session: Session, *, preview_id: str, at: datetime) -> bool:
    """A running preview ended without a result; False when it had one or was cancelled."""
    return await _turn(session, "state = 'FAILED', beat_at = $3", preview_id, at, was="RUNNING")


async def put_back(session: Session, *, preview_id: str) -> bool:
    """Let a running preview wait again; False when it has ended."""
    return await _turn(session, "state = 'QUEUED', done = 0", preview_id, was="RUNNING")


async def cancel(session: Session, *, preview_id: str) -> bool:
    """Stop a preview that waits or runs; False when it had ended."""
    sql = "UPDATE impact_previews SET state = 'CANCELLED' WHERE program_id = $1 AND id = $2"
    return bool(await session.execute(f"{sql} AND state IN ('QUEUED', 'RUNNING')", preview_id))


async def silent(session: UnscopedSession, *, since: datetime) -> tuple[tuple[str, str], ...]:
    """Program and id of each running preview of which nothing was heard since an instant: its process is gone."""
    rows = await session.rows(
        "SELECT program_id, id FROM impact_previews WHERE state = 'RUNNING' AND beat_at < $1", since
    )
    return tuple((row["program_id"], row["id"]) for row in rows)


async def _turn(session: Session, change: str, preview_id: str, *values: Any, was: str) -> bool:
    sql = f"UPDATE impact_previews SET {change} WHERE program_id = $1 AND id = $2 AND state = '{was}'"
    return bool(await session.execute(sql, preview_id, *values))


def _preview(row: Row) -> Preview:
    return Preview(
        id=row["id"],
        terms_version=row["terms_version"],
        draft=Terms.from_data(json_value(row["draft"])),
        days=row["days"],
        since=instant(row["since"]),
        requested_at=instant(row["requested_at"]),
        state=PreviewState(row["state"]),
        done=row["done"],
        total=row["total"],
        result=None if row["result"] is None else Impact.from_data(json_value(row["result"])),
    )
