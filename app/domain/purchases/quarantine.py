"""Quarantine: receipts with a business time that cannot be right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.purchases.implausible_time import ImplausibleTime


class QuarantineKind(StrEnum):
    """The kind of receipt in quarantine."""

    PURCHASE = "PURCHASE"
    REFUND = "REFUND"
    EXCHANGE = "EXCHANGE"


class QuarantineState(StrEnum):
    """Whether staff have settled a receipt in quarantine, and how."""

    PENDING = "PENDING"
    BOOKED = "BOOKED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A receipt in quarantine.

    - `external_id`: the number of the receipt, given by `source`; None for a refund without a number;
    - `sequence`: counts the receipts of the program that came into quarantine;
    - `command_text`: the whole command as JSON, without the customer's identities. In their place is `customer_id`,
      None for a refund of an unknown purchase;
    - `occurred_at`: the implausible business time; `booked_for`: the business time with which staff booked the receipt;
    - `settled_at`, `settled_by` (the access key), `settlement_reason`: when staff booked or dismissed the receipt, who
      and why;
    - `purchase_id`, `refund_id`, `pending_refund_id`: what was booked.
    """

    id: str
    sequence: int
    kind: QuarantineKind
    source: str
    external_id: str | None
    fingerprint: str
    customer_id: str | None
    implausible_time: ImplausibleTime
    occurred_at: datetime
    recorded_at: datetime
    actor: str | None
    command_text: str
    state: QuarantineState = QuarantineState.PENDING
    settled_at: datetime | None = None
    settled_by: str | None = None
    settlement_reason: str | None = None
    booked_for: datetime | None = None
    purchase_id: str | None = None
    refund_id: str | None = None
    pending_refund_id: str | None = None

    @property
    def command(self) -> Mapping[str, Any]:
        """The command as it was sent."""
        command: Mapping[str, Any] = json.loads(self.command_text)
        return command
