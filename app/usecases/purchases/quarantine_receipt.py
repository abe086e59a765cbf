"""Quarantine of receipts whose business time cannot be right: nothing is booked, nothing is lost."""

from __future__ import annotations

from datetime import datetime

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.implausible_time import ImplausibleTime
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.quarantine import QuarantinedRecord, QuarantineKind
from app.domain.purchases.receipt_numbers import OWN_SOURCE, ReceiptOrigin
from app.store.customers import customers, own_wallet
from app.store.database.codecs import json_text
from app.store.database.session import Session
from app.store.programs import locations
from app.store.purchases import purchases, quarantine
from app.usecases.command import CommandContext
from app.usecases.purchases.command_json import origin_data, receipt_data, refund_data
from app.usecases.purchases.commands import (
    ReceiptQuarantined,
    ReceiptToRecord,
    RecordPurchase,
    RecordRefund,
    RecordRefundResult,
    RefundPending,
)
from app.usecases.purchases.duplicates.quarantined import (
    SentReceipt,
    booked_refund_result,
    exchange_content,
    find_quarantined,
    has_recorded_refund,
    refund_content,
)


def implausible_time_problem(implausible_time: ImplausibleTime, *, path: tuple[str, ...]) -> Problem:
    """The problem with a business time that cannot be right; `path` leads to the input field."""
    details = {
        ImplausibleTime.AHEAD: detail_of("TIME_AHEAD"),
        ImplausibleTime.TOO_OLD: detail_of("TIME_TOO_OLD"),
    }
    return Problem(ProblemCode.CLOCK_SKEW, path=path, detail=details[implausible_time])


async def quarantine_purchase(
    session: Session,
    *,
    context: CommandContext,
    command: RecordPurchase,
    facts: PurchaseFacts,
    customer: Customer,
) -> ReceiptQuarantined | Problem | None:
    """Put a purchase into quarantine if its time cannot be right; returns its result, or None if it is to be booked.

    A receipt that is or was in quarantine gets the result of that one. `facts` are those with its location. The customer's
    account must be locked.
    """
    receipt = SentReceipt(
        QuarantineKind.PURCHASE,
        number=command.external_id,
        origin=command.origin(zone=facts.zone),
        content=f"{receipt_content.fingerprint(facts)} {command.completion}",
        states_time=command.states_time,
        customer=customer,
        data=receipt_data(command),
    )
    return _result(await _quarantine(session, context=context, receipt=receipt, at=facts.occurred_at))


async def quarantine_refund(
    session: Session, *, context: CommandContext, command: RecordRefund, purchase: Purchase | None
) -> RecordRefundResult | RefundPending | ReceiptQuarantined | Problem | None:
    """Put a refund into quarantine if its time cannot be right; returns its result, or None if it is to be booked."""
    implausible_time = context.implausible_time(command.occurred_at)
    if context.time_reviewed or context.principal is None or (command.external_id is None and implausible_time is None):
        return (
            implausible_time_problem(implausible_time, path=("occurredAt",)) if implausible_time is not None else None
        )
    location, zone = (
        (purchase.location_id, purchase.facts.zone) if purchase is not None else (None, context.program.zone)
    )
    if purchase is None and command.receipt is not None:
        location = command.receipt.location_id
    origin = ReceiptOrigin(location, command.occurred_at, zone)
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id)) if purchase else None
    receipt = SentReceipt(
        QuarantineKind.REFUND,
        number=command.external_id,
        origin=origin,
        content=refund_content(command, purchase=purchase),
        states_time=command.states_time,
        customer=customer,
        data=refund_data(command),
    )
    earlier = await find_quarantined(session, context=context, receipt=receipt)
    if earlier is not None or implausible_time is None:
        return await _refund_result(session, quarantined=earlier)
    if command.external_id is not None and await has_recorded_refund(
        session, context=context, number=command.external_id, origin=origin
    ):
        return None
    quarantined = await _quarantine(session, context=context, receipt=receipt, at=command.occurred_at)
    return await _refund_result(session, quarantined=quarantined)


