"""Refunds and exchanges that arrived before their purchase: kept until it comes, or until a person looks at them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.domain.problems import ProblemCode
from app.domain.receipt_numbers import NO_LOCATION, Numbering, Space, Spot, told_apart
from app.store.accounts import NO_EVIDENCE
from app.store.evidence import added, digest
from app.store.unit import Session
from app.store.values import instant, json_text
from app.store.waiting_rows import HandedOut as HandedOut
from app.store.waiting_rows import WaitingRefund as WaitingRefund
from app.store.waiting_rows import WaitingState as WaitingState
from app.store.waiting_rows import known_later, waiting_of, wish_of

_COLUMNS = "id, receipt, external_id, occurred_at, recorded_at, wish, state, refund_id, numbered_at, numbered_on"
_LATER = "settled_at, settled_by, settled_because, bought_number, customer_id, refused_with"
_SELECT = f"SELECT {_COLUMNS}, {_LATER} FROM waiting_refunds WHERE program_id = $1"


async def add(session: Session, *, program_id: str, waiting: WaitingRefund) -> None:
    """Keep a refund until its purchase comes."""
    wish = json_text(wish_of(waiting))
    await session.execute(
        f"INSERT INTO waiting_refunds ({_COLUMNS}, bought_number, customer_id, program_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        waiting.id,
        waiting.receipt.number,
        waiting.external_id,
        waiting.occurred_at,
        waiting.recorded_at,
        wish,
        waiting.state.value,
        waiting.refund_id,
        *waiting.space,
        waiting.bought.number if waiting.bought is not None else None,
        waiting.bought.customer_id if waiting.bought is not None else None,
        program_id,
    )
    known = await _digests(session, program_id=program_id, waiting_id=waiting.id)
    await _keep_evidence(session, program_id=program_id, digests=known)


async def of_receipt(session: Session, *, program_id: str, number: str) -> tuple[WaitingRefund, ...]:
    """The refunds that wait for a receipt of this number, in the order in which they happened; held until the transaction ends."""
    rows = await session.rows(
        f"{_SELECT} AND receipt = $2 AND state = 'WAITING' ORDER BY id{session.locking}", program_id, number
    )
    # Sorted here: databases sort texts, and what is missing, each in its own way.
    return tuple(sorted(map(waiting_of, rows), key=lambda one: (one.occurred_at, one.external_id or "", one.id)))


async def by_number(
    session: Session, *, program_id: str, number: str, spot: Spot, numbering: Numbering
) -> WaitingRefund | None:
    """The refund that waits or has waited and has the number which is used at a spot, or None; one that waits comes first.

    Where a refund that waits did not say its location, that of the spot does not tell the two apart.
    """
    rows = await session.rows(
        f"{_SELECT} AND external_id = $2 AND numbered_at = ANY($3) AND numbered_on = ANY($4)"
        " ORDER BY CASE WHEN state = 'WAITING' THEN 0 ELSE 1 END, id DESC",
        program_id,
        number,
        ["", NO_LOCATION, *([spot.location] if spot.location is not None else [])],
        ["", numbering.day_of(spot).isoformat()],
    )
    return waiting_of(rows[0]) if rows else None


async def of_bought(session: Session, *, program_id: str, number: str) -> tuple[WaitingRefund, ...]:
    """The exchanges that wait or have waited in which a receipt of this number is handed out, newest first."""
    rows = await session.rows(f"{_SELECT} AND bought_number = $2 ORDER BY id DESC", program_id, number)
    return tuple(waiting_of(row) for row in rows)


async def by_id(session: Session, *, program_id: str, waiting_id: str, lock: bool = False) -> WaitingRefund | None:
    """The refund that waits or has waited, by id, or None; `lock` holds it until the transaction ends."""
    row = await session.row(f"{_SELECT} AND id = $2{session.locking if lock else ''}", program_id, waiting_id)
    return None if row is None else waiting_of(row)


async def open_ones(session: Session, *, program_id: str, limit: int) -> tuple[WaitingRefund, ...]:
    """Those that wait or were refused, longest waiting first: for a person to look at."""
    rows = await session.rows(
        f"{_SELECT} AND state <> 'APPLIED' AND state <> 'DISMISSED' ORDER BY recorded_at, id LIMIT $2",
        program_id,
        limit,
    )
    return tuple(waiting_of(row) for row in rows)


async def settle(
    session: Session,
    *,
    program_id: str,
    waiting_id: str,
    refund_id: str | None,
    refused_with: ProblemCode | None = None,
) -> None:
    """Keep what became of it: the refund (id) that it was applied as, or why its purchase could not take it."""
    before = await _digests(session, program_id=program_id, waiting_id=waiting_id)
    await session.execute(
        "UPDATE waiting_refunds SET state = $3, refund_id = $4, refused_with = $5 WHERE program_id = $1 AND id = $2",
        program_id,
        waiting_id,
        (WaitingState.APPLIED if refund_id is not None else WaitingState.REFUSED).value,
        refund_id,
        refused_with.value if refused_with is not None else None,
    )
    after = await _digests(session, program_id=program_id, waiting_id=waiting_id)
    await _keep_evidence(session, program_id=program_id, digests=after, gone=before)


async def dismiss(
    session: Session, *, program_id: str, waiting_id: str, at: datetime, actor: str | None, reason: str
) -> None:
    """Let it wait no longer: a person found that it never was a refund of that purchase."""
    before = await _digests(session, program_id=program_id, waiting_id=waiting_id)
    await session.execute(
        "UPDATE waiting_refunds SET state = 'DISMISSED', settled_at = $3, settled_by = $4, settled_because = $5"
        " WHERE program_id = $1 AND id = $2",
        program_id,
        waiting_id,
        at,
        actor,
        reason,
    )
    after = await _digests(session, program_id=program_id, waiting_id=waiting_id)
    await _keep_evidence(session, program_id=program_id, digests=after, gone=before)


async def proved(session: Session, *, program_id: str) -> bool:
    """Whether the refunds that waited are those that were sent, with what became of them, and no others."""
    kept = await session.row("SELECT evidence FROM waiting_evidence WHERE program_id = $1", program_id)
    known = added(NO_EVIDENCE, await _digests(session, program_id=program_id, waiting_id=None))
    return known == (kept["evidence"] if kept is not None else NO_EVIDENCE)


async def _keep_evidence(
    session: Session, *, program_id: str, digests: Iterable[int], gone: Iterable[int] = ()
) -> None:
    """Keep the digest of all of a program's rows together, so that one more and one less are found."""
    await session.execute(
        "INSERT INTO waiting_evidence (program_id, evidence) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        program_id,
        NO_EVIDENCE,
    )
    kept = await session.row(
        f"SELECT evidence FROM waiting_evidence WHERE program_id = $1{session.locking}", program_id
    )
    assert kept is not None, "it was put there"
    await session.execute(
        "UPDATE waiting_evidence SET evidence = $2 WHERE program_id = $1",
        program_id,
        added(kept["evidence"], digests, gone=gone),
    )


async def _digests(session: Session, *, program_id: str, waiting_id: str | None) -> list[int]:
    """The digest of one row, or of every row."""
    one, values = ("", (program_id,)) if waiting_id is None else (" AND id = $2", (program_id, waiting_id))
    return [
        digest(
            "waiting_refunds",
            row["id"],
            row["receipt"],
            row["external_id"],
            instant(row["occurred_at"]),
            instant(row["recorded_at"]),
            row["wish"],
            row["state"],
            row["refund_id"],
            *told_apart(Space(row["numbered_at"], row["numbered_on"])),
            *known_later(row),
        )
        for row in await session.rows(f"{_SELECT}{one}", *values)
    ]
