"""createLocation: a place where purchases are made is opened."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.types.programs.location import Location
from app.domain import names
from app.domain.access import Permission
from app.domain.calendar import zone
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.conditions.locations import LOCATION_KEY
from app.queries.programs.locations import locations_by_id
from app.usecases.command import Answer
from app.usecases.programs import create_location
from app.usecases.programs.create_location import CreateLocation


@strawberry.input(description="A location to open.")
class CreateLocationInput:
    """What it is called, and whose clock it goes by."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; the terms use it.")
    name: str = strawberry.field(
        description="What customers call it, 1 to 100 characters, none of them invisible, no quotation marks such as “ ”; "
        "the terms say it. Unique in the program."
    )
    time_zone: str = strawberry.field(
        description="The IANA zone of its wall clock, such as Europe/London; rules of days and hours go by it."
    )
    address: str | None = strawberry.field(default=None, description="Where it is, as text, 1 to 500 characters.")


@strawberry.type(description="What opening a location came to.")
class CreateLocationPayload(Payload):
    """The new location."""

    answer: strawberry.Private[Answer | None] = None

    @strawberry.field(description="The location, as it is now.")
    async def location(self, info: Info) -> Location | None:
        """Read again."""
        if self.answer is None or self.answer.location_id is None:
            return None
        row = await info.context.load(locations_by_id, self.answer.location_id)
        return Location.of(row) if row is not None else None


async def resolve(
    info: Info,
    input: Annotated[CreateLocationInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> CreateLocationPayload | None:
    """Open a location."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        create_location.run,
        name="createLocation",
        permission=Permission.MANAGE_LOCATIONS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input),
        context=context,
    )
    if isinstance(outcome, Problem):
        return CreateLocationPayload(problem=outcome)
    return CreateLocationPayload(answer=outcome)


def _order(sent: CreateLocationInput) -> CreateLocation | Problem:
    def wrong(field: str, detail: str) -> Problem:
        return Problem(ProblemCode.INVALID_INPUT, path=(field,), detail=detail)

    if not LOCATION_KEY.fullmatch(sent.key):
        return wrong("key", "a-z, 0-9 and dashes, 1 to 40 characters")
    if (unfit := names.problem(sent.name, most=100, quoted=True)) is not None:
        return wrong("name", unfit)
    if sent.address is not None and not 1 <= len(sent.address) <= 500:
        return wrong("address", "1 to 500 characters")
    try:
        zone(sent.time_zone)
    except ValueError as error:
        return wrong("timeZone", str(error))
    return CreateLocation(key=sent.key, name=sent.name, zone=sent.time_zone, address=sent.address)
