"""Mergers: one wallet becomes part of another, because two customers are one person or share a household."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.customers.customer import CustomerState
from app.domain.customers.merger import Merger
from app.store.database.codecs import instant
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_COLUMNS = "id, customer_id, survivor_id, from_wallet_id, to_wallet_id, occurred_at, recorded_at, reason, actor"


async def add(session: Session, *, merger: Merger) -> None:
    """Store a new merger (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO mergers (program_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        merger.id,
        merger.customer_id,
        merger.survivor_id,
        merger.from_wallet_id,
        merger.to_wallet_id,
        merger.occurred_at,
        merger.recorded_at,
        merger.reason,
        merger.actor,
    )


def row_digest(merger: Merger) -> int:
    """The digest of a merger: part of the events digest of the wallet that absorbed the other."""
    return digest(
        "mergers",
        merger.id,
        merger.customer_id,
        merger.survivor_id,
        merger.from_wallet_id,
        merger.to_wallet_id,
        merger.occurred_at,
        merger.recorded_at,
        merger.reason,
        merger.actor,
    )


async def connected_to_wallets(session: Session, *, wallet_ids: Sequence[str]) -> tuple[Merger, ...]:
    """The mergers into the wallets, or into a wallet that was merged into them before, and those that ended the wallets."""
    by_id: dict[str, Merger] = {}
    frontier = list(wallet_ids)
    while frontier:
        rows = await session.rows(
            f"SELECT {_COLUMNS} FROM mergers"
            " WHERE program_id = $1 AND (to_wallet_id = ANY($2) OR from_wallet_id = ANY($2))",
            frontier,
        )
        new = {merger.id: merger for merger in map(_merger, rows) if merger.id not in by_id}
        by_id |= new
        frontier = [merger.from_wallet_id for merger in new.values() if merger.from_wallet_id not in frontier]
    return tuple(by_id.values())


async def by_ids(session: Session, *, merger_ids: Sequence[str]) -> dict[str, Merger]:
    """Several mergers by id; unknown ids are left out."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM mergers WHERE program_id = $1 AND id = ANY($2)", list(merger_ids)
    )
    return {row["id"]: _merger(row) for row in rows}


async def of_customer(session: Session, *, customer_id: str) -> Merger | None:
    """The merger of a customer into another one; None if there was none."""
    row = await session.row(
        f"SELECT {_COLUMNS} FROM mergers WHERE program_id = $1 AND customer_id = $2 AND survivor_id IS NOT NULL",
        customer_id,
    )
    return _merger(row) if row is not None else None


async def stored_states_and_survivors(session: Session) -> dict[str, tuple[str, str | None]]:
    """The stored state and survivor (id) of each customer (id) who is not active or was merged, for verification."""
    rows = await session.rows(
        "SELECT id, state, merged_into FROM customers WHERE program_id = $1 AND (state <> $2 OR merged_into IS NOT NULL)",
        CustomerState.ACTIVE.value,
    )
    return {row["id"]: (row["state"], row["merged_into"]) for row in rows}


async def survivors_by_mergers(session: Session) -> dict[str, str]:
    """The survivor (id) of each merged customer (id) as the mergers have it, after one or several mergers; for verification."""
    rows = await session.rows(
        "SELECT customer_id, survivor_id FROM mergers WHERE program_id = $1 AND survivor_id IS NOT NULL"
    )
    next_survivor = {row["customer_id"]: row["survivor_id"] for row in rows}
    survivor_of = {}
    for id in next_survivor:
        survivor_id, seen_ids = next_survivor[id], {id}
        while survivor_id in next_survivor and survivor_id not in seen_ids:
            seen_ids.add(survivor_id)
            survivor_id = next_survivor[survivor_id]
        survivor_of[id] = survivor_id
    return survivor_of


def _merger(row: Row) -> Merger:
    return Merger(
        id=row["id"],
        customer_id=row["customer_id"],
        survivor_id=row["survivor_id"],
        from_wallet_id=row["from_wallet_id"],
        to_wallet_id=row["to_wallet_id"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        reason=row["reason"],
        actor=row["actor"],
    )
