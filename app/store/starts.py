"""The start of terms under which levels have to be looked at again, in every account of a program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.deciding.tiers import turning
from app.domain.terms import Terms
from app.store import stories
from app.store.unit import Session
from app.store.values import instant, instant_or_none

_LACKING = """
FROM terms_versions t JOIN programs p ON p.id = t.program_id
WHERE (p.levels_looked_at IS NULL OR t.effective_from > p.levels_looked_at) AND NOT EXISTS (
    SELECT 1 FROM terms_withdrawals gone WHERE gone.program_id = t.program_id AND gone.version = t.version
)
"""
_OPEN = """
FROM accounts a WHERE a.program_id = $1 AND a.unit = 'points' AND (a.due_at IS NULL OR a.due_at > $3)
AND (a.settled_at IS NULL OR a.terms_version < $2) AND NOT EXISTS (
    SELECT 1 FROM mergers m WHERE m.program_id = a.program_id AND m.from_wallet_id = a.wallet_id
)
"""


async def next_starts(session: Session) -> dict[str, datetime]:
    """When the next terms start that accounts were not told of yet, by program (id)."""
    rows = await session.rows(f"SELECT t.program_id, min(t.effective_from) AS at {_LACKING} GROUP BY t.program_id")
    return {row["program_id"]: instant(row["at"]) for row in rows}


async def next_start(session: Session, *, program_id: str) -> datetime | None:
    """The same for one program."""
    row = await session.row(f"SELECT min(t.effective_from) {_LACKING} AND t.program_id = $1", program_id)
    return instant_or_none(row[0]) if row is not None else None


async def told_up_to(session: Session, *, program_id: str) -> datetime | None:
    """The start of the last terms that every account was told of, or None."""
    row = await session.row("SELECT levels_looked_at FROM programs WHERE id = $1", program_id)
    return instant_or_none(row[0]) if row is not None else None


async def lacking(session: Session, *, program_id: str, by: datetime) -> tuple[tuple[Terms, bool], ...]:
    """The terms that started by a moment and that accounts were not told of, oldest first; with whether levels have to be looked at."""
    since = await told_up_to(session, program_id=program_id)
    standing = (await stories.versions_of(session, program_id=program_id)).standing
    turn = {one.version for one in turning(standing)}
    return tuple(
        (one, one.version in turn)
        for one in standing
        if one.effective_from <= by and (since is None or one.effective_from > since)
    )


async def untold(
    session: Session, *, program_id: str, version: int, at: datetime, after: str, limit: int
) -> tuple[str, ...]:
    """Accounts (ids), in the order of ids, that may have to be told of the start of a version at `at`: those behind an id.

    One in which nothing has happened as far as is seen from here may be at a till this very moment.
    """
    rows = await session.rows(
        f"SELECT a.id {_OPEN} AND a.id > $4 ORDER BY a.id LIMIT $5", program_id, version, at, after, limit
    )
    return tuple(row["id"] for row in rows)


async def tell(session: Session, *, program_id: str, account_ids: Sequence[str], terms: Terms) -> None:
    """Have accounts looked at, at the start of a version at the latest, where they were last told under an earlier one.

    They are locked in the order of their ids, so that nobody who wants two waits for one who has one of them.
    """
    if session.locking:
        await session.rows(
            f"SELECT id FROM accounts WHERE program_id = $1 AND id = ANY($2) ORDER BY id{session.locking}",
            program_id,
            list(account_ids),
        )
    await session.execute(
        "UPDATE accounts SET due_at = $3 WHERE program_id = $1 AND id = ANY($2) AND (due_at IS NULL OR due_at > $3)"
        " AND settled_at IS NOT NULL AND terms_version < $4",
        program_id,
        list(account_ids),
        terms.effective_from,
        terms.version,
    )


async def all_told(session: Session, *, program_id: str, terms: Terms) -> None:
    """Keep that every account was told of the start of a version."""
    await session.execute(
        "UPDATE programs SET levels_looked_at = $2"
        " WHERE id = $1 AND (levels_looked_at IS NULL OR levels_looked_at < $2)",
        program_id,
        terms.effective_from,
    )
