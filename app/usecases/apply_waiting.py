"""Refunds and exchanges that came before their purchase are applied with it, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.deciding.returning import Left, returning
from app.domain.ledger import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import EVERYWHERE, Spot
from app.domain.units import Unit
from app.store import customers, own_cards, refunds, terms, waiting_refunds
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.unit import Session
from app.store.waiting_refunds import HandedOut, WaitingRefund
from app.usecases.call import Answer, Call
from app.usecases.exchange_goods import Exchanged, exchange_goods
from app.usecases.known_receipts import same_customer
from app.usecases.known_waiting import as_sent
from app.usecases.new_exchange import NewExchange
from app.usecases.new_refund import NewRefund
from app.usecases.quarantined_orders import receipt_of
from app.usecases.take_back import take_back


async def apply_waiting(session: Session, *, call: Call, sale: Purchase) -> Mapping[Unit, Balance] | None:
    """Apply what waited for a purchase, and for what is handed out in that; the balances after it, None where there was none.

    What the purchase has not to give back is left for a person to look at, and so is what has the number of another refund.
    """
    balances, program, numbering = None, call.program.id, call.program.numbering
    for waiting in await waiting_refunds.of_receipt(session, program_id=program, number=sale.external_id):
        if not (numbering.identifies(waiting.receipt) and numbering.fits(waiting.receipt, used=sale.spot)):
            continue
        done = await _applied(session, call=call, sale=sale, waiting=waiting)
        if isinstance(done, Problem):
            await waiting_refunds.settle(
                session, program_id=program, waiting_id=waiting.id, refund_id=None, refused_with=done.code
            )
            continue
        back = done.answer.returned or done.answer
        await waiting_refunds.settle(session, program_id=program, waiting_id=waiting.id, refund_id=back.refund_id)
        balances = done.answer.balances
        if done.bought is not None and done.awaited:
            balances = await apply_waiting(session, call=call, sale=done.bought) or balances
    return balances


async def _applied(session: Session, *, call: Call, sale: Purchase, waiting: WaitingRefund) -> Exchanged | Problem:
    customer = await customers.find(session, program_id=call.program.id, by=CustomerBy(sale.customer_id), lock=True)
    if customer is None:
        raise LookupError(f"purchase {sale.id} has lost its customer")
    if waiting.bought is not None:
        return await _exchanged(
            session, call=call, sale=sale, waiting=waiting, bought=waiting.bought, customer=customer
        )
    done = await _refunded(session, call=call, sale=sale, waiting=waiting, customer=customer)
    return done if isinstance(done, Problem) else Exchanged(done)


async def _exchanged(
    session: Session, *, call: Call, sale: Purchase, waiting: WaitingRefund, bought: HandedOut, customer: CustomerRow
) -> Exchanged | Problem:
    program = call.program.id
    if bought.customer_id is not None and not await same_customer(
        session, program_id=program, customer=customer, known_id=bought.customer_id
    ):
        return Problem(ProblemCode.OTHER_CUSTOMER, path=("customer",))
    own = await own_cards.is_of(session, program_id=program, holder_id=bought.holder_id, customer=customer)
    if own:
        return Problem(ProblemCode.OWN_CARD, path=("customer",))
    back = _order(waiting, sale=sale)
    at = max(waiting.occurred_at, sale.occurred_at)
    new = as_sent(waiting, bought=receipt_of(bought.data, at=at))
    order = NewExchange(replace(back, occurred_at=at, numbered_at=waiting.occurred_at), new, None)
    handed_out = new.of(CustomerBy(sale.customer_id))
    return await exchange_goods(session, call=call, order=order, sale=sale, new=handed_out, applying=waiting.id)


async def _refunded(
    session: Session, *, call: Call, sale: Purchase, waiting: WaitingRefund, customer: CustomerRow
) -> Answer | Problem:
    program, numbering = call.program.id, call.program.numbering
    judged_by = await terms.version(session, program_id=program, number=sale.terms_version)
    if judged_by is None:
        raise LookupError(f"purchase {sale.id} has lost its terms")
    earlier = await refunds.of_purchase(session, program_id=program, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=earlier)
    back = returning(lines=waiting.lines, amounts=waiting.amounts, amount=waiting.amount, sale=sale.facts, left=left)
    if isinstance(back, Problem):
        return back
    spot, number = Spot(sale.location_id, waiting.occurred_at, sale.facts.zone), waiting.external_id
    # The same number may have been sent twice at once, or be that of a refund of another purchase.
    if number is not None and await refunds.by_number(
        session, program_id=program, number=number, spot=spot, numbering=numbering
    ):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
    order = replace(
        _order(waiting, sale=sale),
        # A clock that puts the refund before its purchase is wrong: it comes right behind it.
        occurred_at=max(waiting.occurred_at, sale.occurred_at),
        space=numbering.space(spot) if number is not None else EVERYWHERE,
    )
    return await take_back(
        session,
        stamp=call.stamp,
        order=order,
        sale=sale,
        customer=customer,
        terms=judged_by,
        earlier=earlier,
        left=left,
        back=back,
    )


def _order(waiting: WaitingRefund, *, sale: Purchase) -> NewRefund:
    """What comes back of a purchase, as it was sent before that was known."""
    return NewRefund(
        purchase_id=sale.id,
        receipt=None,
        lines=waiting.lines,
        occurred_at=waiting.occurred_at,
        external_id=waiting.external_id,
        reason=waiting.reason,
        fingerprint=waiting.fingerprint,
        amounts=waiting.amounts,
        amount=waiting.amount,
    )
