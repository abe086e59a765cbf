"""Exchange goods: what comes back and what is handed out for it are recorded together, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.deciding.returning import Left, Returning, returning
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import Spot
from app.store import customers, exchanges, purchases, refunds
from app.store.customers import CustomerBy
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.unit import Session
from app.usecases.book_exchange import Goods, book_exchange
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.earn import NewPurchase, NewReceipt, admit
from app.usecases.known_refunds import as_recorded, refunded_by, says
from app.usecases.quarantine import exchange_as_booked, kept_back_exchange
from app.usecases.refund import NewRefund, sale_of
from app.usecases.wait_for_purchase import apply_waiting


@dataclass(frozen=True, slots=True)
class NewExchange:
    """What comes back and the receipt of what is handed out for it, both at one moment.

    `customer` is who says to have bought before, None for whoever that was.
    """

    back: NewRefund
    bought: NewReceipt
    customer: CustomerBy | None

    @property
    def receipts(self) -> tuple[str, ...]:
        """The numbers of both receipts."""
        return (*self.back.receipts, self.bought.external_id)


async def exchange(session: Session, *, call: Call, order: NewExchange) -> Answer | Problem:
    """Record the exchange once. Both receipts are new, or both are known already and answered as they were.

    The purchase that is refunded is not waited for.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    answer = await carry_out(session, call=call, order=order)
    return answer if isinstance(answer, Problem) else await keep(session, call=call, answer=answer)


async def carry_out(session: Session, *, call: Call, order: NewExchange) -> Answer | Problem:
    """The same without its idempotency key. One whose time cannot be right is kept in quarantine, as one."""
    sale = await sale_of(session, call=call, order=order.back)
    if sale is None:
        sale = Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",), detail="an exchange waits for no purchase")
    if isinstance(sale, Problem):
        return _in_refund(sale)
    by = CustomerBy(sale.customer_id)
    if order.customer is not None:
        other = await _other_customer(session, program_id=call.program.id, by=by, claimed=order.customer)
        if other is not None:
            return other
        by = order.customer
    back, bought = await exchange_as_booked(session, call=call, back=order.back, bought=order.bought, sale=sale)
    order = replace(order, back=back, bought=bought)
    held = await kept_back_exchange(session, call=call, bought=bought, back=back, sale=sale, customer=by)
    if held is not None:
        return held
    return await _exchanged(session, call=call, order=order, sale=sale, new=order.bought.of(by))


async def _exchanged(
    session: Session, *, call: Call, order: NewExchange, sale: Purchase, new: NewPurchase
) -> Answer | Problem:
    program, at = call.program.id, new.facts.occurred_at
    # Its time has been looked at, for both of its parts.
    admitted = await admit(session, call=replace(call, settling=True), order=new)
    if at < sale.occurred_at and not isinstance(admitted, Answer):
        return Problem(
            ProblemCode.CLOCK_SKEW, path=("purchase", "occurredAt"), detail="an exchange follows its purchase"
        )
    if isinstance(admitted, Problem):
        return admitted
    sale = await purchases.still(session, program_id=program, purchase=sale)
    if isinstance(admitted, Answer):
        return await _known(session, call=call, order=order, sale=sale, bought=admitted)
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
        return _in_refund(back)
    goods = Goods(sale, back_order, back, new, admitted.facts, admitted.terms, admitted.customer)
    made = await book_exchange(session, call=call, goods=goods)
    if isinstance(made, Problem):
        return made
    bought, answer = made
    after = await apply_waiting(session, call=call, sale=bought) if admitted.awaited else None
    return answer if after is None else answer._replace(balances=after)


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
    refund = (await refunds.by_ids(session, program_id=program, refund_ids=[refund_id or ""])).get(refund_id or "")
    if refund is None:
        return _differs(bought, path=("purchase", "externalId"), detail="without this refund")
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


async def _other_customer(session: Session, *, program_id: str, by: CustomerBy, claimed: CustomerBy) -> Problem | None:
    """The refusal where somebody else had bought, or None; who was merged into another customer is that one."""
    buyer, found = await customers.find_two(session, program_id=program_id, first=by, second=claimed)
    if found is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if buyer is None or buyer.id != found.id:
        return Problem(ProblemCode.OTHER_CUSTOMER, path=("customer",))
    return None


def _in_refund(problem: Problem) -> Problem:
    """A refusal of the refund where its input stands in that of an exchange: there is one moment, that of the receipt."""
    part = "purchase" if problem.path == ("occurredAt",) else "refund"
    return replace(problem, path=(part, *problem.path))
