"""Access keys: who may call, in which role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key. `customer_id` is set for the role CUSTOMER only.

    `holder_id` is the customer record of the holder of any other key, where it is known.
    """

    id: str
    program_id: str
    role: Role
    secret_hash: str
    customer_id: str | None
    label: str
    created_at: datetime
    revoked_at: datetime | None = None
    holder_id: str | None = None
