"""The closed list of technical problems: reasons outside the terms to reject a request.

A request with a problem changes nothing. The messages are in the catalogues of `app.domain.i18n` under `error.<CODE>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.details import Detail


class ProblemCode(StrEnum):
    """Every technical problem, in order of precedence."""

    INVALID_INPUT = "INVALID_INPUT"
    INVALID_IDENTITY = "INVALID_IDENTITY"
    REASON_MISSING = "REASON_MISSING"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    SANDBOX_ONLY = "SANDBOX_ONLY"
    CLOCK_SKEW = "CLOCK_SKEW"
    RATE_MISSING = "RATE_MISSING"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    PURCHASE_NOT_FOUND = "PURCHASE_NOT_FOUND"
    PENDING_DEPENDENCY = "PENDING_DEPENDENCY"
    REWARD_NOT_FOUND = "REWARD_NOT_FOUND"
    LOCATION_NOT_FOUND = "LOCATION_NOT_FOUND"
    ACCESS_KEY_NOT_FOUND = "ACCESS_KEY_NOT_FOUND"
    ACCESS_KEY_ENDED = "ACCESS_KEY_ENDED"
    PREVIEW_NOT_FOUND = "PREVIEW_NOT_FOUND"
    REDEMPTION_NOT_FOUND = "REDEMPTION_NOT_FOUND"
    HOLD_NOT_FOUND = "HOLD_NOT_FOUND"
    QUARANTINED_NOT_FOUND = "QUARANTINED_NOT_FOUND"
    SAME_CUSTOMER = "SAME_CUSTOMER"
    OTHER_CUSTOMER = "OTHER_CUSTOMER"
    OWN_CARD = "OWN_CARD"
    ALREADY_MERGED = "ALREADY_MERGED"
    WALLET_SHARED = "WALLET_SHARED"
    BIRTHDAY_KNOWN = "BIRTHDAY_KNOWN"
    IDENTITY_TAKEN = "IDENTITY_TAKEN"
    REWARD_KEY_TAKEN = "REWARD_KEY_TAKEN"
    LOCATION_TAKEN = "LOCATION_TAKEN"
    SLUG_TAKEN = "SLUG_TAKEN"
    RECEIPT_AMBIGUOUS = "RECEIPT_AMBIGUOUS"
    RECEIPT_DIFFERS = "RECEIPT_DIFFERS"
    ORDER_NOT_CANCELLED = "ORDER_NOT_CANCELLED"
    NO_TERMS_IN_FORCE = "NO_TERMS_IN_FORCE"
    UNKNOWN_REWARD_IN_TERMS = "UNKNOWN_REWARD_IN_TERMS"
    UNKNOWN_LOCATION_IN_TERMS = "UNKNOWN_LOCATION_IN_TERMS"
    NOT_ENFORCED_YET = "NOT_ENFORCED_YET"
    NOT_WITHDRAWABLE = "NOT_WITHDRAWABLE"
    TOO_MANY_PREVIEWS = "TOO_MANY_PREVIEWS"
    REWARD_NOT_OFFERED = "REWARD_NOT_OFFERED"
    VARIANT_REQUIRED = "VARIANT_REQUIRED"
    NOT_HELD = "NOT_HELD"
    ALREADY_SETTLED = "ALREADY_SETTLED"
    ALREADY_REVERSED = "ALREADY_REVERSED"
    NOT_FULFILLED = "NOT_FULFILLED"
    REDEMPTION_SPENT = "REDEMPTION_SPENT"
    ALREADY_FULFILLED = "ALREADY_FULFILLED"
    ALREADY_USED = "ALREADY_USED"
    NOT_CANCELLABLE = "NOT_CANCELLABLE"
    NOT_MOVABLE = "NOT_MOVABLE"
    NOTHING_TO_REFUND = "NOTHING_TO_REFUND"
    ABOVE_LIMIT = "ABOVE_LIMIT"
    NOT_ENOUGH_POINTS = "NOT_ENOUGH_POINTS"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is rejected.

    `path` leads to the invalid input: field names and list positions, without the argument `input`. `detail` says what
    is wrong and what would be right; None if the message of the code says enough. `purchase_ids` and `redemption_ids`
    are the recorded purchases and redemptions that stand in the way of the request.
    """

    code: ProblemCode
    path: tuple[str | int, ...] = ()
    detail: Detail | None = None
    purchase_ids: tuple[str, ...] = ()
    redemption_ids: tuple[str, ...] = ()
