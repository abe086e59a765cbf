"""Matching of returns with the sales that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.domain.purchases.facts import PurchaseFacts
from app.imports.grouping import Group
from app.imports.plan import Buyer, Plan, Receipt, Rejected, RejectionReason, Return, Row


@dataclass(slots=True)
class Sold:
    """The rest of a sold line, with its price.

    `paid` is the price of all `items` after the discount of the receipt, None without one; `line` is the number of
    the line on the receipt, None where the receipt is left out.
    """

    buyer: Buyer
    sku: str
    price: Decimal
    paid: Decimal | None
    at: datetime
    invoice: str
    day: date | None
    line: int | None
    items: Decimal
    left: Decimal

    def is_at(self, price: Decimal) -> bool:
        """Is this the price of an item, before or after the discount?"""
        return price == self.price or (self.paid is not None and price * self.items == self.paid)


@dataclass(frozen=True, slots=True)
class Draft:
    """A receipt whose returns are still to be looked for, each with its place among the lines of the receipt.

    `facts` is what was bought; one that is left out has neither, but what it sold is known.
    """

    group: Group
    facts: PurchaseFacts | None
    sold: list[Sold]
    returned: tuple[tuple[int, Row], ...]


def refund_number(invoice: str, *, place: int, part: int) -> str:
    """The number of a refund: that of its receipt, its line there, and after the first part of the line the part."""
    return f"{invoice}/{place}" if part == 1 else f"{invoice}/{place}/{part}"


def match_returns(drafts: Sequence[Draft], *, plan: Plan) -> Iterator[Receipt]:
    """The receipts in order of business time, each return with the lines that it gives back.

    These are the latest earlier lines of its customer, stock code and price: one that has all of it left, or else as
    many as it takes. A receipt with a return without such lines is left out as a whole.
    """
    sold: dict[tuple[Buyer, str], list[Sold]] = defaultdict(list)
    for draft in drafts:
        for line in draft.sold:
            sold[line.buyer, line.sku].append(line)
    for lines in sold.values():
        lines.sort(key=lambda line: (line.at, line.invoice, line.line or 0), reverse=True)
    ready = (draft for draft in drafts if draft.facts is not None or draft.returned)
    for draft in sorted(ready, key=lambda draft: (draft.group.at, draft.group.rows[0].number)):
        receipt = _with_returns(draft, sold=sold, plan=plan)
        if receipt is not None:
            yield receipt


def _with_returns(draft: Draft, *, sold: dict[tuple[Buyer, str], list[Sold]], plan: Plan) -> Receipt | None:
    group = draft.group
    taken: list[tuple[str, Sold, Decimal]] = []
    wrong: dict[int, tuple[RejectionReason, str | None]] = {}
    for place, row in draft.returned:
        try:
            parts = list(_parts(row, at=group.at, sold=sold[row.buyer, row.sku]))
        except _UnmatchedError as error:
            wrong[row.number] = error.reason, error.detail
            continue
        for part, (line, quantity) in enumerate(parts, start=1):
            line.left -= quantity
            taken.append((refund_number(row.invoice, place=place, part=part), line, quantity))
    if wrong:
        for _, line, quantity in taken:
            line.left += quantity
        for line in draft.sold:
            line.line = None
        for row in group.rows:
            reason, detail = wrong.get(row.number, (RejectionReason.INCOMPLETE_RECEIPT, None))
            plan.rejected.append(Rejected(row.number, reason, row.invoice, detail))
        return None
    return Receipt(
        invoice=group.invoice,
        day=group.day,
        buyer=group.rows[0].buyer,
        at=group.at,
        rows=tuple(row.number for row in group.rows),
        facts=draft.facts,
        returns=tuple(_return(number, line, quantity=quantity) for number, line, quantity in taken),
    )


class _UnmatchedError(Exception):
    """A return for which no sale is left."""

    def __init__(self, reason: RejectionReason, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def _parts(row: Row, *, at: datetime, sold: Sequence[Sold]) -> Iterator[tuple[Sold, Decimal]]:
    """The lines that a return gives back, with the quantity of each. Raises _UnmatchedError."""
    missing = -row.quantity
    there = [line for line in sold if line.at < at and line.left > 0]
    same = [line for line in there if line.is_at(row.price)]
    if sum(line.left for line in same) < missing:
        others = {line.price for line in there if not line.is_at(row.price)}
        if others:
            prices = ", ".join(f"{price:f}" for price in sorted(others))
            raise _UnmatchedError(RejectionReason.RETURN_AT_OTHER_PRICE, f"UnitPrice: sold at {prices}")
        raise _UnmatchedError(RejectionReason.RETURN_MATCHES_NOTHING)
    whole = next((line for line in same if line.left >= missing), None)
    for line in same if whole is None else [whole]:
        if line.line is None:
            raise _UnmatchedError(RejectionReason.SALE_LEFT_OUT, f"receipt {line.invoice}")
        quantity = min(missing, line.left)
        missing -= quantity
        yield line, quantity
        if not missing:
            return


def _return(number: str, line: Sold, *, quantity: Decimal) -> Return:
    if line.line is None:
        raise LookupError(f"receipt {line.invoice} is left out")
    return Return(receipt=number, invoice=line.invoice, sold_on=line.day, line=line.line, quantity=quantity)
