"""End an access key at once."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.access import Permission, Role
from app.domain.problems import Problem, ProblemCode
from app.store.database.session import Session
from app.store.programs import access_keys
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class RevokeAccessKey:
    """The key (id) to end."""

    access_key_id: str


@stored_as("access_key_revoked")
@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAccessKeyResult(CommandResult):
    """The key that is no longer accepted."""

    access_key_id: str


@use_case(RevokeAccessKeyResult)
async def run(
    session: Session, *, context: CommandContext, command: RevokeAccessKey
) -> RevokeAccessKeyResult | Problem:
    """Store when the key was revoked; a key that was revoked before stays as it is."""
    key = await access_keys.find(session, access_key_id=command.access_key_id)
    caller = context.principal
    may_end_only_customer_keys = caller is not None and not caller.may(Permission.MANAGE_KEYS)
    if key is None or (may_end_only_customer_keys and key.role is not Role.CUSTOMER):
        return Problem(ProblemCode.ACCESS_KEY_NOT_FOUND, path=("accessKey",))
    await access_keys.revoke(session, access_key_id=key.id, at=context.received_at)
    return RevokeAccessKeyResult(access_key_id=key.id)
