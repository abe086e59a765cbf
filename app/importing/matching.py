"""Returns and the sales that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain import receipts
from app.domain.facts import FactsError
from app.domain.problems import ProblemCode
from app.importing.plan import Destination, LeftOut, Plan, Return, Row, Sale


@dataclass(slots=True)
class _Left:
    """What is left of a line that was sold."""

    at: datetime
    invoice: str
    line: int
    quantity: Decimal


def matched(returns: Iterable[Row], *, sales: Iterable[Sale], plan: Plan, destination: Destination) -> Iterator[Return]:
    """Each return with the latest earlier line of its customer and stock code that has enough left.

    Its receipt is its invoice with its place there, counted over all records of the invoice, so that it stays the same
    when another line of the file is put right.
    """
    left: dict[tuple[str, str], list[_Left]] = defaultdict(list)
    for sale in sales:
        for line in sale.facts.lines:
            sold = _Left(at=sale.at, invoice=sale.invoice, line=line.number, quantity=line.quantity)
            left[sale.customer, line.sku].append(sold)
    for lines in left.values():
        lines.sort(key=lambda one: (one.at, one.invoice, one.line), reverse=True)
    for row in sorted(returns, key=lambda one: (one.at, one.number)):
        receipt, wanted = f"{row.invoice}/{row.place}", -row.quantity
        if row.at > destination.latest:
            plan.reject(row, ProblemCode.CLOCK_SKEW)
            continue
        try:
            receipts.check_number(receipt)
            if wanted > 0:
                receipts.check_quantity(wanted)
        except FactsError as error:
            column = "Quantity" if error.path == ("quantity",) else "InvoiceNo"
            plan.reject(row, ProblemCode.INVALID_INPUT, f"{column}: {error.message}")
            continue
        found = left.get((row.customer, row.sku), ())
        match = next((one for one in found if one.at < row.at and 0 < wanted <= one.quantity), None)
        if match is None:
            plan.reject(row, LeftOut.RETURN_MATCHES_NOTHING)
            continue
        match.quantity -= wanted
        yield Return(
            receipt=receipt,
            customer=row.customer,
            invoice=match.invoice,
            line=match.line,
            quantity=wanted,
            at=row.at,
            rows=(row.number,),
        )
