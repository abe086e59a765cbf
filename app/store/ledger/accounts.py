"""Accounts: the balance of a wallet in one unit, its chain of entries, and the state of its replay.

The points account stands for the whole wallet: its lock covers the wallet's other accounts, and it has the replay state
and the digest of the events. An account of another unit is opened by the first event that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.ledger.account import Account
from app.domain.ledger.entries import FIRST_HASH, Balance
from app.domain.units import Unit
from app.store.database.codecs import instant_or_none
from app.store.database.row_digests import combine, digest
from app.store.database.session import Session, UnscopedSession

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


COLUMNS = (
    "id",
    "wallet_id",
    "unit",
    "available",
    "pending",
    "held",
    "owed",
    "lifetime",
    "qualifying",
    "entry_count",
    "last_hash",
    "replayed_through",
    "next_change_at",
    "next_notice_at",
    "has_merges",
    "terms_version",
    "events_digest",
)
"""The columns of an account, in the order read by `account_of`."""

_ACCOUNTS = f"SELECT {', '.join(COLUMNS)} FROM accounts WHERE program_id = $1"


def account_of(row: Iterable[Any]) -> Account:
    """The account that a row holds, whose columns are in the order of COLUMNS."""
    (
        id,
        wallet_id,
        unit,
        *balance,
        entry_count,
        last_hash,
        replayed_through,
        next_change_at,
        next_notice_at,
        has_merges,
        terms_version,
        events_digest,
    ) = row
    available, pending, held, owed, lifetime, qualifying = balance
    return Account(
        id=id,
        wallet_id=wallet_id,
        unit=Unit(unit),
        balance=Balance(
            available=available, pending=pending, held=held, owed=owed, lifetime=lifetime, qualifying=qualifying
        ),
        entry_count=entry_count,
        last_hash=last_hash,
        replayed_through=instant_or_none(replayed_through),
        next_change_at=instant_or_none(next_change_at),
        next_notice_at=instant_or_none(next_notice_at),
        has_merges=bool(has_merges),
        terms_version=terms_version,
        events_digest=events_digest,
    )


def row_digest(account: Account) -> int:
    """The digest of an account and of how far it was replayed."""
    return digest(
        "accounts",
        account.id,
        account.wallet_id,
        account.unit,
        account.replayed_through,
        account.has_merges,
        account.terms_version,
    )


async def open_account(session: Session, *, account: Account) -> Account:
    """Store a new account without entries, and return it: the digest of its own row is added to its events digest."""
    account = account._replace(events_digest=combine(account.events_digest, [row_digest(account)]))
    await session.enqueue(
        "INSERT INTO accounts (program_id, id, wallet_id, unit, available, pending, held, owed, lifetime, qualifying,"
        " entry_count, last_hash, events_digest) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, 0, 0, $5, $6)",
        account.id,
        account.wallet_id,
        account.unit,
        FIRST_HASH,
        account.events_digest,
    )
    return account


async def by_ids(session: Session, *, account_ids: Sequence[str], lock: bool = False) -> dict[str, Account]:
    """Accounts by id; `lock` locks them, in the order of their ids, until the transaction ends."""
    locking = session.locking if lock else ""
    rows = await session.rows(f"{_ACCOUNTS} AND id = ANY($2) ORDER BY id{locking}", list(account_ids))
    return {row["id"]: account_of(row) for row in rows}


async def of_wallets(session: Session, *, wallet_ids: Sequence[str]) -> tuple[Account, ...]:
    """The accounts of wallets, in the order of their ids."""
    rows = await session.rows(f"{_ACCOUNTS} AND wallet_id = ANY($2) ORDER BY id", list(wallet_ids))
    return tuple(account_of(row) for row in rows)


async def other_accounts(session: Session, *, wallet_id: str) -> dict[Unit, Account]:
    """The accounts of a wallet in other units than points, by unit; the lock of its points account covers them."""
    sql = f"{_ACCOUNTS} AND wallet_id = $2 AND unit <> 'points'"
    account_rows = [account_of(row) for row in await session.rows(sql, wallet_id)]
    return {account.unit: account for account in account_rows}


async def page(session: Session, *, after: str, limit: int) -> tuple[Account, ...]:
    """At most `limit` points accounts after an id, in the order of their ids."""
    sql = f"{_ACCOUNTS} AND unit = 'points' AND id > $2 ORDER BY id LIMIT $3"
    rows = await session.rows(sql, after, limit)
    return tuple(account_of(row) for row in rows)


async def wallets_without_account(session: Session) -> tuple[str, ...]:
    """Wallets (ids) without a points account, for verification."""
    rows = await session.rows(
        "SELECT id FROM wallets w WHERE program_id = $1 AND NOT EXISTS"
        " (SELECT 1 FROM accounts a WHERE a.program_id = w.program_id AND a.wallet_id = w.id AND a.unit = 'points')"
        " ORDER BY id"
    )
    return tuple(row["id"] for row in rows)


async def every_nth(session: Session, *, n: int) -> tuple[str, ...]:
    """The ids of the nth, 2nth, 3nth … points account in the order of ids."""
    rows = await session.rows(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS position FROM accounts"
        " WHERE program_id = $1 AND unit = 'points') AS numbered"
        " WHERE position % $2 = 0 ORDER BY id",
        n,
    )
    return tuple(row["id"] for row in rows)


async def with_due_changes(session: Session, *, at: datetime, limit: int) -> tuple[str, ...]:
    """Accounts (ids) with changes due at an instant, longest due first."""
    rows = await session.rows(
        "SELECT id FROM accounts WHERE program_id = $1 AND next_change_at <= $2 ORDER BY next_change_at, id LIMIT $3",
        at,
        limit,
    )
    return tuple(row["id"] for row in rows)


async def with_due_notices(session: Session, *, at: datetime, limit: int) -> tuple[str, ...]:
    """Accounts (ids) with an expiry notice due at an instant, longest due first."""
    rows = await session.rows(
        "SELECT id FROM accounts WHERE program_id = $1 AND next_notice_at <= $2 ORDER BY next_notice_at, id LIMIT $3",
        at,
        limit,
    )
    return tuple(row["id"] for row in rows)


async def next_due_time(session: Session, *, after: datetime | None = None) -> datetime | None:
    """The earliest instant after another one at which an account of the program has a change or an expiry notice due."""
    row = await session.row(
        "SELECT (SELECT min(next_change_at) FROM accounts WHERE program_id = $1 AND next_change_at > $2),"
        " (SELECT min(next_notice_at) FROM accounts WHERE program_id = $1 AND next_notice_at > $2)",
        after or _BEGINNING,
    )
    due_times = [] if row is None else [at for value in row if (at := instant_or_none(value)) is not None]
    return min(due_times, default=None)


async def next_due_times(session: UnscopedSession) -> dict[str, datetime]:
    """`next_due_time` for every program (by id) that has one."""
    rows = await session.rows(
        "SELECT p.id, (SELECT min(next_change_at) FROM accounts a WHERE a.program_id = p.id AND a.next_change_at IS NOT NULL) AS next_change_at,"
        " (SELECT min(next_notice_at) FROM accounts a WHERE a.program_id = p.id AND a.next_notice_at IS NOT NULL) AS next_notice_at"
        " FROM programs p"
    )
    next_by_program = {}
    for id, *values in rows:
        due_times = [at for value in values if (at := instant_or_none(value)) is not None]
        if due_times:
            next_by_program[id] = min(due_times)
    return next_by_program


async def update(session: Session, *, account: Account) -> None:
    """Store the present state of an account, which must be locked (sent with the next statements: see `Session.enqueue`)."""
    balance = account.balance
    await session.enqueue(
        "UPDATE accounts SET available = $3, pending = $4, held = $5, owed = $6, lifetime = $7, qualifying = $8,"
        " entry_count = $9, last_hash = $10, replayed_through = $11, next_change_at = $12, next_notice_at = $13, has_merges = $14, terms_version = $15,"
        " events_digest = $16"
        " WHERE program_id = $1 AND id = $2",
        account.id,
        balance.available,
        balance.pending,
        balance.held,
        balance.owed,
        balance.lifetime,
        balance.qualifying,
        account.entry_count,
        account.last_hash,
        account.replayed_through,
        account.next_change_at,
        account.next_notice_at,
        int(account.has_merges),
        account.terms_version,
        account.events_digest,
    )
