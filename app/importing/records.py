"""The records of a CSV file, each with the line on which it begins; one that cannot be read does not end the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    """A record: the line of the file on which it begins (the header is a line, too), and its fields by column.

    `fault` says why it cannot be relied on; its fields are what could be made out, possibly nothing.
    """

    line: int
    fields: Mapping[str, str]
    fault: str | None = None


def records(path: Path, *, columns: Sequence[str]) -> Iterator[Record]:
    """Every record after the header; empty lines are none. Raises ValueError when the header lacks a column."""
    # What is no UTF-8 becomes lone surrogates, so that it spoils its own record only.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        parsed = _parsed(file.readlines())
    _, header = next(parsed, (1, []))
    if isinstance(header, str):
        raise ValueError(f"the file's header cannot be read: {header}")  # noqa: TRY004 - the value is what is wrong
    missing = [name for name in columns if name not in header]
    if missing:
        raise ValueError(f"the file lacks the columns {', '.join(missing)}")
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        raise ValueError(f"the file has more than one column {', '.join(twice)}")
    for line, found in parsed:
        if isinstance(found, str):
            yield Record(line, {}, fault=f"no CSV: {found}")
            continue
        fault = None
        if len(found) != len(header):
            fault = f"{len(found)} columns, not {len(header)}"
        elif not all(map(_is_text, found)):
            fault = "not UTF-8"
        yield Record(line, {name: _shown(text) for name, text in zip(header, found, strict=False)}, fault)


def _parsed(lines: Sequence[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Each record, or why there is none, with its first line; after a fault the reading goes on with the line below.

    A quote that is not closed reaches to the next line with an odd quote at most, so a line is read hardly more than
    twice.
    """
    start = 0
    while start < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(start, len(lines))), strict=True)
        begins = start
        try:
            for fields in reader:
                if fields:
                    yield begins + 1, fields
                begins = start + reader.line_num
        except csv.Error as error:
            yield begins + 1, str(error)
        else:
            return
        start = begins + 1


def _is_text(field: str) -> bool:
    return field.isascii() or not any("\ud800" <= one <= "\udfff" for one in field)


def _shown(field: str) -> str:
    """The field as it can be printed: what is no UTF-8 as a question mark."""
    return field if field.isascii() else field.encode("utf-8", "replace").decode()
