"""Exchanges that are or were pending, found by their new receipt."""

from __future__ import annotations

from dataclasses import replace

from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.pending_refund import NewReceipt, PendingRefund, PendingRefundState
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.store.database.session import Session
from app.store.purchases import pending_refunds
from app.usecases.command import CommandContext
from app.usecases.purchases.command_json import origin_data, origin_from, receipt_data
from app.usecases.purchases.commands import ReceiptToRecord, RecordExchange, RecordPurchase


def new_receipt_to_store(
    new_receipt: ReceiptToRecord, *, origin: ReceiptOrigin, customer_id: str | None, sender_customer_id: str | None
) -> NewReceipt:
    """The new receipt of an exchange, as it is stored with the pending refund."""
    data = {**receipt_data(new_receipt), "origin": origin_data(origin)}
    return NewReceipt(new_receipt.external_id, customer_id, sender_customer_id, content_digest_of(new_receipt), data)


def content_digest_of(new_receipt: ReceiptToRecord) -> str:
    """A digest of the content of the new receipt, without number, time and customer."""
    return f"{receipt_content.fingerprint(new_receipt.facts)} {new_receipt.location_id or ''} {new_receipt.completion}"


async def exchanges_with_new_receipt(
    session: Session, *, context: CommandContext, number: str, origin: ReceiptOrigin, completion: int
) -> tuple[PendingRefund, ...]:
    """The exchanges that are or were pending whose new receipt has this number, location and time, newest first."""
    exchanges, numbering = [], context.program.numbering
    for pending in await pending_refunds.by_new_receipt_number(session, number=number):
        assert pending.new_receipt is not None, "it is looked up by its receipt"
        recorded_origin = origin_from(pending.new_receipt.command_data["origin"])
        is_same_receipt = numbering.is_same_receipt(
            origin, recorded_origin=recorded_origin, space=numbering.space(recorded_origin)
        )
        if is_same_receipt and pending.new_receipt.command_data["completion"] == completion:
            exchanges.append(pending)
    return tuple(exchanges)


async def pending_exchange_problem(
    session: Session, *, context: CommandContext, command: RecordPurchase, zone: str, except_id: str | None
) -> Problem | None:
    """The problem with a receipt that is the new receipt of a pending exchange (other than `except_id`), or None."""
    same_number = await exchanges_with_new_receipt(
        session,
        context=context,
        number=command.external_id,
        origin=command.origin(zone=zone),
        completion=command.completion,
    )
    if all(pending.state is not PendingRefundState.PENDING or pending.id == except_id for pending in same_number):
        return None
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("purchase", "externalId"), detail=detail_of("EXCHANGE_PENDING"))


async def exchange_with_applied_time(
    session: Session, *, command: RecordExchange, purchase: Purchase
) -> RecordExchange:
    """The exchange with the time at which it was applied, if that is another one because a clock was wrong; otherwise unchanged."""
    sent_at = command.new_receipt.facts.occurred_at
    if sent_at >= purchase.occurred_at:
        return command
    number = command.new_receipt.external_id
    for pending in await pending_refunds.by_new_receipt_number(session, number=number):
        assert pending.new_receipt is not None, "it is looked up by its receipt"
        is_same_exchange = (pending.occurred_at, pending.new_receipt.content_digest, pending.fingerprint) == (
            sent_at,
            content_digest_of(command.new_receipt),
            command.refund.fingerprint,
        )
        if is_same_exchange and pending.state is PendingRefundState.APPLIED:
            return command.with_time(purchase.occurred_at)
    return command


def with_number_time(pending: PendingRefund, *, new_receipt: ReceiptToRecord) -> ReceiptToRecord:
    """The new receipt of a pending exchange, with the time at which its number was used."""
    assert pending.new_receipt is not None, "it is an exchange"
    return replace(new_receipt, number_used_at=origin_from(pending.new_receipt.command_data["origin"]).at)
