"""The row and the result of a new refund."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.domain.amounts import Money
from app.domain.customers.customer import Customer
from app.domain.engine import refund
from app.domain.engine.returns import ReturnedItems
from app.domain.ledger.entries import Balance, Entry
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.refund import Refund
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.usecases.command import WriteContext
from app.usecases.purchases.commands import RecordRefund, RecordRefundResult


def refund_row(
    *,
    write_context: WriteContext,
    command: RecordRefund,
    purchase: Purchase,
    back: ReturnedItems,
    outcome: refund.RefundOutcome,
    money: Money,
    id: str,
) -> Refund:
    """The row of a refund with this outcome, which pays out `money`."""
    return Refund(
        id=id,
        purchase_id=purchase.id,
        external_id=command.external_id,
        occurred_at=command.occurred_at,
        recorded_at=write_context.now,
        lines=back.lines,
        amounts=back.amounts,
        money=money.minor,
        due=outcome.due,
        taken=outcome.taken,
        reason=command.reason,
        fingerprint=command.fingerprint,
        space=command.space,
    )


NOTHING_BACK: Mapping[Unit, int] = MappingProxyType(dict.fromkeys(Unit, 0))


def refund_result(
    *,
    customer: Customer,
    terms: Terms,
    outcome: refund.RefundOutcome,
    made: Refund,
    entry: Entry,
    balances: Mapping[Unit, Balance],
    back: Mapping[Unit, int] = NOTHING_BACK,
) -> RecordRefundResult:
    """The result of a recorded refund; `back` is what had paid for the goods and was restored."""
    return RecordRefundResult(
        decision=outcome.decision,
        balances=balances,
        customer_id=customer.id,
        purchase_id=made.purchase_id,
        refund_id=made.id,
        entry_id=entry.id,
        shortfall=outcome.shortfall,
        points_restored=back[Unit.POINTS],
        stamps_restored=back[Unit.STAMPS],
        cash=made.money,
        terms=terms,
    )
