"""Record an exchange whose purchase is known: what comes back and what is handed out for it, at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from app.domain.deciding.returning import Left, Returning, returning
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import Spot
from app.store import customers, exchanges, purchases, refunds
from app.store.customers import CustomerBy
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.unit import Session
from app.usecases.admit import admit
from app.usecases.book_exchange import Goods, book_exchange
from app.usecases.call import Answer, Call
from app.usecases.known_refunds import as_recorded, refunded_by, says
from app.usecases.new_exchange import NewExchange
from app.usecases.new_receipts import NewPurchase
from app.usecases.new_refund import NewRefund


class Exchanged(NamedTuple):
    """What an exchange came to: its answer and, where it is new, the purchase that was handed out; `awaited`: refunds wait for that."""

    answer: Answer
    bought: Purchase | None = None
    awaited: bool = False


async def exchange_goods(
    session: Session,
    *,
    call: Call,
    order: NewExchange,
    sale: Purchase,
    new: NewPurchase,
    applying: str | None = None,
) -> Exchanged | Problem:
    """Record an exchange of a purchase, or answer it as it was recorded; `applying` is its id where it had waited.

    `new` is the receipt of what is handed out, with whose it is. Nothing is written with a refusal.
    """
    program, at = call.program.id, new.facts.occurred_at
    # Its time has been looked at, for both of its parts.
    admitted = await admit(session, call=replace(call, settling=True), order=new, applying=applying)
    if at < sale.occurred_at and not isinstance(admitted, Answer):
        return Problem(
            ProblemCode.CLOCK_SKEW, path=("purchase", "occurredAt"), detail="an exchange follows its purchase"
        )
    if isinstance(admitted, Problem):
        return admitted
    sale = await purchases.still(session, program_id=program, purchase=sale)
    if isinstance(admitted, Answer):
        known = await _known(session, call=call, order=order, sale=sale, bought=admitted)
        return known if isinstance(known, Problem) else Exchanged(known)
    if admitted.facts.currency != sale.facts.currency:
        return Problem(
            ProblemCode.INVALID_INPUT, path=("purchase", "currencyCode"), detail="an exchange is in one currency"
        )
    back_order = order.back
    if back_order.external_id is not None:
        spot, numbering = Spot(sale.location_id, back_order.numbered_at or at, sale.facts.zone), call.program.numbering
        taken = await refunds.by_number(
            session, program_id=program, number=back_order.external_id, spot=spot, numbering=numbering
        )
        if taken:
            return _without_purchase(taken)
        back_order = replace(back_order, space=numbering.space(spot))
    back = await _returned(session, call=call, order=order.back, sale=sale)
    if isinstance(back, Problem):
        return in_refund(back)
    goods = Goods(sale, back_order, back, new, admitted.facts, admitted.terms, admitted.customer)
    made = await book_exchange(session, call=call, goods=goods)
    if isinstance(made, Problem):
        return made
    bought, answer = made
    return Exchanged(answer, bought, admitted.awaited)


def _without_purchase(taken: Sequence[Refund]) -> Problem:
    """The refusal of a refund number that was recorded without the new receipt."""
    return Problem(
        ProblemCode.RECEIPT_DIFFERS,
        path=("refund", "externalId"),
        detail="without this purchase",
        purchase_ids=tuple(refund.purchase_id for refund in taken),
    )


async def _returned(session: Session, *, call: Call, order: NewRefund, sale: Purchase) -> Returning | Problem:
    """What comes back of a purchase."""
    earlier = await refunds.of_purchase(session, program_id=call.program.id, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=earlier)
    return returning(lines=order.lines, amounts=order.amounts, amount=order.amount, sale=sale.facts, left=left)


async def _known(
    session: Session, *, call: Call, order: NewExchange, sale: Purchase, bought: Answer
) -> Answer | Problem:
    """The answer to a receipt that is recorded already, where it was recorded in this very exchange."""
    program = call.program.id
    assert bought.purchase_id is not None, "it is the answer of a purchase"
    refund_id = await exchanges.refund_of(session, program_id=program, purchase_id=bought.purchase_id)
    if refund_id is None:
        return _differs(bought, path=("purchase", "externalId"), detail="without this refund")
    refund = (await refunds.by_ids(session, program_id=program, refund_ids=[refund_id])).get(refund_id)
    if refund is None:
        raise LookupError(f"the exchange of purchase {bought.purchase_id} has lost its refund")
    refunded = await refunded_by(session, program_id=program, sale=sale, refund=refund)
    if refunded is None or refund.external_id != order.back.external_id:
        return _differs(bought, path=("refund", "externalId"), detail="of another refund")
    if not await says(session, program_id=program, order=order.back, sale=refunded, refund=refund):
        return _differs(bought, path=("refund", "externalId"), detail="of another refund")
    customer = await customers.find(session, program_id=program, by=CustomerBy(sale.customer_id))
    assert customer is not None, "a purchase has a customer"
    back = await as_recorded(session, call=call, sale=refunded, refund=refund, customer=customer)
    return bought._replace(returned=back)


def _differs(bought: Answer, *, path: tuple[str, ...], detail: str) -> Problem:
    """The refusal of an exchange whose new receipt was recorded otherwise."""
    ids = (bought.purchase_id,) if bought.purchase_id is not None else ()
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=path, detail=detail, purchase_ids=ids)


def in_refund(problem: Problem) -> Problem:
    """A refusal of the refund where its input stands in that of an exchange: there is one moment, that of the receipt."""
    part = "purchase" if problem.path == ("occurredAt",) else "refund"
    return replace(problem, path=(part, *problem.path))
