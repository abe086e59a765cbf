"""Which customers a wallet has, and how they move to another one when wallets are merged."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.customers.customer import CustomerState
from app.domain.customers.merger import Merger
from app.store.database.session import Session

_OF_WALLETS = (
    "SELECT wallet_id, id FROM customers WHERE program_id = $1 AND wallet_id = ANY($2) AND merged_into IS NULL"
    " ORDER BY id"
)
_OF_ACCOUNTS = """
SELECT a.id AS account_id, c.id AS customer_id
FROM accounts a JOIN customers c ON c.program_id = a.program_id AND c.wallet_id = a.wallet_id
WHERE a.program_id = $1 AND a.id = ANY($2) AND c.merged_into IS NULL
UNION
SELECT a.id, coalesce(c.merged_into, c.id)
FROM accounts a JOIN mergers m ON m.program_id = a.program_id AND m.from_wallet_id = a.wallet_id
JOIN customers c ON c.program_id = m.program_id AND c.id = m.customer_id
WHERE a.program_id = $1 AND a.id = ANY($2)
"""


async def of_wallets(session: Session, *, wallet_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The present customers (ids) of wallets, oldest first, by wallet id."""
    members: dict[str, list[str]] = {}
    for row in await session.rows(_OF_WALLETS, list(wallet_ids)):
        members.setdefault(row["wallet_id"], []).append(row["id"])
    return {wallet_id: tuple(ids) for wallet_id, ids in members.items()}


async def of_accounts(session: Session, *, account_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The customers (ids) of accounts, oldest first, by account id.

    A merged account has its former customers or, if they were merged into others, those survivors.
    """
    members: dict[str, set[str]] = {}
    for row in await session.rows(_OF_ACCOUNTS, list(account_ids)):
        members.setdefault(str(row["account_id"]), set()).add(str(row["customer_id"]))
    return {account_id: tuple(sorted(ids)) for account_id, ids in members.items()}


async def shared_wallets(session: Session, *, wallet_ids: Sequence[str]) -> frozenset[str]:
    """Those of the wallets (ids) that several customers share."""
    rows = await session.rows(
        "SELECT wallet_id FROM customers WHERE program_id = $1 AND wallet_id = ANY($2) AND merged_into IS NULL"
        " GROUP BY wallet_id HAVING count(*) > 1",
        list(wallet_ids),
    )
    return frozenset(str(row["wallet_id"]) for row in rows)


async def move_to_wallet(session: Session, *, merger: Merger) -> None:
    """Move all customers of the merged wallet to the surviving one, and mark the merged customer, if any, as merged."""
    await session.execute(
        "UPDATE customers SET wallet_id = $3 WHERE program_id = $1 AND wallet_id = $2",
        merger.from_wallet_id,
        merger.to_wallet_id,
    )
    if merger.survivor_id is not None:
        await session.execute(
            "UPDATE customers SET state = $3, merged_into = $4 WHERE program_id = $1 AND (id = $2 OR merged_into = $2)",
            merger.customer_id,
            CustomerState.MERGED.value,
            merger.survivor_id,
        )
