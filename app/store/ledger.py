"""The ledger: entries, lots and what each entry moved; only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.ledger import COUNTER_ACCOUNT, Balance, Entry, EntryType, Movement
from app.domain.lots import Lot
from app.store.unit import Row, Session
from app.store.values import day_or_none, instant


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands in the ledger, with its stored hash. Its lot is as it was made: `remaining` = `points`."""

    entry: Entry
    hash: str


_ENTRY = (
    "id, account_id, number, type, points, unit, occurred_at, recorded_at, purchase_id, refund_id, redemption_id,"
    " decision, previous, hash"
)
_LOT = "id, points, remaining, earned_at, available_from, valid_until, entry_id"
_ENTRIES = f"SELECT {_ENTRY} FROM entries WHERE program_id = $1"
_LOTS = f"SELECT {_LOT} FROM lots WHERE program_id = $1"

_HIGHEST = 2**63 - 1


async def append(session: Session, *, program_id: str, entry: Entry, seal: str, balance: Balance) -> None:
    """Add an entry with its lot and movements, lower the lots it took from, and set the account after it.

    `seal` is the entry's own hash and becomes the account's head. The account must be locked (`customers.find`). The
    rows travel with the next statements (see `Session.later`); a number that is taken is a lost race.
    """
    await session.later(
        f"INSERT INTO entries ({_ENTRY}, counter_account, program_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        entry.id,
        entry.account_id,
        entry.number,
        entry.type.value,
        entry.points,
        entry.unit,
        entry.occurred_at,
        entry.recorded_at,
        entry.purchase_id,
        entry.refund_id,
        entry.redemption_id,
        entry.decision,
        entry.previous,
        seal,
        COUNTER_ACCOUNT[entry.type].value,
        program_id,
    )
    if entry.new_lot is not None:
        await _open(session, program_id=program_id, account_id=entry.account_id, lot=entry.new_lot)
    if entry.movements:
        await _move(session, program_id=program_id, entry=entry)
    await session.later(
        "UPDATE accounts SET available = $3, pending = $4, held = $5, owed = $6, lifetime = $7, qualifying = $8,"
        " entries = $9, head = $10 WHERE program_id = $1 AND id = $2",
        program_id,
        entry.account_id,
        balance.available,
        balance.pending,
        balance.held,
        balance.owed,
        balance.lifetime,
        balance.qualifying,
        entry.number,
        seal,
    )


async def _open(session: Session, *, program_id: str, account_id: str, lot: Lot) -> None:
    await session.later(
        f"INSERT INTO lots ({_LOT}, account_id, program_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        lot.id,
        lot.points,
        lot.remaining,
        lot.earned_at,
        lot.available_from,
        lot.valid_until,
        lot.entry_id,
        account_id,
        program_id,
    )


async def _move(session: Session, *, program_id: str, entry: Entry) -> None:
    """Keep the movements, and change what remains of the lots that were there before."""
    opened = entry.new_lot.id if entry.new_lot is not None else None
    moved = entry.movements
    changed = [movement for movement in moved if movement.lot_id != opened]
    if session.dialect == "sqlite":
        for movement in moved:
            await session.later(_MOVEMENT, program_id, movement.id, entry.id, movement.lot_id, movement.points)
        for movement in changed:
            await session.later(_REMAINING, program_id, movement.lot_id, movement.points)
        return
    await session.later(
        _MOVEMENTS,
        program_id,
        entry.id,
        [movement.id for movement in moved],
        [movement.lot_id for movement in moved],
        [movement.points for movement in moved],
    )
    if changed:
        await session.later(
            _REMAININGS,
            program_id,
            [movement.lot_id for movement in changed],
            [movement.points for movement in changed],
        )


_MOVEMENT = "INSERT INTO lot_movements (program_id, id, entry_id, lot_id, points) VALUES ($1, $2, $3, $4, $5)"
_MOVEMENTS = (
    "INSERT INTO lot_movements (program_id, id, entry_id, lot_id, points)"
    " SELECT $1::uuid, moved.id, $2::uuid, moved.lot_id, moved.points"
    " FROM unnest($3::uuid[], $4::uuid[], $5::bigint[]) AS moved (id, lot_id, points)"
)
_REMAINING = "UPDATE lots SET remaining = remaining + $3 WHERE program_id = $1 AND id = $2"
_REMAININGS = (
    "UPDATE lots SET remaining = lots.remaining + moved.points"
    " FROM unnest($2::uuid[], $3::bigint[]) AS moved (lot_id, points)"
    " WHERE lots.program_id = $1 AND lots.id = moved.lot_id"
)


async def open_lots(session: Session, *, program_id: str, account_id: str) -> tuple[Lot, ...]:
    """The lots of an account with points left, in no particular order."""
    rows = await session.rows(f"{_LOTS} AND account_id = $2 AND remaining > 0", program_id, account_id)
    return tuple(lot_of(row) for row in rows)


async def lots_of_purchase(session: Session, *, program_id: str, purchase_id: str) -> tuple[Lot, ...]:
    """The lots, used up or not, that a purchase brought."""
    entries = await session.rows(
        "SELECT id FROM entries WHERE program_id = $1 AND purchase_id = $2", program_id, purchase_id
    )
    return await _lots_of(session, program_id=program_id, entries=entries)


