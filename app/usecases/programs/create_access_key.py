"""Create an access key. Its token is only in the first answer, because it is not stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.access_key import expiry_error, label_error
from app.store.customers import customers
from app.store.database.session import Session
from app.store.programs import access_keys
from app.usecases.command import CommandContext, use_case
from app.usecases.programs.new_key import make_key
from app.usecases.results import NOT_STORED, CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class CreateAccessKey:
    """The role and the label of a new key; `expires_at` is an instant of the server's clock, None: never.

    `customer`: with the role CUSTOMER, the customer whose key it is; with any other role, the customer record of its holder.
    """

    role: Role
    label: str
    customer: CustomerReference | None
    expires_at: datetime | None


@stored_as("access_key_created")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccessKeyResult(CommandResult):
    """The new key; `token` is None if the command is repeated."""

    access_key_id: str
    token: str | None = field(default=None, repr=False, metadata=NOT_STORED)


@use_case(CreateAccessKeyResult)
async def run(
    session: Session, *, context: CommandContext, command: CreateAccessKey
) -> CreateAccessKeyResult | Problem:
    """Store the key. Its times are those of the server's clock, even in a sandbox."""
    label_fault = label_error(command.label)
    if label_fault is not None:
        return Problem(ProblemCode.INVALID_INPUT, path=("label",), detail=label_fault)
    expiry_fault = expiry_error(command.role, expires_at=command.expires_at, now=context.received_at)
    if expiry_fault is not None:
        return Problem(ProblemCode.INVALID_INPUT, path=("expiresAt",), detail=expiry_fault)
    if command.customer is None and command.role is Role.CUSTOMER:
        return Problem(ProblemCode.INVALID_INPUT, path=("customer",), detail=detail_of("KEY_NEEDS_CUSTOMER"))
    customer = await customers.find(session, by=command.customer) if command.customer is not None else None
    if command.customer is not None and customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    new_key = make_key(
        program_id=context.program_id,
        id=context.new_id(),
        number=await access_keys.next_number(session),
        role=command.role,
        label=command.label,
        created_at=context.received_at,
        customer_id=customer.id if customer is not None else None,
        expires_at=command.expires_at,
        actor=context.actor,
    )
    await access_keys.issue(session, key=new_key.key)
    return CreateAccessKeyResult(access_key_id=new_key.key.id, token=new_key.token)
