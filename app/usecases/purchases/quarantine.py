"""Keeping receipts back whose business time cannot be right, and knowing them again: nothing is booked, nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.domain.problems import Problem, ProblemCode
from app.domain.purchases import receipt_content
from app.domain.purchases.clock_skew import Skew
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import OWN_SOURCE, ReceiptSpot
from app.store.customers import customers
from app.store.customers.customers import CustomerBy, CustomerRow
from app.store.database.codecs import json_text
from app.store.database.session import Session
from app.store.programs import locations
from app.store.purchases import pending_refunds, purchases, quarantine, refunds
from app.store.purchases.purchases import Purchase
from app.store.purchases.quarantine import Quarantined, QuarantineKind, QuarantineState
from app.usecases.command import Answer, CommandContext
from app.usecases.customers.same_customer import same_customer
from app.usecases.programs.staff_limits import own_card
from app.usecases.purchases.known_refunds import as_recorded
from app.usecases.purchases.new_exchange import RecordExchange
from app.usecases.purchases.new_receipts import RecordedReceipt, RecordPurchase
from app.usecases.purchases.new_refund import RecordRefund
from app.usecases.purchases.quarantined_orders import receipt_data, refund_data, spot_data, spot_of


@dataclass(frozen=True, slots=True)
class _Sent:
    """A receipt as it came: its number and where and when that was used, what it means, whose it is, and the whole order.

    `timed` is whether it says its time. `number` is None for a refund without one.
    """

    kind: QuarantineKind
    number: str | None
    spot: ReceiptSpot
    content: str
    timed: bool
    customer: CustomerRow | None
    data: Mapping[str, Any]

    @property
    def path(self) -> tuple[str, ...]:
        """Where its time and its number stand in the input."""
        return () if self.kind is QuarantineKind.REFUND else ("purchase",)


def clock_skew(skew: Skew, *, path: tuple[str, ...]) -> Problem:
    """The refusal of a business time that cannot be right; `path` leads to it."""
    wrong = {
        Skew.AHEAD: "occurredAt is more than 5 minutes ahead of the program's clock",
        Skew.TOO_OLD: "occurredAt is older than what this program takes from a till",
    }
    return Problem(ProblemCode.CLOCK_SKEW, path=path, detail=wrong[skew])


async def kept_back_purchase(
    session: Session,
    *,
    context: CommandContext,
    command: RecordPurchase,
    facts: PurchaseFacts,
    customer: CustomerRow,
    known: bool,
) -> Answer | Problem | None:
    """What a purchase is answered that is in quarantine or has to go there; None where it is to be booked.

    `facts` are those with its place. `known`: a receipt with its number is or was in quarantine. The customer's account
    must be locked.
    """
    if not known and context.skew(facts.occurred_at) is None:
        return None
    sent = _Sent(
        QuarantineKind.PURCHASE,
        number=command.external_id,
        spot=command.spot(zone=facts.zone),
        content=f"{receipt_content.fingerprint(facts)} {command.completion}",
        timed=command.timed,
        customer=customer,
        data=receipt_data(command),
    )
    return await _kept_back(session, context=context, sent=sent, at=facts.occurred_at)


async def kept_back_refund(
    session: Session, *, context: CommandContext, command: RecordRefund, sale: Purchase | None
) -> Answer | Problem | None:
    """What a refund is answered that is or was in quarantine, or has to go there; None where it is to be carried out."""
    skew = context.skew(command.occurred_at)
    if context.settling or context.principal is None or (command.external_id is None and skew is None):
        return clock_skew(skew, path=("occurredAt",)) if skew is not None else None
    location, zone = (sale.location_id, sale.facts.zone) if sale is not None else (None, context.program.zone)
    if sale is None and command.receipt is not None:
        location = command.receipt.location_id
    spot = ReceiptSpot(location, command.occurred_at, zone)
    owner = await customers.find(session, by=CustomerBy(sale.customer_id)) if sale else None
    sent = _Sent(
        QuarantineKind.REFUND,
        number=command.external_id,
        spot=spot,
        content=_content(command, sale=sale),
        timed=command.timed,
        customer=owner,
        data=refund_data(command),
    )
    same = await _same_again(session, context=context, sent=sent)
    if same is not None or skew is None:
        return same
    if command.external_id is not None and await _recorded(
        session, context=context, number=command.external_id, spot=spot
    ):
        return None
    return await _kept_back(session, context=context, sent=sent, at=command.occurred_at)


async def kept_back_exchange(
    session: Session,
    *,
    context: CommandContext,
    bought: RecordedReceipt,
    back: RecordRefund,
    sale: Purchase | None,
    customer: CustomerBy | None,
) -> Answer | Problem | None:
    """What an exchange is answered that is in quarantine or has to go there; None where it is to be carried out.

    One whose new receipt is recorded is none of them, however old it is when it is sent again. The purchase and the
    customer are None where they are not known yet.
    """
    at, _program, numbering = bought.facts.occurred_at, context.program.id, context.program.numbering
    here = await locations.placed(session, facts=bought.facts, location_id=bought.location_id)
    if here is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    spot = ReceiptSpot(bought.location_id, bought.numbered_at or at, here.zone)
    known = await purchases.expected(
        session, source=OWN_SOURCE, number=bought.external_id, spot=spot, numbering=numbering
    )
    if known.recorded or (not known.kept_back and context.skew(at) is None):
        return None
    buyer = await customers.find(session, by=customer, lock=True) if customer is not None else None
    if customer is not None and buyer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if (
        buyer is not None
        and (own := await own_card(session, context=context, customer=buyer, path=("customer",))) is not None
    ):
        return own
    sent = _Sent(
        QuarantineKind.EXCHANGE,
        number=bought.external_id,
        spot=spot,
        content=_exchanged(bought, back=back, sale=sale),
        timed=bought.timed,
        customer=buyer,
        data={"bought": receipt_data(bought), "back": refund_data(back)},
    )
    return await _kept_back(session, context=context, sent=sent, at=at)


async def as_booked(
    session: Session,
    *,
    context: CommandContext,
    command: RecordPurchase,
    facts: PurchaseFacts,
    recorded: tuple[Purchase, ...],
) -> tuple[RecordPurchase, PurchaseFacts, tuple[Purchase, ...]]:
    """A receipt that was booked at a corrected time means that time, and is that purchase, when it is sent again."""
    _program, spot = context.program.id, command.spot(zone=facts.zone)
    for item in await quarantine.of_receipt(session, external_id=command.external_id):
        if item.kind is QuarantineKind.REFUND or item.purchase_id is None or spot_of(item) != spot:
            continue
        purchase = await purchases.by_id(session, purchase_id=item.purchase_id)
        if purchase is not None and purchase.completion == command.completion:
            at = purchase.occurred_at
            again = replace(command, facts=replace(command.facts, occurred_at=at), numbered_at=spot.at)
            return again, replace(facts, occurred_at=at), (purchase,)
    return command, facts, recorded


async def exchange_as_booked(
    session: Session, *, context: CommandContext, command: RecordExchange, sale: Purchase | None
) -> RecordExchange:
    """An exchange that was booked at a corrected time means that time when it is sent again."""
    bought = command.bought
    if context.settling:
        return command
    content = _exchanged(bought, back=command.back, sale=sale)
    for item in await quarantine.of_receipt(session, external_id=bought.external_id):
        same = (item.kind, item.fingerprint, item.occurred_at) == (
            QuarantineKind.EXCHANGE,
            content,
            bought.facts.occurred_at,
        )
        if same and item.booked_for is not None:
            return command.at(item.booked_for)
    return command


async def _kept_back(
    session: Session, *, context: CommandContext, sent: _Sent, at: datetime
) -> Answer | Problem | None:
    """Know a receipt again that is or was in quarantine, or put it there where its time cannot be right.

    Only what comes with an access key goes there: a file is mended, and what a person books has been looked at.
    """
    skew, _program = context.skew(at), context.program.id
    if context.settling or context.principal is None:
        return None if skew is None else clock_skew(skew, path=(*sent.path, "occurredAt"))
    if skew is not None:
        # It is going to be put there: nobody else may do so at the same time.
        await quarantine.hold(session)
    same = await _same_again(session, context=context, sent=sent)
    if same is not None or skew is None:
        return same
    kept = await quarantine.add(
        session,
        quarantined=Quarantined(
            id=context.new_id(),
            number=0,
            kind=sent.kind,
            source=OWN_SOURCE,
            external_id=sent.number,
            fingerprint=sent.content,
            customer_id=(sent.customer.requested_id or sent.customer.id) if sent.customer is not None else None,
            skew=skew,
            occurred_at=at,
            recorded_at=context.now,
            actor=context.actor,
            sent_text=json_text({**sent.data, "spot": spot_data(sent.spot)}),
        ),
    )
    return Answer(quarantined_id=kept.id)


async def _same_again(session: Session, *, context: CommandContext, sent: _Sent) -> Answer | Problem | None:
    """The answer to a receipt that is in quarantine, or left it as it is; None for a new one."""
    if sent.number is None:
        return None
    numbering, refund = context.program.numbering, sent.kind is QuarantineKind.REFUND
    for item in await quarantine.of_receipt(session, external_id=sent.number):
        used = spot_of(item)
        if (item.kind is QuarantineKind.REFUND) is not refund:
            continue
        if not numbering.same(sent.spot, recorded=used, space=numbering.space(used)):
            continue
        if await _means(session, item=item, sent=sent):
            booked = await _booked_refund(session, item=item)
            if booked is not None or item.state is not QuarantineState.BOOKED:
                return booked or Answer(quarantined_id=item.id)
        elif item.state is QuarantineState.WAITING:
            detail = "another receipt with this number is in quarantine"
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=(*sent.path, "externalId"), detail=detail)
    return None


async def _means(session: Session, *, item: Quarantined, sent: _Sent) -> bool:
    """Whether what is sent means what is or was in quarantine."""
    if item.fingerprint != sent.content or (sent.timed and item.occurred_at != sent.spot.at):
        return False
    if sent.customer is None or item.customer_id is None:
        return True
    return await same_customer(session, customer=sent.customer, known_id=item.customer_id)


async def _booked_refund(session: Session, *, item: Quarantined) -> Answer | None:
    """The answer to a refund that was booked from quarantine, as it was recorded or waits; None for any other."""
    if item.kind is not QuarantineKind.REFUND or item.state is not QuarantineState.BOOKED:
        return None
    refund_id = item.refund_id
    if refund_id is None and item.pending_refund_id is not None:
        waiting = await pending_refunds.by_id(session, waiting_id=item.pending_refund_id)
        refund_id = waiting.refund_id if waiting is not None else None
        if refund_id is None:
            return Answer(pending_refund_id=item.pending_refund_id, already_recorded=True)
    ids = [refund_id] if refund_id is not None else []
    refund = next(iter((await refunds.by_ids(session, refund_ids=ids)).values()), None)
    sale = await purchases.by_id(session, purchase_id=refund.purchase_id) if refund else None
    customer = await customers.find(session, by=CustomerBy(sale.customer_id)) if sale else None
    if refund is None or sale is None or customer is None:
        raise LookupError(f"refund {item.id} in quarantine was booked as one that is missing")
    return await as_recorded(session, sale=sale, refund=refund, customer=customer)


async def _recorded(session: Session, *, context: CommandContext, number: str, spot: ReceiptSpot) -> bool:
    """Whether a refund has the number, or one that waits for its purchase: it is answered as it was."""
    _program, numbering = context.program.id, context.program.numbering
    if await refunds.by_number(session, number=number, spot=spot, numbering=numbering):
        return True
    waiting = await pending_refunds.by_number(session, number=number, spot=spot, numbering=numbering)
    return waiting is not None


def _content(command: RecordRefund, *, sale: Purchase | None) -> str:
    """What a refund means: what it says, and of which purchase."""
    of = sale.external_id if sale is not None else command.receipt.number if command.receipt is not None else ""
    return f"{command.fingerprint} {of}"


def _exchanged(bought: RecordedReceipt, *, back: RecordRefund, sale: Purchase | None) -> str:
    """What an exchange means."""
    new = f"{receipt_content.fingerprint(bought.facts)} {bought.location_id or ''} {bought.completion}"
    return f"{new} {_content(back, sale=sale)} {back.external_id or ''}"
