"""Open a location: a place where purchases are made, with the zone of its wall clock."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store import locations
from app.store.locations import Location
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class NewLocation:
    """What the owner says of a place; `zone` is an IANA zone."""

    key: str
    name: str
    zone: str
    address: str | None


async def create_location(session: Session, *, call: Call, order: NewLocation) -> Answer | Problem:
    """Add the location. Its key and its name must be new: the terms use the one, and say the other to customers."""
    if (known := await replay(session, call=call)) is not None:
        return known
    number = await locations.next_number(session, program_id=call.program.id)
    taken = await locations.taken(session, program_id=call.program.id, key=order.key, name=order.name)
    if taken:
        return Problem(ProblemCode.LOCATION_TAKEN, path=(taken[0],))
    location = Location(
        id=call.new_id(),
        number=number,
        key=order.key,
        name=order.name,
        zone=order.zone,
        address=order.address,
        created_at=call.now,
    )
    await locations.create(session, program_id=call.program.id, location=location)
    return await keep(session, call=call, answer=Answer(location_id=location.id))
