"""Record a receipt of another system that sells and takes back: completely, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store.database.session import Session
from app.usecases.command import Answer, CommandContext, previous_result, remember_result
from app.usecases.purchases import record_purchase, record_refund
from app.usecases.purchases.new_receipts import RecordPurchase
from app.usecases.purchases.new_refund import RecordRefund


@dataclass(frozen=True, slots=True)
class RecordMixedReceipt:
    """What was bought and what was returned of earlier purchases of the same customer; at least one of them."""

    bought: RecordPurchase | None
    returned: tuple[RecordRefund, ...]

    @property
    def receipts(self) -> tuple[str, ...]:
        """The numbers of the receipts involved."""
        bought = self.bought.receipts if self.bought is not None else ()
        return (*bought, *(number for command in self.returned for number in command.receipts))


async def run(session: Session, *, context: CommandContext, command: RecordMixedReceipt) -> Answer | Problem:
    """Record the purchase, then the refunds; parts that are recorded already are left as they are."""
    if (known := await previous_result(session, context=context)) is not None:
        return known
    parts: list[Answer] = []
    if command.bought is not None:
        sold = await record_purchase.record(session, context=context, command=command.bought)
        if isinstance(sold, Problem):
            return sold
        parts.append(sold)
    for returned in command.returned:
        back = await record_refund.record(session, context=context, command=returned)
        if isinstance(back, Problem):
            return back
        if back.pending_refund_id is not None:
            return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
        parts.append(back)
    recorded = all(part.already_recorded for part in parts)
    answer = parts[0]._replace(balances=parts[-1].balances, already_recorded=True if recorded else None)
    return await remember_result(session, context=context, answer=answer)
