"""The locations of a program as the API shows them."""

from __future__ import annotations

import strawberry

from app.api.conventions.context import Context
from app.api.conventions.ids import encode
from app.api.conventions.node import Node
from app.api.conventions.pagination import PageInfo, PageWindow, encode_cursor
from app.domain.programs.location import Location as LocationEntity
from app.queries.programs.locations import location_page, locations_by_key


@strawberry.type(description="A location where purchases are made. Every access key of the program can read it.")
class Location(Node):
    """A shop or branch with its own time zone."""

    number: strawberry.Private[int]
    id: strawberry.ID = strawberry.field(description="Opaque id; purchases and baskets name it.")
    key: str = strawberry.field(description="The owner's name for it, which the terms use.")
    name: str = strawberry.field(description="What customers call it; unique in the program.")
    time_zone: str = strawberry.field(description="The IANA zone whose wall clock the rules go by for its purchases.")
    address: str | None = strawberry.field(description="Where it is, as text; null where it is not known.")

    @classmethod
    def of(cls, entity: LocationEntity) -> Location:
        """The GraphQL object for a stored location."""
        return cls(
            number=entity.number,
            id=strawberry.ID(encode("Location", entity.id)),
            key=entity.key,
            name=entity.name,
            time_zone=entity.zone,
            address=entity.address,
        )


@strawberry.type(description="A location with its cursor.")
class LocationEdge:
    """An edge of the connection."""

    cursor: str = strawberry.field(description="Opaque cursor, for `after` and `before`.")
    node: Location = strawberry.field(description="The location.")


@strawberry.type(description="A page of locations, in the order in which they were opened.")
class LocationConnection:
    """A connection."""

    nodes: list[Location] = strawberry.field(description="The locations alone.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages before and after.")

    @strawberry.field(description="The locations with their cursors.")
    def edges(self) -> list[LocationEdge]:
        """Each location with its cursor."""
        return [LocationEdge(cursor=encode_cursor(node.number), node=node) for node in self.nodes]


async def location_connection(*, window: PageWindow, context: Context) -> LocationConnection:
    """A page of the program's locations."""
    page = await context.query(
        location_page, size=window.size, after=window.after, before=window.before, from_end=window.from_end
    )
    nodes = [Location.of(location) for location in page.locations]
    cursors = [encode_cursor(node.number) for node in nodes]
    return LocationConnection(
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.more_after,
            has_previous_page=page.more_before,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )


async def location_by_key(key: str, *, context: Context) -> Location | None:
    """The location with this key, as it is now; None if there is none."""
    location = await context.load(locations_by_key, key)
    return Location.of(location) if location is not None else None
