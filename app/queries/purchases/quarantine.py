"""Receipts in quarantine: by id, and in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.purchases.quarantine import QuarantinedRecord, QuarantineKind, QuarantineState
from app.store.database.session import Session
from app.store.purchases import purchases, quarantine


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """Receipts in order of arrival, and whether there are more on either side."""

    items: tuple[QuarantinedRecord, ...]
    more_before: bool
    more_after: bool


async def quarantined_by_id(session: Session, *, ids: Sequence[str]) -> list[QuarantinedRecord | None]:
    """Receipts in quarantine by id, in the order requested."""
    by_id = await quarantine.by_ids(session, ids=ids)
    return [by_id.get(id) for id in ids]


async def quarantine_page(
    session: Session, *, state: QuarantineState | None, size: int, after: int | None, before: int | None, from_end: bool
) -> QuarantinePage:
    """One page: `size` receipts between the sequence numbers (in order of arrival) `after` and `before`.

    They are the first between the two or, with `from_end`, the last.
    """
    page = await quarantine.page(session, state=state, after=after, before=before, limit=size + 1, from_end=from_end)
    more = len(page) > size
    return QuarantinePage(
        items=page[-size:] if from_end else page[:size],
        more_before=more if from_end else after is not None,
        more_after=before is not None if from_end else more,
    )


async def receipt_numbers_of(session: Session, *, quarantined_id: str) -> tuple[str, ...]:
    """The receipt numbers of the purchases that a receipt in quarantine is about.

    A purchase is about itself, a refund about the purchase of the returned goods, an exchange about this and the new one.
    """
    item = await quarantine.by_id(session, quarantined_id=quarantined_id)
    if item is None:
        return ()
    if item.kind is QuarantineKind.PURCHASE:
        return (item.command["external_id"],)
    is_exchange = item.kind is QuarantineKind.EXCHANGE
    refund_command = item.command["refund"] if is_exchange else item.command
    numbers = [item.command["new_receipt"]["external_id"]] if is_exchange else []
    numbers += [refund_command["receipt"]["number"]] if refund_command["receipt"] is not None else []
    if refund_command["purchase_id"] is not None:
        purchase = await purchases.by_id(session, purchase_id=refund_command["purchase_id"])
        numbers += [purchase.external_id] if purchase is not None else []
    return tuple(numbers)
