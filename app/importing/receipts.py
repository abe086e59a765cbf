"""Purchases from a CSV of receipt lines: what becomes a sale, what a refund, and what neither, with line and reason.

Columns: `InvoiceNo`, `StockCode`, `Description`, `Quantity`, `InvoiceDate` (local wall clock), `UnitPrice`,
`CustomerID`. Lines of one invoice become one purchase; a line of an invoice that begins with `C` is a return.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from app.domain import receipts
from app.domain.calendar import FIRST_YEAR, LAST_YEAR, in_zone, local
from app.domain.facts import FactsError, Line, PurchaseFacts
from app.domain.identities import IdentityError, IdentityKind, normalised
from app.domain.problems import ProblemCode
from app.importing.matching import matched
from app.importing.plan import Destination, LeftOut, Plan, Rejected, Row, Sale
from app.importing.records import Record, records

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
_COLUMN_OF = {
    "external_id": "InvoiceNo",
    "sku": "StockCode",
    "name": "Description",
    "quantity": "Quantity",
    "unit_price": "UnitPrice",
}
_GOODS = re.compile(r"[0-9]{5}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,10})?")
_WALL_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


class UnreadableError(ValueError):
    """A field that is not what its column holds; the message names the column."""


def planned(path: Path, *, destination: Destination) -> Plan:
    """Read the file and decide about every line. Raises ValueError when it is no such CSV."""
    plan = Plan()
    invoices: dict[str, list[Row]] = defaultdict(list)
    returns: list[Row] = []
    for row in _rows(path, plan=plan, destination=destination):
        if row.invoice.startswith("C"):
            if _GOODS.match(row.sku):
                returns.append(row)
            else:
                plan.reject(row, LeftOut.RETURN_OF_NO_GOODS)
        elif _GOODS.match(row.sku) and row.quantity > 0 and row.price > 0:
            invoices[row.invoice].append(row)
        else:
            plan.reject(row, LeftOut.NO_SALE)
    sales = [sale for rows in invoices.values() for sale in _sales(rows, plan=plan, destination=destination)]
    plan.steps.extend(sales)
    plan.steps.extend(matched(returns, sales=sales, plan=plan, destination=destination))
    plan.steps.sort(key=lambda step: step.at)
    return plan


def _rows(path: Path, *, plan: Plan, destination: Destination) -> Iterator[Row]:
    """The lines that can be read and have a customer; the others are left out."""
    seen: dict[str, int] = defaultdict(int)
    for record in records(path, columns=COLUMNS):
        plan.lines += 1
        invoice = record.fields.get("InvoiceNo", "").strip()
        seen[invoice] += 1
        customer = _customer(record.fields.get("CustomerID", ""))
        if record.fault is None and not customer:
            plan.rejected.append(Rejected(record.line, LeftOut.NO_CUSTOMER, invoice))
            continue
        try:
            if record.fault is not None:
                raise UnreadableError(record.fault)
            row = _row(record, place=seen[invoice], customer=customer, destination=destination)
            receipts.check_number(row.invoice)
            normalised(IdentityKind.EXTERNAL_ID, customer, region=destination.region)
        except UnreadableError as error:
            plan.rejected.append(Rejected(record.line, LeftOut.UNREADABLE, invoice, str(error)))
        except FactsError as error:
            plan.rejected.append(Rejected(record.line, ProblemCode.INVALID_INPUT, invoice, _said(error)))
        except IdentityError as error:
            plan.rejected.append(Rejected(record.line, ProblemCode.INVALID_INPUT, invoice, f"CustomerID: {error}"))
        else:
            yield row


def _row(record: Record, *, place: int, customer: str, destination: Destination) -> Row:
    text = {name: record.fields[name].strip() for name in COLUMNS}
    return Row(
        number=record.line,
        place=place,
        invoice=text["InvoiceNo"],
        sku=text["StockCode"],
        name=text["Description"] or None,
        quantity=_decimal(text["Quantity"], column="Quantity"),
        price=_decimal(text["UnitPrice"], column="UnitPrice"),
        at=_instant(text["InvoiceDate"], zone_name=destination.zone),
        customer=customer,
    )


def _customer(text: str) -> str:
    """The customer's number; spreadsheets add `.0` to numbers in a column with gaps."""
    return re.sub(r"\.0+$", "", text.strip())


def _decimal(text: str, *, column: str) -> Decimal:
    """The number in a field, in plain digits: no exponent, which a few characters make longer than the memory."""
    if not _NUMBER.fullmatch(text):
        raise UnreadableError(f"{column}: not a decimal number")
    return Decimal(text)


def _instant(text: str, *, zone_name: str) -> datetime:
    """The instant at which the wall clock showed a time, the first one where it showed it twice."""
    try:
        wall = datetime.fromisoformat(text) if _WALL_CLOCK.fullmatch(text) else None
    except ValueError:
        wall = None
    if wall is None:
        raise UnreadableError("InvoiceDate: not a time as YYYY-MM-DD HH:MM:SS")
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        raise UnreadableError(f"InvoiceDate: not between the years {FIRST_YEAR} and {LAST_YEAR}")
    at = in_zone(wall, zone_name=zone_name)
    if local(at, zone_name=zone_name).replace(tzinfo=None) != wall:
        raise UnreadableError("InvoiceDate: the clocks skipped this time")
    return at


def _sales(rows: Sequence[Row], *, plan: Plan, destination: Destination) -> Iterator[Sale]:
    """The purchase of an invoice; none when there is a reason to leave all of it out."""
    if len({row.customer for row in rows}) > 1:
        for row in rows:
            plan.reject(row, LeftOut.SEVERAL_CUSTOMERS)
        return
    lines: list[Line] = []
    kept: list[Row] = []
    for row in rows:
        try:
            lines.append(_line(row, number=len(lines) + 1, currency=destination.currency))
            kept.append(row)
        except FactsError as error:
            plan.reject(row, ProblemCode.INVALID_INPUT, _said(error))
    if not kept:
        return
    at = kept[0].at
    reason, detail = destination.refuses(at), None
    try:
        receipts.check_lines(len(lines))
        facts = PurchaseFacts(occurred_at=at, zone=destination.zone, currency=destination.currency, lines=tuple(lines))
    except FactsError as error:
        reason, detail = ProblemCode.INVALID_INPUT, error.message
    if reason is None:
        yield Sale(
            invoice=kept[0].invoice, customer=kept[0].customer, facts=facts, rows=tuple(row.number for row in kept)
        )
        return
    for row in kept:
        plan.reject(row, reason, detail)


def _line(row: Row, *, number: int, currency: str) -> Line:
    return receipts.line_of(
        number=number, sku=row.sku, name=row.name, quantity=row.quantity, unit_price=row.price, currency=currency
    )


def _said(error: FactsError) -> str:
    return f"{_COLUMN_OF.get(error.path[-1], error.path[-1])}: {error.message}"
