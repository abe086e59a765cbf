"""Refunds of purchases, for returned goods or of an amount. Never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.domain.purchases.receipt_numbers import Numbering, NumberSpace, ReceiptOrigin, digest_fields
from app.domain.purchases.refund import Refund
from app.store.database.codecs import instant, json_text, json_value
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_COLUMNS = (
    "id, purchase_id, external_id, occurred_at, recorded_at, lines, cash, clawback_due, clawed_back, reason, fingerprint, amounts,"
    " number_location, number_day"
)


async def add(session: Session, *, refund: Refund) -> None:
    """Store a new refund (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO refunds (program_id, {_COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        refund.id,
        refund.purchase_id,
        refund.external_id,
        refund.occurred_at,
        refund.recorded_at,
        json_text(_lines_data(refund.lines)),
        refund.money,
        refund.clawback_due,
        refund.clawed_back,
        refund.reason,
        refund.fingerprint,
        json_text(_amounts_data(refund.amounts)),
        *refund.space,
    )


def row_digest(refund: Refund) -> int:
    """The digest of a refund."""
    return digest(
        "refunds",
        refund.id,
        refund.purchase_id,
        refund.external_id,
        refund.occurred_at,
        refund.recorded_at,
        _lines_data(refund.lines),
        refund.money,
        refund.clawback_due,
        refund.clawed_back,
        refund.reason,
        refund.fingerprint,
        _amounts_data(refund.amounts),
        *digest_fields(refund.space),
    )


def _amounts_data(amounts: Mapping[int, int]) -> dict[str, int]:
    return {str(line): amount for line, amount in sorted(amounts.items())}


def _lines_data(lines: Mapping[int, Decimal]) -> dict[str, str]:
    return {str(line): str(quantity) for line, quantity in sorted(lines.items())}


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> tuple[Refund, ...]:
    """Every refund of the customers' purchases, in no particular order."""
    columns = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
    rows = await session.rows(
        f"SELECT {columns} FROM purchases p JOIN refunds r ON r.program_id = p.program_id AND r.purchase_id = p.id"
        " WHERE p.program_id = $1 AND p.customer_id = ANY($2)",
        list(customer_ids),
    )
    return tuple(_refund(row) for row in rows)


async def of_purchase(session: Session, *, purchase_id: str) -> tuple[Refund, ...]:
    """Every refund of a purchase, in order of business time."""
    return await of_purchases(session, purchase_ids=[purchase_id])


async def of_purchases(session: Session, *, purchase_ids: Sequence[str]) -> tuple[Refund, ...]:
    """Every refund of several purchases, in order of business time."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM refunds WHERE program_id = $1 AND purchase_id = ANY($2)", list(purchase_ids)
    )
    return tuple(
        sorted(map(_refund, rows), key=lambda refund: (refund.occurred_at, refund.external_id or "", refund.id))
    )


async def by_number(
    session: Session, *, number: str, origin: ReceiptOrigin, numbering: Numbering
) -> tuple[Refund, ...]:
    """The refunds with a number at this location and time; more than one only if the numbering setting was changed.

    A refund has the location of its purchase, and its own time.
    """
    columns = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
    rows = await session.rows(
        f"SELECT {columns}, p.location_id, p.facts FROM refunds r"
        " JOIN purchases p ON p.program_id = r.program_id AND p.id = r.purchase_id"
        " WHERE r.program_id = $1 AND r.external_id = $2 AND r.number_location = ANY($3) AND r.number_day = ANY($4)",
        number,
        *map(list, numbering.candidate_spaces(origin)),
    )
    refunds_with_origin = (
        (_refund(row), ReceiptOrigin(row["location_id"], instant(row["occurred_at"]), json_value(row["facts"])["zone"]))
        for row in rows
    )
    return tuple(
        refund
        for refund, refund_origin in refunds_with_origin
        if numbering.is_same_receipt(origin, recorded_origin=refund_origin, space=refund.space)
    )


async def by_ids(session: Session, *, refund_ids: Sequence[str]) -> dict[str, Refund]:
    """Several refunds by id; unknown ids are left out."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM refunds WHERE program_id = $1 AND id = ANY($2)", list(refund_ids)
    )
    return {row["id"]: _refund(row) for row in rows}


def _refund(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        purchase_id=row["purchase_id"],
        external_id=row["external_id"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        lines={int(line): Decimal(quantity) for line, quantity in json_value(row["lines"]).items()},
        money=row["cash"],
        clawback_due=row["clawback_due"],
        clawed_back=row["clawed_back"],
        reason=row["reason"],
        fingerprint=row["fingerprint"],
        amounts={int(line): amount for line, amount in json_value(row["amounts"]).items()},
        space=NumberSpace(row["number_location"], row["number_day"]),
    )


async def count(session: Session) -> int:
    """How many refunds the program has."""
    row = await session.row("SELECT count(*) AS n FROM refunds WHERE program_id = $1")
    return int(row["n"]) if row is not None else 0
