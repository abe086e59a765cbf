"""The records of a CSV file, each with the line on which it begins; an unreadable record does not end the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """A record: the line of the file on which it begins (the header is line 1), and its fields by column.

    `fault` says why it is unreliable; `fields` are then those that could be read, possibly none. If it is uncertain which
    field belongs to which column, `unaligned_fields` are all fields in the order of the line.
    """

    file_line: int
    fields: Mapping[str, str]
    fault: str | None = None
    unaligned_fields: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CsvFile:
    """The header of a file and the records below it; empty lines are no records."""

    header: Sequence[str]
    records: Iterator[CsvRecord]

    def possible_values(self, column: str, record: CsvRecord) -> Iterator[str]:
        """The possible values of a column in a record with unaligned fields: counted from the first and from the last field."""
        column_index, field_count = self.header.index(column), len(record.unaligned_fields)
        for index in (column_index, column_index - len(self.header) + field_count):
            if 0 <= index < field_count:
                yield record.unaligned_fields[index]


def open_csv(path: Path, *, columns: Sequence[str]) -> CsvFile:
    """The file with its header. Raises ValueError if it is empty, or its header cannot be read, lacks a column or repeats one."""
    # Bytes that are no UTF-8 become lone surrogates, so that they spoil only their own record.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = file.readlines()
    parsed = _parsed_records(lines)
    _, header = next(parsed, (1, []))
    if isinstance(header, str):
        raise ValueError(f"the file's header cannot be read: {header}")  # noqa: TRY004 - the value is what is wrong
    if not header:
        raise ValueError("the file is empty")
    missing = [name for name in columns if name not in header]
    if missing:
        raise ValueError(f"the file lacks the columns {', '.join(missing)}")
    repeated = [name for name in columns if header.count(name) > 1]
    if repeated:
        raise ValueError(f"the file has more than one column {', '.join(repeated)}")
    return CsvFile(
        header,
        (_record(file_line, fields_or_fault, header=header, lines=lines) for file_line, fields_or_fault in parsed),
    )


def _record(
    file_line: int, fields_or_fault: list[str] | str, *, header: Sequence[str], lines: Sequence[str]
) -> CsvRecord:
    if isinstance(fields_or_fault, str):
        unaligned = [field.strip(' "') for field in _printable(lines[file_line - 1]).rstrip("\r\n").split(",")]
        return CsvRecord(file_line, {}, fault=f"no CSV: {fields_or_fault}", unaligned_fields=unaligned)
    printable = [_printable(field) for field in fields_or_fault]
    fields_by_column = dict(zip(header, printable, strict=False))
    if len(fields_or_fault) != len(header):
        return CsvRecord(
            file_line,
            fields_by_column,
            fault=f"{len(fields_or_fault)} columns, not {len(header)}",
            unaligned_fields=printable,
        )
    return CsvRecord(file_line, fields_by_column, fault=None if all(map(_is_text, fields_or_fault)) else "not UTF-8")


def _parsed_records(lines: Sequence[str]) -> Iterator[tuple[int, list[str] | str]]:
    """The first line of each record, with its fields or with the fault in it; after a fault, reading continues on the next line.

    An unclosed quote reaches at most to the next line with an odd number of quotes, so a line is rarely read more than twice.
    """
    start, column_count = 0, None
    while start < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(start, len(lines))), strict=True)
        record_start = start
        try:
            for fields in reader:
                record_end = start + reader.line_num
                if column_count is not None and _spans_whole_record(
                    lines[record_start + 1 : record_end], column_count=column_count
                ):
                    raise csv.Error("a quote that is not closed")
                if fields:
                    column_count = len(fields) if column_count is None else column_count
                    yield record_start + 1, fields
                record_start = record_end
        except csv.Error as error:
            yield record_start + 1, str(error)
        else:
            return
        start = record_start + 1


def _spans_whole_record(lines_below: Sequence[str], *, column_count: int) -> bool:
    """Does a quoted field extend over a line that is a whole record of `column_count` columns itself?"""
    return any(line.count(",") + 1 >= column_count for line in lines_below)


def _is_text(field: str) -> bool:
    return field.isascii() or not any("\ud800" <= character <= "\udfff" for character in field)


def _printable(field: str) -> str:
    """The field as it can be printed, with a question mark for bytes that are no UTF-8."""
    return field if field.isascii() else field.encode("utf-8", "replace").decode()
