"""Access keys as the owner sees them, always without their secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import After, Before, First, Last
from app.api.conventions.context import Context, Info
from app.api.conventions.enums import register_enum
from app.api.conventions.ids import encode
from app.api.conventions.node import Node
from app.api.conventions.pagination import PageInfo, encode_cursor, page_window
from app.api.types.customers.customer import Customer
from app.domain.access import Permission, Role
from app.domain.programs.access_key import AccessKey as AccessKeyEntity
from app.domain.programs.access_key import AccessKeyState
from app.queries.customers import customers
from app.queries.programs.access_keys import access_key_page, access_keys_by_id

register_enum(
    AccessKeyState,
    "Whether an access key opens the program.",
    {
        AccessKeyState.ACTIVE: "It opens the program.",
        AccessKeyState.EXPIRED: "It has reached its `expiresAt`, or was replaced and the overlap is over.",
        AccessKeyState.REVOKED: "Somebody revoked it.",
    },
)


@strawberry.type(
    description="An access key, without its secret. For the owner; keys of the role INTEGRATION see customers' keys."
)
class AccessKey(Node):
    """All times of a key are by the server's clock, which a sandbox does not move."""

    entity: strawberry.Private[AccessKeyEntity]
    id: strawberry.ID = strawberry.field(description="Opaque id; not the key itself.")
    role: Role = strawberry.field(description="What the key may do.")
    label: str = strawberry.field(description="Who or what uses it, as it was named when it was created.")
    state: AccessKeyState = strawberry.field(description="Whether it opens the program now.")
    created_at: datetime = strawberry.field(description="When it was created, by the server's clock.")
    expires_at: datetime | None = strawberry.field(
        description="When it ends without being revoked, by the server's clock; null if it does not."
    )
    revoked_at: datetime | None = strawberry.field(description="When it was revoked; null where it was not.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to the minute and up to two minutes late; null where it never was."
    )

    @classmethod
    def of(cls, entity: AccessKeyEntity, *, context: Context) -> AccessKey:
        """The GraphQL object for a stored key."""
        return cls(
            entity=entity,
            id=strawberry.ID(encode("AccessKey", entity.id)),
            role=entity.role,
            label=entity.label,
            state=entity.state(context.application.server_now()),
            created_at=entity.created_at,
            expires_at=entity.expires_at,
            revoked_at=entity.revoked_at,
            last_used_at=entity.last_used_at,
        )

    @strawberry.field(
        description="With the role CUSTOMER, the customer whose key it is; with any other role, the customer record of its holder. Null where there is none or the caller may not see the customer."
    )
    async def customer(self, info: Info) -> Customer | None:
        """The customer as they are now."""
        customer_id = self.entity.customer_id or self.entity.own_customer_id
        if customer_id is None or not info.context.principal.may_see_customer(customer_id):
            return None
        customer = await info.context.load(customers.customers_as_of, customer_id, at=info.context.now)
        return Customer.of(customer) if customer is not None else None

    @strawberry.field(description="The key that this one was made for by `rotateAccessKey`; null otherwise.")
    async def replaces(self, info: Info) -> AccessKey | None:
        """The old key of a rotation."""
        return await load_access_key(self.entity.replaces_id, context=info.context)

    @strawberry.field(
        description="The key with which this one was created; null for the command line, and where the caller may not see it."
    )
    async def created_by(self, info: Info) -> AccessKey | None:
        """Who created it."""
        return await load_access_key(self.entity.actor, context=info.context)


@strawberry.type(description="An access key with its cursor.")
class AccessKeyEdge:
    """An edge of the connection."""

    cursor: str = strawberry.field(description="Opaque cursor, for `after` and `before`.")
    node: AccessKey = strawberry.field(description="The access key.")


@strawberry.type(description="A page of access keys, in the order in which they were created.")
class AccessKeyConnection:
    """A connection."""

    nodes: list[AccessKey] = strawberry.field(description="The access keys alone.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages before and after.")

    @strawberry.field(description="The access keys with their cursors.")
    def edges(self) -> list[AccessKeyEdge]:
        """Each key with its cursor."""
        return [AccessKeyEdge(cursor=encode_cursor(node.entity.number), node=node) for node in self.nodes]


@strawberry.type(description="Queries about access keys.")
class AccessKeyQueries:
    """Fields of `Query`."""

    @strawberry.field(
        description="The access keys of the program, in the order in which they were created, without their secrets. `first` or `last`: 1 to 100, default 20. For the owner."
    )
    async def access_keys(
        self,
        info: Info,
        role: Annotated[Role | None, strawberry.argument(description="Only keys of this role; null: all.")] = None,
        state: Annotated[
            AccessKeyState | None, strawberry.argument(description="Only keys in this state; null: all.")
        ] = AccessKeyState.ACTIVE,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> AccessKeyConnection | None:
        """A page of the program's access keys."""
        context = info.context
        context.require(Permission.MANAGE_KEYS)
        window = page_window(first=first, after=after, last=last, before=before)
        page = await context.query(
            access_key_page,
            role=role,
            state=state,
            at=context.application.server_now(),
            size=window.size,
            after=window.after,
            before=window.before,
            from_end=window.from_end,
        )
        nodes = [AccessKey.of(key, context=context) for key in page.keys]
        cursors = [encode_cursor(key.number) for key in page.keys]
        return AccessKeyConnection(
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=page.more_after,
                has_previous_page=page.more_before,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
        )


async def load_access_key(id: str | None, *, context: Context) -> AccessKey | None:
    """The key with this id, as it is now; None if there is none, or the caller may not see it."""
    principal = context.principal
    if id is None or not principal.may(Permission.MANAGE_CUSTOMER_KEYS):
        return None
    key = await context.load(access_keys_by_id, id)
    if key is None or not (principal.may(Permission.MANAGE_KEYS) or key.role is Role.CUSTOMER):
        return None
    return AccessKey.of(key, context=context)
