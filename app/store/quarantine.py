"""Receipts of a till whose clock cannot be right: kept as they were sent until a person settles them, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.clock_skew import Skew
from app.store.accounts import NO_EVIDENCE
from app.store.evidence import added, digest
from app.store.unit import Row, Session
from app.store.values import instant, instant_or_none, json_value


class QuarantineKind(StrEnum):
    """What was sent."""

    PURCHASE = "PURCHASE"
    REFUND = "REFUND"
    EXCHANGE = "EXCHANGE"


class QuarantineState(StrEnum):
    """What became of it."""

    WAITING = "WAITING"
    BOOKED = "BOOKED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A receipt in quarantine. (`source`, `external_id`) is its number, None for a refund without one.

    `sent_text` is the whole order as JSON, without how the customer was named: `customer_id` is whose it is, None for a
    refund of a purchase that is not known. `number` counts the receipts of the program that came here. `booked_for` is the
    business time that it was booked at.
    """

    id: str
    number: int
    kind: QuarantineKind
    source: str
    external_id: str | None
    fingerprint: str
    customer_id: str | None
    skew: Skew
    occurred_at: datetime
    recorded_at: datetime
    actor: str | None
    sent_text: str
    state: QuarantineState = QuarantineState.WAITING
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_because: str | None = None
    booked_for: datetime | None = None
    purchase_id: str | None = None
    refund_id: str | None = None
    waiting_refund_id: str | None = None

    @property
    def sent(self) -> Mapping[str, Any]:
        """The order as it was sent."""
        found: Mapping[str, Any] = json_value(self.sent_text)
        return found


_SENT = "id, number, kind, source, external_id, fingerprint, customer_id, skew, occurred_at, recorded_at, actor, sent, state"
_SETTLED = "settled_at, settled_by, settled_because, booked_for, purchase_id, refund_id, waiting_refund_id"
_SELECT = f"SELECT {_SENT}, {_SETTLED} FROM quarantined_receipts WHERE program_id = $1"
_HIGHEST = 2**62


async def add(session: Session, *, program_id: str, quarantined: Quarantined) -> Quarantined:
    """Keep a receipt; answers with its number. The program's quarantine is held until the transaction ends."""
    number, evidence = await _held(session, program_id=program_id)
    kept = replace(quarantined, number=number + 1)
    await session.execute(
        f"INSERT INTO quarantined_receipts ({_SENT}, program_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        kept.id,
        kept.number,
        kept.kind.value,
        kept.source,
        kept.external_id,
        kept.fingerprint,
        kept.customer_id,
        kept.skew.value,
        kept.occurred_at,
        kept.recorded_at,
        kept.actor,
        kept.sent_text,
        kept.state.value,
        program_id,
    )
    await _prove(session, program_id=program_id, number=kept.number, evidence=added(evidence, [_digest(kept)]))
    return kept


async def hold(session: Session, *, program_id: str) -> None:
    """Let nobody else put anything in quarantine, or settle anything, until this transaction ends."""
    await _held(session, program_id=program_id)


async def settle(session: Session, *, program_id: str, before: Quarantined, after: Quarantined) -> None:
    """Keep what became of a receipt, which must be locked."""
    number, evidence = await _held(session, program_id=program_id)
    await session.execute(
        "UPDATE quarantined_receipts SET state = $3, settled_at = $4, settled_by = $5, settled_because = $6,"
        " booked_for = $7, purchase_id = $8, refund_id = $9, waiting_refund_id = $10 WHERE program_id = $1 AND id = $2",
        program_id,
        after.id,
        after.state.value,
        after.settled_at,
        after.settled_by,
        after.settled_because,
        after.booked_for,
        after.purchase_id,
        after.refund_id,
        after.waiting_refund_id,
    )
    proof = added(evidence, [_digest(after)], gone=[_digest(before)])
    await _prove(session, program_id=program_id, number=number, evidence=proof)


async def by_id(session: Session, *, program_id: str, quarantined_id: str, lock: bool = False) -> Quarantined | None:
    """The receipt with this id, or None; `lock` holds it until the transaction ends."""
    row = await session.row(f"{_SELECT} AND id = $2{session.locking if lock else ''}", program_id, quarantined_id)
    return None if row is None else _quarantined(row)


