"""Refunds that arrived before their purchase: kept until it comes, or until a person looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.domain.receipt_numbers import EVERYWHERE, NO_LOCATION, Numbering, ReceiptBy, Space, Spot, told_apart
from app.store.accounts import NO_EVIDENCE
from app.store.evidence import added, digest
from app.store.unit import Row, Session
from app.store.values import instant, instant_or_none, json_text, json_value


class WaitingState(StrEnum):
    """What became of a refund that waited.

    REFUSED: the purchase came, and has not that much to give back, or the number is another's. DISMISSED by a person.
    """

    WAITING = "WAITING"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class WaitingRefund:
    """A refund of the purchase with a receipt that is not known yet, as it was sent.

    `lines`, `amounts` and `amount` are as in an order for a refund; `refund_id` is the refund that it became. `space` is
    that of its own number. `settled_at`, `settled_by` (the access key) and `settled_because` are there where a person
    dismissed it.
    """

    id: str
    receipt: ReceiptBy
    external_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    lines: Mapping[int, Decimal | None] | None
    reason: str | None
    fingerprint: str
    amounts: Mapping[int, Decimal] = field(default_factory=dict)
    amount: Decimal | None = None
    state: WaitingState = WaitingState.WAITING
    refund_id: str | None = None
    space: Space = EVERYWHERE
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_because: str | None = None

    def says(self, other: WaitingRefund) -> bool:
        """Whether another one is sent with the same meaning, its number and its time aside."""
        return (self.receipt, self.lines, self.amounts, self.amount, self.reason) == (
            other.receipt,
            other.lines,
            other.amounts,
            other.amount,
            other.reason,
        )


_COLUMNS = "id, receipt, external_id, occurred_at, recorded_at, wish, state, refund_id, numbered_at, numbered_on"
_SETTLED = "settled_at, settled_by, settled_because"
_SELECT = f"SELECT {_COLUMNS}, {_SETTLED} FROM waiting_refunds WHERE program_id = $1"


async def add(session: Session, *, program_id: str, waiting: WaitingRefund) -> None:
    """Keep a refund until its purchase comes."""
    wish = json_text(_wish(waiting))
    await session.execute(
        f"INSERT INTO waiting_refunds ({_COLUMNS}, program_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        waiting.id,
        waiting.receipt.number,
        waiting.external_id,
        waiting.occurred_at,
        waiting.recorded_at,
        wish,
        waiting.state.value,
        waiting.refund_id,
        *waiting.space,
        program_id,
    )
    known = digest(
        "waiting_refunds",
        waiting.id,
        waiting.receipt.number,
        waiting.external_id,
        waiting.occurred_at,
        waiting.recorded_at,
        wish,
        waiting.state.value,
        waiting.refund_id,
        *told_apart(waiting.space),
    )
    await _keep_evidence(session, program_id=program_id, digests=(known,))


async def of_receipt(session: Session, *, program_id: str, number: str) -> tuple[WaitingRefund, ...]:
    """The refunds that wait for a receipt of this number, in the order in which they happened; held until the transaction ends."""
    rows = await session.rows(
        f"{_SELECT} AND receipt = $2 AND state = 'WAITING' ORDER BY id{session.locking}", program_id, number
    )
    # Sorted here: databases sort texts, and what is missing, each in its own way.
    return tuple(sorted(map(_waiting, rows), key=lambda one: (one.occurred_at, one.external_id or "", one.id)))


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
    return _waiting(rows[0]) if rows else None


async def by_id(session: Session, *, program_id: str, waiting_id: str, lock: bool = False) -> WaitingRefund | None:
    """The refund that waits or has waited, by id, or None; `lock` holds it until the transaction ends."""
    row = await session.row(f"{_SELECT} AND id = $2{session.locking if lock else ''}", program_id, waiting_id)
    return None if row is None else _waiting(row)


async def open_ones(session: Session, *, program_id: str, limit: int) -> tuple[WaitingRefund, ...]:
    """Those that wait or were refused, longest waiting first: for a person to look at."""
    rows = await session.rows(
        f"{_SELECT} AND state <> 'APPLIED' AND state <> 'DISMISSED' ORDER BY recorded_at, id LIMIT $2",
        program_id,
        limit,
    )
    return tuple(_waiting(row) for row in rows)


async def settle(
    session: Session, *, program_id: str, waiting_id: str, state: WaitingState, refund_id: str | None
) -> None:
    """Keep what became of it."""
    before = await _digests(session, program_id=program_id, waiting_id=waiting_id)
    await session.execute(
        "UPDATE waiting_refunds SET state = $3, refund_id = $4 WHERE program_id = $1 AND id = $2",
        program_id,
        waiting_id,
        state.value,
        refund_id,
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
            *_dismissal(row),
        )
        for row in await session.rows(f"{_SELECT}{one}", *values)
    ]


def _dismissal(row: Row) -> list[Any]:
    """What its digest says of its dismissal: nothing where it was not dismissed, as before there were any."""
    settled = [row["settled_by"], row["settled_because"], instant_or_none(row["settled_at"])]
    return settled if any(value is not None for value in settled) else []


def _wish(one: WaitingRefund) -> dict[str, Any]:
    lines = None
    if one.lines is not None:
        lines = {str(line): str(quantity) if quantity is not None else None for line, quantity in one.lines.items()}
    return {
        "lines": lines,
        "amounts": {str(line): str(amount) for line, amount in one.amounts.items()},
        "amount": str(one.amount) if one.amount is not None else None,
        "reason": one.reason,
        "fingerprint": one.fingerprint,
        "location": one.receipt.location_id,
        "day": one.receipt.day.isoformat() if one.receipt.day is not None else None,
    }


def _waiting(row: Row) -> WaitingRefund:
    wish = json_value(row["wish"])
    lines = wish["lines"]
    return WaitingRefund(
        id=row["id"],
        receipt=ReceiptBy(
            row["receipt"], wish.get("location"), date.fromisoformat(wish["day"]) if wish.get("day") else None
        ),
        external_id=row["external_id"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        lines=None
        if lines is None
        else {int(line): Decimal(quantity) if quantity is not None else None for line, quantity in lines.items()},
        reason=wish["reason"],
        fingerprint=wish["fingerprint"],
        amounts={int(line): Decimal(amount) for line, amount in wish["amounts"].items()},
        amount=Decimal(wish["amount"]) if wish["amount"] is not None else None,
        state=WaitingState(row["state"]),
        refund_id=row["refund_id"],
        space=Space(row["numbered_at"], row["numbered_on"]),
        settled_at=instant_or_none(row["settled_at"]),
        settled_by=row["settled_by"],
        settled_because=row["settled_because"],
    )
