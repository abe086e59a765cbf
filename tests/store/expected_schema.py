"""The schema as it is meant: what the catalogue of each database must say, no more and no less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "integer", "instant", "date", "json"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Columns that may be empty end with a question mark."""

    columns: dict[str, Kind]
    key: tuple[str, ...]
    unique: frozenset[tuple[str, ...]] = frozenset()
    unique_where_given: frozenset[tuple[str, ...]] = frozenset()
    indexed: frozenset[tuple[str, ...]] = frozenset()
    references: frozenset[Reference] = frozenset()
    checks: frozenset[str] = frozenset()
    only_added: bool = False


def _to(table: str, column: str, target: str = "id") -> Reference:
    return Reference(("program_id", column), table, ("program_id", target))


_PROGRAM = Reference(("program_id",), "programs", ("id",))
_KEY = ("program_id", "id")

TABLES: dict[str, Table] = {
    "programs": Table(
        columns={
            "id": "id",
            "kind": "text",
            "name": "text",
            "currency": "text",
            "zone": "text",
            "region": "text",
            "unit_name": "text",
            "form_of_address": "text",
            "created_at": "instant",
            "clock_offset_seconds": "integer",
            "tier_reviews_scheduled_through?": "instant",
            "receipt_numbers": "text",
            "receipt_day_starts": "text",
            "staff_adjustments": "integer",
            "staff_transfers": "integer",
            "amendment_days": "integer",
            "amendment_amount?": "integer",
            "receipt_age_days": "integer",
            "slug": "text",
            "listed": "integer",
        },
        key=("id",),
        unique=frozenset({("slug",)}),
        checks=frozenset(
            {
                "programs_kind",
                "programs_currency",
                "programs_clock_offset",
                "programs_receipt_numbers",
                "programs_form_of_address",
                "programs_staff_adjustments",
                "programs_staff_transfers",
                "programs_amendment_days",
                "programs_amendment_amount",
                "programs_receipt_age_days",
                "programs_slug",
                "programs_listed",
            }
        ),
    ),
    "access_keys": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "number": "integer",
            "role": "text",
            "secret_hash": "text",
            "customer_id?": "id",
            "label": "text",
            "created_at": "instant",
            "expires_at?": "instant",
            "revoked_at?": "instant",
            "replaces_id?": "id",
            "actor?": "id",
        },
        key=_KEY,
        unique=frozenset({("program_id", "number")}),
        indexed=frozenset({("id",)}),
        references=frozenset(
            {
                _PROGRAM,
                _to("customers", "customer_id"),
                _to("access_keys", "replaces_id"),
                _to("access_keys", "actor"),
            }
        ),
        checks=frozenset({"access_keys_customer", "access_keys_number"}),
    ),
    "access_key_uses": Table(
        columns={"program_id": "id", "key_id": "id", "last_used_at": "instant"},
        key=("program_id", "key_id"),
        references=frozenset({_to("access_keys", "key_id")}),
    ),
    "key_holders": Table(
        columns={"program_id": "id", "key_id": "id", "customer_id": "id"},
        key=("program_id", "key_id"),
        references=frozenset({_to("access_keys", "key_id"), _to("customers", "customer_id")}),
        only_added=True,
    ),
    "terms_versions": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "version": "integer",
            "effective_from": "instant",
            "published_at": "instant",
            "document": "json",
            "digest": "text",
        },
        key=_KEY,
        unique=frozenset({("program_id", "version")}),
        indexed=frozenset({("program_id", "effective_from")}),
        references=frozenset({_PROGRAM}),
        checks=frozenset({"terms_versions_version"}),
        only_added=True,
    ),
    "terms_withdrawals": Table(
        columns={"program_id": "id", "version": "integer", "withdrawn_at": "instant"},
        key=("program_id", "version"),
        references=frozenset({_to("terms_versions", "version", target="version")}),
        only_added=True,
    ),
    "clause_uses": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "customer_id": "id",
            "clause": "text",
            "occurred_at": "instant",
            "birthday_year?": "integer",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "customer_id", "occurred_at")}),
        references=frozenset({_to("customers", "customer_id")}),
    ),
    "purchase_reductions": Table(
        columns={
            "program_id": "id",
            "purchase_id": "id",
            "customer_id": "id",
            "occurred_at": "instant",
            "no_visit": "integer",
            "points": "integer",
        },
        key=("program_id", "purchase_id"),
        indexed=frozenset({("program_id", "customer_id", "occurred_at")}),
        references=frozenset({_to("purchases", "purchase_id"), _to("customers", "customer_id")}),
        checks=frozenset({"purchase_reductions_reduced"}),
    ),
    "exchanges": Table(
        columns={"program_id": "id", "refund_id": "id", "purchase_id": "id"},
        key=("program_id", "refund_id"),
        unique=frozenset({("program_id", "purchase_id")}),
        references=frozenset({_to("refunds", "refund_id"), _to("purchases", "purchase_id")}),
        only_added=True,
    ),
    "locations": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "number": "integer",
            "key": "text",
            "name": "text",
            "zone": "text",
            "address?": "text",
            "created_at": "instant",
        },
        key=_KEY,
        unique=frozenset({("program_id", "number"), ("program_id", "key"), ("program_id", "name")}),
        references=frozenset({_PROGRAM}),
        checks=frozenset({"locations_number"}),
    ),
    "clause_items": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "customer_id": "id",
            "clause": "text",
            "items": "integer",
            "occurred_at": "instant",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "customer_id", "occurred_at")}),
        references=frozenset({_to("customers", "customer_id")}),
        checks=frozenset({"clause_items_items"}),
    ),
    "clause_budgets": Table(
        columns={"program_id": "id", "clause": "text", "points_used": "integer"},
        key=("program_id", "clause"),
        references=frozenset({_PROGRAM}),
        checks=frozenset({"clause_budgets_points_used"}),
    ),
    "budget_shares": Table(
        columns={
            "program_id": "id",
            "purchase_id": "id",
            "clause": "text",
            "customer_id": "id",
            "points": "integer",
        },
        key=("program_id", "purchase_id", "clause", "customer_id"),
        indexed=frozenset({("program_id", "customer_id", "clause")}),
        references=frozenset({_to("purchases", "purchase_id"), _to("customers", "customer_id")}),
        checks=frozenset({"budget_shares_points"}),
    ),
    "impact_previews": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "terms_version": "integer",
            "draft": "json",
            "days": "integer",
            "since": "instant",
            "requested_at": "instant",
            "state": "text",
            "heartbeat_at?": "instant",
            "done": "integer",
            "total": "integer",
            "result?": "json",
        },
        key=_KEY,
        indexed=frozenset({("state",)}),
        references=frozenset({_to("terms_versions", "terms_version", target="version")}),
        checks=frozenset({"impact_previews_days", "impact_previews_progress", "impact_previews_result"}),
    ),
    "wallets": Table(
        columns={"program_id": "id", "id": "id", "created_at": "instant"}, key=_KEY, references=frozenset({_PROGRAM})
    ),
    "customers": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "wallet_id": "id",
            "state": "text",
            "locale?": "text",
            "accepted_terms_version?": "integer",
            "enrolled_at": "instant",
            "birthday?": "date",
            "tier?": "text",
            "tier_since?": "instant",
            "tier_grace_ends_at?": "instant",
            "merged_into?": "id",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "wallet_id"), ("program_id", "merged_into")}),
        references=frozenset(
            {_to("wallets", "wallet_id"), _to("terms_versions", "accepted_terms_version", target="version")}
        ),
    ),
    "customer_segments": Table(
        columns={"program_id": "id", "customer_id": "id", "segment": "text"},
        key=("program_id", "customer_id", "segment"),
        references=frozenset({_to("customers", "customer_id")}),
        checks=frozenset({"customer_segments_segment"}),
    ),
    "customer_preferences": Table(
        columns={"program_id": "id", "customer_id": "id", "kind": "text", "value": "text"},
        key=("program_id", "customer_id", "kind", "value"),
        references=frozenset({_to("customers", "customer_id")}),
        checks=frozenset({"customer_preferences_value"}),
    ),
    "identities": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "customer_id": "id",
            "kind": "text",
            "value": "text",
            "created_at": "instant",
        },
        key=_KEY,
        unique=frozenset({("program_id", "kind", "value")}),
        indexed=frozenset({("program_id", "customer_id")}),
        references=frozenset({_to("customers", "customer_id")}),
        checks=frozenset({"identities_value"}),
    ),
    "accounts": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "wallet_id": "id",
            "unit": "text",
            "available": "integer",
            "pending": "integer",
            "held": "integer",
            "owed": "integer",
            "lifetime": "integer",
            "qualifying": "integer",
            "entry_count": "integer",
            "last_hash": "text",
            "replayed_through?": "instant",
            "next_change_at?": "instant",
            "next_notice_at?": "instant",
            "has_merges": "integer",
            "terms_version": "integer",
            "events_digest": "text",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "next_change_at"), ("program_id", "next_notice_at")}),
        unique=frozenset({("program_id", "wallet_id", "unit")}),
        references=frozenset({_to("wallets", "wallet_id")}),
        checks=frozenset({"accounts_balance", "accounts_chain"}),
    ),
    "purchases": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "customer_id": "id",
            "source": "text",
            "external_id": "text",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "currency": "text",
            "total": "integer",
            "earned": "integer",
            "terms_version": "integer",
            "fingerprint": "text",
            "facts": "json",
            "moved_by?": "id",
            "location_id?": "id",
            "number_location": "text",
            "number_day": "text",
            "completion": "integer",
            "actor?": "id",
        },
        key=_KEY,
        unique=frozenset({("program_id", "source", "external_id", "number_location", "number_day", "completion")}),
        indexed=frozenset({("program_id", "customer_id", "occurred_at")}),
        references=frozenset(
            {
                _to("customers", "customer_id"),
                _to("terms_versions", "terms_version", target="version"),
                _to("locations", "location_id"),
            }
        ),
        checks=frozenset({"purchases_earned", "purchases_completion"}),
        only_added=True,
    ),
    "refunds": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "purchase_id": "id",
            "external_id?": "text",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "lines": "json",
            "cash": "integer",
            "clawback_due": "integer",
            "clawed_back": "integer",
            "reason?": "text",
            "fingerprint": "text",
            "amounts": "json",
            "number_location": "text",
            "number_day": "text",
        },
        key=_KEY,
        unique_where_given=frozenset({("program_id", "external_id", "number_location", "number_day")}),
        indexed=frozenset({("program_id", "purchase_id")}),
        references=frozenset({_to("purchases", "purchase_id")}),
        checks=frozenset({"refunds_clawed_back"}),
        only_added=True,
    ),
    "rewards": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "key": "text",
            "name": "text",
            "description": "text",
            "picture_url?": "text",
            "retail_value?": "integer",
            "stock_initial?": "integer",
            "stock?": "integer",
            "created_at": "instant",
            "article?": "text",
            "variants?": "json",
            "cash_part?": "integer",
        },
        key=_KEY,
        unique=frozenset({("program_id", "key")}),
        references=frozenset({_PROGRAM}),
        checks=frozenset({"rewards_stock", "rewards_cash_part"}),
    ),
    "redemptions": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "customer_id": "id",
            "reward_id": "id",
            "state": "text",
            "points": "integer",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "facts": "json",
            "terms_version": "integer",
            "decision": "json",
            "held_until?": "instant",
            "ended_at?": "instant",
            "checkout?": "text",
            "fulfilled_at?": "instant",
            "fulfilled_by?": "id",
            "number_location": "text",
            "number_day": "text",
            "actor?": "id",
            "issued_at?": "instant",
            "source": "text",
        },
        key=_KEY,
        unique_where_given=frozenset({("program_id", "source", "checkout", "number_location", "number_day")}),
        indexed=frozenset(
            {("program_id", "customer_id", "occurred_at"), ("program_id", "fulfilled_by", "fulfilled_at")}
        ),
        references=frozenset(
            {
                _to("customers", "customer_id"),
                _to("rewards", "reward_id"),
                _to("terms_versions", "terms_version", target="version"),
            }
        ),
        checks=frozenset({"redemptions_points"}),
    ),
    "redemption_payments": Table(
        columns={"program_id": "id", "redemption_id": "id", "purchase_id": "id"},
        key=("program_id", "redemption_id"),
        indexed=frozenset({("program_id", "purchase_id")}),
        references=frozenset({_to("redemptions", "redemption_id"), _to("purchases", "purchase_id")}),
    ),
    "entries": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "account_id": "id",
            "number": "integer",
            "type": "text",
            "points": "integer",
            "unit": "text",
            "counter_account": "text",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "purchase_id?": "id",
            "refund_id?": "id",
            "redemption_id?": "id",
            "decision": "json",
            "previous": "text",
            "hash": "text",
            "subject": "id",
            "owed_change": "integer",
            "cause?": "id",
        },
        key=_KEY,
        unique=frozenset({("program_id", "account_id", "number")}),
        indexed=frozenset(
            {("program_id", "purchase_id"), ("program_id", "refund_id"), ("program_id", "redemption_id")}
        ),
        references=frozenset(
            {
                _to("accounts", "account_id"),
                _to("purchases", "purchase_id"),
                _to("refunds", "refund_id"),
                _to("redemptions", "redemption_id"),
            }
        ),
        checks=frozenset({"entries_chain"}),
        only_added=True,
    ),
    "lots": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "account_id": "id",
            "entry_id": "id",
            "points": "integer",
            "remaining": "integer",
            "earned_at": "instant",
            "available_from": "instant",
            "valid_until?": "date",
            "held": "integer",
            "terms_version": "integer",
            "zone": "text",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "account_id"), ("program_id", "entry_id")}),
        references=frozenset({_to("accounts", "account_id"), _to("entries", "entry_id")}),
        checks=frozenset({"lots_remaining", "lots_held"}),
        only_added=True,
    ),
    "lot_movements": Table(
        columns={"program_id": "id", "id": "id", "entry_id": "id", "lot_id": "id", "points": "integer"},
        key=_KEY,
        indexed=frozenset({("program_id", "entry_id")}),
        references=frozenset({_to("entries", "entry_id"), _to("lots", "lot_id")}),
        checks=frozenset({"lot_movements_points"}),
        only_added=True,
    ),
    "idempotency_keys": Table(
        columns={
            "program_id": "id",
            "key": "text",
            "mutation": "text",
            "fingerprint": "text",
            "answer": "json",
            "actor?": "id",
            "recorded_at": "instant",
            "source": "text",
        },
        key=("program_id", "key", "source"),
        references=frozenset({_PROGRAM, _to("access_keys", "actor")}),
        only_added=True,
    ),
    "reversals": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "redemption_id": "id",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "usable_until?": "instant",
            "reason?": "text",
            "actor?": "id",
        },
        key=_KEY,
        unique=frozenset({("program_id", "redemption_id")}),
        indexed=frozenset({("program_id", "actor", "recorded_at")}),
        references=frozenset({_to("redemptions", "redemption_id"), _to("access_keys", "actor")}),
        only_added=True,
    ),
    "receipt_corrections": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "purchase_id": "id",
            "customer_id": "id",
            "to_customer_id": "id",
            "total": "integer",
            "earned": "integer",
            "moved_by?": "id",
            "facts": "json",
            "recorded_at": "instant",
            "reason": "text",
            "actor?": "id",
            "counted_points": "integer",
            "counted_stamps": "integer",
            "retained_budget_usage?": "json",
        },
        key=_KEY,
        indexed=frozenset(
            {
                ("program_id", "purchase_id"),
                ("program_id", "customer_id"),
                ("program_id", "to_customer_id"),
                ("program_id", "actor", "recorded_at"),
            }
        ),
        references=frozenset(
            {
                _to("purchases", "purchase_id"),
                _to("customers", "customer_id"),
                _to("customers", "to_customer_id"),
                _to("access_keys", "actor"),
            }
        ),
        only_added=True,
    ),
    "adjustments": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "account_id": "id",
            "customer_id": "id",
            "points": "integer",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "terms_version": "integer",
            "reason": "text",
            "actor?": "id",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "account_id"), ("program_id", "actor", "recorded_at")}),
        references=frozenset(
            {
                _to("accounts", "account_id"),
                _to("customers", "customer_id"),
                _to("terms_versions", "terms_version", target="version"),
                _to("access_keys", "actor"),
            }
        ),
        checks=frozenset({"adjustments_points"}),
        only_added=True,
    ),
    "transfers": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "from_account_id": "id",
            "to_account_id": "id",
            "points": "integer",
            "lots": "json",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "reason": "text",
            "actor?": "id",
        },
        key=_KEY,
        indexed=frozenset(
            {("program_id", "from_account_id"), ("program_id", "to_account_id"), ("program_id", "actor", "recorded_at")}
        ),
        references=frozenset(
            {_to("accounts", "from_account_id"), _to("accounts", "to_account_id"), _to("access_keys", "actor")}
        ),
        checks=frozenset({"transfers_points", "transfers_accounts"}),
        only_added=True,
    ),
    "mergers": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "customer_id": "id",
            "survivor_id?": "id",
            "from_wallet_id": "id",
            "to_wallet_id": "id",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "reason": "text",
            "actor?": "id",
        },
        key=_KEY,
        unique=frozenset({("program_id", "from_wallet_id")}),
        indexed=frozenset({("program_id", "customer_id"), ("program_id", "to_wallet_id")}),
        references=frozenset(
            {
                _to("customers", "customer_id"),
                _to("customers", "survivor_id"),
                _to("wallets", "from_wallet_id"),
                _to("wallets", "to_wallet_id"),
                _to("access_keys", "actor"),
            }
        ),
        checks=frozenset({"mergers_wallets"}),
        only_added=True,
    ),
    "expiry_notices": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "account_id": "id",
            "given_at": "instant",
            "lots": "json",
        },
        key=_KEY,
        indexed=frozenset({("program_id", "account_id")}),
        references=frozenset({_to("accounts", "account_id")}),
        only_added=True,
    ),
    "expiry_notice_deliveries": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "notice_id": "id",
            "channel": "text",
            "delivered_at": "instant",
            "recorded_at": "instant",
        },
        key=_KEY,
        unique=frozenset({("program_id", "notice_id", "channel")}),
        references=frozenset({_to("expiry_notices", "notice_id")}),
        only_added=True,
    ),
    "pending_refunds": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "receipt": "text",
            "external_id?": "text",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "content": "json",
            "state": "text",
            "refund_id?": "id",
            "number_location": "text",
            "number_day": "text",
            "dismissed_at?": "instant",
            "dismissed_by?": "id",
            "dismissed_because?": "text",
            "new_receipt_number?": "text",
            "new_receipt_customer_id?": "id",
            "rejected_with?": "text",
        },
        key=_KEY,
        unique_where_given=frozenset({("program_id", "external_id", "number_location", "number_day")}),
        indexed=frozenset(
            {("program_id", "receipt"), ("program_id", "recorded_at"), ("program_id", "new_receipt_number")}
        ),
        references=frozenset({_to("refunds", "refund_id")}),
    ),
    "quarantined_receipts": Table(
        columns={
            "program_id": "id",
            "id": "id",
            "sequence": "integer",
            "kind": "text",
            "source": "text",
            "external_id?": "text",
            "fingerprint": "text",
            "customer_id?": "id",
            "implausible_time": "text",
            "occurred_at": "instant",
            "recorded_at": "instant",
            "actor?": "id",
            "command": "json",
            "state": "text",
            "settled_at?": "instant",
            "settled_by?": "id",
            "settled_because?": "text",
            "booked_for?": "instant",
            "purchase_id?": "id",
            "refund_id?": "id",
            "pending_refund_id?": "id",
        },
        key=_KEY,
        unique=frozenset({("program_id", "sequence")}),
        indexed=frozenset(
            {("program_id", "external_id"), ("program_id", "state", "sequence"), ("program_id", "customer_id")}
        ),
        references=frozenset(
            {
                _PROGRAM,
                _to("customers", "customer_id"),
                _to("access_keys", "actor"),
                _to("access_keys", "settled_by"),
                _to("purchases", "purchase_id"),
                _to("refunds", "refund_id"),
                _to("pending_refunds", "pending_refund_id"),
            }
        ),
        checks=frozenset({"quarantined_receipts_kind", "quarantined_receipts_state"}),
        only_added=True,
    ),
    "quarantine_digests": Table(
        columns={"program_id": "id", "number": "integer", "digest": "text"},
        key=("program_id",),
        references=frozenset({_PROGRAM}),
    ),
    "pending_refund_digests": Table(
        columns={"program_id": "id", "digest": "text"}, key=("program_id",), references=frozenset({_PROGRAM})
    ),
}
