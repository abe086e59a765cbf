"""Create a location where purchases are made, with the zone of its wall clock."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.domain.programs.location import Location
from app.store.database.session import Session
from app.store.programs import locations
from app.usecases.command import Answer, CommandContext, previous_result, remember_result


@dataclass(frozen=True, slots=True)
class CreateLocation:
    """The key, name and IANA zone of a new location."""

    key: str
    name: str
    zone: str
    address: str | None


async def run(session: Session, *, context: CommandContext, command: CreateLocation) -> Answer | Problem:
    """Add the location. Its key and its name must be new: the terms use the key, and customers see the name."""
    if (known := await previous_result(session, context=context)) is not None:
        return known
    number = await locations.next_number(session)
    taken = await locations.taken(session, key=command.key, name=command.name)
    if taken:
        return Problem(ProblemCode.LOCATION_TAKEN, path=(taken[0],))
    location = Location(
        id=context.new_id(),
        number=number,
        key=command.key,
        name=command.name,
        zone=command.zone,
        address=command.address,
        created_at=context.now,
    )
    await locations.create(session, location=location)
    return await remember_result(session, context=context, answer=Answer(location_id=location.id))
