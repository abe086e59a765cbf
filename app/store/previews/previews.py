"""Impact previews: their drafts, progress and results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.simulation.impact import Impact
from app.domain.simulation.preview import Preview, PreviewState
from app.domain.terms.version import Terms
from app.store.database.codecs import instant, json_text, json_value
from app.store.database.session import Row, Session, UnscopedSession

KEPT = 20
"""How many ended previews of a program are kept."""


_COLUMNS = "id, terms_version, draft, days, since, requested_at, state, done, total, result"


async def add(session: Session, *, preview: Preview) -> None:
    """Queue a preview, and delete ended ones except the last few."""
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
    """The number of a program's queued and running previews."""
    row = await session.row(
        "SELECT count(*) AS n FROM impact_previews WHERE program_id = $1 AND state IN ('QUEUED', 'RUNNING')"
    )
    return int(row["n"]) if row is not None else 0


async def next_queued(session: UnscopedSession) -> tuple[str, str] | None:
    """Program and id of the preview queued longest, of all programs, or None."""
    row = await session.row("SELECT program_id, id FROM impact_previews WHERE state = 'QUEUED' ORDER BY id LIMIT 1")
    return None if row is None else (row["program_id"], row["id"])


async def start(session: Session, *, preview_id: str, at: datetime) -> bool:
    """Start a queued preview; False when another server started it, or it was cancelled."""
    return await _turn(session, "state = 'RUNNING', heartbeat_at = $3", preview_id, at, was="QUEUED")


async def report_progress(session: Session, *, preview_id: str, at: datetime, done: int, total: int) -> bool:
    """Store the progress of a running preview; False when it was cancelled."""
    return await _turn(session, "heartbeat_at = $3, done = $4, total = $5", preview_id, at, done, total, was="RUNNING")


async def finish(session: Session, *, preview_id: str, at: datetime, result: Impact) -> bool:
    """Store the result of a running preview; False when it was cancelled meanwhile."""
    return await _turn(
        session,
        "state = 'DONE', heartbeat_at = $3, done = $4, total = $4, result = $5",
        preview_id,
        at,
        result.members,
        json_text(result.to_data()),
        was="RUNNING",
    )


async def fail(session: Session, *, preview_id: str, at: datetime) -> bool:
    """Mark a running preview as failed; False when it had a result or was cancelled."""
    return await _turn(session, "state = 'FAILED', heartbeat_at = $3", preview_id, at, was="RUNNING")


async def requeue(session: Session, *, preview_id: str) -> bool:
    """Queue a running preview again; False when it has ended."""
    return await _turn(session, "state = 'QUEUED', done = 0", preview_id, was="RUNNING")


async def cancel(session: Session, *, preview_id: str) -> bool:
    """Cancel a queued or running preview; False when it had ended."""
    sql = "UPDATE impact_previews SET state = 'CANCELLED' WHERE program_id = $1 AND id = $2"
    return bool(await session.execute(f"{sql} AND state IN ('QUEUED', 'RUNNING')", preview_id))


async def without_progress_since(session: UnscopedSession, *, since: datetime) -> tuple[tuple[str, str], ...]:
    """Program and id of each running preview without a sign of life since an instant: its process has ended."""
    rows = await session.rows(
        "SELECT program_id, id FROM impact_previews WHERE state = 'RUNNING' AND heartbeat_at < $1", since
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
