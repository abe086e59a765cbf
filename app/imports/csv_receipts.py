"""Receipts from a CSV of receipt lines: each is recorded completely, or rejected completely with the reason.

Columns: `InvoiceNo`, `StockCode`, `Description`, `Quantity`, `InvoiceDate` (local wall clock), `UnitPrice`,
`CustomerID`. A line with a negative quantity returns goods of the receipt itself or of an earlier one; one with a
negative price is a discount of the receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.domain.amounts import AmountError, Money, allocate_proportionally
from app.domain.problems import ProblemCode
from app.domain.purchases import receipt_limits
from app.domain.purchases.facts import FactsError, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.imports import fields
from app.imports.grouping import Group, group_records
from app.imports.plan import Destination, Plan, Reason, Rejected, RejectionReason, Row, RowFault
from app.imports.return_matching import Draft, Sold, match_returns, refund_number

SHIPPING = frozenset({"POST", "DOT", "C2"})
"""Stock codes of postage and carriage."""

Wrong = tuple[Reason, str | None]


class _ReceiptError(Exception):
    """Why a receipt with readable lines cannot be recorded."""

    def __init__(self, reason: Reason, detail: str | None = None) -> None:
        super().__init__(reason)
        self.wrong: Wrong = reason, detail


@dataclass(slots=True)
class _Bought:
    """A line that was bought, and how much of it the receipt itself does not return."""

    row: Row
    left: Decimal


def plan_import(path: Path, *, destination: Destination) -> Plan:
    """Read the file and plan every receipt. Raises ValueError when it is no such CSV, or has no records."""
    records = list(fields.read(path, destination=destination))
    if not records:
        raise ValueError("the file has a header and nothing below it")
    plan = Plan(lines=len(records))
    plan.rejected.extend(record.rejected() for record in records if isinstance(record, RowFault))
    drafts = [
        _draft(group, plan=plan, destination=destination) for group in group_records(records, destination=destination)
    ]
    plan.receipts.extend(match_returns(drafts, plan=plan))
    return plan


def _draft(group: Group, *, plan: Plan, destination: Destination) -> Draft:
    """The sales and returns of a receipt, before matching; a receipt that is left out has sold its lines all the same."""
    wrong = _wrong_lines(group.rows, currency=destination.currency)
    every = group.reason_to_wait()
    if every is None and not wrong:
        try:
            return _receipt(group, destination=destination)
        except _ReceiptError as error:
            wrong = {row.number: error.wrong for row in group.rows}
    for row in group.rows:
        reason, detail = wrong.get(row.number, (every or RejectionReason.INCOMPLETE_RECEIPT, None))
        plan.rejected.append(Rejected(row.number, reason, row.invoice, detail))
    sold = [_sold(row, group=group, left=row.quantity) for row in group.rows if row.quantity > 0]
    return Draft(group, facts=None, sold=sold, returned=())


def _wrong_lines(rows: Sequence[Row], *, currency: str) -> dict[int, Wrong]:
    """The faults of single lines, by line number in the file: values that a till could not send either."""
    wrong: dict[int, Wrong] = {}
    for place, row in enumerate(rows, start=1):
        if row.quantity == 0:
            wrong[row.number] = RejectionReason.NO_SALE, "Quantity: nothing is bought"
        elif row.quantity < 0 and row.price < 0:
            wrong[row.number] = RejectionReason.NO_SALE, "UnitPrice: negative, as the quantity is"
        else:
            try:
                _line(row, number=place, quantity=abs(row.quantity), currency=currency)
                if row.quantity < 0:
                    receipt_limits.normalised_receipt_number(
                        refund_number(row.invoice, place=place, part=receipt_limits.MAX_LINES)
                    )
            except FactsError as error:
                wrong[row.number] = ProblemCode.INVALID_INPUT, fields.problem_text(error)
    return wrong


def _receipt(group: Group, *, destination: Destination) -> Draft:
    """The receipt as it can be recorded. Raises _ReceiptError where there is nothing to record."""
    if (refused := destination.refuses(group.at)) is not None:
        raise _ReceiptError(refused)
    bought = [_Bought(row, row.quantity) for row in group.rows if row.quantity > 0 and row.price >= 0]
    returned = [
        (place, row)
        for place, row in enumerate(group.rows, start=1)
        if row.quantity < 0 and not _taken_back(row, bought=bought)
    ]
    remaining_lines = [line for line in bought if line.left > 0]
    if not returned and not any(line.row.price for line in remaining_lines):
        raise _ReceiptError(RejectionReason.NO_SALE)
    try:
        receipt_limits.check_lines(len(group.rows))
        lines = tuple(
            _line(line.row, number=number, quantity=line.left, currency=destination.currency)
            for number, line in enumerate(remaining_lines, start=1)
        )
        lines = _discounted(lines, group=group, currency=destination.currency)
        facts = PurchaseFacts(occurred_at=group.at, zone=destination.zone, currency=destination.currency, lines=lines)
    except FactsError as error:
        raise _ReceiptError(ProblemCode.INVALID_INPUT, error.message) from error
    sold = [
        _sold(bought.row, group=group, left=bought.left, line=line, currency=destination.currency)
        for bought, line in zip(remaining_lines, lines, strict=True)
    ]
    return Draft(group, facts=facts if lines else None, sold=sold, returned=tuple(returned))


def _taken_back(row: Row, *, bought: Sequence[_Bought]) -> bool:
    """Does a line return goods of its own receipt, at their price? Then what is left of them is reduced."""
    same = [line for line in bought if (line.row.sku, line.row.price) == (row.sku, row.price)]
    returned = -row.quantity
    if sum(line.left for line in same) < returned:
        return False
    for line in reversed(same):
        taken = min(returned, line.left)
        line.left -= taken
        returned -= taken
    return True


def _line(row: Row, *, number: int, quantity: Decimal, currency: str) -> Line:
    return receipt_limits.line_of(
        number=number,
        sku=row.sku,
        name=row.name,
        quantity=quantity,
        unit_price=abs(row.price),
        currency=currency,
        kind=LineKind.SHIPPING if row.sku in SHIPPING else LineKind.GOODS,
    )


def _discounted(lines: tuple[Line, ...], *, group: Group, currency: str) -> tuple[Line, ...]:
    """The lines with the discounts of the receipt, allocated to its goods by price. Raises FactsError."""
    discounts = [row for row in group.rows if row.price < 0]
    if not discounts:
        return lines
    try:
        discount = Money.of(sum((-row.price * row.quantity for row in discounts), Decimal(0)), currency).minor
    except AmountError as error:
        raise FactsError(("unit_price",), f"the discount: {error}") from error
    goods = [line.price() if line.kind is LineKind.GOODS else 0 for line in lines]
    if discount > sum(goods):
        raise FactsError(("unit_price",), "the discount is larger than the price of the goods")
    return tuple(
        line._replace(discount=share)
        for line, share in zip(lines, allocate_proportionally(discount, weights=goods), strict=True)
    )


def _sold(row: Row, *, group: Group, left: Decimal, line: Line | None = None, currency: str = "") -> Sold:
    """The lines that a return may give back: at the price of the line, or at the price of an item after the discount."""
    paid = None
    if line is not None and line.discount:
        paid = Money(line.price() - line.discount, currency).decimal()
    return Sold(
        buyer=row.buyer,
        sku=row.sku,
        price=row.price,
        paid=paid,
        at=group.at,
        invoice=group.invoice,
        day=group.day,
        line=line.number if line is not None else None,
        items=left,
        left=left,
    )
