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
from app.domain.details import detail_of
from app.domain.i18n.details import in_english
from app.domain.problems import ProblemCode
from app.domain.purchases import receipt_limits
from app.domain.purchases.facts import FactsError, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.imports import fields
from app.imports.grouping import ReceiptRecords, group_records
from app.imports.plan import (
    FaultyRecord,
    FileRow,
    ImportRejection,
    ImportTarget,
    Plan,
    ReasonWithDetail,
    RejectedRecord,
    RejectionReason,
)
from app.imports.return_matching import ReceiptToMatch, SoldLine, match_returns, refund_number

SHIPPING = frozenset({"POST", "DOT", "C2"})
"""Stock codes of postage and carriage."""


class _ReceiptError(Exception):
    """Why a receipt with readable lines cannot be recorded."""

    def __init__(self, reason: RejectionReason, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason_with_detail: ReasonWithDetail = reason, detail


@dataclass(slots=True)
class _BoughtRow:
    """A row of goods that were bought, and the quantity that no other row of the receipt returns."""

    row: FileRow
    remaining: Decimal


def plan_import(path: Path, *, target: ImportTarget) -> Plan:
    """Read the file and plan every receipt. Raises ValueError if it is no CSV with these columns, or has no records."""
    records = list(fields.read_records(path, target=target))
    if not records:
        raise ValueError("the file has a header and nothing below it")
    plan = Plan(record_count=len(records))
    plan.rejected_records.extend(record.as_rejected() for record in records if isinstance(record, FaultyRecord))
    receipts_to_match = [
        _receipt_to_match(group, plan=plan, target=target) for group in group_records(records, target=target)
    ]
    plan.receipts.extend(match_returns(receipts_to_match, plan=plan))
    return plan


def _receipt_to_match(group: ReceiptRecords, *, plan: Plan, target: ImportTarget) -> ReceiptToMatch:
    """A receipt before its returns are matched. The rows of a rejected one are added to the `plan`; its goods count as sold."""
    problems = _line_problems(group.rows, currency=target.currency)
    rejection = group.rejection()
    if rejection is None and not problems:
        try:
            return _recordable_receipt(group, target=target)
        except _ReceiptError as error:
            problems = {row.file_line: error.reason_with_detail for row in group.rows}
    for row in group.rows:
        reason, detail = problems.get(row.file_line, (rejection or ImportRejection.INCOMPLETE_RECEIPT, None))
        plan.rejected_records.append(RejectedRecord(row.file_line, reason, row.receipt_number, detail))
    sold_lines = [_sold_line(row, group=group, remaining=row.quantity) for row in group.rows if row.quantity > 0]
    return ReceiptToMatch(group, facts=None, sold_lines=sold_lines, returns=())


def _line_problems(rows: Sequence[FileRow], *, currency: str) -> dict[int, ReasonWithDetail]:
    """What is wrong with single lines, by line number in the file: values that a till could not send either."""
    problems: dict[int, ReasonWithDetail] = {}
    for line_number, row in enumerate(rows, start=1):
        if row.quantity == 0:
            problems[row.file_line] = ImportRejection.NO_SALE, "Quantity: nothing is bought"
        elif row.quantity < 0 and row.price < 0:
            problems[row.file_line] = ImportRejection.NO_SALE, "UnitPrice: negative, as the quantity is"
        else:
            try:
                _line(row, number=line_number, quantity=abs(row.quantity), currency=currency)
                if row.quantity < 0:
                    receipt_limits.normalised_receipt_number(
                        refund_number(row.receipt_number, line_number=line_number, part=receipt_limits.MAX_LINES)
                    )
            except FactsError as error:
                problems[row.file_line] = ProblemCode.INVALID_INPUT, fields.problem_text(error)
    return problems


def _recordable_receipt(group: ReceiptRecords, *, target: ImportTarget) -> ReceiptToMatch:
    """The receipt as it can be recorded. Raises _ReceiptError if it cannot be recorded."""
    if (problem := target.problem_at(group.at)) is not None:
        raise _ReceiptError(problem)
    bought_rows = [_BoughtRow(row, row.quantity) for row in group.rows if row.quantity > 0 and row.price >= 0]
    returned_rows = [
        (line_number, row)
        for line_number, row in enumerate(group.rows, start=1)
        if row.quantity < 0 and not _take_back(row, bought_rows=bought_rows)
    ]
    remaining_rows = [bought for bought in bought_rows if bought.remaining > 0]
    if not returned_rows and not any(bought.row.price for bought in remaining_rows):
        raise _ReceiptError(ImportRejection.NO_SALE)
    try:
        receipt_limits.check_lines(len(group.rows))
        lines = tuple(
            _line(bought.row, number=number, quantity=bought.remaining, currency=target.currency)
            for number, bought in enumerate(remaining_rows, start=1)
        )
        lines = _with_discounts(lines, group=group, currency=target.currency)
        facts = PurchaseFacts(occurred_at=group.at, zone=target.zone, currency=target.currency, lines=lines)
    except FactsError as error:
        raise _ReceiptError(ProblemCode.INVALID_INPUT, in_english(error.detail)) from error
    sold_lines = [
        _sold_line(bought.row, group=group, remaining=bought.remaining, line=line, currency=target.currency)
        for bought, line in zip(remaining_rows, lines, strict=True)
    ]
    return ReceiptToMatch(group, facts=facts if lines else None, sold_lines=sold_lines, returns=tuple(returned_rows))


def _take_back(row: FileRow, *, bought_rows: Sequence[_BoughtRow]) -> bool:
    """Take goods that a row returns out of `bought_rows` of its own receipt, at the same price; False if they have too few."""
    candidates = [bought for bought in bought_rows if (bought.row.sku, bought.row.price) == (row.sku, row.price)]
    returned = -row.quantity
    if sum(bought.remaining for bought in candidates) < returned:
        return False
    for bought in reversed(candidates):
        quantity = min(returned, bought.remaining)
        bought.remaining -= quantity
        returned -= quantity
    return True


def _line(row: FileRow, *, number: int, quantity: Decimal, currency: str) -> Line:
    return receipt_limits.line_of(
        number=number,
        sku=row.sku,
        name=row.name,
        quantity=quantity,
        unit_price=abs(row.price),
        currency=currency,
        kind=LineKind.SHIPPING if row.sku in SHIPPING else LineKind.GOODS,
    )


def _with_discounts(lines: tuple[Line, ...], *, group: ReceiptRecords, currency: str) -> tuple[Line, ...]:
    """The lines with the discounts of the receipt, allocated to its goods by price. Raises FactsError."""
    discounts = [row for row in group.rows if row.price < 0]
    if not discounts:
        return lines
    try:
        discount = Money.of(sum((-row.price * row.quantity for row in discounts), Decimal(0)), currency).minor
    except AmountError as error:
        raise FactsError(("unit_price",), error.detail) from error
    goods = [line.price() if line.kind is LineKind.GOODS else 0 for line in lines]
    if discount > sum(goods):
        raise FactsError(("unit_price",), detail_of("DISCOUNT_ABOVE_PRICE"))
    return tuple(
        line._replace(discount=share)
        for line, share in zip(lines, allocate_proportionally(discount, weights=goods), strict=True)
    )


def _sold_line(
    row: FileRow, *, group: ReceiptRecords, remaining: Decimal, line: Line | None = None, currency: str = ""
) -> SoldLine:
    """A row as returns are matched with it; `line` is its line on the receipt, None if the receipt is rejected."""
    paid = None
    if line is not None and line.discount:
        paid = Money(line.price() - line.discount, currency).decimal()
    return SoldLine(
        customer=row.customer,
        sku=row.sku,
        price=row.price,
        paid=paid,
        at=group.at,
        receipt_number=group.receipt_number,
        day=group.day,
        line_number=line.number if line is not None else None,
        items=remaining,
        remaining=remaining,
    )
