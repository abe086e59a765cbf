"""Receipts that are or were in quarantine, found when they are sent again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.quarantine import QuarantinedRecord, QuarantineKind, QuarantineState
from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.store.customers import customers
from app.store.database.session import Session
from app.store.purchases import pending_refunds, purchases, quarantine, refunds
from app.usecases.command import CommandContext
from app.usecases.customers.same_customer import is_same_customer
from app.usecases.purchases.command_json import origin_of
from app.usecases.purchases.commands import (
    ReceiptToRecord,
    RecordExchange,
    RecordPurchase,
    RecordRefund,
    RecordRefundResult,
    RefundPending,
)
from app.usecases.purchases.duplicates.refunds import recorded_refund_result


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """A receipt as it was sent: its number, where and when the number was used, its content as a digest, and the command as JSON.

    `states_time`: the receipt states its time. `number` is None for a refund without one.
    """

    kind: QuarantineKind
    number: str | None
    origin: ReceiptOrigin
    content: str
    states_time: bool
    customer: Customer | None
    data: Mapping[str, Any]

    @property
    def path(self) -> tuple[str, ...]:
        """The path to the receipt in the input."""
        return () if self.kind is QuarantineKind.REFUND else ("purchase",)


async def with_booked_time(
    session: Session,
    *,
    command: RecordPurchase,
    facts: PurchaseFacts,
    recorded_purchases: tuple[Purchase, ...],
) -> tuple[RecordPurchase, PurchaseFacts, tuple[Purchase, ...]]:
    """The receipt, its facts, with the time at which it was booked from quarantine, and its purchase; all unchanged if it was not."""
    origin = command.origin(zone=facts.zone)
    for item in await quarantine.of_receipt(session, external_id=command.external_id):
        if item.kind is QuarantineKind.REFUND or item.purchase_id is None or origin_of(item) != origin:
            continue
        purchase = await purchases.by_id(session, purchase_id=item.purchase_id)
        if purchase is not None and purchase.completion == command.completion:
            at = purchase.occurred_at
            booked_command = replace(command, facts=replace(command.facts, occurred_at=at), number_used_at=origin.at)
            return booked_command, replace(facts, occurred_at=at), (purchase,)
    return command, facts, recorded_purchases


async def exchange_with_booked_time(
    session: Session, *, context: CommandContext, command: RecordExchange, purchase: Purchase | None
) -> RecordExchange:
    """The exchange with the time at which it was booked from quarantine; unchanged if it was not."""
    new_receipt = command.new_receipt
    if context.time_reviewed:
        return command
    content = exchange_content(new_receipt, refund=command.refund, purchase=purchase)
    for item in await quarantine.of_receipt(session, external_id=new_receipt.external_id):
        is_same = (item.kind, item.fingerprint, item.occurred_at) == (
            QuarantineKind.EXCHANGE,
            content,
            new_receipt.facts.occurred_at,
        )
        if is_same and item.booked_for is not None:
            return command.with_time(item.booked_for)
    return command


async def find_quarantined(
    session: Session, *, context: CommandContext, receipt: SentReceipt
) -> QuarantinedRecord | Problem | None:
    """The receipt as it is or was in quarantine, or the problem that another one with its number waits there.

    None if there is neither, or a purchase or an exchange was booked: it is found as a recorded receipt.
    """
    if receipt.number is None:
        return None
    numbering, is_refund = context.program.numbering, receipt.kind is QuarantineKind.REFUND
    for item in await quarantine.of_receipt(session, external_id=receipt.number):
        recorded_origin = origin_of(item)
        if (item.kind is QuarantineKind.REFUND) is not is_refund:
            continue
        if not numbering.is_same_receipt(
            receipt.origin, recorded_origin=recorded_origin, space=numbering.space(recorded_origin)
        ):
            continue
        if await _is_same(session, item=item, receipt=receipt):
            if is_refund or item.state is not QuarantineState.BOOKED:
                return item
        elif item.state is QuarantineState.PENDING:
            wrong = detail_of("QUARANTINED_OTHER")
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=(*receipt.path, "externalId"), detail=wrong)
    return None


async def _is_same(session: Session, *, item: QuarantinedRecord, receipt: SentReceipt) -> bool:
    """Is the receipt as sent the one that is or was in quarantine?"""
    if item.fingerprint != receipt.content or (receipt.states_time and item.occurred_at != receipt.origin.at):
        return False
    if receipt.customer is None or item.customer_id is None:
        return True
    return await is_same_customer(session, customer=receipt.customer, known_id=item.customer_id)


async def booked_refund_result(
    session: Session, *, item: QuarantinedRecord
) -> RecordRefundResult | RefundPending | None:
    """The result of a refund that was booked from quarantine, recorded or still pending; None if it was not booked."""
    if item.state is not QuarantineState.BOOKED:
        return None
    refund_id = item.refund_id
    if refund_id is None and item.pending_refund_id is not None:
        pending = await pending_refunds.by_id(session, pending_id=item.pending_refund_id)
        refund_id = pending.refund_id if pending is not None else None
        if refund_id is None:
            return RefundPending(pending_refund_id=item.pending_refund_id, already_recorded=True)
    ids = [refund_id] if refund_id is not None else []
    refund = next(iter((await refunds.by_ids(session, refund_ids=ids)).values()), None)
    purchase = await purchases.by_id(session, purchase_id=refund.purchase_id) if refund else None
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id)) if purchase else None
    if refund is None or purchase is None or customer is None:
        raise LookupError(f"refund {item.id} in quarantine was booked as one that is missing")
    return await recorded_refund_result(session, purchase=purchase, refund=refund, customer=customer)


async def has_recorded_refund(session: Session, *, context: CommandContext, number: str, origin: ReceiptOrigin) -> bool:
    """Does a recorded or a pending refund have this number?"""
    numbering = context.program.numbering
    if await refunds.by_number(session, number=number, origin=origin, numbering=numbering):
        return True
    pending = await pending_refunds.by_number(session, number=number, origin=origin, numbering=numbering)
    return pending is not None


def refund_content(command: RecordRefund, *, purchase: Purchase | None) -> str:
    """What identifies the content of a refund: its fingerprint, and the number of its purchase."""
    purchase_number = (
        purchase.external_id if purchase is not None else command.receipt.number if command.receipt is not None else ""
    )
    return f"{command.fingerprint} {purchase_number}"


def exchange_content(new_receipt: ReceiptToRecord, *, refund: RecordRefund, purchase: Purchase | None) -> str:
    """What identifies the content of an exchange: its new receipt, its refund, and the number of the refund."""
    receipt_part = (
        f"{receipt_content.fingerprint(new_receipt.facts)} {new_receipt.location_id or ''} {new_receipt.completion}"
    )
    return f"{receipt_part} {refund_content(refund, purchase=purchase)} {refund.external_id or ''}"
