"""Transfers of points from one customer's account to another's, lot by lot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.domain.ledger.lots import Lot
from app.domain.ledger.transfer import Transfer, TransferredLot
from app.store.database.codecs import day_or_none, instant, json_text, json_value
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_COLUMNS = "id, from_account_id, to_account_id, points, lots, occurred_at, recorded_at, reason, actor"


async def add(session: Session, *, transfer: Transfer) -> None:
    """Store a new transfer (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO transfers (program_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        transfer.id,
        transfer.from_account_id,
        transfer.to_account_id,
        transfer.points,
        json_text([_lot_data(lot) for lot in transfer.lots]),
        transfer.occurred_at,
        transfer.recorded_at,
        transfer.reason,
        transfer.actor,
    )


def row_digest(transfer: Transfer) -> int:
    """The digest of a transfer: part of the events digest of both accounts."""
    return digest(
        "transfers",
        transfer.id,
        transfer.from_account_id,
        transfer.to_account_id,
        transfer.points,
        [_lot_data(transferred) for transferred in transfer.lots],
        transfer.occurred_at,
        transfer.recorded_at,
        transfer.reason,
        transfer.actor,
    )


async def of_accounts(session: Session, *, account_ids: Sequence[str]) -> tuple[Transfer, ...]:
    """The transfers from and to accounts, in no particular order."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM transfers"
        " WHERE program_id = $1 AND (from_account_id = ANY($2) OR to_account_id = ANY($2))",
        list(account_ids),
    )
    return tuple(_transfer(row) for row in rows)


async def by_ids(session: Session, *, transfer_ids: Sequence[str]) -> dict[str, Transfer]:
    """Several transfers by id; unknown ids are left out."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM transfers WHERE program_id = $1 AND id = ANY($2)", list(transfer_ids)
    )
    return {row["id"]: _transfer(row) for row in rows}


def _transfer(row: Row) -> Transfer:
    return Transfer(
        id=row["id"],
        from_account_id=row["from_account_id"],
        to_account_id=row["to_account_id"],
        points=row["points"],
        lots=tuple(_transferred_lot(value) for value in json_value(row["lots"])),
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        reason=row["reason"],
        actor=row["actor"],
    )


def _lot_data(transferred: TransferredLot) -> dict[str, Any]:
    lot = transferred.lot
    return {
        "source": transferred.source,
        "id": lot.id,
        "points": lot.points,
        "earned_at": lot.earned_at.isoformat(),
        "available_from": lot.available_from.isoformat(),
        "valid_until": lot.promised_last_day.isoformat() if lot.promised_last_day is not None else None,
        "terms": lot.terms_version,
        "zone": lot.zone,
    }


def _transferred_lot(data: dict[str, Any]) -> TransferredLot:
    lot = Lot(
        id=data["id"],
        points=data["points"],
        remaining=data["points"],
        earned_at=datetime.fromisoformat(data["earned_at"]),
        available_from=datetime.fromisoformat(data["available_from"]),
        promised_last_day=day_or_none(data["valid_until"]),
        terms_version=data["terms"],
        zone=data["zone"],
    )
    return TransferredLot(source=data["source"], lot=lot)
