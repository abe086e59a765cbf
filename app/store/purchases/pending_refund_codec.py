"""Pending refunds and exchanges as rows with JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.problems import ProblemCode
from app.domain.purchases.pending_refund import NewReceipt, PendingRefund, PendingRefundState
from app.domain.purchases.receipt_numbers import NumberSpace, ReceiptReference
from app.store.database.codecs import instant, instant_or_none, json_value
from app.store.database.session import Row


def content_of(refund: PendingRefund) -> dict[str, Any]:
    """What was sent for a refund or exchange and has no column of its own, as JSON data."""
    lines = None
    if refund.lines is not None:
        lines = {str(line): str(quantity) if quantity is not None else None for line, quantity in refund.lines.items()}
    return {
        "lines": lines,
        "amounts": {str(line): str(amount) for line, amount in refund.amounts.items()},
        "amount": str(refund.amount) if refund.amount is not None else None,
        "reason": refund.reason,
        "fingerprint": refund.fingerprint,
        "location": refund.receipt.location_id,
        "day": refund.receipt.day.isoformat() if refund.receipt.day is not None else None,
        **({"new_receipt": _new_receipt_data(refund.new_receipt)} if refund.new_receipt is not None else {}),
        **({"number_used_at": refund.number_used_at.isoformat()} if refund.number_used_at is not None else {}),
    }


def _new_receipt_data(new_receipt: NewReceipt) -> dict[str, Any]:
    return {
        "sender_customer_id": new_receipt.sender_customer_id,
        "content_digest": new_receipt.content_digest,
        "receipt": new_receipt.command_data,
    }


def _new_receipt(row: Row, *, content: Mapping[str, Any]) -> NewReceipt | None:
    if (data := content.get("new_receipt")) is None:
        return None
    return NewReceipt(
        row["new_receipt_number"],
        row["new_receipt_customer_id"],
        data["sender_customer_id"],
        data["content_digest"],
        data["receipt"],
    )


def pending_refund_of(row: Row) -> PendingRefund:
    """The pending refund or exchange that a row holds."""
    content = json_value(row["content"])
    lines = content["lines"]
    return PendingRefund(
        id=row["id"],
        receipt=ReceiptReference(
            row["receipt"], content.get("location"), date.fromisoformat(content["day"]) if content.get("day") else None
        ),
        external_id=row["external_id"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        lines=None
        if lines is None
        else {int(line): Decimal(quantity) if quantity is not None else None for line, quantity in lines.items()},
        reason=content["reason"],
        fingerprint=content["fingerprint"],
        amounts={int(line): Decimal(amount) for line, amount in content["amounts"].items()},
        amount=Decimal(content["amount"]) if content["amount"] is not None else None,
        state=PendingRefundState(row["state"]),
        refund_id=row["refund_id"],
        space=NumberSpace(row["number_location"], row["number_day"]),
        dismissed_at=instant_or_none(row["dismissed_at"]),
        dismissed_by=row["dismissed_by"],
        dismissal_reason=row["dismissed_because"],
        new_receipt=_new_receipt(row, content=content),
        rejection_code=ProblemCode(row["rejected_with"]) if row["rejected_with"] is not None else None,
        number_used_at=datetime.fromisoformat(content["number_used_at"]) if "number_used_at" in content else None,
    )
