"""The holder of the access key, and the key's program."""

from __future__ import annotations

import strawberry

from app.api.conventions.context import Info
from app.api.types.customers.customer import Customer
from app.api.types.programs.program import Program, program_of
from app.domain.access import Role
from app.queries.customers import customers


@strawberry.type(description="The holder of the access key.")
class Viewer:
    """The caller."""

    role: Role = strawberry.field(description="What the key may do.")

    @strawberry.field(description="The program that the key opens.")
    def program(self, info: Info) -> Program:
        """The program of the access key."""
        return program_of(info)

    @strawberry.field(description="The customer whose key it is; null for any other role.")
    async def customer(self, info: Info) -> Customer | None:
        """The customer whose key it is, as they are now."""
        own_id = info.context.principal.customer_id
        customer = (
            await info.context.load(customers.customers_as_of, own_id, at=info.context.now)
            if own_id is not None
            else None
        )
        return Customer.of(customer) if customer is not None else None