async def all_lots(session: Session, *, program_id: str, account_id: str) -> tuple[Lot, ...]:
    """Every lot of an account, used up ones too, in the order of their ids."""
    entries = await session.rows(
        "SELECT id FROM entries WHERE program_id = $1 AND account_id = $2", program_id, account_id
    )
    return await _lots_of(session, program_id=program_id, entries=entries)


async def _lots_of(session: Session, *, program_id: str, entries: Sequence[Row]) -> tuple[Lot, ...]:
    ids = [row["id"] for row in entries]
    rows = await session.rows(f"{_LOTS} AND entry_id = ANY($2) ORDER BY id", program_id, ids)
    return tuple(lot_of(row) for row in rows)


async def page(
    session: Session,
    *,
    program_id: str,
    account_id: str,
    after: int | None = None,
    before: int | None = None,
    limit: int = 20,
    newest_first: bool = True,
    whole: bool = True,
) -> tuple[StoredEntry, ...]:
    """Entries of an account by number: those with `after` < number < `before`, with lot and movements if `whole`.

    At most `limit`, counted from the newest or from the oldest.
    """
    rows = await session.rows(
        f"{_ENTRIES} AND account_id = $2 AND number > $3 AND number < $4"
        f" ORDER BY number {'DESC' if newest_first else 'ASC'} LIMIT $5",
        program_id,
        account_id,
        0 if after is None else after,
        _HIGHEST if before is None else before,
        limit,
    )
    if not whole:
        return tuple(_entry(row, new_lot=None, movements=()) for row in rows)
    return await _whole(session, program_id=program_id, rows=rows)


async def entries_by_ids(session: Session, *, program_id: str, entry_ids: Sequence[str]) -> dict[str, StoredEntry]:
    """Several entries by id; ids that are not there are left out."""
    rows = await session.rows(f"{_ENTRIES} AND id = ANY($2)", program_id, list(entry_ids))
    return {stored.entry.id: stored for stored in await _whole(session, program_id=program_id, rows=rows)}


async def of_purchase(session: Session, *, program_id: str, purchase_id: str) -> StoredEntry | None:
    """The entry with which a purchase earned, or None."""
    sql = f"{_ENTRIES} AND purchase_id = $2 AND refund_id IS NULL"
    return await _first(session, program_id=program_id, rows=await session.rows(sql, program_id, purchase_id))


async def of_refund(session: Session, *, program_id: str, refund_id: str) -> StoredEntry | None:
    """The entry with which a refund took points back, or None."""
    sql = f"{_ENTRIES} AND refund_id = $2"
    return await _first(session, program_id=program_id, rows=await session.rows(sql, program_id, refund_id))


async def of_redemption(session: Session, *, program_id: str, redemption_id: str) -> StoredEntry | None:
    """The entry with which a redemption was paid, or None."""
    sql = f"{_ENTRIES} AND redemption_id = $2"
    return await _first(session, program_id=program_id, rows=await session.rows(sql, program_id, redemption_id))


async def _first(session: Session, *, program_id: str, rows: Sequence[Row]) -> StoredEntry | None:
    found = await _whole(session, program_id=program_id, rows=rows[:1])
    return found[0] if found else None


async def _whole(session: Session, *, program_id: str, rows: Sequence[Row]) -> tuple[StoredEntry, ...]:
    """The entries of the rows with their lots and movements, in the same order."""
    if not rows:
        return ()
    ids = [row["id"] for row in rows]
    lots = await session.rows(f"{_LOTS} AND entry_id = ANY($2)", program_id, ids)
    made = {row["entry_id"]: replace(lot_of(row), remaining=row["points"]) for row in lots}
    moved = await session.rows(
        "SELECT entry_id, id, lot_id, points FROM lot_movements"
        " WHERE program_id = $1 AND entry_id = ANY($2) ORDER BY id",
        program_id,
        ids,
    )
    movements: dict[str, list[Movement]] = {}
    for row in moved:
        movement = Movement(id=row["id"], lot_id=row["lot_id"], points=row["points"])
        movements.setdefault(row["entry_id"], []).append(movement)
    return tuple(
        _entry(row, new_lot=made.get(row["id"]), movements=tuple(movements.get(row["id"], ()))) for row in rows
    )


def lot_of(row: Row) -> Lot:
    """The lot of a row with the columns of a lot."""
    return Lot(
        id=row["id"],
        points=row["points"],
        remaining=row["remaining"],
        earned_at=instant(row["earned_at"]),
        available_from=instant(row["available_from"]),
        valid_until=day_or_none(row["valid_until"]),
        entry_id=row["entry_id"],
    )


def _entry(row: Row, *, new_lot: Lot | None, movements: tuple[Movement, ...]) -> StoredEntry:
    # By position, in the order of _ENTRY: pages have many rows, and looking columns up by name shows.
    (
        id,
        account_id,
        number,
        type,
        points,
        unit,
        occurred_at,
        recorded_at,
        purchase_id,
        refund_id,
        redemption_id,
        decision,
        previous,
        hash,
    ) = row
    entry = Entry(
        id=id,
        account_id=account_id,
        number=number,
        type=EntryType(type),
        points=points,
        unit=unit,
        occurred_at=instant(occurred_at),
        recorded_at=instant(recorded_at),
        purchase_id=purchase_id,
        refund_id=refund_id,
        redemption_id=redemption_id,
        decision=decision,
        movements=movements,
        new_lot=new_lot,
        previous=previous,
    )
    return StoredEntry(entry=entry, hash=hash)
