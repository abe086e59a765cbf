"""Customers and their identities. A customer is read together with the points account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.customers.current_tier import CurrentTier
from app.domain.customers.customer import Customer, CustomerReference, CustomerState, NewCustomer
from app.domain.customers.identities import Identity, IdentityKind
from app.domain.ledger.account import EMPTY_DIGEST, Account
from app.domain.units import Unit
from app.store.database.codecs import NIL_UUID, instant, instant_or_none
from app.store.database.row_digests import combine, digest
from app.store.database.session import ConcurrentChange, Row, Session
from app.store.ledger import accounts
from app.store.ledger.accounts import account_of

_ROW = f"""
SELECT c.id, c.state, c.locale, c.accepted_terms_version, c.enrolled_at, c.tier, c.tier_since, c.tier_grace_ends_at,
    c.merged_into, {", ".join(f"a.{name}" for name in accounts.COLUMNS)}
FROM customers c JOIN accounts a ON a.program_id = c.program_id AND a.unit = 'points'
"""
# One row of each table by its whole key, so that no join order and no statistics can make it slow.
_BY_ID = _ROW + (
    "WHERE c.program_id = $1 AND c.id = $2"
    " AND a.wallet_id = (SELECT wallet_id FROM customers WHERE program_id = $1 AND id = $2)"
)
_BY_IDENTITY = _BY_ID.replace(
    "id = $2", "id = (SELECT customer_id FROM identities WHERE program_id = $1 AND kind = $2 AND value = $3)"
)


def _with_other_accounts(sql: str) -> str:
    """The query with the accounts of other units. Only for reads: if it waited for a lock, these columns could be out of date."""
    columns = ", ".join(f"s.{name}" for name in accounts.COLUMNS)
    joined = f"LEFT JOIN accounts s ON s.program_id = a.program_id AND s.wallet_id = a.wallet_id AND s.unit = '{Unit.STAMPS}'"
    return sql.replace("\nFROM", f", {columns}\nFROM").replace("WHERE c.program_id", f"{joined} WHERE c.program_id")


_BY_ID_WITH_OTHER_ACCOUNTS = _with_other_accounts(_BY_ID)
_BY_IDENTITY_WITH_OTHER_ACCOUNTS = _with_other_accounts(_BY_IDENTITY)
_BY_IDS = _with_other_accounts(_ROW + "AND a.wallet_id = c.wallet_id WHERE c.program_id = $1 AND c.id = ANY($2)")
_PAGE = _ROW + "AND a.wallet_id = c.wallet_id WHERE c.program_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3"


async def find(session: Session, *, by: CustomerReference, lock: bool = False) -> Customer | None:
    """A customer with the account, in one statement; None if unknown. `lock` locks the account until the transaction ends.

    For a merged customer the result is the surviving one. Raises ConcurrentChange if the wallet was merged while the
    statement waited for the lock.
    """
    locking = f"{session.locking} OF a" if lock and session.locking else ""
    if by.kind is None:
        sql = _BY_ID + locking if lock else _BY_ID_WITH_OTHER_ACCOUNTS
        row = await session.row(sql, by.value)
    else:
        sql = _BY_IDENTITY + locking if lock else _BY_IDENTITY_WITH_OTHER_ACCOUNTS
        row = await session.row(sql, by.kind.value, by.value)
    if row is None:
        return None
    customer = _customer(row)
    if lock and customer.account.has_merges:
        await _check_not_merged_meanwhile(session, customer=customer)
    if customer.survivor_id is None:
        return customer
    survivor = await find(session, by=CustomerReference(customer.survivor_id), lock=lock)
    return replace(survivor, requested_id=customer.id) if survivor is not None else None


async def _check_not_merged_meanwhile(session: Session, *, customer: Customer) -> None:
    """Raise ConcurrentChange if the customer's wallet was merged into another one while the transaction waited for the account."""
    row = await session.row("SELECT wallet_id FROM customers WHERE program_id = $1 AND id = $2", customer.id)
    if row is None or row["wallet_id"] != customer.account.wallet_id:
        raise ConcurrentChange


async def find_two(
    session: Session, *, first: CustomerReference, second: CustomerReference
) -> tuple[Customer | None, Customer | None]:
    """Two customers with their accounts, both locked. None stands for one who does not exist, and then nothing is locked.

    The accounts are locked in the order of their ids, so that no two transactions wait for each other.
    """
    pair = [await find(session, by=by) for by in (first, second)]
    if pair[0] is None or pair[1] is None:
        return pair[0], pair[1]
    to_lock = [(customer.id, customer.account.id) for customer in pair if customer is not None]
    await accounts.by_ids(session, account_ids=[account for _, account in to_lock], lock=True)
    locked = [await find(session, by=by) for by in (first, second)]
    if [(customer.id, customer.account.id) for customer in locked if customer is not None] != to_lock:
        raise ConcurrentChange
    return locked[0], locked[1]


async def by_ids(session: Session, *, customer_ids: Sequence[str]) -> dict[str, Customer]:
    """Several customers by id; for the id of a merged customer, the surviving one. Unknown ids are left out."""
    rows = await session.rows(_BY_IDS, list(customer_ids))
    customers_by_id = {customer.id: customer for customer in map(_customer, rows)}
    merged = {
        customer.id: customer.survivor_id for customer in customers_by_id.values() if customer.survivor_id is not None
    }
    if merged:
        survivors = await by_ids(session, customer_ids=sorted(set(merged.values())))
        customers_by_id |= {id: replace(survivors[survivor_id], requested_id=id) for id, survivor_id in merged.items()}
    return customers_by_id


