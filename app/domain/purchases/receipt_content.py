"""The content of a receipt, however it is spelled: 4.0 equals 4.00, and a default equals an omitted field."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from app.domain.names import normalised_identifier
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line


def fingerprint(facts: PurchaseFacts) -> str:
    """A digest of a receipt without its number, time and customer."""
    content = [
        facts.currency,
        facts.channel.value if facts.channel is not None else None,
        facts.location,
        [_number_text(facts.exchange_rate.rate), facts.exchange_rate.target_currency]
        if facts.exchange_rate is not None
        else None,
        [_line_content(line) for line in facts.lines],
        sorted([payment.kind.value, str(payment.amount), payment.redemption_id or ""] for payment in facts.payments),
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _line_content(line: Line) -> list[Any]:
    return [
        normalised_identifier(line.sku),
        normalised_identifier(line.name) if line.name is not None else None,
        sorted(set(map(normalised_identifier, line.categories))),
        _number_text(line.quantity),
        line.unit_price,
        line.discount,
        # Without a tax it does not matter whether the price includes it.
        [_number_text(line.tax_rate), line.tax_included] if line.tax_rate else None,
        line.kind.value,
    ]


def _number_text(number: Decimal) -> str:
    """The one spelling of a number, the same for equal numbers and exact."""
    numerator, denominator = number.as_integer_ratio()
    return f"{numerator}/{denominator}"
