"""Every value of every row behind the ledger, changed one at a time, and every kind of row deleted: `verify` finds each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pytest

from app.store.database.codecs import instant
from tests.faults.tampering import OpenLedger, Tampered, open_ledger, tamperings
from tests.faults.whole_shop import whole_shop
from tests.ledger.program_driver import open_runner
from tests.soak_settings import STEPS
from tests.store.expected_schema import TABLES

BOOKS: Mapping[str, frozenset[str] | None] = {
    "accounts": None,
    # What a person is called, reads and was born on, and which terms were accepted, moves no points.
    "customers": frozenset(
        {"wallet_id", "state", "enrolled_at", "tier", "tier_since", "tier_grace_ends_at", "merged_into"}
    ),
    "purchases": None,
    "receipt_corrections": None,
    "refunds": None,
    "redemptions": None,
    "redemption_payments": None,
    "reversals": None,
    "adjustments": None,
    "transfers": None,
    "mergers": None,
    "expiry_notices": None,
    "expiry_notice_deliveries": None,
    "pending_refunds": None,
    "pending_refund_digests": None,
    "quarantined_receipts": None,
    "quarantine_digests": None,
    "entries": None,
    "lots": None,
    "lot_movements": None,
    "clause_uses": None,
    "clause_items": None,
    "purchase_reductions": None,
    "exchanges": None,
    "clause_budgets": None,
    "budget_shares": None,
    # What a reward is called and looks like moves no points.
    "rewards": frozenset({"id", "key", "stock", "stock_initial"}),
    "terms_versions": None,
}
"""The tables of the ledger, and those of their columns that it rests on (None: all)."""

EVERY_NTH = {"sqlite": 1, "postgres": 1} if STEPS else {"sqlite": 20, "postgres": 60}
"""Of the changes of a table, every nth is tried; the soak tries all. Each is followed by a verification of the whole shop, which
takes PostgreSQL longer; what finds a change is the same code on both."""


def harmless(tampered: Tampered) -> str | None:
    """Why a change is harmless by design; None where it is not."""
    match tampered.table, tampered.column:
        case "accounts", "next_change_at" | "next_notice_at" if tampered.after is not None and (
            tampered.before is None or instant(tampered.after) < instant(tampered.before)
        ):
            return "the account is looked at sooner than need be, and nothing is due then"
        case ("accounts", "has_merges") | ("purchase_reductions", "no_visit") if tampered.before and tampered.after:
            return "whatever is not 0 says yes"
        case "clause_uses" | "clause_items", "id":
            return "nothing refers to it"
    return None


@pytest.fixture(scope="module")
def ledger(module_database_url: str) -> Iterator[OpenLedger]:
    """A ledger with everything that can be recorded, without triggers, checks and foreign keys."""
    with open_runner(module_database_url) as where:
        program_id = whole_shop(where).program.id
    with open_ledger(module_database_url, program_id=program_id) as found:
        yield found


@pytest.mark.parametrize("table", BOOKS)
def test_every_changed_value_is_found_or_harmless(ledger: OpenLedger, table: str) -> None:
    rows = ledger.rows(table)
    assert rows, f"the shop has {table}"
    changes = tamperings(table, rows, columns=BOOKS[table])
    unseen = [
        str(tampering)
        for tampering in islice(changes, 0, None, EVERY_NTH[ledger.dialect])
        if not ledger.discrepancies_with(tampering) and harmless(tampering) is None
    ]
    assert unseen == []


def of_stamps(ledger: OpenLedger) -> dict[str, list[dict[str, Any]]]:
    """The rows behind the stamps of the shop, by table."""
    accounts = [row for row in ledger.rows("accounts") if row["unit"] == "stamps"]
    ids = {row["id"] for row in accounts}
    entries = [row for row in ledger.rows("entries") if row["account_id"] in ids]
    moved = {row["id"] for row in entries}
    return {
        "accounts": accounts,
        "entries": entries,
        "lots": [row for row in ledger.rows("lots") if row["account_id"] in ids],
        "lot_movements": [row for row in ledger.rows("lot_movements") if row["entry_id"] in moved],
        "adjustments": [row for row in ledger.rows("adjustments") if row["account_id"] in ids],
    }


def test_every_tampered_or_deleted_row_behind_stamps_is_found(ledger: OpenLedger) -> None:
    unseen = []
    for table, rows in of_stamps(ledger).items():
        assert rows, f"the shop has {table} of stamps"
        changes = islice(tamperings(table, rows), 0, None, EVERY_NTH[ledger.dialect])
        unseen += [
            str(change) for change in changes if harmless(change) is None and not ledger.discrepancies_with(change)
        ]
        for row in (rows[0], rows[-1]):
            key = {name: row[name] for name in TABLES[table].key}
            if not ledger.discrepancies_without(table, key):
                unseen.append(f"{table} {key} is gone")
    assert unseen == []


def test_every_kind_of_deleted_row_is_found(ledger: OpenLedger) -> None:
    unseen = []
    for table in BOOKS:
        rows = ledger.rows(table)
        for row in (rows[0], rows[-1]):
            key = {name: row[name] for name in TABLES[table].key}
            if not ledger.discrepancies_without(table, key):
                unseen.append((table, key))
    assert unseen == []


def test_forged_pending_refund_is_found(ledger: OpenLedger) -> None:
    found = ledger.discrepancies_with_a_copy("pending_refunds", changed={"id": str(uuid.uuid4()), "external_id": None})
    assert [discrepancy.place for discrepancy in found] == ["pending refunds"]


def test_forged_wallet_of_an_inactive_customer_is_found(ledger: OpenLedger) -> None:
    rows = ledger.rows("customers")
    idle = next(row for row in rows if row["id"] not in {row["customer_id"] for row in ledger.rows("purchases")})
    key = {name: idle[name] for name in TABLES["customers"].key}
    assert (
        ledger.discrepancies_with(Tampered("customers", key, "wallet_id", idle["wallet_id"], rows[0]["wallet_id"]))
        != []
    )


def test_untouched_ledger_has_no_discrepancy(ledger: OpenLedger) -> None:
    rows = ledger.rows("accounts")
    key = {name: rows[0][name] for name in TABLES["accounts"].key}
    assert (
        ledger.discrepancies_with(Tampered("accounts", key, "last_hash", rows[0]["last_hash"], rows[0]["last_hash"]))
        == []
    )
