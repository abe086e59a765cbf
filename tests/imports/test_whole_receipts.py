"""Each receipt of a file is imported whole or reported whole, over the API, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from app.domain.purchases.receipt_numbers import Numbering, ReceiptNumbers
from app.imports.execution import ImportCounts
from app.store.database.connect import open_database
from tests.imports.import_runs import HEADER, import_file, ledger_of, points_of, rejections, shop_in_berlin
from tests.shop import BUY, ENROL, Shop, open_shop
from tests.verification import discrepancies_in


@pytest.fixture
def tea(database_url: str) -> Iterator[Shop]:
    """A tea shop in Berlin, served."""
    with open_shop(database_url, program=shop_in_berlin(database_url)) as opened:
        yield opened


ONE_LINE_BAD = (
    HEADER + "P1,10001,Tea,1,2025-12-31 10:15:00,40.00,K-1\n" + 'P1,10002,Mug,1,2025-12-31 10:15:00,"60,00",K-1\n'
)


def test_receipt_with_an_unreadable_line_is_imported_after_the_file_is_corrected(tea: Shop, tmp_path: Path) -> None:
    plan, done = import_file(tea, ONE_LINE_BAD, folder=tmp_path)
    assert rejections(plan) == [(2, "INCOMPLETE_RECEIPT"), (3, "UNREADABLE")]
    assert plan.rejected_in_file_order()[1].detail == "UnitPrice: not a decimal number"
    assert (done.customers, done.purchases) == (0, 0)
    assert points_of(tea) is None
    for written in (1, 0):
        plan, done = import_file(tea, ONE_LINE_BAD.replace('"60,00"', "60.00"), folder=tmp_path)
        assert rejections(plan) == []
        assert done.purchases == written
        assert ledger_of(tea) == [("EARN", 100)]
    assert discrepancies_in(tea.url) == []


def test_every_bad_line_of_a_receipt_is_reported_with_its_own_reason(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "P1,10001,Tea,1,2025-12-31 10:15:00,40.00,K-1",
        "P1,10001,Tea,1e3,2025-12-31 10:15:00,40.00,K-1",
        "P1,10001,Tea,1,2025-12-31 10:15:00,40.001,K-1",
        "P1,10001,Tea,0,2025-12-31 10:15:00,40.00,K-1",
        "P1,10001,Tea,1,31.12.2025,40.00,K-1",
        "P1,10001,Tea,1,2025-12-31 10:15:00,40.00,nan",
        "P1,10001,Tea,1,2025-12-31 10:15:00,40.00",
        'P1,10001,"Tea,1,2025-12-31 10:15:00,40.00,K-1',
        "P2,10001,Tea,1,2025-12-31 10:15:00,5.00,K-1",
    ]
    plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == [
        (2, "INCOMPLETE_RECEIPT"),
        (3, "UNREADABLE"),
        (4, "INVALID_INPUT"),
        (5, "NO_SALE"),
        (6, "UNREADABLE"),
        (7, "NO_CUSTOMER"),
        (8, "UNREADABLE"),
        (9, "UNREADABLE"),
    ]
    assert ledger_of(tea) == [("EARN", 5)]


CUPS = "536365,22423,Cup,2,2026-03-01 10:00:00,2.50,00123\n"


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + CUPS).encode(),
        b"\xef\xbb\xbf" + (HEADER + CUPS).replace("\n", "\r\n").encode(),
        (HEADER + CUPS).replace("\n", "\r").encode(),
        (HEADER + CUPS).rstrip().encode(),
    ],
    ids=["plain", "a byte order mark and CR LF", "CR", "no end of the last line"],
)
def test_zeros_of_a_customer_id_are_kept_with_any_line_ending(tea: Shop, content: bytes, tmp_path: Path) -> None:
    plan, _ = import_file(tea, content, folder=tmp_path)
    assert rejections(plan) == []
    assert (ledger_of(tea, externalId="00123"), points_of(tea, externalId="123")) == ([("EARN", 5)], None)


def test_three_of_four_receipts_are_imported_when_one_is_unreadable(tea: Shop, tmp_path: Path) -> None:
    lines = [CUPS.replace("536365", str(536365 + number)) for number in range(4)]
    lines[1] = lines[1].replace("2.50", "abc")
    plan, done = import_file(tea, HEADER + "".join(lines), folder=tmp_path)
    assert (rejections(plan), done.purchases) == ([(3, "UNREADABLE")], 3)
    assert ledger_of(tea, externalId="00123") == [("EARN", 5)] * 3


def test_number_used_in_two_months_is_reported(tea: Shop, tmp_path: Path) -> None:
    plan, done = import_file(tea, HEADER + CUPS + CUPS.replace("2026-03-01", "2026-04-01"), folder=tmp_path)
    assert rejections(plan) == [(2, "TIMES_DIFFER"), (3, "TIMES_DIFFER")]
    assert (done.purchases, points_of(tea, externalId="00123")) == (0, None)


DAILY = HEADER + (
    "0001,10001,Tea,1,2025-12-30 10:00:00,10.00,K-1\n"
    "0001,10002,Mug,1,2025-12-31 09:00:00,20.00,K-1\n"
    "0002,10001,Tea,1,2025-12-30 10:05:00,10.00,K-1\n"
    "0002,10001,Tea,1,2025-12-31 09:05:00,10.00,K-2\n"
)


def test_unique_number_used_on_two_days_is_reported_and_not_merged(tea: Shop, tmp_path: Path) -> None:
    plan, done = import_file(tea, DAILY, folder=tmp_path)
    assert rejections(plan) == [(line, "TIMES_DIFFER") for line in (2, 3, 4, 5)]
    assert (done.customers, done.purchases) == (0, 0)


def test_lines_minutes_apart_are_one_receipt_but_not_hours_apart(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "1,10001,Tea,1,2025-12-30 23:58:00,10.00,K-1",
        "1,10001,Tea,1,2025-12-31 00:02:00,10.00,K-1",
        "1,10001,Tea,1,2025-12-31 00:06:59,10.00,K-1",
        "2,10001,Tea,1,2025-12-31 10:00:00,5.00,K-1",
        "2,10001,Tea,1,2025-12-31 15:00:00,5.00,K-1",
    ]
    plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == [(5, "TIMES_DIFFER"), (6, "TIMES_DIFFER")]
    assert ledger_of(tea) == [("EARN", 30)]


BACK_AT_ITS_PRICE = HEADER + (
    "B1,10001,Tea,1,2025-12-30 10:00:00,100.00,K-1\n"
    "B2,10001,Tea,1,2025-12-30 11:00:00,10.00,K-1\n"
    "CB3,10001,Tea,-1,2025-12-31 10:00:00,100.00,K-1\n"
)


def test_return_matches_the_purchase_at_its_price(tea: Shop, tmp_path: Path) -> None:
    plan, _ = import_file(tea, BACK_AT_ITS_PRICE, folder=tmp_path)
    assert rejections(plan) == []
    assert points_of(tea) == 10


def test_return_at_an_unknown_price_is_reported(tea: Shop, tmp_path: Path) -> None:
    content = BACK_AT_ITS_PRICE.replace("-1,2025-12-31 10:00:00,100.00", "-1,2025-12-31 10:00:00,99.00")
    plan, _ = import_file(tea, content, folder=tmp_path)
    assert rejections(plan) == [(4, "RETURN_AT_OTHER_PRICE")]
    assert plan.rejected_in_file_order()[0].detail == "UnitPrice: sold at 10.00, 100.00"
    assert points_of(tea) == 110


TWO_BACK = HEADER + (
    "B1,10001,Tea,1,2025-12-30 10:00:00,10.00,K-1\n"
    "B2,10001,Tea,1,2025-12-30 11:00:00,10.00,K-1\n"
    "CB3,10001,Tea,-2,2025-12-31 10:00:00,10.00,K-1\n"
)


def test_return_may_match_several_purchases_once(tea: Shop, tmp_path: Path) -> None:
    for written in (2, 0):
        plan, done = import_file(tea, TWO_BACK, folder=tmp_path)
        assert rejections(plan) == []
        assert done.refunds == written
        assert ledger_of(tea) == [("EARN", 10), ("EARN", 10), ("CLAWBACK", -10), ("CLAWBACK", -10)]
    assert discrepancies_in(tea.url) == []


def test_return_with_an_unsold_line_is_rejected_whole(tea: Shop, tmp_path: Path) -> None:
    lines = ["CB3,10002,Mug,-1,2025-12-31 10:00:00,10.00,K-1", "B4,10001,Tea,-2,2025-12-31 10:00:00,10.00,K-1"]
    plan, _ = import_file(tea, TWO_BACK + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == [(4, "INCOMPLETE_RECEIPT"), (5, "RETURN_MATCHES_NOTHING")]
    assert points_of(tea) == 0, "goods that a rejected receipt would have returned can be returned by the next one"


ON_ONE_RECEIPT = HEADER + (
    "A1,10001,Tea,2,2025-12-31 10:15:00,10.00,K-1\n"
    "A1,10001,Tea,-1,2025-12-31 10:15:00,10.00,K-1\n"
    "A2,10002,Mug,1,2025-12-31 11:15:00,20.00,K-1\n"
    "A3,10002,Mug,-1,2025-12-31 12:15:00,20.00,K-1\n"
    "CA4,10002,Mug,-1,2025-12-31 13:15:00,20.00,K-1\n"
    "Coupon-5,10003,Cup,1,2025-12-31 14:15:00,5.00,K-1\n"
    "C-2025-0006,10003,Cup,1,2025-12-31 15:15:00,5.00,K-1\n"
)


def test_quantity_and_not_the_invoice_prefix_marks_a_return(tea: Shop, tmp_path: Path) -> None:
    plan, _ = import_file(tea, ON_ONE_RECEIPT, folder=tmp_path)
    assert rejections(plan) == [(6, "RETURN_MATCHES_NOTHING")]
    assert ledger_of(tea) == [("EARN", 10), ("EARN", 20), ("CLAWBACK", -20), ("EARN", 5), ("EARN", 5)]
    assert discrepancies_in(tea.url) == []


def test_receipt_with_sales_and_returns_is_recorded_whole_and_once(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "A1,10001,Tea,2,2025-12-30 10:15:00,10.00,K-1",
        "A2,10002,Mug,1,2025-12-31 10:15:00,30.00,K-1",
        "A2,10001,Tea,-1,2025-12-31 10:15:00,10.00,K-1",
    ]
    content = HEADER + "\n".join(lines)
    for written in (2, 0):
        plan, done = import_file(tea, content, folder=tmp_path)
        assert rejections(plan) == []
        assert (done.purchases, done.refunds) == (written, written // 2)
        assert sorted(ledger_of(tea)) == [("CLAWBACK", -10), ("EARN", 20), ("EARN", 30)]
    assert discrepancies_in(tea.url) == []


def test_receipt_recorded_by_a_till_is_not_counted_as_imported(tea: Shop, tmp_path: Path) -> None:
    sold = HEADER + "A1,10001,Tea,1,2025-12-30 10:15:00,10.00,K-1\n"
    input = {"idempotencyKey": "k", "identities": [{"externalId": "K-1"}]}
    assert tea.execute(ENROL, input=input)["enrolCustomer"]["userErrors"] == []
    lines = [{"sku": "10001", "name": "Tea", "quantity": "1", "unitPrice": "10.00"}]
    purchase = {"externalId": "A1", "occurredAt": "2025-12-30T10:15:00+01:00", "lines": lines}
    bought = {"idempotencyKey": "b", "customer": {"externalId": "K-1"}, "purchase": purchase}
    assert tea.execute(BUY, input=bought)["recordPurchase"]["userErrors"] == []
    plan, done = import_file(tea, sold, folder=tmp_path)
    assert rejections(plan) == []
    assert done == ImportCounts(already_recorded=2)
    assert ledger_of(tea) == [("EARN", 10)]


def test_receipt_with_a_rejected_return_is_rejected_whole(tea: Shop, tmp_path: Path) -> None:
    sold = "A1,10001,Tea,1,2025-12-30 10:15:00,10.00,K-1\n"
    import_file(tea, HEADER + sold, folder=tmp_path)
    assert tea.refund("A1")["userErrors"] == []
    mixed = "A2,10002,Mug,1,2025-12-31 10:15:00,30.00,K-1\nA2,10001,Tea,-1,2025-12-31 10:15:00,10.00,K-1\n"
    plan, done = import_file(tea, HEADER + sold + mixed, folder=tmp_path)
    assert rejections(plan) == [(3, "NOTHING_TO_REFUND"), (4, "NOTHING_TO_REFUND")]
    assert (done.purchases, done.refunds) == (0, 0)
    assert ledger_of(tea) == [("EARN", 10), ("CLAWBACK", -10)]


def test_return_of_a_rejected_receipt_is_rejected_with_it(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "A1,10001,Tea,1,2025-12-29 10:15:00,10.00,K-1",
        "A2,10001,Tea,1,2025-12-30 10:15:00,10.00,K-1",
        "A2,10002,Mug,x,2025-12-30 10:15:00,5.00,K-1",
        "A3,10001,Tea,-1,2025-12-31 10:15:00,10.00,K-1",
    ]
    plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == [(3, "INCOMPLETE_RECEIPT"), (4, "UNREADABLE"), (5, "PURCHASE_REJECTED")]
    assert ledger_of(tea) == [("EARN", 10)]
    import_file(tea, HEADER + "\n".join(lines).replace(",x,", ",1,"), folder=tmp_path)
    assert points_of(tea) == 15


def test_receipt_that_returns_more_than_was_bought_is_rejected(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "A1,10001,Tea,1,2025-12-30 10:15:00,10.00,K-1",
        "A2,10001,Tea,1,2025-12-31 10:15:00,10.00,K-1",
        "A2,10001,Tea,-3,2025-12-31 10:15:00,10.00,K-1",
    ]
    plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == [(3, "INCOMPLETE_RECEIPT"), (4, "RETURN_MATCHES_NOTHING")]
    assert points_of(tea) == 10


DISCOUNT = HEADER + (
    "D1,10001,Tea,2,2025-12-31 10:15:00,50.00,K-1\nD1,DISCOUNT,10 % off,1,2025-12-31 10:15:00,-10.00,K-1\n"
)


def test_discount_line_counts(tea: Shop, tmp_path: Path) -> None:
    plan, _ = import_file(tea, DISCOUNT, folder=tmp_path)
    assert rejections(plan) == []
    assert points_of(tea) == 90


@pytest.mark.parametrize("price", ["50.00", "45.00"])
def test_discounted_item_is_returned_at_either_price(tea: Shop, price: str, tmp_path: Path) -> None:
    back = f"D2,10001,Tea,-1,2025-12-31 12:15:00,{price},K-1\n"
    plan, _ = import_file(tea, DISCOUNT + back, folder=tmp_path)
    assert rejections(plan) == []
    assert points_of(tea) == 45


def test_discount_is_shared_among_goods_by_price(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "D1,10001,Tea,1,2025-12-31 10:15:00,10.00,K-1",
        "D1,10002,Mug,2,2025-12-31 10:15:00,10.00,K-1",
        "D1,POST,Postage,1,2025-12-31 10:15:00,5.00,K-1",
        "D1,D,Discount,1,2025-12-31 10:15:00,-10.00,K-1",
    ]
    plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert [(line.sku, line.discount, line.kind.value) for line in plan.purchases[0].lines] == [
        ("10001", 333, "GOODS"),
        ("10002", 667, "GOODS"),
        ("POST", 0, "SHIPPING"),
    ]
    assert points_of(tea) == 20


@pytest.mark.parametrize("amount", ["-100.01", "-0.001"])
def test_impossible_discount_rejects_its_receipt(tea: Shop, amount: str, tmp_path: Path) -> None:
    plan, _ = import_file(tea, DISCOUNT.replace("-10.00", amount), folder=tmp_path)
    assert [line for line, _ in rejections(plan)] == [2, 3]
    assert {reason for _, reason in rejections(plan)} <= {"INVALID_INPUT", "INCOMPLETE_RECEIPT"}
    assert points_of(tea) is None


def test_customers_are_matched_as_written(tea: Shop, tmp_path: Path) -> None:
    written = [
        "ann@example.com",
        "+49 170 1234567",
        "4006381333931",
        "00042",
        "42",
        "42.0",
        "V1.0",
        "1.23457E+12",
        "Ann Example",
    ]
    nobody = ["nan", "NULL", "NaN", "None", "n/a", "#N/A", "<NA>", "\\N", "-", "", "  "]
    lines = [
        f"I{number},10001,Tea,1,2025-12-31 10:{number:02}:00,10.00,{customer}"
        for number, customer in enumerate([*written, *nobody], start=1)
    ]
    plan, done = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == [(line, "NO_CUSTOMER") for line in range(11, 11 + len(nobody))]
    assert done.customers == len(written)
    assert points_of(tea, email="Ann@Example.com") == 10
    assert points_of(tea, phone="0170 1234567") == 10
    assert [points_of(tea, externalId=customer) for customer in written[2:]] == [10] * 7
    assert [points_of(tea, externalId=customer) for customer in nobody[:2]] == [None, None]


def test_stored_commands_name_no_customer(tea: Shop, tmp_path: Path) -> None:
    line = "I1,10001,Tea,1,2025-12-31 10:15:00,10.00,"
    content = HEADER + "\n".join([line + "ann@example.com", line.replace("I1", "I2") + "+49 170 1234567"])
    assert import_file(tea, content, folder=tmp_path)[1].customers == 2
    assert import_file(tea, content, folder=tmp_path)[1] == ImportCounts(already_recorded=4)

    async def read() -> str:
        database = open_database(tea.url)
        await database.start()
        rows = await database.read_across_programs(lambda session: session.rows("SELECT * FROM idempotency_keys"))
        await database.stop()
        return " ".join(str(tuple(row)) for row in rows)

    result = asyncio.run(read())
    assert "import:recordPurchase:I1" in result
    assert "ann" not in result
    assert "1234567" not in result


def test_spellings_of_a_customer_or_number_are_the_same(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "R1,10001,Tea,1,2025-12-31 10:15:00,10.00,ann@example.com",
        '" R1\u200b",10001,Tea,1,2025-12-31 10:15:00,10.00,ANN@example.com ',
        "\uff32\uff11,10001,Tea,1,2025-12-31 10:15:00,10.00,ann@example.com",
    ]
    plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
    assert rejections(plan) == []
    assert ledger_of(tea, email="ann@example.com") == [("EARN", 30)]


def test_file_in_another_encoding_imports_only_whole_receipts(tea: Shop, tmp_path: Path) -> None:
    lines = [
        "R1,10001,K\u00e4sekuchen,2,2025-12-31 10:15:00,4.50,K-1",
        "R1,10002,Tea,1,2025-12-31 10:15:00,3.00,K-1",
        "R2,10002,Tea,1,2025-12-31 11:15:00,3.00,K-1",
    ]
    plan, _ = import_file(tea, (HEADER + "\n".join(lines)).encode("cp1252"), folder=tmp_path)
    assert rejections(plan) == [(2, "UNREADABLE"), (3, "INCOMPLETE_RECEIPT")]
    assert ledger_of(tea) == [("EARN", 3)]


def test_daily_numbers_are_separate_when_so_configured(database_url: str, tmp_path: Path) -> None:
    numbering = Numbering(ReceiptNumbers.PER_DAY)
    with open_shop(database_url, program=shop_in_berlin(database_url, numbering=numbering)) as tea:
        for written in (4, 0):
            plan, done = import_file(tea, DAILY, folder=tmp_path)
            assert rejections(plan) == []
            assert done.purchases == written
            assert ledger_of(tea) == [("EARN", 10), ("EARN", 10), ("EARN", 20)]
            assert ledger_of(tea, externalId="K-2") == [("EARN", 10)]
        assert discrepancies_in(database_url) == []


def test_return_finds_its_purchase_among_daily_numbers(database_url: str, tmp_path: Path) -> None:
    numbering = Numbering(ReceiptNumbers.PER_DAY)
    back = "0001,10002,Mug,-1,2026-01-02 09:00:00,20.00,K-1\n0001,10001,Tea,-2,2026-01-03 09:00:00,10.00,K-1\n"
    with open_shop(database_url, program=shop_in_berlin(database_url, numbering=numbering)) as tea:
        for written in (3, 0):
            plan, done = import_file(tea, DAILY + back, folder=tmp_path)
            assert rejections(plan) == []
            assert done.refunds == written
            assert points_of(tea) == 0
        assert discrepancies_in(database_url) == []


def test_night_belongs_to_the_business_day_that_it_ends(database_url: str, tmp_path: Path) -> None:
    numbering = Numbering(ReceiptNumbers.PER_DAY, time(4))
    lines = [
        "7,10001,Tea,1,2025-12-30 23:59:00,10.00,K-1",
        "7,10001,Tea,1,2025-12-31 00:01:00,10.00,K-1",
        "7,10001,Tea,1,2025-12-31 04:00:00,10.00,K-1",
        "8,10001,Tea,1,2025-12-30 22:00:00,10.00,K-1",
        "8,10001,Tea,1,2025-12-31 03:00:00,10.00,K-1",
    ]
    with open_shop(database_url, program=shop_in_berlin(database_url, numbering=numbering)) as tea:
        plan, _ = import_file(tea, HEADER + "\n".join(lines), folder=tmp_path)
        assert rejections(plan) == [(5, "TIMES_DIFFER"), (6, "TIMES_DIFFER")]
        assert ledger_of(tea) == [("EARN", 20), ("EARN", 10)]
