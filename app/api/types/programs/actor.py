"""The access key with which something was recorded."""

from __future__ import annotations

import strawberry

from app.api.conventions.context import Info
from app.domain.access import Permission, Role
from app.domain.ledger.entry_reasons import Actor as ActorEntity
from app.queries.ledger import entry_reasons


@strawberry.type(description="An access key that somebody used. Seen by the owner.")
class Actor:
    """The key and its role."""

    key: str = strawberry.field(description="The id of the access key, as it stands in its token.")
    role: Role = strawberry.field(description="Its role.")
    label: str = strawberry.field(description="What the owner called it.")

    @classmethod
    def of(cls, entity: ActorEntity) -> Actor:
        """The GraphQL object for a stored access key."""
        return cls(key=entity.key_id, role=entity.role, label=entity.label)


async def load_actor(key_id: str | None, *, info: Info) -> Actor | None:
    """The access key of an id; None without one, and for callers who may not read it."""
    if key_id is None or not info.context.principal.may(Permission.READ_ACTORS):
        return None
    found = await info.context.load(entry_reasons.actors, key_id)
    return Actor.of(found) if found is not None else None
