"""Grouping of records into receipts: by number, by time, and by business day where numbers restart each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.imports.plan import FaultyRecord, FileRow, ImportRejection, ImportTarget, RejectionReason

MAX_GAP_BETWEEN_LINES = timedelta(minutes=5)
"""The longest time between two lines of one receipt; some tills record the time of each scan."""


@dataclass(slots=True)
class ReceiptRecords:
    """The records of one receipt. `conflict` says why it cannot be told from another receipt with its number; None if there is none."""

    receipt_number: str
    day: date | None = None
    rows: list[FileRow] = field(default_factory=list)
    faulty_records: list[FaultyRecord] = field(default_factory=list)
    conflict: ImportRejection | None = None

    @property
    def at(self) -> datetime:
        """The time of the receipt: that of its first line in the file."""
        return self.rows[0].at

    def rejection(self) -> RejectionReason | None:
        """Why all rows of the receipt are rejected; None if nothing is wrong."""
        if self.conflict is not None:
            return self.conflict
        if self.faulty_records:
            return ImportRejection.INCOMPLETE_RECEIPT
        return ImportRejection.SEVERAL_CUSTOMERS if len({row.customer for row in self.rows}) > 1 else None


def group_records(records: Iterable[FileRow | FaultyRecord], *, target: ImportTarget) -> Iterator[ReceiptRecords]:
    """The receipts of a file that have at least one readable row."""
    records = list(records)
    rows: dict[str, list[FileRow]] = defaultdict(list)
    for record in records:
        if isinstance(record, FileRow):
            rows[record.receipt_number].append(record)
    faulty_records = _faulty_records_by_number(records, readable_numbers=rows.keys())
    for receipt_number, rows_with_number in rows.items():
        yield from _receipts(receipt_number, rows_with_number, faulty_records.get(receipt_number, ()), target=target)


def _faulty_records_by_number(
    records: Sequence[FileRow | FaultyRecord], *, readable_numbers: Iterable[str]
) -> dict[str, list[FaultyRecord]]:
    """The faulty records by receipt number; one with several possible numbers is listed under each of them.

    Only `readable_numbers` count, the numbers of readable rows. A faulty record without a number belongs to the receipt whose
    lines surround it.
    """
    readable_numbers = set(readable_numbers)
    numbers_after = _numbers_before(reversed(records))[::-1]
    by_number: dict[str, list[FaultyRecord]] = defaultdict(list)
    for index, (record, number_before) in enumerate(zip(records, _numbers_before(records), strict=True)):
        if isinstance(record, FaultyRecord):
            numbers = readable_numbers.intersection(
                record.possible_numbers if record.possible_numbers is not None else (record.receipt_number,)
            )
            without_number = not numbers and (record.possible_numbers is not None or not record.receipt_number)
            if without_number and number_before is not None and number_before == numbers_after[index]:
                numbers = {number_before}
            for number in numbers:
                by_number[number].append(record)
    return by_number


def _numbers_before(records: Iterable[FileRow | FaultyRecord]) -> list[str | None]:
    """For each record, the receipt number of the last readable row before it; None if there is none."""
    numbers_before: list[str | None] = []
    last_number = None
    for record in records:
        numbers_before.append(last_number)
        last_number = record.receipt_number if isinstance(record, FileRow) else last_number
    return numbers_before


def _receipts(
    receipt_number: str, rows: Sequence[FileRow], faulty_records: Sequence[FaultyRecord], *, target: ImportTarget
) -> Iterator[ReceiptRecords]:
    """The receipts with one number: rows far apart in time are different receipts, which must be of different business days.

    A faulty record without a time may belong to any of them.
    """
    groups = [
        ReceiptRecords(receipt_number, _day(rows_of_receipt[0].at, target=target), rows_of_receipt)
        for rows_of_receipt in _split_by_time(rows)
    ]
    days = [group.day for group in groups]
    for group in groups:
        group.faulty_records = [
            faulty_record
            for faulty_record in faulty_records
            if _may_belong_to(group, faulty_record=faulty_record, target=target)
        ]
        if days.count(group.day) > 1:
            group.conflict = ImportRejection.TIMES_DIFFER
    yield from groups


def _may_belong_to(group: ReceiptRecords, *, faulty_record: FaultyRecord, target: ImportTarget) -> bool:
    if faulty_record.at is None or _day(faulty_record.at, target=target) == group.day:
        return True
    return any(abs(faulty_record.at - row.at) <= MAX_GAP_BETWEEN_LINES for row in group.rows)


def _day(at: datetime, *, target: ImportTarget) -> date | None:
    """The business day of a receipt where numbers restart each day; a file has no locations."""
    numbering = target.numbering
    return numbering.business_day(ReceiptOrigin(None, at, target.zone)) if numbering.per_day else None


def _split_by_time(rows: Sequence[FileRow]) -> list[list[FileRow]]:
    """The rows in groups, split where too much time lies between two rows; in each group in the order of the file."""
    parts: list[list[FileRow]] = []
    time_before = None
    for row in sorted(rows, key=lambda row: row.at):
        if time_before is None or row.at - time_before > MAX_GAP_BETWEEN_LINES:
            parts.append([])
        parts[-1].append(row)
        time_before = row.at
    return [sorted(part, key=lambda row: row.file_line) for part in parts]
