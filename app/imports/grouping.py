"""Grouping of records into receipts: by number, by time, and by business day where numbers restart each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.imports.plan import Destination, Reason, RejectionReason, Row, RowFault

BETWEEN_LINES = timedelta(minutes=5)
"""The longest time between two lines of one receipt; some tills record the time of each scan."""


@dataclass(slots=True)
class Group:
    """The records of one receipt. `differs` says why its rows cannot be one purchase."""

    invoice: str
    day: date | None = None
    rows: list[Row] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    differs: RejectionReason | None = None

    @property
    def at(self) -> datetime:
        """The time of the receipt: that of its first line in the file."""
        return self.rows[0].at

    def reason_to_wait(self) -> Reason | None:
        """Why all rows of the receipt are left out, None where nothing is wrong."""
        if self.differs is not None:
            return self.differs
        if self.faults:
            return RejectionReason.INCOMPLETE_RECEIPT
        return RejectionReason.SEVERAL_CUSTOMERS if len({row.buyer for row in self.rows}) > 1 else None


def group_records(records: Iterable[Row | RowFault], *, destination: Destination) -> Iterator[Group]:
    """The receipts of a file with a readable row."""
    records = list(records)
    rows: dict[str, list[Row]] = defaultdict(list)
    for record in records:
        if isinstance(record, Row):
            rows[record.invoice].append(record)
    faults = _faults(records, known=rows.keys())
    for invoice, found in rows.items():
        yield from _receipts(invoice, found, faults.get(invoice, ()), destination=destination)


def _faults(records: Sequence[Row | RowFault], *, known: Iterable[str]) -> dict[str, list[RowFault]]:
    """The faults by the numbers of the receipts that they may be lines of.

    A fault without a receipt number between two lines of one receipt counts as a line of it.
    """
    known = set(known)
    below = _numbers(reversed(records))[::-1]
    by_number: dict[str, list[RowFault]] = defaultdict(list)
    for place, (record, above) in enumerate(zip(records, _numbers(records), strict=True)):
        if isinstance(record, RowFault):
            numbers = known.intersection(record.numbers if record.numbers is not None else (record.invoice,))
            nameless = not numbers and (record.numbers is not None or not record.invoice)
            if nameless and above is not None and above == below[place]:
                numbers = {above}
            for invoice in numbers:
                by_number[invoice].append(record)
    return by_number


def _numbers(records: Iterable[Row | RowFault]) -> list[str | None]:
    """For each record, the number of the last readable one before it."""
    before: list[str | None] = []
    last = None
    for record in records:
        before.append(last)
        last = record.invoice if isinstance(record, Row) else last
    return before


def _receipts(
    invoice: str, rows: Sequence[Row], faults: Sequence[RowFault], *, destination: Destination
) -> Iterator[Group]:
    """The receipts of one number: one for each time, each on a business day of its own; otherwise their times conflict.

    A fault without a time may be a line of any of them.
    """
    groups = [Group(invoice, _day(part[0].at, destination=destination), part) for part in _by_time(rows)]
    days = [group.day for group in groups]
    for group in groups:
        group.faults = [fault for fault in faults if _may_be_of(group, fault=fault, destination=destination)]
        if days.count(group.day) > 1:
            group.differs = RejectionReason.TIMES_DIFFER
    yield from groups


def _may_be_of(group: Group, *, fault: RowFault, destination: Destination) -> bool:
    if fault.at is None or _day(fault.at, destination=destination) == group.day:
        return True
    return any(abs(fault.at - row.at) <= BETWEEN_LINES for row in group.rows)


def _day(at: datetime, *, destination: Destination) -> date | None:
    """The business day of a receipt where numbers restart each day; a file has no locations."""
    numbering = destination.numbering
    return numbering.business_day(ReceiptOrigin(None, at, destination.zone)) if numbering.per_day else None


def _by_time(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows, split where too much time lies between them; those of one time in the order of the file."""
    parts: list[list[Row]] = []
    before = None
    for row in sorted(rows, key=lambda row: row.at):
        if before is None or row.at - before > BETWEEN_LINES:
            parts.append([])
        parts[-1].append(row)
        before = row.at
    return [sorted(part, key=lambda row: row.number) for part in parts]
