"""The fields of a record: read, they make a row that can be part of a receipt, or a faulty record with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from app.domain.calendar import FIRST_YEAR, LAST_YEAR, instant_of_wall_time, local_datetime
from app.domain.customers.identities import IdentityError, IdentityKind, normalised_identity
from app.domain.i18n.details import in_english
from app.domain.names import normalised_identifier
from app.domain.problems import ProblemCode
from app.domain.purchases import receipt_limits
from app.domain.purchases.facts import FactsError
from app.imports.csv_records import CsvFile, CsvRecord, open_csv
from app.imports.plan import CustomerIdentity, FaultyRecord, FileRow, ImportRejection, ImportTarget, RejectionReason

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
_COLUMN_OF = {
    "external_id": "InvoiceNo",
    "sku": "StockCode",
    "name": "Description",
    "quantity": "Quantity",
    "unit_price": "UnitPrice",
}
NO_CUSTOMER = frozenset({"", "-", "nan", "-nan", "null", "(null)", "none", "nil", "n/a", "na", "#n/a", "<na>", "\\n"})
"""How databases and spreadsheets write a missing customer, in lower case."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,10})?")
_WALL_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


class UnreadableError(ValueError):
    """A field whose value does not fit its column; the message names the column."""


def problem_text(error: FactsError) -> str:
    """What is wrong with a fact, with the name of its column."""
    return f"{_COLUMN_OF.get(error.path[-1], error.path[-1])}: {in_english(error.detail)}"


def read_records(path: Path, *, target: ImportTarget) -> Iterator[FileRow | FaultyRecord]:
    """Every record below the header, in the order of the file. Raises ValueError if the file is no CSV with `COLUMNS`."""
    file = open_csv(path, columns=COLUMNS)
    for record in file.records:
        yield _row_or_fault(record, file=file, target=target)


def _row_or_fault(record: CsvRecord, *, file: CsvFile, target: ImportTarget) -> FileRow | FaultyRecord:
    if record.unaligned_fields:
        possible_numbers = tuple(
            dict.fromkeys(normalised_identifier(text) for text in file.possible_values("InvoiceNo", record))
        )
        first_number = possible_numbers[0] if possible_numbers else ""
        return FaultyRecord(
            record.file_line, first_number, ImportRejection.UNREADABLE, record.fault, possible_numbers=possible_numbers
        )
    text_by_column = {name: record.fields[name].strip() for name in COLUMNS}
    receipt_number = normalised_identifier(text_by_column["InvoiceNo"])
    reason: RejectionReason
    try:
        if record.fault is not None:
            raise UnreadableError(record.fault)
        if text_by_column["CustomerID"].lower() in NO_CUSTOMER:
            reason, detail = ImportRejection.NO_CUSTOMER, None
        else:
            return _row(record.file_line, text_by_column, receipt_number=receipt_number, target=target)
    except UnreadableError as error:
        reason, detail = ImportRejection.UNREADABLE, str(error)
    except FactsError as error:
        reason, detail = ProblemCode.INVALID_INPUT, problem_text(error)
    except IdentityError as error:
        reason, detail = ProblemCode.INVALID_INPUT, f"CustomerID: {in_english(error.detail)}"
    return FaultyRecord(
        record.file_line, receipt_number, reason, detail, at=_time(text_by_column["InvoiceDate"], target=target)
    )


def _row(file_line: int, text_by_column: dict[str, str], *, receipt_number: str, target: ImportTarget) -> FileRow:
    row = FileRow(
        file_line=file_line,
        receipt_number=receipt_number,
        sku=normalised_identifier(text_by_column["StockCode"]),
        name=text_by_column["Description"] or None,
        quantity=_decimal(text_by_column["Quantity"], column="Quantity"),
        price=_decimal(text_by_column["UnitPrice"], column="UnitPrice"),
        at=_instant(text_by_column["InvoiceDate"], zone_name=target.zone),
        customer=_customer(text_by_column["CustomerID"], region=target.region),
    )
    receipt_limits.normalised_receipt_number(row.receipt_number)
    return row


def _customer(text: str, *, region: str) -> CustomerIdentity:
    """The customer: an e-mail address, a telephone number with a leading plus, or an id, as it is written.

    An id keeps its zeros, its case and its `.0`: 42, 42.0 and 00042 are three customers. Raises IdentityError.
    """
    text = normalised_identifier(text)
    candidates = ((IdentityKind.PHONE, text.startswith("+")), (IdentityKind.EMAIL, "@" in text))
    for kind, likely in candidates:
        if likely:
            try:
                return CustomerIdentity(kind, normalised_identity(kind, text, region=region))
            except IdentityError:
                continue  # an id that only resembles a telephone number or an e-mail address
    return CustomerIdentity(
        IdentityKind.EXTERNAL_ID, normalised_identity(IdentityKind.EXTERNAL_ID, text, region=region)
    )


def _decimal(text: str, *, column: str) -> Decimal:
    """The number in a field, in plain digits.

    No exponent, because a few characters such as 1e999999999 would need more memory than there is.
    """
    if not _NUMBER.fullmatch(text):
        raise UnreadableError(f"{column}: not a decimal number")
    return Decimal(text)


def _time(text: str, *, target: ImportTarget) -> datetime | None:
    """The time of a record that has another fault; None if the time cannot be read either."""
    try:
        return _instant(text, zone_name=target.zone)
    except UnreadableError:
        return None


def _instant(text: str, *, zone_name: str) -> datetime:
    """The instant at which the wall clock showed a time; if it did so twice, the first one. Raises UnreadableError."""
    try:
        wall_clock = datetime.fromisoformat(text) if _WALL_CLOCK.fullmatch(text) else None
    except ValueError:
        wall_clock = None
    if wall_clock is None:
        raise UnreadableError("InvoiceDate: not a time as YYYY-MM-DD HH:MM:SS")
    if not FIRST_YEAR <= wall_clock.year <= LAST_YEAR:
        raise UnreadableError(f"InvoiceDate: not between the years {FIRST_YEAR} and {LAST_YEAR}")
    at = instant_of_wall_time(wall_clock, zone_name=zone_name)
    if local_datetime(at, zone_name=zone_name).replace(tzinfo=None) != wall_clock:
        raise UnreadableError("InvoiceDate: the clocks skipped this time")
    return at
