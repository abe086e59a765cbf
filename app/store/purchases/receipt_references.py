"""Finding the purchase that a reference to a receipt means; a reference that matches several is a problem, never a guess."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice

from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import Numbering, ReceiptReference
from app.store.database.session import Session, Value
from app.store.purchases.purchases import COLUMNS, purchase_of


async def find(
    session: Session, *, source: str, by: ReceiptReference, numbering: Numbering, completion: int | None = None
) -> Purchase | Problem | None:
    """The purchase that a reference matches: None if there is none, the problem RECEIPT_AMBIGUOUS if several match.

    Of an order that was completed several times it is the last completion, or the one with the number `completion`.
    """
    matches = await matching_purchases(session, source=source, by=by, numbering=numbering)
    if len(matches) == 1 and completion is not None:
        return await _with_completion(session, last=matches[0], completion=completion)
    if len(matches) > 1:
        return Problem(
            ProblemCode.RECEIPT_AMBIGUOUS, path=("purchase",), purchase_ids=tuple(purchase.id for purchase in matches)
        )
    return matches[0] if matches else None


async def _with_completion(session: Session, *, last: Purchase, completion: int) -> Purchase | None:
    """The purchase of one completion of an order, of which `last` is the last one; None if there is none."""
    row = await session.row(
        f"SELECT {COLUMNS} FROM purchases WHERE program_id = $1 AND source = $2 AND external_id = $3"
        " AND number_location = $4 AND number_day = $5 AND completion = $6",
        last.source,
        last.external_id,
        *last.space,
        completion,
    )
    return None if row is None else purchase_of(row)


async def matching_purchases(
    session: Session, *, source: str, by: ReceiptReference, numbering: Numbering
) -> tuple[Purchase, ...]:
    """The purchases that a reference matches, newest first, at most `MAX_LISTED_MATCHES`; of an order, the last completion."""
    where, values = "", list[Value]((source, by.number))
    if by.location_id is not None:
        values.append(by.location_id)
        where += f" AND p.location_id = ${len(values) + 1}"
    if by.day is not None:
        # The business day of a date starts between 0:00 and 24:00 of its local time and lasts a day. Local time is at most
        # 14 hours ahead of UTC and at most 12 behind, so that is within -14 and +60 hours of 0:00 UTC; the rest is reserve.
        utc_midnight = datetime.combine(by.day, time(), UTC)
        values += [utc_midnight - timedelta(hours=15), utc_midnight + timedelta(hours=62)]
        where += f" AND p.occurred_at BETWEEN ${len(values)} AND ${len(values) + 1}"
    limit = f" LIMIT {MAX_LISTED_MATCHES}" if by.day is None else ""
    rows = await session.rows(f"{_MATCHING}{where} ORDER BY p.occurred_at DESC, p.id DESC{limit}", *values)
    matches = (
        purchase for purchase in map(purchase_of, rows) if by.day in (None, numbering.business_day(purchase.origin))
    )
    return tuple(islice(matches, MAX_LISTED_MATCHES))


MAX_LISTED_MATCHES = 20
"""The most purchases that the problem of an ambiguous reference lists."""

_MATCHING = (
    f"SELECT {', '.join(f'p.{name}' for name in COLUMNS.split(', '))} FROM purchases p"
    " WHERE p.program_id = $1 AND p.source = $2 AND p.external_id = $3 AND NOT EXISTS ("
    "SELECT 1 FROM purchases q WHERE q.program_id = p.program_id AND q.source = p.source"
    " AND q.external_id = p.external_id AND q.number_location = p.number_location AND q.number_day = p.number_day"
    " AND q.completion > p.completion)"
)
