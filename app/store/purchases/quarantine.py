"""Quarantine: receipts with an implausible business time, stored as they were sent until staff settle them, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain.ledger.account import EMPTY_DIGEST
from app.domain.purchases.implausible_time import ImplausibleTime
from app.domain.purchases.quarantine import QuarantinedRecord, QuarantineKind, QuarantineState
from app.store.database.codecs import instant, instant_or_none
from app.store.database.models.purchases import QuarantinedReceiptRow
from app.store.database.row_digests import combine, digest
from app.store.database.session import Row, Session

_SENT_COLUMNS = (
    "id, sequence, kind, source, external_id, fingerprint, customer_id, implausible_time, occurred_at, recorded_at, actor,"
    " command, state"
)
_SETTLEMENT_COLUMNS = "settled_at, settled_by, settled_because, booked_for, purchase_id, refund_id, pending_refund_id"
_SELECT = f"SELECT {_SENT_COLUMNS}, {_SETTLEMENT_COLUMNS} FROM quarantined_receipts WHERE program_id = $1"


async def add(session: Session, *, quarantined: QuarantinedRecord) -> QuarantinedRecord:
    """Store a receipt and return it with its sequence number. The program's quarantine stays locked until the transaction ends."""
    receipt_count, combined_digest = await _lock_digest(session)
    numbered = replace(quarantined, sequence=receipt_count + 1)
    await session.execute(
        f"INSERT INTO quarantined_receipts (program_id, {_SENT_COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        numbered.id,
        numbered.sequence,
        numbered.kind.value,
        numbered.source,
        numbered.external_id,
        numbered.fingerprint,
        numbered.customer_id,
        numbered.implausible_time.value,
        numbered.occurred_at,
        numbered.recorded_at,
        numbered.actor,
        numbered.command_text,
        numbered.state.value,
    )
    await _store_digest(
        session, receipt_count=numbered.sequence, combined_digest=combine(combined_digest, [_digest(numbered)])
    )
    return numbered


async def lock(session: Session) -> None:
    """Lock the quarantine of the program until this transaction ends."""
    await _lock_digest(session)


async def settle(session: Session, *, before: QuarantinedRecord, after: QuarantinedRecord) -> None:
    """Store how a receipt was settled: it was `before` and is `after`. The receipt must be locked."""
    receipt_count, combined_digest = await _lock_digest(session)
    await (
        session.orm(QuarantinedReceiptRow)
        .filter(id=after.id)
        .update(
            state=after.state,
            settled_at=after.settled_at,
            settled_by=after.settled_by,
            settled_because=after.settlement_reason,
            booked_for=after.booked_for,
            purchase_id=after.purchase_id,
            refund_id=after.refund_id,
            pending_refund_id=after.pending_refund_id,
        )
    )
    new_combined_digest = combine(combined_digest, [_digest(after)], removed=[_digest(before)])
    await _store_digest(session, receipt_count=receipt_count, combined_digest=new_combined_digest)


async def by_id(session: Session, *, quarantined_id: str, lock: bool = False) -> QuarantinedRecord | None:
    """The receipt with this id; None if there is none. `lock` locks it until the transaction ends."""
    row = await session.row(f"{_SELECT} AND id = $2{session.locking if lock else ''}", quarantined_id)
    return None if row is None else _quarantined(row)


async def by_ids(session: Session, *, ids: Sequence[str]) -> dict[str, QuarantinedRecord]:
    """Receipts by id; unknown ids are left out."""
    rows = await session.rows(f"{_SELECT} AND id = ANY($2)", list(ids))
    return {row["id"]: _quarantined(row) for row in rows}


async def of_receipt(session: Session, *, external_id: str) -> tuple[QuarantinedRecord, ...]:
    """All receipts with a number that are or were in quarantine, newest first."""
    rows = await session.rows(f"{_SELECT} AND external_id = $2 ORDER BY sequence DESC", external_id)
    return tuple(_quarantined(row) for row in rows)


async def page(
    session: Session,
    *,
    state: QuarantineState | None,
    after: int | None,
    before: int | None,
    limit: int,
    from_end: bool,
) -> tuple[QuarantinedRecord, ...]:
    """Receipts with `after` < sequence number < `before`: at most `limit`, the first or, with `from_end`, the last of them."""
    state_filter = {} if state is None else {"state": state}
    receipts = session.orm(QuarantinedReceiptRow)
    rows = await receipts.page(
        after=after, before=before, limit=limit, from_end=from_end, by="sequence", **state_filter
    )
    return tuple(_quarantined(vars(row)) for row in rows)


async def is_unchanged(session: Session) -> bool:
    """Are the rows exactly the receipts that came into quarantine, with the outcomes that were stored?"""
    stored_row = await session.row("SELECT number, digest FROM quarantine_digests WHERE program_id = $1")
    rows = await session.rows(_SELECT)
    actual_digest = combine(EMPTY_DIGEST, _digests(rows))
    if stored_row is None:
        return not rows
    return (len(rows), actual_digest) == (stored_row["number"], stored_row["digest"])


def _digests(rows: Iterable[Row]) -> list[int]:
    """The digest of each row; 0 for a row with an impossible value, so that it shows as changed."""
    digests = []
    for row in rows:
        try:
            digests.append(_digest(_quarantined(row)))
        except ValueError:
            digests.append(0)
    return digests


def _digest(quarantined: QuarantinedRecord) -> int:
    return digest(
        "quarantined_receipts",
        quarantined.id,
        quarantined.sequence,
        quarantined.kind.value,
        quarantined.source,
        quarantined.external_id,
        quarantined.fingerprint,
        quarantined.customer_id,
        quarantined.implausible_time.value,
        quarantined.occurred_at,
        quarantined.recorded_at,
        quarantined.actor,
        quarantined.command_text,
        quarantined.state.value,
        quarantined.settled_at,
        quarantined.settled_by,
        quarantined.settlement_reason,
        quarantined.booked_for,
        quarantined.purchase_id,
        quarantined.refund_id,
        quarantined.pending_refund_id,
    )


async def _lock_digest(session: Session) -> tuple[int, str]:
    """Lock the program's quarantine until the transaction ends.

    Returns how many receipts ever came into it, and their combined digest.
    """
    await session.execute(
        "INSERT INTO quarantine_digests (program_id, number, digest) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
        EMPTY_DIGEST,
    )
    row = await session.row(f"SELECT number, digest FROM quarantine_digests WHERE program_id = $1{session.locking}")
    assert row is not None, "the statement before inserted it"
    return row["number"], row["digest"]


async def _store_digest(session: Session, *, receipt_count: int, combined_digest: str) -> None:
    await session.execute(
        "UPDATE quarantine_digests SET number = $2, digest = $3 WHERE program_id = $1", receipt_count, combined_digest
    )


def _quarantined(row: Row | Mapping[str, Any]) -> QuarantinedRecord:
    return QuarantinedRecord(
        id=row["id"],
        sequence=row["sequence"],
        kind=QuarantineKind(row["kind"]),
        source=row["source"],
        external_id=row["external_id"],
        fingerprint=row["fingerprint"],
        customer_id=row["customer_id"],
        implausible_time=ImplausibleTime(row["implausible_time"]),
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        actor=row["actor"],
        command_text=row["command"],
        state=QuarantineState(row["state"]),
        settled_at=instant_or_none(row["settled_at"]),
        settled_by=row["settled_by"],
        settlement_reason=row["settled_because"],
        booked_for=instant_or_none(row["booked_for"]),
        purchase_id=row["purchase_id"],
        refund_id=row["refund_id"],
        pending_refund_id=row["pending_refund_id"],
    )
