"""Create a location where purchases are made, with the zone of its wall clock."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.domain.programs.location import Location
from app.store.database.session import Session
from app.store.programs import locations
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class CreateLocation:
    """The key, name, IANA zone and address (None: not known) of a new location."""

    key: str
    name: str
    zone: str
    address: str | None


@stored_as("location_created")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLocationResult(CommandResult):
    """The new location."""

    location_id: str


@use_case(CreateLocationResult)
async def run(session: Session, *, context: CommandContext, command: CreateLocation) -> CreateLocationResult | Problem:
    """Add the location. Its key and its name must be new: the terms use the key, and customers see the name."""
    number = await locations.next_number(session)
    taken_columns = await locations.taken_columns(session, key=command.key, name=command.name)
    if taken_columns:
        return Problem(ProblemCode.LOCATION_TAKEN, path=(taken_columns[0],))
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
    return CreateLocationResult(location_id=location.id)
