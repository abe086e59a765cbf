"""Access keys: who may call, as what. Only a digest of the secret is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key. `customer_id` is there for the role CUSTOMER and for no other."""

    id: str
    program_id: str
    role: Role
    secret_hash: str
    customer_id: str | None
    label: str
    created_at: datetime
    revoked_at: datetime | None = None


async def issue(session: Session, *, key: AccessKey) -> None:
    """Keep a new key."""
    raise NotImplementedError


async def find(session: Session, *, key_id: str, program_id: str | None = None) -> AccessKey | None:
    """The key with this id, revoked ones too, or None."""
    raise NotImplementedError


async def revoke(session: Session, *, program_id: str, key_id: str, at: datetime) -> bool:
    """Revoke a key; False when there is no such key or it was revoked before."""
    raise NotImplementedError
