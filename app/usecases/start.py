"""Start a program: its record, its first keys, and the rewards and terms of a template."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.terms import Terms
from app.store import access_keys, programs, rewards, terms
from app.store.access_keys import AccessKey
from app.store.programs import Program
from app.store.rewards import Reward
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class NewKey:
    """An access key as it is handed out, once: `token` is the secret that is shown and never kept."""

    key: AccessKey
    token: str


def make_key(
    *, program_id: str, id: str, role: Role, label: str, created_at: datetime, customer_id: str | None = None
) -> NewKey:
    """A new random key of 256 bits; the token names program and key, so that one look-up finds it."""
    secret = secrets.token_urlsafe(32)
    token = f"troth_{role.value.lower()}_{id.replace('-', '')}_{secret}"
    key = AccessKey(
        id=id,
        program_id=program_id,
        role=role,
        secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
        customer_id=customer_id,
        label=label,
        created_at=created_at,
    )
    return NewKey(key=key, token=token)


@dataclass(frozen=True, slots=True)
class NewProgram:
    """A program with everything it starts with."""

    program: Program
    keys: Sequence[NewKey]
    rewards: Sequence[Reward]
    terms: Terms | None
    terms_id: str


async def start(session: Session, *, order: NewProgram) -> None:
    """Write the program, its keys, rewards and first terms in one transaction."""
    program = order.program
    await programs.create(session, program=program)
    for new in order.keys:
        await access_keys.issue(session, key=new.key)
    for reward in order.rewards:
        await rewards.create(session, program_id=program.id, reward=reward)
    if order.terms is not None:
        await terms.publish(
            session,
            program_id=program.id,
            id=order.terms_id,
            terms=order.terms,
            published_at=program.created_at,
        )


async def issue_key(session: Session, *, new: NewKey) -> None:
    """Hand out one more key of a program."""
    await access_keys.issue(session, key=new.key)
