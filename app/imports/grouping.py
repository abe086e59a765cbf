"""Grouping of records into receipts: by number, by time, and by business day where numbers restart each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.imports.plan import FaultyRecord, FileRow, ImportTarget, RejectionCause, RejectionReason

MAX_GAP_BETWEEN_LINES = timedelta(minutes=5)
"""The longest time between two lines of one receipt; some tills record the time of each scan."""


@dataclass(slots=True)
class ReceiptRecords:
    """The records of one receipt. `conflict` says why its rows cannot be one purchase."""

    receipt_number: str
    day: date | None = None
    rows: list[FileRow] = field(default_factory=list)
    faults: list[FaultyRecord] = field(default_factory=list)
    conflict: RejectionReason | None = None

    @property
    def at(self) -> datetime:
        """The time of the receipt: that of its first line in the file."""
        return self.rows[0].at

    def rejection(self) -> RejectionCause | None:
        """Why all rows of the receipt are rejected, None where nothing is wrong."""
        if self.conflict is not None:
            return self.conflict
        if self.faults:
            return RejectionReason.INCOMPLETE_RECEIPT
        return RejectionReason.SEVERAL_CUSTOMERS if len({row.customer for row in self.rows}) > 1 else None


def group_records(records: Iterable[FileRow | FaultyRecord], *, target: ImportTarget) -> Iterator[ReceiptRecords]:
    """The receipts of a file that have at least one readable row."""
    records = list(records)
    rows: dict[str, list[FileRow]] = defaultdict(list)
    for record in records:
        if isinstance(record, FileRow):
            rows[record.receipt_number].append(record)
    faults = _faults(records, known_numbers=rows.keys())
    for receipt_number, same_number in rows.items():
        yield from _receipts(receipt_number, same_number, faults.get(receipt_number, ()), target=target)


def _faults(
    records: Sequence[FileRow | FaultyRecord], *, known_numbers: Iterable[str]
) -> dict[str, list[FaultyRecord]]:
    """The faults by receipt number; a fault with several possible numbers is listed under each.

    A fault without a number counts as a line of the receipt whose lines surround it.
    """
    known_numbers = set(known_numbers)
    numbers_after = _numbers_before(reversed(records))[::-1]
    by_number: dict[str, list[FaultyRecord]] = defaultdict(list)
    for index, (record, number_before) in enumerate(zip(records, _numbers_before(records), strict=True)):
        if isinstance(record, FaultyRecord):
            numbers = known_numbers.intersection(
                record.possible_numbers if record.possible_numbers is not None else (record.receipt_number,)
            )
            without_number = not numbers and (record.possible_numbers is not None or not record.receipt_number)
            if without_number and number_before is not None and number_before == numbers_after[index]:
                numbers = {number_before}
            for number in numbers:
                by_number[number].append(record)
    return by_number


def _numbers_before(records: Iterable[FileRow | FaultyRecord]) -> list[str | None]:
    """For each record, the number of the last readable one before it."""
    before: list[str | None] = []
    last = None
    for record in records:
        before.append(last)
        last = record.receipt_number if isinstance(record, FileRow) else last
    return before


def _receipts(
    receipt_number: str, rows: Sequence[FileRow], faults: Sequence[FaultyRecord], *, target: ImportTarget
) -> Iterator[ReceiptRecords]:
    """The receipts with one number: rows far apart in time are different receipts, which must be of different business days.

    A fault without a time may be a line of any of them.
    """
    groups = [
        ReceiptRecords(receipt_number, _day(rows_of_receipt[0].at, target=target), rows_of_receipt)
        for rows_of_receipt in _by_time(rows)
    ]
    days = [group.day for group in groups]
    for group in groups:
        group.faults = [fault for fault in faults if _may_belong_to(group, fault=fault, target=target)]
        if days.count(group.day) > 1:
            group.conflict = RejectionReason.TIMES_DIFFER
    yield from groups


def _may_belong_to(group: ReceiptRecords, *, fault: FaultyRecord, target: ImportTarget) -> bool:
    if fault.at is None or _day(fault.at, target=target) == group.day:
        return True
    return any(abs(fault.at - row.at) <= MAX_GAP_BETWEEN_LINES for row in group.rows)


def _day(at: datetime, *, target: ImportTarget) -> date | None:
    """The business day of a receipt where numbers restart each day; a file has no locations."""
    numbering = target.numbering
    return numbering.business_day(ReceiptOrigin(None, at, target.zone)) if numbering.per_day else None


def _by_time(rows: Sequence[FileRow]) -> list[list[FileRow]]:
    """The rows, split where too much time lies between them; those of one time in the order of the file."""
    parts: list[list[FileRow]] = []
    before = None
    for row in sorted(rows, key=lambda row: row.at):
        if before is None or row.at - before > MAX_GAP_BETWEEN_LINES:
            parts.append([])
        parts[-1].append(row)
        before = row.at
    return [sorted(part, key=lambda row: row.file_line) for part in parts]
