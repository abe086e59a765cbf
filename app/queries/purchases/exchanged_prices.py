"""The value of goods returned in exchanges, as it was known when an entry was booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.engine.returns import price_of_refund
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_correction import ReceiptCorrection
from app.store.database.session import Session
from app.store.purchases import corrections, exchanges, purchases, refunds


async def exchanged_prices(session: Session, *, handed_out: Mapping[str, str]) -> dict[str, int]:
    """The price, in minor units, of the goods returned for the purchases (ids) of entries, by entry (id).

    It is the price known when the entry was booked: ids are in the order of time.
    """
    if not handed_out:
        return {}
    new = sorted(set(handed_out.values()))
    refund_of = await exchanges.refunds_of(session, purchase_ids=new)
    swapped = await refunds.by_ids(session, refund_ids=sorted(refund_of.values()))
    old = sorted({refund.purchase_id for refund in swapped.values()})
    sales = await purchases.by_ids(session, purchase_ids=old)
    corrected = await corrections.of_purchases(session, purchase_ids=old)
    came_back = await refunds.of_purchases(session, purchase_ids=old)
    prices = {}
    for entry_id, purchase_id in handed_out.items():
        back = swapped[refund_of[purchase_id]]
        known = [refund for refund in came_back if refund.purchase_id == back.purchase_id and refund.id < entry_id]
        sale = _known_by(entry_id, sale=sales[back.purchase_id], corrections=corrected)
        prices[entry_id] = price_of_refund(sale, before=known[: known.index(back)], refund=back)
    return prices


def _known_by(id: str, *, sale: Purchase, corrections: Sequence[ReceiptCorrection]) -> PurchaseFacts:
    """The facts of a purchase as they were known when an id was made."""
    later = (correction for correction in corrections if correction.purchase_id == sale.id and correction.id > id)
    first = next(later, None)
    return first.facts if first is not None else sale.facts
