"""Match returns with the purchased lines that they give back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.domain.purchases.facts import PurchaseFacts
from app.imports.grouping import ReceiptRecords
from app.imports.plan import CustomerIdentity, FileReceipt, FileRow, Plan, Rejected, RejectionReason, Return


@dataclass(slots=True)
class SoldLine:
    """A purchased line with its price, and how many of its items are `remaining`, not returned yet.

    `paid` is the price of all `items` after the discount of the receipt, None without one; `line_number` is that on the
    receipt, None where the receipt is rejected.
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

    `facts` is what was bought. A rejected receipt has neither facts nor returns, but `sold`: a return of its goods is
    rejected, too.
    """

    group: ReceiptRecords
    facts: PurchaseFacts | None
    sold: list[SoldLine]
    returned: tuple[tuple[int, FileRow], ...]


def refund_number(receipt_number: str, *, line_number: int, part: int) -> str:
    """The number of a refund: receipt number/line number; from the second part of a line on, also /part."""
    return f"{receipt_number}/{line_number}" if part == 1 else f"{receipt_number}/{line_number}/{part}"


def match_returns(receipts: Sequence[ReceiptToMatch], *, plan: Plan) -> Iterator[FileReceipt]:
    """The receipts in order of business time, each return with the lines that it gives back.

    A return is matched with earlier lines of its customer, stock code and price: with the latest line that has enough
    items remaining, or else with several, latest first. A receipt with an unmatched return is rejected as a whole.
    """
    sold: dict[tuple[CustomerIdentity, str], list[SoldLine]] = defaultdict(list)
    for to_match in receipts:
        for sold_line in to_match.sold:
            sold[sold_line.customer, sold_line.sku].append(sold_line)
    for lines in sold.values():
        lines.sort(
            key=lambda sold_line: (sold_line.at, sold_line.receipt_number, sold_line.line_number or 0), reverse=True
        )
    ready = (to_match for to_match in receipts if to_match.facts is not None or to_match.returned)
    for to_match in sorted(ready, key=lambda to_match: (to_match.group.at, to_match.group.rows[0].file_line)):
        receipt = _with_returns(to_match, sold=sold, plan=plan)
        if receipt is not None:
            yield receipt


def _with_returns(
    to_match: ReceiptToMatch, *, sold: dict[tuple[CustomerIdentity, str], list[SoldLine]], plan: Plan
) -> FileReceipt | None:
    group = to_match.group
    taken: list[tuple[str, SoldLine, Decimal]] = []
    problems: dict[int, tuple[RejectionReason, str | None]] = {}
    for line_number, row in to_match.returned:
        try:
            parts = list(_parts(row, at=group.at, sold=sold[row.customer, row.sku]))
        except _UnmatchedError as error:
            problems[row.file_line] = error.reason, error.detail
            continue
        for part, (sold_line, quantity) in enumerate(parts, start=1):
            sold_line.remaining -= quantity
            taken.append((refund_number(row.receipt_number, line_number=line_number, part=part), sold_line, quantity))
    if problems:
        for _, sold_line, quantity in taken:
            sold_line.remaining += quantity
        for sold_line in to_match.sold:
            sold_line.line_number = None
        for row in group.rows:
            reason, detail = problems.get(row.file_line, (RejectionReason.INCOMPLETE_RECEIPT, None))
            plan.rejected.append(Rejected(row.file_line, reason, row.receipt_number, detail))
        return None
    return FileReceipt(
        receipt_number=group.receipt_number,
        day=group.day,
        customer=group.rows[0].customer,
        at=group.at,
        file_lines=tuple(row.file_line for row in group.rows),
        facts=to_match.facts,
        returns=tuple(_return(number, sold_line, quantity=quantity) for number, sold_line, quantity in taken),
    )


class _UnmatchedError(Exception):
    """A return for which no purchased line has enough items remaining."""

    def __init__(self, reason: RejectionReason, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def _parts(row: FileRow, *, at: datetime, sold: Sequence[SoldLine]) -> Iterator[tuple[SoldLine, Decimal]]:
    """The lines that a return gives back, with the quantity of each. Raises _UnmatchedError."""
    missing = -row.quantity
    available = [sold_line for sold_line in sold if sold_line.at < at and sold_line.remaining > 0]
    at_price = [sold_line for sold_line in available if sold_line.has_price(row.price)]
    if sum(sold_line.remaining for sold_line in at_price) < missing:
        others = {sold_line.price for sold_line in available if not sold_line.has_price(row.price)}
        if others:
            prices = ", ".join(f"{price:f}" for price in sorted(others))
            raise _UnmatchedError(RejectionReason.RETURN_AT_OTHER_PRICE, f"UnitPrice: sold at {prices}")
        raise _UnmatchedError(RejectionReason.RETURN_MATCHES_NOTHING)
    sufficient = next((sold_line for sold_line in at_price if sold_line.remaining >= missing), None)
    for sold_line in at_price if sufficient is None else [sufficient]:
        if sold_line.line_number is None:
            raise _UnmatchedError(RejectionReason.PURCHASE_REJECTED, f"receipt {sold_line.receipt_number}")
        quantity = min(missing, sold_line.remaining)
        missing -= quantity
        yield sold_line, quantity
        if not missing:
            return


def _return(number: str, sold: SoldLine, *, quantity: Decimal) -> Return:
    if sold.line_number is None:
        raise LookupError(f"receipt {sold.receipt_number} is rejected")
    return Return(
        refund_number=number,
        receipt_number=sold.receipt_number,
        sold_on=sold.day,
        line=sold.line_number,
        quantity=quantity,
    )
