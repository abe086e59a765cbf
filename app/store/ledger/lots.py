"""Lots: points earned together, with what is left of them."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.ledger.lots import Lot
from app.domain.wallets.lot_inventory import LotInventory
from app.store.database.codecs import day_or_none, instant
from app.store.database.session import Row, Session
from app.store.terms import versions

_COLUMNS = "id, points, remaining, earned_at, available_from, valid_until, entry_id, held, terms_version, zone"
_SELECT = f"SELECT {_COLUMNS} FROM lots WHERE program_id = $1"


async def add_lot(session: Session, *, account_id: str, lot: Lot) -> None:
    """Store a new lot as the entry that opened it leaves it (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO lots (program_id, {_COLUMNS}, account_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        lot.id,
        lot.points,
        lot.remaining,
        lot.earned_at,
        lot.available_from,
        lot.promised_last_day,
        lot.entry_id,
        lot.held,
        lot.terms_version,
        lot.zone,
        account_id,
    )


async def set_lots(session: Session, *, lots: Sequence[Lot]) -> None:
    """Store the present content of existing lots (sent with the next statements: see `Session.enqueue`)."""
    if session.dialect == "sqlite":
        for lot in lots:
            await session.enqueue(_SET_LOT, lot.id, lot.points, lot.remaining, lot.held)
    elif lots:
        await session.enqueue(
            _SET_LOTS,
            [lot.id for lot in lots],
            [lot.points for lot in lots],
            [lot.remaining for lot in lots],
            [lot.held for lot in lots],
        )


_SET_LOT = "UPDATE lots SET points = $3, remaining = $4, held = $5 WHERE program_id = $1 AND id = $2"
_SET_LOTS = (
    "UPDATE lots SET points = new.points, remaining = new.remaining, held = new.held"
    " FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) AS new (id, points, remaining, held)"
    " WHERE lots.program_id = $1 AND lots.id = new.id"
)


async def with_points(session: Session, *, account_id: str) -> tuple[Lot, ...]:
    """The lots of an account with points left (held ones included), in no particular order."""
    rows = await session.rows(f"{_SELECT} AND account_id = $2 AND remaining > 0", account_id)
    return tuple(lot_of(row) for row in rows)


async def inventory(session: Session, *, account_id: str) -> LotInventory:
    """All lots of an account with points left.

    The account must have no debt, and the terms must not extend validity by activity: what these change, only a replay
    works out.
    """
    lots = await with_points(session, account_id=account_id)
    never_expiring = await versions.never_expiring(session, numbers={lot.terms_version for lot in lots})
    return LotInventory.of(
        lots, last_day_of=lambda lot: None if lot.terms_version in never_expiring else lot.promised_last_day
    )


async def of_entries(session: Session, *, entry_ids: Sequence[str]) -> tuple[Lot, ...]:
    """The lots that entries opened, in the order of their ids."""
    rows = await session.rows(f"{_SELECT} AND entry_id = ANY($2) ORDER BY id", list(entry_ids))
    return tuple(lot_of(row) for row in rows)


async def in_wrong_account(session: Session, *, account_ids: Sequence[str]) -> tuple[str, ...]:
    """Lots (ids) in another account than the entry that opened them, for verification."""
    rows = await session.rows(
        "SELECT l.id FROM entries e JOIN lots l ON l.program_id = e.program_id AND l.entry_id = e.id"
        " WHERE e.program_id = $1 AND e.account_id = ANY($2) AND l.account_id <> e.account_id ORDER BY l.id",
        list(account_ids),
    )
    return tuple(row["id"] for row in rows)


async def all_lots(session: Session, *, account_id: str) -> tuple[Lot, ...]:
    """Every lot of an account, empty ones included, in the order of their ids."""
    rows = await session.rows(_OF_ACCOUNT, account_id)
    return tuple(lot_of(row) for row in rows)


_OF_ACCOUNT = (
    f"SELECT {', '.join(f'l.{name}' for name in _COLUMNS.split(', '))} FROM entries e"
    " JOIN lots l ON l.program_id = e.program_id AND l.entry_id = e.id"
    " WHERE e.program_id = $1 AND e.account_id = $2 ORDER BY l.id"
)


def lot_of(row: Row) -> Lot:
    """The lot that a row holds, whose columns are in the order of `_COLUMNS`."""
    # The columns are read by position, which is faster: a redemption reads all lots of a customer.
    id, points, remaining, earned_at, available_from, valid_until, entry_id, held, terms_version, zone = row
    earned_instant = instant(earned_at)
    # Most points are available at once.
    available_instant = earned_instant if available_from == earned_at else instant(available_from)
    last_day = day_or_none(valid_until)
    return Lot(id, points, remaining, earned_instant, available_instant, last_day, entry_id, held, terms_version, zone)
