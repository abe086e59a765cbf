"""The access key with which something was recorded."""

from __future__ import annotations

import strawberry

from app.api.conventions.context import Info
from app.domain.access import Permission, Role
from app.domain.ledger.entry_reasons import Actor as ActorEntity
from app.queries.ledger import entry_reasons


@strawberry.type(description="An access key with which something was recorded. Seen by the owner.")
class Actor:
    """The key, its role and its label."""

    key: str = strawberry.field(description="The id of the access key, as it stands in its token.")
    role: Role = strawberry.field(description="The role of the access key.")
    label: str = strawberry.field(description="What the owner called the access key.")

    @classmethod
    def of(cls, entity: ActorEntity) -> Actor:
        """The GraphQL object for a stored access key."""
        return cls(key=entity.key_id, role=entity.role, label=entity.label)


async def load_actor(key_id: str | None, *, info: Info) -> Actor | None:
    """The access key with this id; None without an id, and for callers who may not read it."""
    if key_id is None or not info.context.principal.may(Permission.READ_ACTORS):
        return None
    actor = await info.context.load(entry_reasons.actors, key_id)
    return Actor.of(actor) if actor is not None else None
