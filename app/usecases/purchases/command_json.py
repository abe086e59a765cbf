"""Commands as JSON, as they are stored in quarantine and with pending exchanges; without the customer's identities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.quarantine import QuarantinedRecord
from app.domain.purchases.receipt_numbers import ReceiptOrigin, ReceiptReference
from app.usecases.purchases.commands import ReceiptToRecord, RecordPurchase, RecordRefund


def origin_data(origin: ReceiptOrigin) -> dict[str, Any]:
    """The location and time at which a number was used, as JSON."""
    return {"location": origin.location, "at": origin.at.isoformat(), "zone": origin.zone}


def origin_of(item: QuarantinedRecord) -> ReceiptOrigin:
    """The location and time at which the number of a receipt in quarantine was used."""
    return origin_from(item.command["origin"])


def origin_from(data: Mapping[str, Any]) -> ReceiptOrigin:
    """The location and time at which a number was used, from JSON."""
    return ReceiptOrigin(data["location"], datetime.fromisoformat(data["at"]), data["zone"])


def receipt_data(command: RecordPurchase | ReceiptToRecord) -> dict[str, Any]:
    """A receipt without its customer, as JSON."""
    return {
        "external_id": command.external_id,
        "facts": command.facts.to_data(),
        "location_id": command.location_id,
        "completion": command.completion,
    }


def receipt_of(data: Mapping[str, Any], *, at: datetime) -> ReceiptToRecord:
    """The receipt from JSON, to be booked at the time `at`; its number counts as used when the receipt was sent."""
    facts = PurchaseFacts.from_data(data["facts"])
    return ReceiptToRecord(
        external_id=data["external_id"],
        facts=replace(facts, occurred_at=at),
        location_id=data["location_id"],
        completion=data["completion"],
        number_used_at=facts.occurred_at,
    )


def refund_data(command: RecordRefund) -> dict[str, Any]:
    """A refund as JSON."""
    lines, receipt = None, None
    if command.lines is not None:
        lines = {str(line): str(quantity) if quantity is not None else None for line, quantity in command.lines.items()}
    if (reference := command.receipt) is not None:
        receipt = {
            "number": reference.number,
            "location_id": reference.location_id,
            "day": reference.day.isoformat() if reference.day is not None else None,
        }
    return {
        "purchase_id": command.purchase_id,
        "receipt": receipt,
        "lines": lines,
        "occurred_at": command.occurred_at.isoformat(),
        "external_id": command.external_id,
        "reason": command.reason,
        "fingerprint": command.fingerprint,
        "amounts": {str(line): str(amount) for line, amount in command.amounts.items()},
        "amount": str(command.amount) if command.amount is not None else None,
    }


def refund_of(data: Mapping[str, Any], *, at: datetime) -> RecordRefund:
    """The refund from JSON, to be booked at the time `at`; its number counts as used when the refund was sent."""
    return RecordRefund(
        purchase_id=data["purchase_id"],
        receipt=_reference_of(data["receipt"]),
        lines=_lines(data["lines"]),
        occurred_at=at,
        external_id=data["external_id"],
        reason=data["reason"],
        fingerprint=data["fingerprint"],
        amounts={int(line): Decimal(amount) for line, amount in data["amounts"].items()},
        amount=Decimal(data["amount"]) if data["amount"] is not None else None,
        number_used_at=datetime.fromisoformat(data["occurred_at"]),
    )


def _reference_of(data: Mapping[str, Any] | None) -> ReceiptReference | None:
    if data is None:
        return None
    day = date.fromisoformat(data["day"]) if data["day"] is not None else None
    return ReceiptReference(data["number"], data["location_id"], day)


def _lines(data: Mapping[str, str | None] | None) -> dict[int, Decimal | None] | None:
    if data is None:
        return None
    return {int(line): Decimal(quantity) if quantity is not None else None for line, quantity in data.items()}
