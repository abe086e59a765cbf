"""Reading a file of receipts: bad lines one by one, their line numbers, and arbitrary bytes."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problems import ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.imports.csv_receipts import plan_import
from app.imports.plan import ImportRejection, ImportTarget, Plan
from tests.imports.bad_lines import AFTER, BAD, BEFORE, HEADER, LATE
from tests.soak_settings import property_settings
from tests.time_limits import usual_seconds

ROOT = Path(__file__).parents[2]
SHOP = ImportTarget(
    currency="GBP",
    zone="Europe/London",
    region="GB",
    terms_since=datetime(2010, 12, 1, tzinfo=UTC),
    latest=datetime(2026, 3, 1, tzinfo=UTC),
)
GOOD = b"1,10001,CUP,2,2024-03-01 10:00:00,2.50,7"


def plan_of(content: bytes, folder: Path) -> Plan:
    """The import plan of a file with these bytes."""
    file = folder / "receipts.csv"
    file.write_bytes(content)
    return plan_import(file, target=SHOP)


def bought(plan: Plan) -> list[str]:
    """The numbers of the receipts that are purchases."""
    return [receipt.receipt_number for receipt in plan.receipts if receipt.facts is not None]


def rejections(plan: Plan) -> list[tuple[int, str]]:
    """Lines and reasons of the rejected receipts."""
    return [(rejected.file_line, rejected.reason.value) for rejected in plan.rejected_in_file_order()]


@pytest.mark.parametrize("name", [name for name, (_, reason, _) in BAD.items() if reason != LATE])
def test_bad_line_is_rejected_with_its_number_and_reason(name: str, tmp_path: Path) -> None:
    row, reason, word = BAD[name]
    usual = usual_seconds(lambda: plan_of(HEADER + BEFORE + AFTER, tmp_path))
    began = time.monotonic()
    plan = plan_of(HEADER + BEFORE + row + b"\r\n" + AFTER, tmp_path)
    assert time.monotonic() - began < 1_000 * usual, (
        "a number of a million digits is refused before it is computed with"
    )
    assert rejections(plan) == [(3, reason)]
    assert word in (plan.rejected_records[0].detail or "") or plan.rejected_records[0].detail is None
    assert bought(plan) == ["1", "3"]
    assert plan.record_count == 3


def test_lines_are_numbered_as_in_an_editor(tmp_path: Path) -> None:
    rows = [
        b'1,10001,"CUP\nAND\r\nSAUCER",2,2024-03-01 10:00:00,2.50,7',  # lines 2 to 4
        b"",
        b"2,10002,JUG,1,2024-03-02 10:00:00,3.00,",  # line 6
        b"",
        b"",
        b'3,10003,"POT\n\nLID",x,2024-03-03 10:00:00,9.00,7',  # lines 9 to 11
        b"4,M,MANUAL,0,2024-03-03 10:00:00,9.00,7",  # line 12
    ]
    plan = plan_of(HEADER + b"\r\n".join(rows), tmp_path)
    assert rejections(plan) == [(6, "NO_CUSTOMER"), (9, "UNREADABLE"), (12, "NO_SALE")]
    assert plan.purchases[0].lines[0].name == "CUP\nAND\r\nSAUCER"
    assert plan.record_count == 4


def test_unclosed_quote_rejects_only_its_own_line(tmp_path: Path) -> None:
    broken = GOOD.replace(b"1,10001,", b'9,10001,"').replace(b"CUP", b"C" * 200)
    many = [GOOD.replace(b"1,", b"%d," % number, 1) for number in range(10, 2_010)]
    plan = plan_of(HEADER + b"\n".join([broken, *many]), tmp_path)
    assert rejections(plan) == [(2, "UNREADABLE")]
    assert len(plan.purchases) == 2_000


def test_invoice_with_two_customers_or_too_many_lines_is_rejected_whole(tmp_path: Path) -> None:
    two = [GOOD, GOOD.replace(b",7", b",8"), GOOD.replace(b"1,", b"2,", 1)]
    plan = plan_of(HEADER + b"\n".join(two), tmp_path)
    assert rejections(plan) == [(2, "SEVERAL_CUSTOMERS"), (3, "SEVERAL_CUSTOMERS")]
    assert bought(plan) == ["2"]
    plan = plan_of(HEADER + b"\n".join([GOOD] * 501), tmp_path)
    assert rejections(plan) == [(line, "INVALID_INPUT") for line in range(2, 503)]
    assert len(plan_of(HEADER + b"\n".join([GOOD] * 500), tmp_path).purchases[0].lines) == 500


def test_return_keeps_its_number_when_its_receipt_is_completed_later(tmp_path: Path) -> None:
    back = b"C2,10001,CUP,-1,2024-03-02 10:00:00,2.50,7"
    broken = back.replace(b"-1", b"?")
    before = plan_of(HEADER + b"\n".join([GOOD, broken, back]), tmp_path)
    after = plan_of(HEADER + b"\n".join([GOOD, back, back]), tmp_path)
    assert rejections(before) == [(3, "UNREADABLE"), (4, "INCOMPLETE_RECEIPT")]
    assert before.returns == []
    assert [refund.refund_number for refund in after.returns] == ["C2/1", "C2/2"]


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (b"a,b\n", "lacks the columns InvoiceNo"),
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (HEADER, "nothing below"),
        (HEADER + b"\r\n\r\n", "nothing below"),
        (b"\xff\xfe\x00", "lacks the columns InvoiceNo"),
        (b'"InvoiceNo\n', "header"),
        (HEADER.strip() + b",Quantity\n", "more than one column Quantity"),
    ],
)
def test_file_without_a_header_or_lines_is_rejected(header: bytes, word: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=word):
        plan_of(header, tmp_path)


FIELDS = st.one_of(
    st.sampled_from(
        [
            "1",
            "C1",
            "2",
            "10001",
            "-2.50",
            "2024-03-01 10:02:00",
            "CUP",
            "-1",
            "2",
            "0",
            "2024-03-01 10:00:00",
            "2024-03-02 10:00:00",
            "2.50",
            "7",
            "",
        ]
    ),
    st.sampled_from(['"', '""', "1e99999", "NaN", "\x00", "\n", "\r", ",", "9" * 30, "é", "-0.0001", "2,5"]),
    st.text(max_size=8),
)
LINES = st.one_of(
    st.sampled_from([GOOD, GOOD.replace(b"1,", b"C1,", 1).replace(b",2,", b",-1,")]),
    st.lists(FIELDS, min_size=6, max_size=8).map(lambda fields: ",".join(fields).encode("utf-8", "surrogatepass")),
    st.binary(max_size=20),
)


@property_settings(75)
@given(lines=st.lists(LINES, max_size=12))
def test_every_receipt_of_any_file_is_imported_or_rejected_as_a_whole(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = HEADER + b"\n".join([GOOD, *lines])
    plan = plan_of(content, tmp_path_factory.mktemp("files"))
    numbers = [number for receipt in plan.receipts for number in receipt.file_lines]
    numbers += [rejected.file_line for rejected in plan.rejected_records]
    assert len(set(numbers)) == len(numbers) == plan.record_count
    assert all(2 <= number <= len(re.split(rb"\r\n|\r|\n", content)) for number in numbers)
    assert {receipt.receipt_number for receipt in plan.receipts}.isdisjoint(
        rejected.receipt_number for rejected in plan.rejected_records
    )
    for purchase in plan.purchases:
        stored = orjson.loads(orjson.dumps(purchase.to_data()))
        assert PurchaseFacts.from_data(stored) == purchase
        assert "\x00" not in str(stored)
    for rejected in plan.rejected_records:
        rejected.receipt_number.encode()


def test_every_rejection_reason_is_documented() -> None:
    """Our own, and what the use cases of an import refuse."""
    listed_reasons = set(
        re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "import.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    used = set()
    for name in (
        "usecases/command",
        "usecases/purchases/record_purchase",
        "usecases/purchases/booking/admit_receipt",
        "usecases/purchases/record_refund",
        "usecases/purchases/booking/book_purchase",
        "usecases/purchases/duplicates/receipts",
        "usecases/purchases/duplicates/refunds",
        "store/purchases/receipt_references",
        "domain/engine/returns",
    ):
        source = (ROOT / "app" / f"{name}.py").read_text(encoding="utf-8")
        used |= set(re.findall(r"ProblemCode\.([A-Z_]+)", source))
    # A key of an import comes from the receipt, so one that is used again is a receipt that differs; and a receipt is
    # read in the program's own currency, without a place, paid with money, and completed once.
    used = used - {
        "IDEMPOTENCY_KEY_REUSED",
        "RATE_MISSING",
        "LOCATION_NOT_FOUND",
        "REDEMPTION_NOT_FOUND",
        "ORDER_NOT_CANCELLED",
    } | {
        ProblemCode.INVALID_INPUT.value,
        ProblemCode.RECEIPT_DIFFERS.value,
    }
    assert listed_reasons == {reason.value for reason in ImportRejection} | used
