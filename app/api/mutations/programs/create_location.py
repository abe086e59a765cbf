"""createLocation: a location where purchases are made is opened."""

from __future__ import annotations

from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.types.programs.location import Location
from app.domain import names
from app.domain.access import Permission
from app.domain.calendar import zone_info
from app.domain.details import Detail, detail_of, key_detail, length_detail
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.conditions.locations import LOCATION_KEY
from app.queries.programs.locations import locations_by_id
from app.usecases.programs import create_location
from app.usecases.programs.create_location import CreateLocation, CreateLocationResult


@strawberry.input(description="A location to open.")
class CreateLocationInput(CommandInput):
    """The location's key, name, address and time zone."""

    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; the terms use it.")
    name: str = strawberry.field(
        description="What customers call it, 1 to 100 characters, none of them invisible, no quotation marks such as “ ”; "
        "the terms name the location by it. Unique in the program."
    )
    time_zone: str = strawberry.field(
        description="The IANA zone of its wall clock, such as Europe/London, by which rules about days and hours decide."
    )
    address: str | None = strawberry.field(default=None, description="Where it is, as text, 1 to 500 characters.")


@strawberry.type(description="Result of `createLocation`.")
class CreateLocationPayload(Payload[CreateLocationResult]):
    """The new location."""

    @classmethod
    async def of(cls, result: CreateLocationResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result)

    @strawberry.field(description="The location, as it is now.")
    async def location(self, info: Info) -> Location | None:
        """With its key, address and zone."""
        if self.result is None:
            return None
        location = await info.context.load(locations_by_id, self.result.location_id)
        return Location.of(location) if location is not None else None


async def resolve(
    info: Info,
    input: Annotated[CreateLocationInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> CreateLocationPayload | None:
    """Create a location, under a key and a name that are new in the program."""
    return await mutate(
        CreateLocationPayload,
        create_location.run,
        _command(input),
        permission=Permission.MANAGE_LOCATIONS,
        input=input,
        info=info,
    )


def _command(input: CreateLocationInput) -> CreateLocation | Problem:
    def invalid(field: str, field_detail: Detail) -> Problem:
        return Problem(ProblemCode.INVALID_INPUT, path=(field,), detail=field_detail)

    if not LOCATION_KEY.fullmatch(input.key):
        return invalid("key", key_detail())
    if (name_detail := names.name_error(input.name, max_length=100, rejects_quotation_marks=True)) is not None:
        return invalid("name", name_detail)
    if input.address is not None and not 1 <= len(input.address) <= 500:
        return invalid("address", length_detail(1, 500))
    try:
        zone_info(input.time_zone)
    except ValueError:
        return invalid("timeZone", detail_of("TIME_ZONE"))
    return CreateLocation(key=input.key, name=input.name, zone=input.time_zone, address=input.address)
