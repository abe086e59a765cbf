"""Receipts that are or were in quarantine, found again when they are sent once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import detail
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
from app.usecases.purchases.duplicates.refunds import as_recorded


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """A receipt as it was sent: its number, where and when the number was used, a digest of its content, and the whole command.

    `timed`: the receipt states its time. `number` is None for a refund without one.
    """

    kind: QuarantineKind
    number: str | None
    origin: ReceiptOrigin
    content: str
    timed: bool
    customer: Customer | None
    data: Mapping[str, Any]

    @property
    def path(self) -> tuple[str, ...]:
        """The path to its time and its number in the input."""
        return () if self.kind is QuarantineKind.REFUND else ("purchase",)


async def as_booked(
    session: Session,
    *,
    command: RecordPurchase,
    facts: PurchaseFacts,
    recorded: tuple[Purchase, ...],
) -> tuple[RecordPurchase, PurchaseFacts, tuple[Purchase, ...]]:
    """The receipt with the time at which it was booked from quarantine, and its purchase; unchanged where there is none."""
    origin = command.origin(zone=facts.zone)
    for item in await quarantine.of_receipt(session, external_id=command.external_id):
        if item.kind is QuarantineKind.REFUND or item.purchase_id is None or origin_of(item) != origin:
            continue
        purchase = await purchases.by_id(session, purchase_id=item.purchase_id)
        if purchase is not None and purchase.completion == command.completion:
            at = purchase.occurred_at
            retimed = replace(command, facts=replace(command.facts, occurred_at=at), number_used_at=origin.at)
            return retimed, replace(facts, occurred_at=at), (purchase,)
    return command, facts, recorded


async def exchange_as_booked(
    session: Session, *, context: CommandContext, command: RecordExchange, purchase: Purchase | None
) -> RecordExchange:
    """The exchange with the time at which it was booked from quarantine; unchanged where it was not."""
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
            return command.at(item.booked_for)
    return command


async def quarantined_before(
    session: Session, *, context: CommandContext, sent: SentReceipt
) -> QuarantinedRecord | Problem | None:
    """What was in quarantine before: the same receipt unless it was booked as a purchase, or why this one is another; or None."""
    if sent.number is None:
        return None
    numbering, refund = context.program.numbering, sent.kind is QuarantineKind.REFUND
    for item in await quarantine.of_receipt(session, external_id=sent.number):
        used = origin_of(item)
        if (item.kind is QuarantineKind.REFUND) is not refund:
            continue
        if not numbering.is_same_receipt(sent.origin, recorded_origin=used, space=numbering.space(used)):
            continue
        if await _is_same(session, item=item, sent=sent):
            if refund or item.state is not QuarantineState.BOOKED:
                return item
        elif item.state is QuarantineState.PENDING:
            wrong = detail("QUARANTINED_OTHER")
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=(*sent.path, "externalId"), detail=wrong)
    return None


async def _is_same(session: Session, *, item: QuarantinedRecord, sent: SentReceipt) -> bool:
    """Is the receipt sent the one that is or was in quarantine?"""
    if item.fingerprint != sent.content or (sent.timed and item.occurred_at != sent.origin.at):
        return False
    if sent.customer is None or item.customer_id is None:
        return True
    return await is_same_customer(session, customer=sent.customer, known_id=item.customer_id)


async def booked_refund(session: Session, *, item: QuarantinedRecord) -> RecordRefundResult | RefundPending | None:
    """The result of a refund booked from quarantine, as it was recorded or is pending; None for any other."""
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
    return await as_recorded(session, purchase=purchase, refund=refund, customer=customer)


async def has_recorded_refund(session: Session, *, context: CommandContext, number: str, origin: ReceiptOrigin) -> bool:
    """Does a recorded or a pending refund have this number? It then gets the result of that refund."""
    numbering = context.program.numbering
    if await refunds.by_number(session, number=number, origin=origin, numbering=numbering):
        return True
    pending = await pending_refunds.by_number(session, number=number, origin=origin, numbering=numbering)
    return pending is not None


def refund_content(command: RecordRefund, *, purchase: Purchase | None) -> str:
    """What identifies the content of a refund: its own, and the number of its purchase."""
    of = purchase.external_id if purchase is not None else command.receipt.number if command.receipt is not None else ""
    return f"{command.fingerprint} {of}"


def exchange_content(new_receipt: ReceiptToRecord, *, refund: RecordRefund, purchase: Purchase | None) -> str:
    """What identifies the content of an exchange: that of its purchase and of its refund."""
    new = f"{receipt_content.fingerprint(new_receipt.facts)} {new_receipt.location_id or ''} {new_receipt.completion}"
    return f"{new} {refund_content(refund, purchase=purchase)} {refund.external_id or ''}"
