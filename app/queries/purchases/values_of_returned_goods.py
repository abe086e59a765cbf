"""The value of goods returned in exchanges, as it was known when an entry was booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.engine.returns import price_of_refund
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_correction import ReceiptCorrection
from app.store.database.session import Session
from app.store.purchases import corrections, exchanges, purchases, refunds


async def values_of_returned_goods(session: Session, *, new_purchase_ids: Mapping[str, str]) -> dict[str, int]:
    """The value, in minor units, of the goods returned in exchanges, by the entry (id) of the new purchase.

    `new_purchase_ids` are the purchases that replaced the goods, by entry (id). The value is the one known when
    the entry was booked: refunds and corrections with smaller ids count, as ids are in the order of time.
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
        exchanged = exchange_refunds[refund_ids[new_purchase_id]]
        original = originals[exchanged.purchase_id]
        recorded = [refund for refund in all_refunds if refund.purchase_id == original.id and refund.id < entry_id]
        facts = _facts_as_known_at(entry_id, purchase=original, all_corrections=all_corrections)
        values[entry_id] = price_of_refund(facts, before=recorded[: recorded.index(exchanged)], refund=exchanged)
    return values


def _facts_as_known_at(id: str, *, purchase: Purchase, all_corrections: Sequence[ReceiptCorrection]) -> PurchaseFacts:
    """The facts of a purchase as they were recorded when an id was made."""
    later = (
        correction for correction in all_corrections if correction.purchase_id == purchase.id and correction.id > id
    )
    first = next(later, None)
    return first.facts_before if first is not None else purchase.facts
