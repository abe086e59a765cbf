"""Exchanges that wait for their purchase, or have waited: known again by the receipt of what is handed out."""

from __future__ import annotations

from dataclasses import replace

from app.domain import receipt_content
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import Spot
from app.store import waiting_refunds
from app.store.purchases import Purchase
from app.store.unit import Session
from app.store.waiting_refunds import HandedOut, WaitingRefund, WaitingState
from app.usecases.call import Call
from app.usecases.new_exchange import NewExchange
from app.usecases.new_receipts import NewPurchase, NewReceipt
from app.usecases.quarantined_orders import receipt_data, spot_data, spot_from


def handed_out(bought: NewReceipt, *, spot: Spot, customer_id: str | None, holder_id: str | None) -> HandedOut:
    """The receipt of what is handed out, as it is kept with an exchange that waits."""
    data = {**receipt_data(bought), "spot": spot_data(spot)}
    return HandedOut(bought.external_id, customer_id, holder_id, meaning_of(bought), data)


def meaning_of(bought: NewReceipt) -> str:
    """What the receipt of what is handed out says, its number, its time and whose it is aside."""
    return f"{receipt_content.fingerprint(bought.facts)} {bought.location_id or ''} {bought.completion}"


async def waiting_with(
    session: Session, *, call: Call, number: str, spot: Spot, completion: int
) -> tuple[WaitingRefund, ...]:
    """The exchanges that wait or have waited whose new receipt has the number which is used at a spot, newest first."""
    found, numbering = [], call.program.numbering
    for waiting in await waiting_refunds.of_bought(session, program_id=call.program.id, number=number):
        assert waiting.bought is not None, "it is looked up by its receipt"
        used = spot_from(waiting.bought.data["spot"])
        same = numbering.same(spot, recorded=used, space=numbering.space(used))
        if same and waiting.bought.data["completion"] == completion:
            found.append(waiting)
    return tuple(found)


async def taken_by_waiting(
    session: Session, *, call: Call, order: NewPurchase, zone: str, but: str | None
) -> Problem | None:
    """The refusal of a receipt that an exchange hands out which waits for its purchase (other than the one with this id), or None."""
    found = await waiting_with(
        session, call=call, number=order.external_id, spot=order.spot(zone=zone), completion=order.completion
    )
    if all(waiting.state is not WaitingState.WAITING or waiting.id == but for waiting in found):
        return None
    detail = "an exchange with this receipt waits for its purchase"
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("purchase", "externalId"), detail=detail)


async def exchange_as_applied(session: Session, *, call: Call, order: NewExchange, sale: Purchase) -> NewExchange:
    """An exchange that was applied right behind its purchase, as its clock was wrong, means that time when it is sent again."""
    sent_at = order.bought.facts.occurred_at
    if sent_at >= sale.occurred_at:
        return order
    number = order.bought.external_id
    for waiting in await waiting_refunds.of_bought(session, program_id=call.program.id, number=number):
        assert waiting.bought is not None, "it is looked up by its receipt"
        same = (waiting.occurred_at, waiting.bought.meaning, waiting.fingerprint) == (
            sent_at,
            meaning_of(order.bought),
            order.back.fingerprint,
        )
        if same and waiting.state is WaitingState.APPLIED:
            return order.at(sale.occurred_at)
    return order


def as_sent(waiting: WaitingRefund, *, bought: NewReceipt) -> NewReceipt:
    """The receipt of what is handed out, with its number used where and when it was sent."""
    assert waiting.bought is not None, "it is an exchange"
    return replace(bought, numbered_at=spot_from(waiting.bought.data["spot"]).at)
