"""Access keys: who may call, in which role, and until when.

All their times are by the server's clock: advancing the clock of a sandbox ends no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.access import Role
from app.domain.details import Detail, detail_of

MAX_CUSTOMER_KEY_LIFETIME = timedelta(days=366)
"""The longest lifetime of a customer's key: the phone that holds it may be lost."""

MAX_LABEL_LENGTH = 100
"""The most characters of a label."""

MAX_OVERLAP = timedelta(days=30)
"""The longest time for which a key may still be used after it was rotated."""

DEFAULT_OVERLAP = timedelta(days=1)


class AccessKeyState(StrEnum):
    """Whether a key can be used, and if not, why."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key.

    `customer_id` is the customer whose key it is, set for the role CUSTOMER only. For other roles, `own_customer_id` is
    the customer record of the person who holds the key, if it is known. `number` counts the keys of the program.
    `replaces_id` is the key that this one replaces by a rotation. `actor` is the key with which this one was made
    (None: the command line). `last_used_at` is exact to the minute.
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
        """The state of the key at an instant of the server's clock."""
        if self.revoked_at is not None:
            return AccessKeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= at:
            return AccessKeyState.EXPIRED
        return AccessKeyState.ACTIVE

    def successor_expires_at(self, at: datetime) -> datetime | None:
        """When a key that replaces this one from `at` on expires: it lasts as long as this one. None: it does not expire."""
        return at + (self.expires_at - self.created_at) if self.expires_at is not None else None


def label_error(label: str) -> Detail | None:
    """Why a label is not valid; None if it is."""
    if len(label) > MAX_LABEL_LENGTH or not (label == "" or label.isprintable()):
        return detail_of("LABEL", most=MAX_LABEL_LENGTH)
    return None


def expiry_error(role: Role, *, expires_at: datetime | None, now: datetime) -> Detail | None:
    """Why `expires_at` is not valid for a new key; None if it is. A customer's key must expire."""
    if expires_at is None:
        return detail_of("KEY_EXPIRY_REQUIRED") if role is Role.CUSTOMER else None
    if expires_at <= now:
        return detail_of("KEY_EXPIRY_PAST")
    if role is Role.CUSTOMER and expires_at > now + MAX_CUSTOMER_KEY_LIFETIME:
        return detail_of("KEY_LIFETIME", days=MAX_CUSTOMER_KEY_LIFETIME.days)
    return None
