"""The value of goods returned in exchanges, as known when an entry of the new purchase was booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.engine.returns import price_of_refund
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_correction import ReceiptCorrection
from app.store.database.session import Session
from app.store.purchases import corrections, exchanges, purchases, refunds


async def values_of_returned_goods(session: Session, *, new_purchase_ids: Mapping[str, str]) -> dict[str, int]:
    """The value, in minor units, of the goods returned in exchanges, by the id of an entry of the new purchase.

    `new_purchase_ids` are, by entry id, the purchases of the goods taken in exchange. A value is the one known when the
    entry was booked: only refunds and corrections recorded before count, which have smaller ids than the entry.
    """
    if not new_purchase_ids:
        return {}
    refund_ids = await exchanges.refunds_of(session, purchase_ids=sorted(set(new_purchase_ids.values())))
    exchange_refunds = await refunds.by_ids(session, refund_ids=sorted(refund_ids.values()))
    original_ids = sorted({refund.purchase_id for refund in exchange_refunds.values()})
    originals = await purchases.by_ids(session, purchase_ids=original_ids)
    all_corrections = await corrections.of_purchases(session, purchase_ids=original_ids)
    all_refunds = await refunds.of_purchases(session, purchase_ids=original_ids)
    values = {}
    for entry_id, new_purchase_id in new_purchase_ids.items():
        exchange_refund = exchange_refunds[refund_ids[new_purchase_id]]
        original = originals[exchange_refund.purchase_id]
        refunds_until_then = [
            refund for refund in all_refunds if refund.purchase_id == original.id and refund.id < entry_id
        ]
        facts = _facts_as_known_at(entry_id, purchase=original, all_corrections=all_corrections)
        values[entry_id] = price_of_refund(
            facts, before=refunds_until_then[: refunds_until_then.index(exchange_refund)], refund=exchange_refund
        )
    return values


def _facts_as_known_at(id: str, *, purchase: Purchase, all_corrections: Sequence[ReceiptCorrection]) -> PurchaseFacts:
    """The facts of a purchase as they were known when an entry with this id was booked."""
    later_corrections = (
        correction for correction in all_corrections if correction.purchase_id == purchase.id and correction.id > id
    )
    next_correction = next(later_corrections, None)
    return next_correction.facts_before if next_correction is not None else purchase.facts