async def survivor_with_merged_ids(session: Session, *, customer_id: str) -> tuple[str, ...]:
    """The id of a customer or, if merged, of the survivor, followed by the ids of all customers merged into that one."""
    by_id = await by_ids(session, customer_ids=[customer_id])
    survivor_id = by_id[customer_id].id
    return (survivor_id, *(await survivor_by_merged_id(session, customer_ids=[survivor_id])))


async def survivor_by_merged_id(session: Session, *, customer_ids: Sequence[str]) -> dict[str, str]:
    """The customers (ids) who were merged into one of the given customers, each with that survivor."""
    rows = await session.rows(
        "SELECT id, merged_into FROM customers WHERE program_id = $1 AND merged_into = ANY($2) ORDER BY id",
        list(customer_ids),
    )
    return {row["id"]: row["merged_into"] for row in rows}


async def enrol(session: Session, *, customer: NewCustomer) -> None:
    """Store a new customer with identities, a wallet and a points account without points."""
    await session.enqueue(
        "INSERT INTO wallets (program_id, id, created_at) VALUES ($1, $2, $3)", customer.wallet_id, customer.enrolled_at
    )
    account = Account(
        id=customer.account_id,
        wallet_id=customer.wallet_id,
        unit=Unit.POINTS,
        events_digest=combine(EMPTY_DIGEST, [row_digest(customer.id, enrolled_at=customer.enrolled_at)]),
    )
    await accounts.open_account(session, account=account)
    await session.enqueue(
        "INSERT INTO customers (program_id, id, wallet_id, state, locale, accepted_terms_version, enrolled_at,"
        " birthday) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        customer.id,
        customer.wallet_id,
        CustomerState.ACTIVE.value,
        customer.locale,
        customer.accepted_terms_version,
        customer.enrolled_at,
        customer.birthday,
    )
    for identity_id, kind, value in customer.identities:
        await session.enqueue(
            "INSERT INTO identities (program_id, id, customer_id, kind, value, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            identity_id,
            customer.id,
            kind.value,
            value,
            customer.enrolled_at,
        )


def row_digest(customer_id: str, *, enrolled_at: datetime) -> int:
    """The digest of a customer: part of the events digest of the wallet that is opened for the customer."""
    return digest("customers", customer_id, enrolled_at)


async def taken_identities(
    session: Session, *, identities: Sequence[tuple[IdentityKind, str]]
) -> tuple[tuple[IdentityKind, str], ...]:
    """Those of the identities that already belong to a customer, in the order given."""
    rows = await session.rows(
        "SELECT kind, value FROM identities WHERE program_id = $1 AND kind = ANY($2) AND value = ANY($3)",
        sorted({kind.value for kind, _ in identities}),
        sorted({value for _, value in identities}),
    )
    taken_pairs = {(row["kind"], row["value"]) for row in rows}
    return tuple((kind, value) for kind, value in identities if (kind.value, value) in taken_pairs)


async def identities_of(session: Session, *, customer_ids: Sequence[str]) -> dict[str, tuple[Identity, ...]]:
    """The identities of several customers, oldest first, including those of customers merged into them."""
    survivor_by_id = await survivor_by_merged_id(session, customer_ids=customer_ids)
    rows = await session.rows(
        "SELECT id, customer_id, kind, value, created_at FROM identities"
        " WHERE program_id = $1 AND customer_id = ANY($2) ORDER BY created_at, id",
        [*customer_ids, *survivor_by_id],
    )
    by_customer: dict[str, list[Identity]] = {customer_id: [] for customer_id in customer_ids}
    for row in rows:
        identity = Identity(
            id=row["id"],
            customer_id=survivor_by_id.get(row["customer_id"], row["customer_id"]),
            kind=IdentityKind(row["kind"]),
            value=row["value"],
            created_at=instant(row["created_at"]),
        )
        by_customer[identity.customer_id].append(identity)
    return {customer_id: tuple(identities) for customer_id, identities in by_customer.items()}


async def page(session: Session, *, after: str | None = None, limit: int = 1000) -> tuple[Customer, ...]:
    """At most `limit` customers after an id (None: from the first), in the order of their ids."""
    rows = await session.rows(_PAGE, after or NIL_UUID, limit)
    return tuple(_customer(row) for row in rows)


def _customer(row: Row) -> Customer:
    (
        customer_id,
        state,
        locale,
        accepted_version,
        enrolled_at,
        tier,
        tier_since,
        tier_grace_ends_at,
        merged_into,
        *account_values,
    ) = row
    points_values, stamps_values = account_values[: len(accounts.COLUMNS)], account_values[len(accounts.COLUMNS) :]
    return Customer(
        id=customer_id,
        state=CustomerState(state),
        locale=locale,
        accepted_terms_version=accepted_version,
        enrolled_at=instant(enrolled_at),
        account=account_of(points_values),
        tier=CurrentTier(tier, instant_or_none(tier_since), instant_or_none(tier_grace_ends_at)),
        survivor_id=merged_into,
        other_accounts={Unit.STAMPS: account_of(stamps_values)}
        if stamps_values and stamps_values[0] is not None
        else {},
    )
