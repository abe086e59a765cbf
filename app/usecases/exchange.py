"""Exchange goods: what is bought for them and what comes back are recorded together, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.problems import Problem, ProblemCode
from app.store import customers
from app.store.customers import CustomerBy
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.earn import NewReceipt, sell
from app.usecases.refund import NewRefund, give_back, sale_of


@dataclass(frozen=True, slots=True)
class NewExchange:
    """What comes back and the receipt of what is bought for it, both at one moment.

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
    """Record the purchase and then the refund, in the order of business at one moment, so that neither changes the other.

    Both are new, or both are known already and answered as they were. The purchase that is refunded is not waited for.
    Where the refund is refused, the purchase has been written: the transaction must be rolled back.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
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
    sold = await sell(session, call=call, order=order.bought.of(by))
    if isinstance(sold, Problem):
        return sold
    back = await give_back(session, call=call, order=order.back, sale=sale)
    if isinstance(back, Problem):
        return _in_refund(back)
    if _known(sold) and not _known(back):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("purchase", "externalId"), detail="without this refund")
    if _known(back) and not _known(sold):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("refund", "externalId"), detail="without this purchase")
    return await keep(session, call=call, answer=sold._replace(balances=back.balances, returned=back))


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


def _known(part: Answer) -> bool:
    """Whether it was recorded before: what is decided now comes with the terms that decide."""
    return part.terms is None
