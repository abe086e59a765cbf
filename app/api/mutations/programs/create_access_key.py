"""createAccessKey: the owner creates a key of any role, or an app's own server one for a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.types.access_key import AccessKey, load_access_key
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.domain.access import Permission, Role
from app.domain.problems import Problem
from app.domain.programs.access_key import MAX_CUSTOMER_KEY_LIFETIME, MAX_LABEL_LENGTH
from app.usecases.programs import create_access_key
from app.usecases.programs.create_access_key import CreateAccessKey, CreateAccessKeyResult


@strawberry.input(description="An access key to create.")
class CreateAccessKeyInput(CommandInput):
    """The role of the key, and what tells it apart."""

    role: Role = strawberry.field(
        description="What the key may do. A key of the role INTEGRATION creates keys of the role CUSTOMER only."
    )
    label: str = strawberry.field(
        default="", description=f"Who or what uses it, at most {MAX_LABEL_LENGTH} characters, for the list of keys."
    )
    customer: CustomerBy | None = strawberry.field(
        default=None,
        description="With the role CUSTOMER, the customer whose key it is, by id or any identity. With any other role, the customer record of the key's holder, to which the key can then do nothing by hand.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None,
        description=f"When it ends without being revoked, by the server's clock. Required for a customer's key, at most {MAX_CUSTOMER_KEY_LIFETIME.days} days from now; any other key lasts by default until it is revoked.",
    )


@strawberry.type(description="Result of `createAccessKey`.")
class CreateAccessKeyPayload(Payload[CreateAccessKeyResult]):
    """The new key, and its token once."""

    @classmethod
    async def of(cls, result: CreateAccessKeyResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result)

    @strawberry.field(
        description="What the holder sends as `Authorization: Bearer …`: in the first answer only. It is stored nowhere, so a repetition of the idempotency key answers null here: if the first answer was lost, revoke the key and create another."
    )
    def token(self) -> str | None:
        """The secret."""
        return self.result.token if self.result is not None else None

    @strawberry.field(description="The new key, as it is now.")
    async def access_key(self, info: Info) -> AccessKey | None:
        """Null where the command was rejected."""
        return await load_access_key(self.result.access_key_id, context=info.context) if self.result else None


async def resolve(
    info: Info,
    input: Annotated[CreateAccessKeyInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> CreateAccessKeyPayload | None:
    """Create a key: the owner one of any role, a key of the role INTEGRATION one for a customer."""
    permission = Permission.MANAGE_CUSTOMER_KEYS if input.role is Role.CUSTOMER else Permission.MANAGE_KEYS
    info.context.require(permission)
    return await mutate(
        CreateAccessKeyPayload,
        create_access_key.run,
        _command(input, context=info.context),
        permission=permission,
        input=input,
        info=info,
    )


def _command(input: CreateAccessKeyInput, *, context: Context) -> CreateAccessKey | Problem:
    customer = customer_reference_of(input.customer, context=context) if input.customer is not None else None
    if isinstance(customer, Problem):
        return customer
    return CreateAccessKey(role=input.role, label=input.label.strip(), customer=customer, expires_at=input.expires_at)
