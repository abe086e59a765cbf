"""Record a receipt of another system that sells and takes back: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.earn import NewPurchase, sell
from app.usecases.refund import NewRefund, carry_out


@dataclass(frozen=True, slots=True)
class NewMixedReceipt:
    """What was bought, if anything, and what came back of earlier purchases of the same customer; one of them at least."""

    bought: NewPurchase | None
    returned: tuple[NewRefund, ...]

    @property
    def receipts(self) -> tuple[str, ...]:
        """The numbers of the receipts that it is about."""
        bought = self.bought.receipts if self.bought is not None else ()
        return (*bought, *(number for order in self.returned for number in order.receipts))


async def record_receipt(session: Session, *, call: Call, order: NewMixedReceipt) -> Answer | Problem:
    """Record the purchase, then the refunds; a part that is recorded already is left as it is."""
    if (known := await replay(session, call=call)) is not None:
        return known
    parts: list[Answer] = []
    if order.bought is not None:
        sold = await sell(session, call=call, order=order.bought)
        if isinstance(sold, Problem):
            return sold
        parts.append(sold)
    for returned in order.returned:
        back = await carry_out(session, call=call, order=returned)
        if isinstance(back, Problem):
            return back
        if back.waiting_refund_id is not None:
            return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
        parts.append(back)
    recorded = all(part.already_recorded for part in parts)
    answer = parts[0]._replace(balances=parts[-1].balances, already_recorded=True if recorded else None)
    return await keep(session, call=call, answer=answer)
