"""Purchases from a CSV of receipt lines: what becomes a sale, what a refund, and what neither, with line and reason.

Columns: `InvoiceNo`, `StockCode`, `Description`, `Quantity`, `InvoiceDate` (local wall clock), `UnitPrice`,
`CustomerID`. Lines of one invoice become one purchase; a line of an invoice that begins with `C` is a return.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from app.domain.amounts import AmountError, Money
from app.domain.calendar import zone
from app.domain.facts import Line, PurchaseFacts

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
_GOODS = re.compile(r"\d{5}")


class LeftOut(StrEnum):
    """Why a line was not brought in."""

    UNREADABLE = "UNREADABLE"
    NO_CUSTOMER = "NO_CUSTOMER"
    NO_SALE = "NO_SALE"
    RETURN_OF_NO_GOODS = "RETURN_OF_NO_GOODS"
    RETURN_MATCHES_NOTHING = "RETURN_MATCHES_NOTHING"


REASONS = {
    LeftOut.UNREADABLE: "a column is missing or cannot be read",
    LeftOut.NO_CUSTOMER: "the line has no customer",
    LeftOut.NO_SALE: "no stock code of five digits, or no positive quantity and price",
    LeftOut.RETURN_OF_NO_GOODS: "a return without a stock code of five digits",
    LeftOut.RETURN_MATCHES_NOTHING: "no earlier line of this customer and stock code has that much left",
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was not brought in; `number` counts the file's lines from 1, the header included."""

    number: int
    reason: LeftOut
    invoice: str


@dataclass(frozen=True, slots=True)
class Row:
    """A readable line of the file."""

    number: int
    invoice: str
    sku: str
    name: str | None
    quantity: Decimal
    price: Money
    at: datetime
    customer: str


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice to record as a purchase."""

    invoice: str
    customer: str
    facts: PurchaseFacts


@dataclass(frozen=True, slots=True)
class Return:
    """A returned line, to record as a refund of a line of an earlier invoice."""

    receipt: str
    customer: str
    invoice: str
    line: int
    quantity: Decimal
    at: datetime


@dataclass(slots=True)
class _Left:
    """What is left of a line that was sold."""

    at: datetime
    invoice: str
    line: int
    quantity: Decimal


@dataclass(slots=True)
class Plan:
    """What a file comes to, in the order in which it happened."""

    steps: list[Sale | Return] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    lines: int = 0

    @property
    def sales(self) -> list[Sale]:
        """The purchases."""
        return [step for step in self.steps if isinstance(step, Sale)]

    @property
    def returns(self) -> list[Return]:
        """The refunds."""
        return [step for step in self.steps if isinstance(step, Return)]

    def customers(self) -> list[str]:
        """The customers of the sales, in the order in which they first bought."""
        return list(dict.fromkeys(sale.customer for sale in self.sales))


def planned(path: Path, *, currency: str, zone_name: str) -> Plan:
    """Read the file and decide about every line. Raises ValueError when it is no such CSV."""
    plan = Plan()
    rows = list(_rows(path, plan=plan, currency=currency, zone_name=zone_name))
    invoices: dict[tuple[str, str], list[Row]] = defaultdict(list)
    returns: list[Row] = []
    for row in rows:
        if row.invoice.startswith("C"):
            if _GOODS.match(row.sku):
                returns.append(row)
            else:
                plan.rejected.append(Rejected(row.number, LeftOut.RETURN_OF_NO_GOODS, row.invoice))
        elif _GOODS.match(row.sku) and row.quantity > 0 and row.price.minor > 0:
            invoices[row.invoice, row.customer].append(row)
        else:
            plan.rejected.append(Rejected(row.number, LeftOut.NO_SALE, row.invoice))
    sales = [_sale(found, currency=currency, zone_name=zone_name) for found in invoices.values()]
    plan.steps.extend(sales)
    plan.steps.extend(_matched(returns, sales=sales, plan=plan))
    plan.steps.sort(key=lambda step: step.facts.occurred_at if isinstance(step, Sale) else step.at)
    plan.rejected.sort(key=lambda one: one.number)
    return plan


def _rows(path: Path, *, plan: Plan, currency: str, zone_name: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"the file lacks the columns {', '.join(missing)}")
        for number, raw in enumerate(reader, start=2):
            plan.lines += 1
            invoice = (raw["InvoiceNo"] or "").strip()
            customer = _customer(raw["CustomerID"])
            if not customer:
                plan.rejected.append(Rejected(number, LeftOut.NO_CUSTOMER, invoice))
                continue
            try:
                yield Row(
                    number=number,
                    invoice=invoice,
                    sku=(raw["StockCode"] or "").strip(),
                    name=(raw["Description"] or "").strip()[:200] or None,
                    quantity=Decimal(raw["Quantity"]),
                    price=Money.of(raw["UnitPrice"], currency),
                    at=_instant(raw["InvoiceDate"], zone_name=zone_name),
                    customer=customer,
                )
            except (AmountError, InvalidOperation, TypeError, ValueError):
                plan.rejected.append(Rejected(number, LeftOut.UNREADABLE, invoice))


def _customer(text: str | None) -> str:
    """The customer's number; spreadsheets add `.0` to numbers in a column with gaps."""
    return re.sub(r"\.0+$", "", (text or "").strip())


def _instant(text: str, *, zone_name: str) -> datetime:
    return datetime.fromisoformat(text.strip()).replace(tzinfo=zone(zone_name)).astimezone(UTC)


def _sale(rows: list[Row], *, currency: str, zone_name: str) -> Sale:
    lines = tuple(
        Line(number=number, sku=row.sku, name=row.name, quantity=row.quantity, unit_price=row.price.minor)
        for number, row in enumerate(rows, start=1)
    )
    facts = PurchaseFacts(occurred_at=rows[0].at, zone=zone_name, currency=currency, lines=lines)
    return Sale(invoice=rows[0].invoice, customer=rows[0].customer, facts=facts)


def _matched(returns: Iterable[Row], *, sales: Iterable[Sale], plan: Plan) -> Iterator[Return]:
    """Each return with the latest earlier line of its customer and stock code that has enough left."""
    left: dict[tuple[str, str], list[_Left]] = defaultdict(list)
    for sale in sales:
        for line in sale.facts.lines:
            sold = _Left(at=sale.facts.occurred_at, invoice=sale.invoice, line=line.number, quantity=line.quantity)
            left[sale.customer, line.sku].append(sold)
    for lines in left.values():
        lines.sort(key=lambda one: (one.at, one.invoice, one.line), reverse=True)
    seen: dict[str, int] = defaultdict(int)
    for row in sorted(returns, key=lambda one: (one.at, one.number)):
        seen[row.invoice] += 1
        wanted = -row.quantity
        match = next(
            (one for one in left[row.customer, row.sku] if one.at < row.at and 0 < wanted <= one.quantity), None
        )
        if match is None:
            plan.rejected.append(Rejected(row.number, LeftOut.RETURN_MATCHES_NOTHING, row.invoice))
            continue
        match.quantity -= wanted
        yield Return(
            receipt=f"{row.invoice}/{seen[row.invoice]}",
            customer=row.customer,
            invoice=match.invoice,
            line=match.line,
            quantity=wanted,
            at=row.at,
        )