async def quarantine_exchange(
    session: Session,
    *,
    context: CommandContext,
    new_receipt: ReceiptToRecord,
    refund: RecordRefund,
    purchase: Purchase | None,
    customer: CustomerReference | None,
) -> ReceiptQuarantined | Problem | None:
    """Put an exchange into quarantine if its time cannot be right; returns its result, or None if it is to be booked.

    An exchange whose new receipt is recorded never goes into quarantine, however old it is when it is sent again. `purchase`
    and `customer` are None if they are not known yet.
    """
    at, numbering = new_receipt.facts.occurred_at, context.program.numbering
    facts = await locations.facts_at_location(session, facts=new_receipt.facts, location_id=new_receipt.location_id)
    if facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    origin = ReceiptOrigin(new_receipt.location_id, new_receipt.number_used_at or at, facts.zone)
    receipt_record = await purchases.lookup_receipt(
        session, source=OWN_SOURCE, number=new_receipt.external_id, origin=origin, numbering=numbering
    )
    if receipt_record.purchases or (not receipt_record.was_quarantined and context.implausible_time(at) is None):
        return None
    buyer = None
    if customer is not None:
        buyer = await customers.find(session, by=customer, lock=True)
        if buyer is None:
            return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
        problem = await own_wallet.problem(session, principal=context.principal, customer=buyer, path=("customer",))
        if problem is not None:
            return problem
    receipt = SentReceipt(
        QuarantineKind.EXCHANGE,
        number=new_receipt.external_id,
        origin=origin,
        content=exchange_content(new_receipt, refund=refund, purchase=purchase),
        states_time=new_receipt.states_time,
        customer=buyer,
        data={"new_receipt": receipt_data(new_receipt), "refund": refund_data(refund)},
    )
    return _result(await _quarantine(session, context=context, receipt=receipt, at=at))


async def _quarantine(
    session: Session, *, context: CommandContext, receipt: SentReceipt, at: datetime
) -> QuarantinedRecord | Problem | None:
    """The receipt as it is or was in quarantine, into which it is put if its time cannot be right; None if it is to be booked.

    Only receipts sent with an access key go into quarantine: a file can be corrected, and a receipt that staff book from
    quarantine has been reviewed.
    """
    implausible_time = context.implausible_time(at)
    if context.time_reviewed or context.principal is None:
        return (
            None
            if implausible_time is None
            else implausible_time_problem(implausible_time, path=(*receipt.path, "occurredAt"))
        )
    if implausible_time is not None:
        # No other transaction may put the same receipt into quarantine at the same time.
        await quarantine.lock(session)
    earlier = await find_quarantined(session, context=context, receipt=receipt)
    if earlier is not None or implausible_time is None:
        return earlier
    return await quarantine.add(
        session,
        quarantined=QuarantinedRecord(
            id=context.new_id(),
            sequence=0,
            kind=receipt.kind,
            source=OWN_SOURCE,
            external_id=receipt.number,
            fingerprint=receipt.content,
            customer_id=(receipt.customer.requested_id or receipt.customer.id)
            if receipt.customer is not None
            else None,
            implausible_time=implausible_time,
            occurred_at=at,
            recorded_at=context.now,
            actor=context.actor,
            command_text=json_text({**receipt.data, "origin": origin_data(receipt.origin)}),
        ),
    )


def _result(quarantined: QuarantinedRecord | Problem | None) -> ReceiptQuarantined | Problem | None:
    return (
        ReceiptQuarantined(quarantined_id=quarantined.id) if isinstance(quarantined, QuarantinedRecord) else quarantined
    )


async def _refund_result(
    session: Session, *, quarantined: QuarantinedRecord | Problem | None
) -> RecordRefundResult | RefundPending | ReceiptQuarantined | Problem | None:
    """The result of a refund: in quarantine or, if it was booked from there, as it was booked; None if it is neither."""
    booked = (
        await booked_refund_result(session, item=quarantined) if isinstance(quarantined, QuarantinedRecord) else None
    )
    return booked or _result(quarantined)
