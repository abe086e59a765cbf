"""Impact previews: their drafts, progress and results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.simulation.impact import Impact
from app.domain.simulation.preview import Preview, PreviewState
from app.domain.terms.version import Terms
from app.store.database.codecs import json_text, json_value
from app.store.database.models.terms import ImpactPreviewRow
from app.store.database.orm import rows_of_all_programs
from app.store.database.session import Session, UnscopedSession

MAX_ENDED = 20
"""The most ended previews of a program that stay stored."""

_ENDED = (PreviewState.DONE, PreviewState.CANCELLED, PreviewState.FAILED)
_UNFINISHED = (PreviewState.QUEUED, PreviewState.RUNNING)


async def add(session: Session, *, preview: Preview) -> None:
    """Queue a preview, and delete all ended ones that are not among the newest."""
    previews = session.orm(ImpactPreviewRow)
    newest = await previews.all().order_by("-id").limit(MAX_ENDED - 1).values_list("id", flat=True)
    await previews.filter(state__in=_ENDED, id__not_in=newest).delete()
    await previews.create(
        id=preview.id,
        terms_version=preview.terms_version,
        draft=json_text(preview.draft.to_data()),
        days=preview.days,
        since=preview.since,
        requested_at=preview.requested_at,
        state=preview.state,
        done=0,
        total=0,
    )


async def by_id(session: Session, *, preview_id: str) -> Preview | None:
    """The preview with this id; None if there is none."""
    row = await session.orm(ImpactPreviewRow).filter(id=preview_id).first()
    return None if row is None else _preview(row)


async def unfinished_count(session: Session) -> int:
    """The number of a program's queued and running previews."""
    return await session.orm(ImpactPreviewRow).filter(state__in=_UNFINISHED).count()


async def next_queued(session: UnscopedSession) -> tuple[str, str] | None:
    """The program (id) and the id of the preview that has been queued longest, of all programs; None if none is queued."""
    queued = rows_of_all_programs(ImpactPreviewRow, session).filter(state=PreviewState.QUEUED)
    row = await queued.order_by("id").first()
    return None if row is None else (row.program_id, row.id)


async def start(session: Session, *, preview_id: str, at: datetime) -> bool:
    """Mark a queued preview as running; False if another server has started it, or it was cancelled."""
    return await _update_if(
        session, preview_id, state_before=PreviewState.QUEUED, state=PreviewState.RUNNING, heartbeat_at=at
    )


async def report_progress(session: Session, *, preview_id: str, at: datetime, done: int, total: int) -> bool:
    """Store the progress of a running preview; False if it was cancelled."""
    return await _update_if(
        session, preview_id, state_before=PreviewState.RUNNING, heartbeat_at=at, done=done, total=total
    )


async def finish(session: Session, *, preview_id: str, at: datetime, result: Impact) -> bool:
    """Store the result of a running preview; False if it was cancelled meanwhile."""
    return await _update_if(
        session,
        preview_id,
        state_before=PreviewState.RUNNING,
        state=PreviewState.DONE,
        heartbeat_at=at,
        done=result.members,
        total=result.members,
        result=json_text(result.to_data()),
    )


async def fail(session: Session, *, preview_id: str, at: datetime) -> bool:
    """Mark a running preview as failed; False if it has a result or was cancelled."""
    return await _update_if(
        session, preview_id, state_before=PreviewState.RUNNING, state=PreviewState.FAILED, heartbeat_at=at
    )


async def requeue(session: Session, *, preview_id: str) -> bool:
    """Put a running preview back into the queue; False if it has ended."""
    return await _update_if(session, preview_id, state_before=PreviewState.RUNNING, state=PreviewState.QUEUED, done=0)


async def cancel(session: Session, *, preview_id: str) -> bool:
    """Cancel a queued or running preview; False if it had ended."""
    preview = session.orm(ImpactPreviewRow).filter(id=preview_id, state__in=_UNFINISHED)
    return await preview.update(state=PreviewState.CANCELLED) == 1


async def without_heartbeat_since(session: UnscopedSession, *, since: datetime) -> tuple[tuple[str, str], ...]:
    """The program (id) and the id of each running preview without a heartbeat since an instant: its process has ended."""
    rows = await rows_of_all_programs(ImpactPreviewRow, session).filter(
        state=PreviewState.RUNNING, heartbeat_at__lt=since
    )
    return tuple((row.program_id, row.id) for row in rows)


async def _update_if(session: Session, preview_id: str, *, state_before: PreviewState, **columns: Any) -> bool:
    return await session.orm(ImpactPreviewRow).filter(id=preview_id, state=state_before).update(**columns) == 1


def _preview(row: ImpactPreviewRow) -> Preview:
    return Preview(
        id=row.id,
        terms_version=row.terms_version,
        draft=Terms.from_data(json_value(row.draft)),
        days=row.days,
        since=row.since,
        requested_at=row.requested_at,
        state=PreviewState(row.state),
        done=row.done,
        total=row.total,
        result=Impact.from_data(json_value(row.result)) if row.result else None,
    )