async def by_ids(session: Session, *, program_id: str, ids: Sequence[str]) -> dict[str, Quarantined]:
    """Several by id; ids that are not there are left out."""
    rows = await session.rows(f"{_SELECT} AND id = ANY($2)", program_id, list(ids))
    return {row["id"]: _quarantined(row) for row in rows}


async def of_receipt(session: Session, *, program_id: str, external_id: str) -> tuple[Quarantined, ...]:
    """All receipts with a number that are or were in quarantine, newest first."""
    rows = await session.rows(f"{_SELECT} AND external_id = $2 ORDER BY number DESC", program_id, external_id)
    return tuple(_quarantined(row) for row in rows)


async def page(
    session: Session,
    *,
    program_id: str,
    state: QuarantineState | None,
    after: int | None,
    before: int | None,
    limit: int,
    from_end: bool,
) -> tuple[Quarantined, ...]:
    """Receipts by number, those with `after` < number < `before`: at most `limit`, from the first or from the last."""
    of_state, more = ("", ()) if state is None else (" AND state = $5", (state.value,))
    rows = await session.rows(
        f"{_SELECT} AND number > $2 AND number < $3{of_state} ORDER BY number {'DESC' if from_end else 'ASC'} LIMIT $4",
        program_id,
        0 if after is None else after,
        _HIGHEST if before is None else before,
        limit,
        *more,
    )
    found = tuple(_quarantined(row) for row in rows)
    return tuple(reversed(found)) if from_end else found


async def proved(session: Session, *, program_id: str) -> bool:
    """Whether the receipts in quarantine are those that were sent, with what became of them, and no others."""
    kept = await session.row("SELECT number, evidence FROM quarantine_evidence WHERE program_id = $1", program_id)
    rows = await session.rows(_SELECT, program_id)
    known = added(NO_EVIDENCE, _digests(rows))
    if kept is None:
        return not rows
    return (len(rows), known) == (kept["number"], kept["evidence"])


def _digests(rows: Iterable[Row]) -> list[int]:
    """The digests of rows; one that says something impossible was changed."""
    found = []
    for row in rows:
        try:
            found.append(_digest(_quarantined(row)))
        except ValueError:
            found.append(0)
    return found


def _digest(one: Quarantined) -> int:
    return digest(
        "quarantined_receipts",
        one.id,
        one.number,
        one.kind.value,
        one.source,
        one.external_id,
        one.fingerprint,
        one.customer_id,
        one.skew.value,
        one.occurred_at,
        one.recorded_at,
        one.actor,
        one.sent_text,
        one.state.value,
        one.settled_at,
        one.settled_by,
        one.settled_because,
        one.booked_for,
        one.purchase_id,
        one.refund_id,
        one.waiting_refund_id,
    )


async def _held(session: Session, *, program_id: str) -> tuple[int, str]:
    """How many receipts of the program came here and the digest of all of them, held until the transaction ends."""
    await session.execute(
        "INSERT INTO quarantine_evidence (program_id, number, evidence) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
        program_id,
        NO_EVIDENCE,
    )
    row = await session.row(
        f"SELECT number, evidence FROM quarantine_evidence WHERE program_id = $1{session.locking}", program_id
    )
    assert row is not None, "it was put there"
    return row["number"], row["evidence"]


async def _prove(session: Session, *, program_id: str, number: int, evidence: str) -> None:
    await session.execute(
        "UPDATE quarantine_evidence SET number = $2, evidence = $3 WHERE program_id = $1", program_id, number, evidence
    )


def _quarantined(row: Row) -> Quarantined:
    return Quarantined(
        id=row["id"],
        number=row["number"],
        kind=QuarantineKind(row["kind"]),
        source=row["source"],
        external_id=row["external_id"],
        fingerprint=row["fingerprint"],
        customer_id=row["customer_id"],
        skew=Skew(row["skew"]),
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        actor=row["actor"],
        sent_text=row["sent"],
        state=QuarantineState(row["state"]),
        settled_at=instant_or_none(row["settled_at"]),
        settled_by=row["settled_by"],
        settled_because=row["settled_because"],
        booked_for=instant_or_none(row["booked_for"]),
        purchase_id=row["purchase_id"],
        refund_id=row["refund_id"],
        waiting_refund_id=row["waiting_refund_id"],
    )
