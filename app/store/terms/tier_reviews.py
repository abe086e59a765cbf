"""Tier reviews for the start of terms: if the tiers change, every account of the program needs one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.engine.tiers import tier_changing_versions
from app.domain.terms.version import Terms
from app.store.database.codecs import instant, instant_or_none
from app.store.database.session import Session, UnscopedSession
from app.store.terms import known_versions

_NOT_YET_SCHEDULED = """
FROM terms_versions t JOIN programs p ON p.id = t.program_id
WHERE (p.tier_reviews_scheduled_through IS NULL OR t.effective_from > p.tier_reviews_scheduled_through) AND NOT EXISTS (
    SELECT 1 FROM terms_withdrawals gone WHERE gone.program_id = t.program_id AND gone.version = t.version
)
"""
_ACCOUNTS_WITHOUT_REVIEW = """
FROM accounts a WHERE a.program_id = $1 AND a.unit = 'points' AND (a.next_change_at IS NULL OR a.next_change_at > $3)
AND (a.replayed_through IS NULL OR a.terms_version < $2) AND NOT EXISTS (
    SELECT 1 FROM mergers m WHERE m.program_id = a.program_id AND m.from_wallet_id = a.wallet_id
)
"""


async def next_starts_by_program(session: UnscopedSession) -> dict[str, datetime]:
    """The earliest start of terms whose tier reviews are not scheduled yet, by program id."""
    rows = await session.rows(
        f"SELECT t.program_id, min(t.effective_from) AS at {_NOT_YET_SCHEDULED} GROUP BY t.program_id"
    )
    return {row["program_id"]: instant(row["at"]) for row in rows}


async def next_start(session: Session) -> datetime | None:
    """The earliest start of the program's terms whose tier reviews are not scheduled yet; None if all are."""
    row = await session.row(f"SELECT min(t.effective_from) {_NOT_YET_SCHEDULED} AND t.program_id = $1")
    return instant_or_none(row[0]) if row is not None else None


async def reviews_scheduled_through(session: Session) -> datetime | None:
    """The start of the latest terms for which tier reviews of all accounts are scheduled; None if there are none."""
    row = await session.row("SELECT tier_reviews_scheduled_through FROM programs WHERE id = $1")
    return instant_or_none(row[0]) if row is not None else None


async def started_and_unprocessed(session: Session, *, until: datetime) -> tuple[tuple[Terms, bool], ...]:
    """The terms that have started by `until` and whose tier reviews are not scheduled yet, oldest first.

    Each comes with whether it needs reviews: terms with the same tiers as before do not.
    """
    since = await reviews_scheduled_through(session)
    not_withdrawn = (await known_versions.load(session)).not_withdrawn
    tier_changing = {version.version for version in tier_changing_versions(not_withdrawn)}
    return tuple(
        (version, version.version in tier_changing)
        for version in not_withdrawn
        if version.effective_from <= until and (since is None or version.effective_from > since)
    )


async def accounts_without_review(
    session: Session, *, version: int, at: datetime, after: str, limit: int
) -> tuple[str, ...]:
    """Accounts (ids) after an id, in the order of ids, that may need a tier review for the start of a version at `at`.

    Accounts without events are among them: a till may be recording the first one in a transaction that this one cannot
    see yet.
    """
    rows = await session.rows(
        f"SELECT a.id {_ACCOUNTS_WITHOUT_REVIEW} AND a.id > $4 ORDER BY a.id LIMIT $5", version, at, after, limit
    )
    return tuple(row["id"] for row in rows)


async def schedule_reviews(session: Session, *, account_ids: Sequence[str], terms: Terms) -> None:
    """Schedule a tier review at the start of a version for those of the accounts that were last replayed under an earlier one.

    The accounts are locked in the order of their ids, so that no two transactions wait for each other.
    """
    if session.locking:
        await session.rows(
            f"SELECT id FROM accounts WHERE program_id = $1 AND id = ANY($2) ORDER BY id{session.locking}",
            list(account_ids),
        )
    await session.execute(
        "UPDATE accounts SET next_change_at = $3 WHERE program_id = $1 AND id = ANY($2) AND (next_change_at IS NULL OR next_change_at > $3)"
        " AND replayed_through IS NOT NULL AND terms_version < $4",
        list(account_ids),
        terms.effective_from,
        terms.version,
    )


async def mark_reviews_scheduled(session: Session, *, terms: Terms) -> None:
    """Store that tier reviews for the start of a version are scheduled for every account."""
    await session.execute(
        "UPDATE programs SET tier_reviews_scheduled_through = $2"
        " WHERE id = $1 AND (tier_reviews_scheduled_through IS NULL OR tier_reviews_scheduled_through < $2)",
        terms.effective_from,
    )
