"""Refunds and exchanges that arrived before their purchase: pending until it arrives, or until staff dismiss them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.domain.ledger.account import EMPTY_DIGEST
from app.domain.problems import ProblemCode
from app.domain.purchases.pending_refund import PendingRefund, PendingRefundState
from app.domain.purchases.receipt_numbers import (
    ALL_DAYS,
    ALL_LOCATIONS,
    NO_LOCATION,
    Numbering,
    NumberSpace,
    ReceiptOrigin,
    digest_fields,
)
from app.store.database.codecs import instant, instant_or_none, json_text
from app.store.database.row_digests import combine, digest
from app.store.database.session import Session
from app.store.purchases.pending_refund_codec import content_of, pending_refund_of

_COLUMNS = "id, receipt, external_id, occurred_at, recorded_at, content, state, refund_id, number_location, number_day"
_EXCHANGE_COLUMNS = "new_receipt_number, new_receipt_customer_id"
_OUTCOME_COLUMNS = "rejected_with, dismissed_at, dismissed_by, dismissed_because"
_SELECT = f"SELECT {_COLUMNS}, {_EXCHANGE_COLUMNS}, {_OUTCOME_COLUMNS} FROM pending_refunds WHERE program_id = $1"


async def add(session: Session, *, pending: PendingRefund) -> None:
    """Store a refund that is pending until its purchase arrives."""
    content = json_text(content_of(pending))
    await session.execute(
        f"INSERT INTO pending_refunds (program_id, {_COLUMNS}, {_EXCHANGE_COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        pending.id,
        pending.receipt.number,
        pending.external_id,
        pending.occurred_at,
        pending.recorded_at,
        content,
        pending.state.value,
        pending.refund_id,
        *pending.space,
        pending.new_receipt.number if pending.new_receipt is not None else None,
        pending.new_receipt.customer_id if pending.new_receipt is not None else None,
    )
    digests = await _digests(session, pending_id=pending.id)
    await _update_digest(session, digests=digests)


async def of_receipt(session: Session, *, number: str) -> tuple[PendingRefund, ...]:
    """The pending refunds of a receipt number, in order of business time; locked until the transaction ends."""
    rows = await session.rows(f"{_SELECT} AND receipt = $2 AND state = 'PENDING' ORDER BY id{session.locking}", number)
    # Sorted here, because the databases sort texts and NULL differently.
    return tuple(
        sorted(
            map(pending_refund_of, rows), key=lambda refund: (refund.occurred_at, refund.external_id or "", refund.id)
        )
    )


async def by_number(
    session: Session, *, number: str, origin: ReceiptOrigin, numbering: Numbering
) -> PendingRefund | None:
    """The refund with a number at this location and time that is or was pending; None if there is none.

    Of several: the newest of those still pending, otherwise the newest. A refund sent without a location matches every location.
    """
    rows = await session.rows(
        f"{_SELECT} AND external_id = $2 AND number_location = ANY($3) AND number_day = ANY($4)"
        " ORDER BY CASE WHEN state = 'PENDING' THEN 0 ELSE 1 END, id DESC",
        number,
        [ALL_LOCATIONS, NO_LOCATION, *([origin.location] if origin.location is not None else [])],
        [ALL_DAYS, numbering.business_day(origin).isoformat()],
    )
    return pending_refund_of(rows[0]) if rows else None


async def by_new_receipt_number(session: Session, *, number: str) -> tuple[PendingRefund, ...]:
    """The exchanges whose new receipt has this number and that are or were pending, newest first."""
    rows = await session.rows(f"{_SELECT} AND new_receipt_number = $2 ORDER BY id DESC", number)
    return tuple(pending_refund_of(row) for row in rows)


async def by_id(session: Session, *, pending_id: str, lock: bool = False) -> PendingRefund | None:
    """A refund that is or was pending, by id; None if unknown. `lock` locks it until the transaction ends."""
    row = await session.row(f"{_SELECT} AND id = $2{session.locking if lock else ''}", pending_id)
    return None if row is None else pending_refund_of(row)


async def to_review(session: Session, *, limit: int) -> tuple[PendingRefund, ...]:
    """Pending and rejected refunds, oldest first, for staff to review."""
    rows = await session.rows(
        f"{_SELECT} AND state <> 'APPLIED' AND state <> 'DISMISSED' ORDER BY recorded_at, id LIMIT $2", limit
    )
    return tuple(pending_refund_of(row) for row in rows)


async def store_outcome(
    session: Session, *, pending_id: str, refund_id: str | None, rejected_with: ProblemCode | None = None
) -> None:
    """Store the outcome of a pending refund: the refund (id) that it became, or with which problem it was rejected."""
    digests_before = await _digests(session, pending_id=pending_id)
    await session.execute(
        "UPDATE pending_refunds SET state = $3, refund_id = $4, rejected_with = $5 WHERE program_id = $1 AND id = $2",
        pending_id,
        (PendingRefundState.APPLIED if refund_id is not None else PendingRefundState.REJECTED).value,
        refund_id,
        rejected_with.value if rejected_with is not None else None,
    )
    digests_after = await _digests(session, pending_id=pending_id)
    await _update_digest(session, digests=digests_after, replaced=digests_before)


async def dismiss(session: Session, *, pending_id: str, at: datetime, actor: str | None, reason: str) -> None:
    """Store that staff dismissed a pending refund, when, who (a key's id; None: the CLI) and why."""
    digests_before = await _digests(session, pending_id=pending_id)
    await session.execute(
        "UPDATE pending_refunds SET state = 'DISMISSED', dismissed_at = $3, dismissed_by = $4, dismissed_because = $5"
        " WHERE program_id = $1 AND id = $2",
        pending_id,
        at,
        actor,
        reason,
    )
    digests_after = await _digests(session, pending_id=pending_id)
    await _update_digest(session, digests=digests_after, replaced=digests_before)


async def is_unchanged(session: Session) -> bool:
    """Are the rows exactly the refunds and exchanges that were sent, with the outcomes that were stored?"""
    stored_row = await session.row("SELECT digest FROM pending_refund_digests WHERE program_id = $1")
    actual_digest = combine(EMPTY_DIGEST, await _digests(session, pending_id=None))
    return actual_digest == (stored_row["digest"] if stored_row is not None else EMPTY_DIGEST)


async def _update_digest(session: Session, *, digests: Iterable[int], replaced: Iterable[int] = ()) -> None:
    """Store the digest of all rows of a program, so that added and removed rows are found."""
    await session.execute(
        "INSERT INTO pending_refund_digests (program_id, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING", EMPTY_DIGEST
    )
    stored_row = await session.row(f"SELECT digest FROM pending_refund_digests WHERE program_id = $1{session.locking}")
    assert stored_row is not None, "the statement before inserted it"
    await session.execute(
        "UPDATE pending_refund_digests SET digest = $2 WHERE program_id = $1",
        combine(stored_row["digest"], digests, removed=replaced),
    )


async def _digests(session: Session, *, pending_id: str | None) -> list[int]:
    """The digest of one row, or of every row (`pending_id` is None)."""
    condition, values = ("", ()) if pending_id is None else (" AND id = $2", (pending_id,))
    return [
        digest(
            "pending_refunds",
            row["id"],
            row["receipt"],
            row["external_id"],
            instant(row["occurred_at"]),
            instant(row["recorded_at"]),
            row["content"],
            row["state"],
            row["refund_id"],
            *digest_fields(NumberSpace(row["number_location"], row["number_day"])),
            row["new_receipt_number"],
            row["new_receipt_customer_id"],
            row["rejected_with"],
            instant_or_none(row["dismissed_at"]),
            row["dismissed_by"],
            row["dismissed_because"],
        )
        for row in await session.rows(f"{_SELECT}{condition}", *values)
    ]
