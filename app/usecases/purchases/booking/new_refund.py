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
    command: RecordRefund,
    *,
    write_context: WriteContext,
    purchase: Purchase,
    returned: ReturnedItems,
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
        lines=returned.lines,
        amounts=returned.amounts,
        money=money.minor,
        clawback_due=outcome.clawback_due,
        clawed_back=outcome.clawed_back,
        reason=command.reason,
        fingerprint=command.fingerprint,
        space=command.space,
    )


NOTHING_RESTORED: Mapping[Unit, int] = MappingProxyType(dict.fromkeys(Unit, 0))


def refund_result(
    *,
    customer: Customer,
    terms: Terms,
    outcome: refund.RefundOutcome,
    new_refund: Refund,
    entry: Entry,
    balances: Mapping[Unit, Balance],
    restored: Mapping[Unit, int] = NOTHING_RESTORED,
) -> RecordRefundResult:
    """The result of a recorded refund; `restored`: the points and stamps that had paid for the goods and are given back."""
    return RecordRefundResult(
        decision=outcome.decision,
        balances=balances,
        customer_id=customer.id,
        purchase_id=new_refund.purchase_id,
        refund_id=new_refund.id,
        entry_id=entry.id,
        shortfall=outcome.shortfall,
        points_restored=restored[Unit.POINTS],
        stamps_restored=restored[Unit.STAMPS],
        cash=new_refund.money,
        terms=terms,
    )
