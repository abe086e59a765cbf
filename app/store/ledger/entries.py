"""The ledger: entries, their lots and movements. Append-only."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.ledger.entries import COUNTER_ACCOUNT, Entry, EntryType, Movement, StoredEntry
from app.domain.ledger.lots import Lot
from app.domain.wallets.lot_inventory import DEBT
from app.domain.wallets.postings import PostingKey
from app.store.database.codecs import instant
from app.store.database.session import Row, Session
from app.store.ledger import lots

_COLUMNS = (
    "id, account_id, number, type, subject, points, owed_change, unit, occurred_at, recorded_at, purchase_id, refund_id,"
    " redemption_id, decision, cause, previous, hash, counter_account"
)
_SELECT = f"SELECT {_COLUMNS} FROM entries WHERE program_id = $1"

_HIGHEST_NUMBER = 2**63 - 1


async def append(session: Session, *, entry: Entry, own_hash: str) -> None:
    """Append an entry with the lots that it opens and its movements; `own_hash` is its hash.

    The account must be locked. The rows are sent with the next statements (see `Session.enqueue`); if another
    transaction has taken the number, the work runs again.
    """
    await session.enqueue(
        f"INSERT INTO entries (program_id, {_COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        entry.id,
        entry.account_id,
        entry.number,
        entry.type.value,
        entry.subject,
        entry.points,
        entry.owed_change,
        entry.unit,
        entry.occurred_at,
        entry.recorded_at,
        entry.purchase_id,
        entry.refund_id,
        entry.redemption_id,
        entry.decision,
        entry.cause,
        entry.previous_hash,
        own_hash,
        COUNTER_ACCOUNT[entry.type].value,
    )
    for lot in entry.new_lots:
        await lots.add_lot(session, account_id=entry.account_id, lot=lot)
    movements = entry.movements
    if session.dialect == "sqlite":
        for movement in movements:
            await session.enqueue(_INSERT_MOVEMENT, movement.id, entry.id, movement.lot_id, movement.points)
    elif movements:
        await session.enqueue(
            _INSERT_MOVEMENTS,
            entry.id,
            [movement.id for movement in movements],
            [movement.lot_id for movement in movements],
            [movement.points for movement in movements],
        )


_INSERT_MOVEMENT = "INSERT INTO lot_movements (program_id, id, entry_id, lot_id, points) VALUES ($1, $2, $3, $4, $5)"
_INSERT_MOVEMENTS = (
    "INSERT INTO lot_movements (program_id, id, entry_id, lot_id, points)"
    " SELECT $1::uuid, moved.id, $2::uuid, moved.lot_id, moved.points"
    " FROM unnest($3::uuid[], $4::uuid[], $5::bigint[]) AS moved (id, lot_id, points)"
)


async def booked_draws(
    session: Session, *, account_id: str, before: int = _HIGHEST_NUMBER
) -> dict[PostingKey, dict[str, int]]:
    """The draws of an account's entries before a number, summed for each posting key, by lot (id) and by `DEBT`."""
    draws: dict[PostingKey, dict[str, int]] = {}
    for row in await session.rows(_OWED_BY_SUBJECT, account_id, before):
        draws_of_key = draws.setdefault(PostingKey(EntryType(row["type"]), row["subject"]), {})
        if row["owed"]:
            draws_of_key[DEBT] = int(row["owed"])
    for row in await session.rows(_MOVED_BY_SUBJECT, account_id, before):
        if row["points"]:
            draws[PostingKey(EntryType(row["type"]), row["subject"])][row["lot_id"]] = -int(row["points"])
    return draws


_OWED_BY_SUBJECT = "SELECT type, subject, sum(owed_change) AS owed FROM entries WHERE program_id = $1 AND account_id = $2 AND number < $3 GROUP BY type, subject"
_MOVED_BY_SUBJECT = (
    "SELECT e.type, e.subject, m.lot_id, sum(m.points) AS points FROM entries e"
    " JOIN lot_movements m ON m.program_id = e.program_id AND m.entry_id = e.id"
    " WHERE e.program_id = $1 AND e.account_id = $2 AND e.number < $3 GROUP BY e.type, e.subject, m.lot_id"
)


async def page(
    session: Session,
    *,
    account_id: str,
    after: int | None = None,
    before: int | None = None,
    limit: int = 20,
    newest_first: bool = True,
    with_lots: bool = True,
) -> tuple[StoredEntry, ...]:
    """Entries of an account with `after` < number < `before`, with lots and movements if `with_lots`.

    At most `limit`: the newest of them or, without `newest_first`, the oldest, in this order.
    """
    rows = await session.rows(
        f"{_SELECT} AND account_id = $2 AND number > $3 AND number < $4"
        f" ORDER BY number {'DESC' if newest_first else 'ASC'} LIMIT $5",
        account_id,
        0 if after is None else after,
        _HIGHEST_NUMBER if before is None else before,
        limit,
    )
    if not with_lots:
        return tuple(_entry(row, new_lots=(), movements=()) for row in rows)
    return await _with_lots(session, rows=rows)


async def of_accounts(session: Session, *, account_ids: Sequence[str]) -> dict[str, tuple[StoredEntry, ...]]:
    """Every entry of accounts, oldest first, by account id."""
    rows = await session.rows(f"{_SELECT} AND account_id = ANY($2) ORDER BY number", list(account_ids))
    by_account: dict[str, list[StoredEntry]] = {}
    for stored_entry in await _with_lots(session, rows=rows):
        by_account.setdefault(stored_entry.entry.account_id, []).append(stored_entry)
    return {id: tuple(entries) for id, entries in by_account.items()}


