"""The locations of a program: by id, by key, and in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.programs.location import Location
from app.store.database.session import Session
from app.store.programs import locations


@dataclass(frozen=True, slots=True)
class LocationPage:
    """Locations in order of creation, and whether there are more on either side."""

    locations: tuple[Location, ...]
    more_before: bool
    more_after: bool


async def locations_by_id(session: Session, *, ids: Sequence[str]) -> list[Location | None]:
    """Locations by id, in the order requested."""
    by_id = await locations.by_ids(session, location_ids=ids)
    return [by_id.get(id) for id in ids]


async def locations_by_key(session: Session, *, ids: Sequence[str]) -> list[Location | None]:
    """Locations by the owner's keys (`ids`), in the order requested."""
    by_key = await locations.by_keys(session, keys=ids)
    return [by_key.get(key) for key in ids]


async def location_page(
    session: Session, *, size: int, after: int | None, before: int | None, from_end: bool
) -> LocationPage:
    """One page: `size` locations between the sequence numbers `after` and `before`: the first or, with `from_end`, the last."""
    page = await locations.page(session, after=after, before=before, limit=size + 1, from_end=from_end)
    more = len(page) > size
    return LocationPage(
        locations=page[-size:] if from_end else page[:size],
        more_before=more if from_end else after is not None,
        more_after=before is not None if from_end else more,
    )
