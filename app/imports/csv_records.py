"""The records of a CSV file, each with the line on which it begins; an unreadable record does not end the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    """A record: the line of the file on which it begins (the header is a line, too), and its fields by column.

    `fault` says why it is unreliable; its fields are then those that could be read, possibly none. `broken` are the
    fields in the order of the line, without regard to columns.
    """

    line: int
    fields: Mapping[str, str]
    fault: str | None = None
    broken: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class File:
    """The header of a file and what is below it; empty lines are no records."""

    header: Sequence[str]
    records: Iterator[Record]

    def possible_values(self, column: str, record: Record) -> Iterator[str]:
        """The possible values of a column of a broken record: those found when its columns are counted from either side."""
        place, many = self.header.index(column), len(record.broken)
        for counted in (place, place - len(self.header) + many):
            if 0 <= counted < many:
                yield record.broken[counted]


def open_csv(path: Path, *, columns: Sequence[str]) -> File:
    """The file with its header. Raises ValueError when it is empty or its header lacks a column."""
    # Bytes that are no UTF-8 become lone surrogates, so that they spoil only their own record.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = file.readlines()
    parsed = _parsed(lines)
    _, header = next(parsed, (1, []))
    if isinstance(header, str):
        raise ValueError(f"the file's header cannot be read: {header}")  # noqa: TRY004 - the value is what is wrong
    if not header:
        raise ValueError("the file is empty")
    missing = [name for name in columns if name not in header]
    if missing:
        raise ValueError(f"the file lacks the columns {', '.join(missing)}")
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        raise ValueError(f"the file has more than one column {', '.join(twice)}")
    return File(header, (_record(line, found, header=header, lines=lines) for line, found in parsed))


def _record(line: int, found: list[str] | str, *, header: Sequence[str], lines: Sequence[str]) -> Record:
    if isinstance(found, str):
        loose = [field.strip(' "') for field in _printable(lines[line - 1]).rstrip("\r\n").split(",")]
        return Record(line, {}, fault=f"no CSV: {found}", broken=loose)
    printable = [_printable(field) for field in found]
    fields = dict(zip(header, printable, strict=False))
    if len(found) != len(header):
        return Record(line, fields, fault=f"{len(found)} columns, not {len(header)}", broken=printable)
    return Record(line, fields, fault=None if all(map(_is_text, found)) else "not UTF-8")


def _parsed(lines: Sequence[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Each record, or why there is none, with its first line; after a fault, reading continues on the next line.

    An unclosed quote reaches at most to the next line with an odd quote, so a line is read hardly more than twice.
    """
    start, width = 0, None
    while start < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(start, len(lines))), strict=True)
        begins = start
        try:
            for fields in reader:
                ends = start + reader.line_num
                if width is not None and _spans_whole_record(lines[begins + 1 : ends], width=width):
                    raise csv.Error("a quote that is not closed")
                if fields:
                    width = len(fields) if width is None else width
                    yield begins + 1, fields
                begins = ends
        except csv.Error as error:
            yield begins + 1, str(error)
        else:
            return
        start = begins + 1


def _spans_whole_record(below: Sequence[str], *, width: int) -> bool:
    """Does a quoted field reach over a line that has all the columns of a record of its own?"""
    return any(line.count(",") + 1 >= width for line in below)


def _is_text(field: str) -> bool:
    return field.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in field)


def _printable(field: str) -> str:
    """The field as it can be printed, with a question mark for bytes that are no UTF-8."""
    return field if field.isascii() else field.encode("utf-8", "replace").decode()
