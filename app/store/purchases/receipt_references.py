"""References to receipts: the purchases that match, never a guess."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice

from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import Numbering, ReceiptReference
from app.store.database.session import Session, Value
from app.store.purchases.purchases import COLUMNS, purchase_of


async def resolve(
    session: Session, *, source: str, by: ReceiptReference, numbering: Numbering, completion: int | None = None
) -> Purchase | Problem | None:
    """The one purchase that a reference matches, None where there is none, a problem where several match.

    Of an order that was completed several times it is the last completion, or the one asked for.
    """
    matches = await matching(session, source=source, by=by, numbering=numbering)
    if len(matches) == 1 and completion is not None:
        return await _completion(session, last=matches[0], completion=completion)
    if len(matches) > 1:
        return Problem(
            ProblemCode.RECEIPT_AMBIGUOUS, path=("purchase",), purchase_ids=tuple(purchase.id for purchase in matches)
        )
    return matches[0] if matches else None


async def _completion(session: Session, *, last: Purchase, completion: int) -> Purchase | None:
    """One completion of an order, found by the last one."""
    row = await session.row(
        f"SELECT {COLUMNS} FROM purchases WHERE program_id = $1 AND source = $2 AND external_id = $3"
        " AND number_location = $4 AND number_day = $5 AND completion = $6",
        last.source,
        last.external_id,
        *last.space,
        completion,
    )
    return None if row is None else purchase_of(row)


async def matching(
    session: Session, *, source: str, by: ReceiptReference, numbering: Numbering
) -> tuple[Purchase, ...]:
    """The purchases that a reference matches, newest first, each order at its last completion; at most `MAX_LISTED_MATCHES`."""
    where, values = "", list[Value]((source, by.number))
    if by.location_id is not None:
        values.append(by.location_id)
        where += f" AND p.location_id = ${len(values) + 1}"
    if by.day is not None:
        # A day begins anywhere in the world at most 14 hours before it does in UTC; it starts within a day, and ends at most
        # 12 hours after it does in UTC.
        begins = datetime.combine(by.day, time(), UTC)
        values += [begins - timedelta(hours=15), begins + timedelta(hours=62)]
        where += f" AND p.occurred_at BETWEEN ${len(values)} AND ${len(values) + 1}"
    most = f" LIMIT {MAX_LISTED_MATCHES}" if by.day is None else ""
    rows = await session.rows(f"{_MATCHING}{where} ORDER BY p.occurred_at DESC, p.id DESC{most}", *values)
    matches = (
        purchase for purchase in map(purchase_of, rows) if by.day in (None, numbering.business_day(purchase.origin))
    )
    return tuple(islice(matches, MAX_LISTED_MATCHES))


MAX_LISTED_MATCHES = 20
"""The most purchases listed in the answer to an ambiguous reference."""

_MATCHING = (
    f"SELECT {', '.join(f'p.{name}' for name in COLUMNS.split(', '))} FROM purchases p"
    " WHERE p.program_id = $1 AND p.source = $2 AND p.external_id = $3 AND NOT EXISTS ("
    "SELECT 1 FROM purchases q WHERE q.program_id = p.program_id AND q.source = p.source"
    " AND q.external_id = p.external_id AND q.number_location = p.number_location AND q.number_day = p.number_day"
    " AND q.completion > p.completion)"
)