async def unbalanced_transfers(session: Session) -> tuple[str, ...]:
    """The units in which wallets sent more or less than others received; none in correct books."""
    rows = await session.rows(
        "SELECT unit FROM entries WHERE program_id = $1 AND counter_account = 'WALLETS'"
        " GROUP BY unit HAVING sum(points) <> 0 ORDER BY unit"
    )
    return tuple(row["unit"] for row in rows)


async def decisions_using_budgets(session: Session) -> tuple[str, ...]:
    """The decisions (JSON texts) by which purchases used budgets: the first decision for each purchase.

    Later decisions about a purchase leave the budgets as they are. The first one has the lowest id, in whichever wallet.
    """
    rows = await session.rows(
        "SELECT decision FROM entries e WHERE program_id = $1 AND type = 'EARN' AND unit = 'points'"
        " AND CAST(decision AS text) LIKE '%spent%' AND NOT EXISTS (SELECT 1 FROM entries earlier"
        " WHERE earlier.program_id = $1 AND earlier.purchase_id = e.purchase_id AND earlier.type = 'EARN'"
        " AND earlier.unit = e.unit AND earlier.id < e.id)"
    )
    return tuple(row["decision"] for row in rows)


async def entries_by_ids(session: Session, *, entry_ids: Sequence[str]) -> dict[str, StoredEntry]:
    """Several entries by id; unknown ids are left out."""
    rows = await session.rows(f"{_SELECT} AND id = ANY($2)", list(entry_ids))
    return {stored_entry.entry.id: stored_entry for stored_entry in await _with_lots(session, rows=rows)}


async def of_purchase(session: Session, *, purchase_id: str) -> StoredEntry | None:
    """The first entry by which a purchase earned points, in any wallet; None if it earned none."""
    sql = f"{_SELECT} AND purchase_id = $2 AND refund_id IS NULL AND type = 'EARN' AND unit = 'points' ORDER BY id"
    return await _first(session, sql, purchase_id)


async def of_refund(session: Session, *, refund_id: str) -> tuple[StoredEntry, ...]:
    """The entries of a refund, in every unit, without corrections that a later event made necessary."""
    sql = f"{_SELECT} AND refund_id = $2 AND cause IS NULL ORDER BY id"
    return await _with_lots(session, rows=await session.rows(sql, refund_id))


async def of_redemption(session: Session, *, redemption_id: str) -> StoredEntry | None:
    """The entry that paid for a redemption, in either unit; None if there is none, as for a hold."""
    sql = f"{_SELECT} AND redemption_id = $2 AND type = 'REDEEM' ORDER BY number"
    return await _first(session, sql, redemption_id)


async def of_merger(session: Session, *, merger_id: str, wallet_id: str) -> str | None:
    """The entry (id) by which a wallet absorbed another one; None if it made no entry of points."""
    row = await session.row(
        "SELECT e.id FROM accounts a JOIN entries e ON e.program_id = a.program_id AND e.account_id = a.id"
        " WHERE a.program_id = $1 AND a.wallet_id = $2 AND a.unit = 'points' AND e.type = 'MERGE' AND e.subject = $3 ORDER BY e.number",
        wallet_id,
        merger_id,
    )
    return row["id"] if row is not None else None


async def _first(session: Session, sql: str, id: str) -> StoredEntry | None:
    stored_entries = await _with_lots(session, rows=(await session.rows(sql, id))[:1])
    return stored_entries[0] if stored_entries else None


async def _with_lots(session: Session, *, rows: Sequence[Row]) -> tuple[StoredEntry, ...]:
    """The entries of the rows with their lots and movements, in the same order."""
    if not rows:
        return ()
    ids = [row["id"] for row in rows]
    opened_lots: dict[str, list[Lot]] = {}
    for lot in await lots.of_entries(session, entry_ids=ids):
        opened_lots.setdefault(lot.entry_id, []).append(lot)
    movement_rows = await session.rows(
        "SELECT entry_id, id, lot_id, points FROM lot_movements"
        " WHERE program_id = $1 AND entry_id = ANY($2) ORDER BY id",
        ids,
    )
    movements: dict[str, list[Movement]] = {}
    for row in movement_rows:
        movement = Movement(id=row["id"], lot_id=row["lot_id"], points=row["points"])
        movements.setdefault(row["entry_id"], []).append(movement)
    return tuple(
        _entry(row, new_lots=tuple(opened_lots.get(row["id"], ())), movements=tuple(movements.get(row["id"], ())))
        for row in rows
    )


def _entry(row: Row, *, new_lots: tuple[Lot, ...], movements: tuple[Movement, ...]) -> StoredEntry:
    # By position, in the order of _COLUMNS: pages have many rows, and look-ups by column name take measurable time.
    (
        id,
        account_id,
        number,
        type,
        subject,
        points,
        owed_change,
        unit,
        occurred_at,
        recorded_at,
        purchase_id,
        refund_id,
        redemption_id,
        decision,
        cause,
        previous_hash,
        hash,
        counter_account,
    ) = row
    entry = Entry(
        id=id,
        account_id=account_id,
        number=number,
        type=EntryType(type),
        subject=subject,
        points=points,
        owed_change=owed_change,
        unit=unit,
        occurred_at=instant(occurred_at),
        recorded_at=instant(recorded_at),
        purchase_id=purchase_id,
        refund_id=refund_id,
        redemption_id=redemption_id,
        decision=decision,
        movements=movements,
        new_lots=new_lots,
        previous_hash=previous_hash,
        cause=cause,
    )
    return StoredEntry(entry=entry, hash=hash, counter_account=counter_account)
