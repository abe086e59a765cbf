"""Replace an access key by a new one of the same role; the old one keeps working for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from app.domain.details import detail_of, range_detail
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.access_key import DEFAULT_OVERLAP, MAX_OVERLAP, AccessKeyState
from app.store.database.session import Session
from app.store.programs import access_keys
from app.usecases.command import CommandContext, use_case
from app.usecases.programs.new_key import make_key
from app.usecases.results import NOT_STORED, CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class RotateAccessKey:
    """The key (id) to replace, and for how long it keeps working."""

    access_key_id: str
    overlap: timedelta = DEFAULT_OVERLAP


@stored_as("access_key_rotated")
@dataclass(frozen=True, slots=True, kw_only=True)
class RotateAccessKeyResult(CommandResult):
    """The new key and the one that it replaces; `token` is None if the command is repeated."""

    access_key_id: str
    replaced_id: str
    token: str | None = field(default=None, repr=False, metadata=NOT_STORED)


@use_case(RotateAccessKeyResult)
async def run(
    session: Session, *, context: CommandContext, command: RotateAccessKey
) -> RotateAccessKeyResult | Problem:
    """Store the new key and let the old one expire. The new one lasts as long as the old one was meant to."""
    if not timedelta(0) <= command.overlap <= MAX_OVERLAP:
        allowed_minutes = range_detail(0, MAX_OVERLAP // timedelta(minutes=1))
        return Problem(ProblemCode.INVALID_INPUT, path=("overlapMinutes",), detail=allowed_minutes)
    # Numbering locks out other rotations of the key, too.
    number = await access_keys.next_number(session)
    old_key = await access_keys.find(session, access_key_id=command.access_key_id)
    if old_key is None:
        return Problem(ProblemCode.ACCESS_KEY_NOT_FOUND, path=("accessKey",))
    now = context.received_at
    if old_key.state(now) is not AccessKeyState.ACTIVE:
        return Problem(ProblemCode.ACCESS_KEY_ENDED, path=("accessKey",), detail=detail_of("KEY_ENDED"))
    if old_key.id in await access_keys.successors(session, access_key_ids=[old_key.id]):
        return Problem(ProblemCode.ACCESS_KEY_ENDED, path=("accessKey",), detail=detail_of("KEY_REPLACED"))
    new_key = make_key(
        program_id=context.program_id,
        id=context.new_id(),
        number=number,
        role=old_key.role,
        label=old_key.label,
        created_at=now,
        customer_id=old_key.customer_id or old_key.own_customer_id,
        expires_at=old_key.successor_expires_at(now),
        replaces_id=old_key.id,
        actor=context.actor,
    )
    await access_keys.issue(session, key=new_key.key)
    overlap_ends_at = now + command.overlap
    await access_keys.expire(
        session,
        access_key_id=old_key.id,
        at=overlap_ends_at if old_key.expires_at is None else min(old_key.expires_at, overlap_ends_at),
    )
    return RotateAccessKeyResult(access_key_id=new_key.key.id, replaced_id=old_key.id, token=new_key.token)
