"""Purchases, one for each receipt. The earlier facts of a corrected purchase are stored with the correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.amounts import Money
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, Numbering, NumberSpace, ReceiptOrigin
from app.store.database.codecs import instant, json_value
from app.store.database.row_digests import digest
from app.store.database.session import ConcurrentChange, Row, Session

COLUMNS = (
    "id, customer_id, source, external_id, occurred_at, recorded_at, currency, total, earned, terms_version,"
    " fingerprint, facts, moved_by, location_id, number_location, number_day, completion, actor"
)


async def add(session: Session, *, purchase: Purchase) -> None:
    """Store a new purchase (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO purchases (program_id, {COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        purchase.id,
        purchase.customer_id,
        purchase.source,
        purchase.external_id,
        purchase.occurred_at,
        purchase.recorded_at,
        purchase.total.currency,
        purchase.total.minor,
        purchase.earned_points,
        purchase.terms_version,
        purchase.fingerprint,
        purchase.facts_text,
        purchase.move_id,
        purchase.location_id,
        *purchase.space,
        purchase.completion,
        purchase.actor,
    )


async def correct(session: Session, *, purchase: Purchase) -> None:
    """Update what a correction changes: customer, facts, total and points (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "UPDATE purchases SET customer_id = $3, total = $4, earned = $5, facts = $6, moved_by = $7"
        " WHERE program_id = $1 AND id = $2",
        purchase.id,
        purchase.customer_id,
        purchase.total.minor,
        purchase.earned_points,
        purchase.facts_text,
        purchase.move_id,
    )


def row_digest(purchase: Purchase) -> int:
    """The digest of a purchase. Location, number space and completion are left out if all have their defaults, as in older digests."""
    has_defaults = (purchase.location_id, purchase.space, purchase.completion) == (None, PROGRAM_WIDE, 1)
    return digest(
        "purchases",
        purchase.id,
        purchase.customer_id,
        purchase.source,
        purchase.external_id,
        purchase.occurred_at,
        purchase.recorded_at,
        purchase.total.currency,
        purchase.total.minor,
        purchase.earned_points,
        purchase.terms_version,
        purchase.fingerprint,
        purchase.facts_text,
        purchase.move_id,
        *(() if has_defaults else (purchase.location_id, *purchase.space, purchase.completion)),
        purchase.actor,
    )


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> tuple[Purchase, ...]:
    """Every purchase of customers, in no particular order."""
    rows = await session.rows(
        f"SELECT {COLUMNS} FROM purchases WHERE program_id = $1 AND customer_id = ANY($2)", list(customer_ids)
    )
    return tuple(purchase_of(row) for row in rows)


async def by_id(session: Session, *, purchase_id: str) -> Purchase | None:
    """The purchase with this id; None if there is none."""
    row = await session.row(f"SELECT {COLUMNS} FROM purchases WHERE program_id = $1 AND id = $2", purchase_id)
    return None if row is None else purchase_of(row)


async def by_ids(session: Session, *, purchase_ids: Sequence[str]) -> dict[str, Purchase]:
    """Several purchases by id; unknown ids are left out."""
    rows = await session.rows(
        f"SELECT {COLUMNS} FROM purchases WHERE program_id = $1 AND id = ANY($2)", list(purchase_ids)
    )
    return {row["id"]: purchase_of(row) for row in rows}


async def reread(session: Session, *, purchase: Purchase) -> Purchase:
    """A purchase as it is now that its customer's account is locked.

    Raises ConcurrentChange when it was moved to another customer before the lock was acquired.
    """
    current = await by_id(session, purchase_id=purchase.id)
    if current is None or current.customer_id != purchase.customer_id:
        raise ConcurrentChange
    return current


class ReceiptRecord(NamedTuple):
    """What is stored about a receipt when it arrives.

    `purchases` are recorded under its number already, the last completion first. `has_pending_refunds`: refunds or
    exchanges of its goods are pending. `was_quarantined`: it is or was in quarantine. `in_pending_exchange`: it is the
    new receipt of a pending exchange.
    """

    purchases: tuple[Purchase, ...]
    has_pending_refunds: bool
    was_quarantined: bool
    in_pending_exchange: bool


async def lookup_receipt(
    session: Session, *, source: str, number: str, origin: ReceiptOrigin, numbering: Numbering
) -> ReceiptRecord:
    """What is stored about a receipt with this number, location and time, read with one statement."""
    rows = await session.rows(_LOOKUP_RECEIPT, source, number, *map(list, numbering.candidate_spaces(origin)))
    candidates = (purchase_of(row) for row in rows if row["id"] is not None)
    purchases_of_receipt = tuple(
        purchase
        for purchase in candidates
        if numbering.is_same_receipt(origin, recorded_origin=purchase.origin, space=purchase.space)
    )
    return ReceiptRecord(
        purchases_of_receipt,
        bool(rows[0]["has_pending_refunds"]),
        bool(rows[0]["was_quarantined"]),
        bool(rows[0]["in_pending_exchange"]),
    )


_LOOKUP_RECEIPT = (
    f"SELECT {', '.join(f'p.{name}' for name in COLUMNS.split(', '))},"
    " EXISTS (SELECT 1 FROM pending_refunds w WHERE w.program_id = $1 AND w.receipt = $3"
    " AND w.state = 'PENDING') AS has_pending_refunds,"
    " EXISTS (SELECT 1 FROM pending_refunds x WHERE x.program_id = $1 AND x.new_receipt_number = $3"
    " AND x.state = 'PENDING') AS in_pending_exchange,"
    " EXISTS (SELECT 1 FROM quarantined_receipts q WHERE q.program_id = $1 AND q.external_id = $3"
    " AND q.kind <> 'REFUND') AS was_quarantined FROM (SELECT 1) AS always"
    " LEFT JOIN purchases p ON p.program_id = $1 AND p.source = $2 AND p.external_id = $3"
    " AND p.number_location = ANY($4) AND p.number_day = ANY($5) ORDER BY p.completion DESC, p.id DESC"
)


def purchase_of(row: Row) -> Purchase:
    """The purchase that a row holds; the row begins with COLUMNS in this order."""
    # The columns are read by position, which is faster: a replayed wallet has many purchases.
    (
        id,
        customer_id,
        source,
        external_id,
        occurred_at,
        recorded_at,
        currency,
        total,
        earned,
        terms_version,
        fingerprint,
        facts,
        moved_by,
        location_id,
        number_location,
        number_day,
        completion,
        actor,
        *_,
    ) = row
    return Purchase(
        id=id,
        customer_id=customer_id,
        source=source,
        external_id=external_id,
        occurred_at=instant(occurred_at),
        recorded_at=instant(recorded_at),
        total=Money(total, currency),
        earned_points=earned,
        terms_version=terms_version,
        fingerprint=fingerprint,
        facts=PurchaseFacts.from_data(json_value(facts)),
        facts_text=facts,
        move_id=moved_by,
        location_id=location_id,
        space=NumberSpace(number_location, number_day),
        completion=completion,
        actor=actor,
    )


async def count(session: Session) -> int:
    """How many purchases the program has."""
    row = await session.row("SELECT count(*) AS n FROM purchases WHERE program_id = $1")
    return int(row["n"]) if row is not None else 0
