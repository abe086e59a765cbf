"""Exchanges that are or were pending, found again by the receipt of the goods handed out."""

from __future__ import annotations

from dataclasses import replace

from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.pending_refund import HandedOut, PendingRefund, PendingRefundState
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.store.database.session import Session
from app.store.purchases import pending_refunds
from app.usecases.command import CommandContext
from app.usecases.purchases.new_exchange import RecordExchange
from app.usecases.purchases.new_receipts import RecordedReceipt, RecordPurchase
from app.usecases.purchases.quarantined_commands import receipt_data, spot_data, spot_from


def handed_out(
    bought: RecordedReceipt, *, spot: ReceiptOrigin, customer_id: str | None, holder_id: str | None
) -> HandedOut:
    """The receipt of the goods handed out, as it is stored with a pending exchange."""
    data = {**receipt_data(bought), "spot": spot_data(spot)}
    return HandedOut(bought.external_id, customer_id, holder_id, meaning_of(bought), data)


def meaning_of(bought: RecordedReceipt) -> str:
    """The content of the receipt of the goods handed out, without number, time and customer."""
    return f"{receipt_content.fingerprint(bought.facts)} {bought.location_id or ''} {bought.completion}"


async def pending_with(
    session: Session, *, context: CommandContext, number: str, spot: ReceiptOrigin, completion: int
) -> tuple[PendingRefund, ...]:
    """The exchanges that are or were pending whose new receipt has this number, location and time, newest first."""
    found, numbering = [], context.program.numbering
    for waiting in await pending_refunds.of_bought(session, number=number):
        assert waiting.bought is not None, "it is looked up by its receipt"
        used = spot_from(waiting.bought.data["spot"])
        same = numbering.is_same_receipt(spot, recorded=used, space=numbering.space(used))
        if same and waiting.bought.data["completion"] == completion:
            found.append(waiting)
    return tuple(found)


async def taken_by_pending(
    session: Session, *, context: CommandContext, command: RecordPurchase, zone: str, but: str | None
) -> Problem | None:
    """The refusal of a receipt that a pending exchange hands out (other than the one with this id), or None."""
    same_number = await pending_with(
        session,
        context=context,
        number=command.external_id,
        spot=command.spot(zone=zone),
        completion=command.completion,
    )
    if all(waiting.state is not PendingRefundState.WAITING or waiting.id == but for waiting in same_number):
        return None
    detail = "an exchange with this receipt is pending"
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("purchase", "externalId"), detail=detail)


async def exchange_as_applied(session: Session, *, command: RecordExchange, sale: Purchase) -> RecordExchange:
    """The exchange with the time at which it was applied, if its clock was wrong; unchanged otherwise."""
    sent_at = command.bought.facts.occurred_at
    if sent_at >= sale.occurred_at:
        return command
    number = command.bought.external_id
    for waiting in await pending_refunds.of_bought(session, number=number):
        assert waiting.bought is not None, "it is looked up by its receipt"
        same = (waiting.occurred_at, waiting.bought.meaning, waiting.fingerprint) == (
            sent_at,
            meaning_of(command.bought),
            command.back.fingerprint,
        )
        if same and waiting.state is PendingRefundState.APPLIED:
            return command.at(sale.occurred_at)
    return command


def as_sent(waiting: PendingRefund, *, bought: RecordedReceipt) -> RecordedReceipt:
    """The receipt of the goods handed out, with the location and time at which its number was sent."""
    assert waiting.bought is not None, "it is an exchange"
    return replace(bought, numbered_at=spot_from(waiting.bought.data["spot"]).at)
