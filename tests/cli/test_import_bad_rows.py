"""A file full of bad lines: each is reported with its line and reason, and everything else is imported."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.command import troth
from tests.imports.bad_lines import AFTER, BAD, BEFORE, HEADER, LATE

GIVEN = ("--currency", "GBP", "--zone", "Europe/London", "--region", "GB", "--effective-from", "2010-12-01")


def imported(
    content: bytes, *options: str, url: str, folder: Path
) -> tuple[dict[str, object], list[tuple[int, str, str]]]:
    """The output of the command for a file, and line, reason and detail of each rejection."""
    file, rejected = folder / "receipts.csv", folder / "rejected.csv"
    file.write_bytes(content)
    done = json.loads(troth("import", "purchases", str(file), "--errors", str(rejected), "--json", *options, url=url))
    with rejected.open(encoding="utf-8", newline="") as opened:
        return done, [(int(row["line"]), row["reason"], row["detail"]) for row in csv.DictReader(opened)]


def test_every_bad_line_is_reported_and_the_others_are_imported(empty_database_url: str, tmp_path: Path) -> None:
    url = empty_database_url
    troth("init", "--sandbox", *GIVEN, url=url)
    # Two lines with the same receipt would stand or fall together: each gets a number of its own.
    lines = [
        row.replace(b"2,", b"2%03d," % number, 1) if row.startswith((b"2,", b"C2,")) else row
        for number, (row, _, _) in enumerate(BAD.values())
    ]
    expected = [(number, reason) for number, (_, reason, _) in enumerate(BAD.values(), start=3)]
    content = HEADER + BEFORE + b"".join(line + b"\r\n" for line in lines) + AFTER
    _, rejected = imported(content, "--dry-run", url=url, folder=tmp_path)
    assert [(line, reason) for line, reason, _ in rejected] == [value for value in expected if value[1] != LATE]
    done, rejected = imported(content, url=url, folder=tmp_path)
    assert [(line, reason) for line, reason, _ in rejected] == expected
    for (_, _, word), (_, _, detail) in zip(BAD.values(), rejected, strict=True):
        assert word in detail
    assert (done["lines"], done["purchases"], done["refunds"]) == (len(BAD) + 2, 2, 0)
    assert done["written"] == {"customers": 1, "purchases": 2, "refunds": 0}
    again, rejected = imported(content, url=url, folder=tmp_path)
    assert again == {**done, "written": {"customers": 0, "purchases": 0, "refunds": 0}}
    assert [(line, reason) for line, reason, _ in rejected] == expected
    assert json.loads(troth("verify", "--json", url=url))["discrepancies"] == []


def test_changed_receipt_is_reported_with_its_returns_and_changes_nothing(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    troth("init", "--sandbox", *GIVEN, url=empty_sqlite_url)
    lines = [
        b"1,10001,CUP,2x,2024-03-01 10:00:00,2.50,7\r\n",
        b"1,10002,JUG,1,2024-03-01 10:00:00,4.00,7\r\n",
        b"1,10003,POT,1,2024-03-01 10:00:00,9.00,7\r\n",
        b"C2,10002,JUG,-1,2024-03-04 10:00:00,4.00,7\r\n",
        b"3,10003,POT,1,2024-03-05 10:00:00,9.00,7\r\n",
    ]
    done, rejected = imported(HEADER + b"".join(lines), url=empty_sqlite_url, folder=tmp_path)
    assert rejected == [
        (2, "UNREADABLE", "Quantity: not a decimal number"),
        (3, "INCOMPLETE_RECEIPT", "another line of this receipt is rejected, and with it the whole receipt"),
        (4, "INCOMPLETE_RECEIPT", "another line of this receipt is rejected, and with it the whole receipt"),
        (5, "PURCHASE_REJECTED", "receipt 1"),
    ]
    assert done["written"] == {"customers": 1, "purchases": 1, "refunds": 0}
    # Put right, the receipt comes in whole, with what came back of it.
    lines[0] = lines[0].replace(b"2x", b"2")
    done, rejected = imported(HEADER + b"".join(lines), url=empty_sqlite_url, folder=tmp_path)
    assert rejected == []
    assert done["written"] == {"customers": 0, "purchases": 1, "refunds": 1}
    proved = troth("verify", "--json", url=empty_sqlite_url)
    # From now on it stays as it is.
    lines[0] = lines[0].replace(b",2,", b",3,")
    done, rejected = imported(HEADER + b"".join(lines), url=empty_sqlite_url, folder=tmp_path)
    assert [(line, reason) for line, reason, _ in rejected] == [
        (2, "RECEIPT_DIFFERS"),
        (3, "RECEIPT_DIFFERS"),
        (4, "RECEIPT_DIFFERS"),
        (5, "PURCHASE_REJECTED"),
    ]
    assert done["written"] == {"customers": 0, "purchases": 0, "refunds": 0}
    assert troth("verify", "--json", url=empty_sqlite_url) == proved
