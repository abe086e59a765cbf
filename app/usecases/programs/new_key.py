"""A new access key with its secret."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.programs.access_key import AccessKey
from app.domain.programs.key_tokens import format_token, hash_of_secret


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new access key: `token` contains the secret, which is shown once and never stored."""

    key: AccessKey
    token: str


def make_key(
    *,
    program_id: str,
    id: str,
    number: int,
    role: Role,
    label: str,
    created_at: datetime,
    customer_id: str | None = None,
    expires_at: datetime | None = None,
    replaces_id: str | None = None,
    actor: str | None = None,
) -> NewKey:
    """A new random key of 256 bits; the token contains its own id, so that one look-up finds it.

    `customer_id`: with the role CUSTOMER, the customer whose key it is; with any other role, the customer record of its
    holder.
    """
    secret = secrets.token_urlsafe(32)
    key = AccessKey(
        id=id,
        program_id=program_id,
        role=role,
        secret_hash=hash_of_secret(secret),
        customer_id=customer_id if role is Role.CUSTOMER else None,
        label=label,
        created_at=created_at,
        number=number,
        expires_at=expires_at,
        own_customer_id=customer_id if role is not Role.CUSTOMER else None,
        replaces_id=replaces_id,
        actor=actor,
    )
    return NewKey(key=key, token=format_token(role, access_key_id=id, secret=secret))
