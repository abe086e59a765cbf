"""Locations where purchases are made, each with a time zone of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from tortoise.expressions import Q

from app.domain.programs.location import Location
from app.domain.purchases.facts import PurchaseFacts
from app.store.database.codecs import instant
from app.store.database.models.programs import LocationRow
from app.store.database.session import Row, Session

_COLUMNS = "id, number, key, name, zone, address, created_at"
_LOCATIONS = f"SELECT {_COLUMNS} FROM locations WHERE program_id = $1"


async def facts_at_location(session: Session, *, facts: PurchaseFacts, location_id: str | None) -> PurchaseFacts | None:
    """The facts with the key and the zone of a location; unchanged if `location_id` is None.

    None if the program has no such location.
    """
    if location_id is None:
        return facts
    row = await session.row("SELECT key, zone FROM locations WHERE program_id = $1 AND id = $2", location_id)
    return None if row is None else replace(facts, location=row["key"], zone=row["zone"])


async def next_number(session: Session) -> int:
    """The number of the next location; other transactions that ask for it wait until this one ends."""
    if session.locking:
        await session.row("SELECT 1 FROM programs WHERE id = $1 FOR NO KEY UPDATE")
    row = await session.row("SELECT coalesce(max(number), 0) + 1 FROM locations WHERE program_id = $1")
    return int(row[0]) if row is not None else 1


async def create(session: Session, *, location: Location) -> None:
    """Store a new location."""
    await session.orm(LocationRow).create(**asdict(location))


async def taken_columns(session: Session, *, key: str, name: str) -> tuple[str, ...]:
    """Which of the columns `key` and `name` already have these values in a location."""
    rows = await session.orm(LocationRow).all().filter(Q(key=key) | Q(name=name))
    new_values = {"key": key, "name": name}
    return tuple(column for column, value in new_values.items() if any(getattr(row, column) == value for row in rows))


async def names(session: Session) -> dict[str, str]:
    """The name of every location of the program, by key."""
    return {row.key: row.name for row in await session.orm(LocationRow).all()}


async def zones(session: Session) -> frozenset[str]:
    """The IANA zones of all locations of the program."""
    return frozenset(row.zone for row in await session.orm(LocationRow).all())


async def by_ids(session: Session, *, location_ids: Sequence[str]) -> dict[str, Location]:
    """Several locations by id; unknown ids are left out."""
    rows = await session.rows(f"{_LOCATIONS} AND id = ANY($2)", list(location_ids))
    return {row["id"]: _location(row) for row in rows}


async def by_keys(session: Session, *, keys: Sequence[str]) -> dict[str, Location]:
    """Several locations by key; unknown keys are left out."""
    rows = await session.rows(f"{_LOCATIONS} AND key = ANY($2)", list(keys))
    return {row["key"]: _location(row) for row in rows}


async def page(
    session: Session, *, after: int | None, before: int | None, limit: int, from_end: bool
) -> tuple[Location, ...]:
    """Locations with `after` < number < `before`: at most `limit`, the first or, with `from_end`, the last of them."""
    rows = await session.orm(LocationRow).page(after=after, before=before, limit=limit, from_end=from_end)
    return tuple(
        Location(
            id=row.id,
            number=row.number,
            key=row.key,
            name=row.name,
            zone=row.zone,
            address=row.address,
            created_at=row.created_at,
        )
        for row in rows
    )


def _location(row: Row) -> Location:
    return Location(
        id=row["id"],
        number=row["number"],
        key=row["key"],
        name=row["name"],
        zone=row["zone"],
        address=row["address"],
        created_at=instant(row["created_at"]),
    )
