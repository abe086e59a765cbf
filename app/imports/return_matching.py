"""Match returns with the purchased lines that they give back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.domain.purchases.facts import PurchaseFacts
from app.imports.grouping import ReceiptRecords
from app.imports.plan import (
    CustomerIdentity,
    FileReceipt,
    FileRow,
    ImportRejection,
    Plan,
    ReasonWithDetail,
    RejectedRecord,
    Return,
)


@dataclass(slots=True)
class SoldLine:
    """A purchased line, and how many of its `items` are `remaining`, that is not returned yet.

    `price` is the price of one item, `paid` the price of all items after the discount of the receipt (None without a
    discount). `line_number` is the line's number on the receipt, None if the receipt is rejected.
    """

    customer: CustomerIdentity
    sku: str
    price: Decimal
    paid: Decimal | None
    at: datetime
    receipt_number: str
    day: date | None
    line_number: int | None
    items: Decimal
    remaining: Decimal

    def has_price(self, price: Decimal) -> bool:
        """Is this the price of an item, before or after the discount?"""
        return price == self.price or (self.paid is not None and price * self.items == self.paid)


@dataclass(frozen=True, slots=True)
class ReceiptToMatch:
    """A receipt whose returns are not matched with purchased lines yet; each return has its line number on the receipt.

    `facts` is what was bought, None if nothing was. A rejected receipt has neither facts nor returns, but it has
    `sold_lines`, so that returns of its goods are found and rejected, too.
    """

    group: ReceiptRecords
    facts: PurchaseFacts | None
    sold_lines: list[SoldLine]
    returns: tuple[tuple[int, FileRow], ...]


def refund_number(receipt_number: str, *, line_number: int, part: int) -> str:
    """The number of a refund: receipt number/line number; from the second part of a line on, also /part."""
    return f"{receipt_number}/{line_number}" if part == 1 else f"{receipt_number}/{line_number}/{part}"


def match_returns(receipts: Sequence[ReceiptToMatch], *, plan: Plan) -> Iterator[FileReceipt]:
    """The receipts in order of business time, with their returns matched; rejected ones are added to the `plan`.

    A return is matched with earlier lines of its customer, stock code and price: with the latest line that has enough
    items remaining, or else with several, latest first. A receipt with a return that cannot be matched is rejected as a whole.
    """
    sold_lines: dict[tuple[CustomerIdentity, str], list[SoldLine]] = defaultdict(list)
    for to_match in receipts:
        for sold_line in to_match.sold_lines:
            sold_lines[sold_line.customer, sold_line.sku].append(sold_line)
    for same_goods in sold_lines.values():
        same_goods.sort(
            key=lambda sold_line: (sold_line.at, sold_line.receipt_number, sold_line.line_number or 0), reverse=True
        )
    accepted = (to_match for to_match in receipts if to_match.facts is not None or to_match.returns)
    for to_match in sorted(accepted, key=lambda to_match: (to_match.group.at, to_match.group.rows[0].file_line)):
        receipt = _with_returns(to_match, sold_lines=sold_lines, plan=plan)
        if receipt is not None:
            yield receipt


def _with_returns(
    to_match: ReceiptToMatch, *, sold_lines: dict[tuple[CustomerIdentity, str], list[SoldLine]], plan: Plan
) -> FileReceipt | None:
    group = to_match.group
    matched_parts: list[tuple[str, SoldLine, Decimal]] = []
    problems: dict[int, ReasonWithDetail] = {}
    for line_number, row in to_match.returns:
        try:
            parts = list(_parts(row, at=group.at, sold_lines=sold_lines[row.customer, row.sku]))
        except _UnmatchedError as error:
            problems[row.file_line] = error.reason, error.detail
            continue
        for part, (sold_line, quantity) in enumerate(parts, start=1):
            sold_line.remaining -= quantity
            matched_parts.append(
                (refund_number(row.receipt_number, line_number=line_number, part=part), sold_line, quantity)
            )
    if problems:
        for _, sold_line, quantity in matched_parts:
            sold_line.remaining += quantity
        for sold_line in to_match.sold_lines:
            sold_line.line_number = None
        for row in group.rows:
            reason, detail = problems.get(row.file_line, (ImportRejection.INCOMPLETE_RECEIPT, None))
            plan.rejected_records.append(RejectedRecord(row.file_line, reason, row.receipt_number, detail))
        return None
    return FileReceipt(
        receipt_number=group.receipt_number,
        day=group.day,
        customer=group.rows[0].customer,
        at=group.at,
        file_lines=tuple(row.file_line for row in group.rows),
        facts=to_match.facts,
        returns=tuple(_return(number, sold_line, quantity=quantity) for number, sold_line, quantity in matched_parts),
    )


class _UnmatchedError(Exception):
    """A return that cannot be matched: no purchased lines have enough items remaining, or their receipt is rejected."""

    def __init__(self, reason: ImportRejection, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def _parts(row: FileRow, *, at: datetime, sold_lines: Sequence[SoldLine]) -> Iterator[tuple[SoldLine, Decimal]]:
    """The lines that a return gives back, with the quantity of each. Raises _UnmatchedError."""
    still_unmatched = -row.quantity
    available = [sold_line for sold_line in sold_lines if sold_line.at < at and sold_line.remaining > 0]
    at_price = [sold_line for sold_line in available if sold_line.has_price(row.price)]
    if sum(sold_line.remaining for sold_line in at_price) < still_unmatched:
        other_prices = {sold_line.price for sold_line in available if not sold_line.has_price(row.price)}
        if other_prices:
            prices = ", ".join(f"{price:f}" for price in sorted(other_prices))
            raise _UnmatchedError(ImportRejection.RETURN_AT_OTHER_PRICE, f"UnitPrice: sold at {prices}")
        raise _UnmatchedError(ImportRejection.RETURN_MATCHES_NOTHING)
    sufficient = next((sold_line for sold_line in at_price if sold_line.remaining >= still_unmatched), None)
    for sold_line in at_price if sufficient is None else [sufficient]:
        if sold_line.line_number is None:
            raise _UnmatchedError(ImportRejection.PURCHASE_REJECTED, f"receipt {sold_line.receipt_number}")
        quantity = min(still_unmatched, sold_line.remaining)
        still_unmatched -= quantity
        yield sold_line, quantity
        if not still_unmatched:
            return


def _return(number: str, sold_line: SoldLine, *, quantity: Decimal) -> Return:
    if sold_line.line_number is None:
        raise LookupError(f"receipt {sold_line.receipt_number} is rejected")
    return Return(
        refund_number=number,
        sold_receipt_number=sold_line.receipt_number,
        sold_on=sold_line.day,
        sold_line=sold_line.line_number,
        quantity=quantity,
    )
