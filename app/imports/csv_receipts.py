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
from app.domain.details import detail
from app.domain.i18n.details import in_english
from app.domain.problems import ProblemCode
from app.domain.purchases import receipt_limits
from app.domain.purchases.facts import FactsError, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.imports import fields
from app.imports.grouping import ReceiptRecords, group_records
from app.imports.plan import FaultyRecord, FileRow, ImportTarget, Plan, Rejected, RejectionCause, RejectionReason
from app.imports.return_matching import ReceiptToMatch, SoldLine, match_returns, refund_number

SHIPPING = frozenset({"POST", "DOT", "C2"})
"""Stock codes of postage and carriage."""

LineProblem = tuple[RejectionCause, str | None]


class _ReceiptError(Exception):
    """Why a receipt with readable lines cannot be recorded."""

    def __init__(self, reason: RejectionCause, detail: str | None = None) -> None:
        super().__init__(reason)
        self.problem: LineProblem = reason, detail


@dataclass(slots=True)
class _Bought:
    """A line that was bought, and the quantity that no other line of the receipt returns."""

    row: FileRow
    remaining: Decimal


def plan_import(path: Path, *, target: ImportTarget) -> Plan:
    """Read the file and plan every receipt. Raises ValueError when it is no such CSV, or has no records."""
    records = list(fields.read(path, target=target))
    if not records:
        raise ValueError("the file has a header and nothing below it")
    plan = Plan(lines=len(records))
    plan.rejected.extend(record.rejected() for record in records if isinstance(record, FaultyRecord))
    drafts = [_unmatched(group, plan=plan, target=target) for group in group_records(records, target=target)]
    plan.receipts.extend(match_returns(drafts, plan=plan))
    return plan


def _unmatched(group: ReceiptRecords, *, plan: Plan, target: ImportTarget) -> ReceiptToMatch:
    """The sales and returns of a receipt, before matching; for a rejected receipt only the lines that it sold."""
    problems = _line_problems(group.rows, currency=target.currency)
    rejection = group.rejection()
    if rejection is None and not problems:
        try:
            return _receipt(group, target=target)
        except _ReceiptError as error:
            problems = {row.file_line: error.problem for row in group.rows}
    for row in group.rows:
        reason, detail = problems.get(row.file_line, (rejection or RejectionReason.INCOMPLETE_RECEIPT, None))
        plan.rejected.append(Rejected(row.file_line, reason, row.receipt_number, detail))
    sold = [_sold_line(row, group=group, remaining=row.quantity) for row in group.rows if row.quantity > 0]
    return ReceiptToMatch(group, facts=None, sold=sold, returned=())


def _line_problems(rows: Sequence[FileRow], *, currency: str) -> dict[int, LineProblem]:
    """The faults of single lines, by line number in the file: values that a till could not send either."""
    problems: dict[int, LineProblem] = {}
    for line_number, row in enumerate(rows, start=1):
        if row.quantity == 0:
            problems[row.file_line] = RejectionReason.NO_SALE, "Quantity: nothing is bought"
        elif row.quantity < 0 and row.price < 0:
            problems[row.file_line] = RejectionReason.NO_SALE, "UnitPrice: negative, as the quantity is"
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


def _receipt(group: ReceiptRecords, *, target: ImportTarget) -> ReceiptToMatch:
    """The receipt as it can be recorded. Raises _ReceiptError where there is nothing to record."""
    if (problem := target.problem_at(group.at)) is not None:
        raise _ReceiptError(problem)
    bought = [_Bought(row, row.quantity) for row in group.rows if row.quantity > 0 and row.price >= 0]
    returned = [
        (line_number, row)
        for line_number, row in enumerate(group.rows, start=1)
        if row.quantity < 0 and not _returns_on_same_receipt(row, bought=bought)
    ]
    bought_lines = [line for line in bought if line.remaining > 0]
    if not returned and not any(line.row.price for line in bought_lines):
        raise _ReceiptError(RejectionReason.NO_SALE)
    try:
        receipt_limits.check_lines(len(group.rows))
        lines = tuple(
            _line(line.row, number=number, quantity=line.remaining, currency=target.currency)
            for number, line in enumerate(bought_lines, start=1)
        )
        lines = _with_discounts(lines, group=group, currency=target.currency)
        facts = PurchaseFacts(occurred_at=group.at, zone=target.zone, currency=target.currency, lines=lines)
    except FactsError as error:
        raise _ReceiptError(ProblemCode.INVALID_INPUT, in_english(error.detail)) from error
    sold = [
        _sold_line(bought.row, group=group, remaining=bought.remaining, line=line, currency=target.currency)
        for bought, line in zip(bought_lines, lines, strict=True)
    ]
    return ReceiptToMatch(group, facts=facts if lines else None, sold=sold, returned=tuple(returned))


def _returns_on_same_receipt(row: FileRow, *, bought: Sequence[_Bought]) -> bool:
    """Does a line return goods of its own receipt, at their price? Then their `remaining` quantity is reduced."""
    candidates = [line for line in bought if (line.row.sku, line.row.price) == (row.sku, row.price)]
    returned = -row.quantity
    if sum(line.remaining for line in candidates) < returned:
        return False
    for line in reversed(candidates):
        taken = min(returned, line.remaining)
        line.remaining -= taken
        returned -= taken
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
        raise FactsError(("unit_price",), detail("DISCOUNT_ABOVE_PRICE"))
    return tuple(
        line._replace(discount=share)
        for line, share in zip(lines, allocate_proportionally(discount, weights=goods), strict=True)
    )


def _sold_line(
    row: FileRow, *, group: ReceiptRecords, remaining: Decimal, line: Line | None = None, currency: str = ""
) -> SoldLine:
    """The line as returns may match it: by its unit price, or by the price per item after the discount."""
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
