"""Access keys: who may call, in which role, and until when.

All their times are of the server's clock: moving the clock of a sandbox ends no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.access import Role
from app.domain.details import Detail, detail

MAX_CUSTOMER_KEY_LIFETIME = timedelta(days=366)
"""How long a customer's key may last: it is on a phone, which may be lost."""

MAX_LABEL = 100
"""Characters of a label."""

MAX_OVERLAP = timedelta(days=30)
"""How long a key may keep working after it was rotated."""

DEFAULT_OVERLAP = timedelta(days=1)


class AccessKeyState(StrEnum):
    """Whether a key opens the program."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key. `customer_id` is set for the role CUSTOMER only.

    `number` is its place among the keys of the program. `own_customer_id` is the customer record of the holder of any other
    key, where it is known. `replaces_id` is the key that this one was made for by a rotation, `actor` the key it was made
    with (None: the command line). `last_used_at` is exact to the minute.
    """

    id: str
    program_id: str
    role: Role
    secret_hash: str
    customer_id: str | None
    label: str
    created_at: datetime
    number: int
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    own_customer_id: str | None = None
    replaces_id: str | None = None
    actor: str | None = None
    last_used_at: datetime | None = None

    def state(self, at: datetime) -> AccessKeyState:
        """Whether the key opens the program at an instant of the server's clock."""
        if self.revoked_at is not None:
            return AccessKeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= at:
            return AccessKeyState.EXPIRED
        return AccessKeyState.ACTIVE

    def expiry_of_successor(self, at: datetime) -> datetime | None:
        """When a key that replaces this one from an instant on expires: after as long as this one was meant to last."""
        return at + (self.expires_at - self.created_at) if self.expires_at is not None else None


def label_error(label: str) -> Detail | None:
    """Why a label cannot be stored, or None."""
    if len(label) > MAX_LABEL or not (label == "" or label.isprintable()):
        return detail("LABEL", most=MAX_LABEL)
    return None


def expiry_error(role: Role, *, expires_at: datetime | None, now: datetime) -> Detail | None:
    """Why a new key cannot expire then, or None. A customer's key must expire."""
    if expires_at is None:
        return detail("KEY_EXPIRY_REQUIRED") if role is Role.CUSTOMER else None
    if expires_at <= now:
        return detail("KEY_EXPIRY_PAST")
    if role is Role.CUSTOMER and expires_at > now + MAX_CUSTOMER_KEY_LIFETIME:
        return detail("KEY_LIFETIME", days=MAX_CUSTOMER_KEY_LIFETIME.days)
    return None
