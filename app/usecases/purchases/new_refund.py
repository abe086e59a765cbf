"""A refund as a till sends it, and its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from app.domain.amounts import Money
from app.domain.customers.customer import Customer
from app.domain.engine import refund
from app.domain.engine.returns import ReturnedItems
from app.domain.ledger.entries import Balance, Entry
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, NumberSpace, ReceiptReference
from app.domain.purchases.refund import Refund
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.usecases.command import WriteContext
from app.usecases.purchases.results import RecordRefundResult


@dataclass(frozen=True, slots=True)
class RecordRefund:
    """A refund of a purchase (by id or by its receipt).

    `lines` maps line numbers to quantities (None: the rest of the line); without lines and amounts everything is
    returned. `amounts` (by line) and `amount` (of the whole) are money without goods, in major units. `fingerprint`
    is a digest of the refund without its number, purchase and time. `timed`: the refund states its time; otherwise it
    is now. `space` is that of its number, which was used at `numbered_at` if that is not the time it is booked at.
    """

    purchase_id: str | None
    receipt: ReceiptReference | None
    lines: Mapping[int, Decimal | None] | None
    occurred_at: datetime
    external_id: str | None
    reason: str | None
    fingerprint: str
    amounts: Mapping[int, Decimal] = field(default_factory=dict)
    amount: Decimal | None = None
    timed: bool = True
    space: NumberSpace = PROGRAM_WIDE
    numbered_at: datetime | None = None

    @property
    def receipts(self) -> tuple[str, ...]:
        """The number of the purchase's receipt, where the purchase is given by it."""
        return (self.receipt.number,) if self.receipt is not None else ()


def refund_row(
    *,
    write_context: WriteContext,
    command: RecordRefund,
    sale: Purchase,
    back: ReturnedItems,
    outcome: refund.RefundOutcome,
    cash: Money,
    id: str,
) -> Refund:
    """The row of a refund with this outcome and cash."""
    return Refund(
        id=id,
        purchase_id=sale.id,
        external_id=command.external_id,
        occurred_at=command.occurred_at,
        recorded_at=write_context.now,
        lines=back.lines,
        amounts=back.amounts,
        cash=cash.minor,
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
        cash=made.cash,
        terms=terms,
    )
