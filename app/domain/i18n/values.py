"""The observed and the required values of findings in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from app.domain.amounts import Money
from app.domain.decisions import ReasonCode
from app.domain.i18n import Phrasebook
from app.domain.json_values import FindingValue

_IN_POINTS = frozenset(
    {
        ReasonCode.NEGATIVE_BALANCE,
        ReasonCode.INSUFFICIENT_POINTS,
        ReasonCode.STILL_PENDING,
        ReasonCode.BETTER_CLAUSE_APPLIED,
        ReasonCode.CLAMPED_TO_BALANCE,
        ReasonCode.BELOW_ZERO,
        ReasonCode.POINTS_EARNED,
        ReasonCode.COST_PAID,
        ReasonCode.POINTS_CLAWED_BACK,
        ReasonCode.POINTS_RETURNED,
        ReasonCode.POINTS_RESTORED,
        ReasonCode.EXPIRED_COUNTS_AS_TAKEN,
        ReasonCode.REDEMPTION_UNDONE,
        ReasonCode.GRACE_AFTER_REVERSAL,
        ReasonCode.EXPIRED_ON_RELEASE,
        ReasonCode.POINTS_EXPIRED,
        ReasonCode.POINTS_AVAILABLE,
        ReasonCode.EARLIER_CLAUSE_APPLIED,
        ReasonCode.CAP_REACHED,
        ReasonCode.OLD_PRICE_KEPT,
        ReasonCode.BUDGET_USED_UP,
    }
)
_IN_STAMPS = frozenset(
    {
        ReasonCode.NEGATIVE_STAMPS,
        ReasonCode.INSUFFICIENT_STAMPS,
        ReasonCode.STAMPS_EARNED,
        ReasonCode.STAMPS_PAID,
        ReasonCode.STAMPS_CLAWED_BACK,
        ReasonCode.STAMPS_BELOW_ZERO,
        ReasonCode.STAMPS_RETURNED,
        ReasonCode.STAMPS_RESTORED,
    }
)
NO_LOCATION_NAMES: Mapping[str, str] = MappingProxyType({})

_LOCATIONS = "locations"
_VALUE_KINDS = {
    ReasonCode.OTHER_CHANNEL: "channel",
    ReasonCode.OTHER_PAYMENT: "payment",
    ReasonCode.OTHER_LOCATION: _LOCATIONS,
}
"""The kind of the value, for reasons whose values are keys or codes."""


def value_in_words(
    value: FindingValue,
    *,
    code: ReasonCode,
    zone: str,
    location_names: Mapping[str, str] = NO_LOCATION_NAMES,
    phrasebook: Phrasebook,
) -> str | None:
    """The observed or required value of a finding with this code; None if there is none."""
    if value is None:
        return None
    if isinstance(value, str):
        return _choices((value,), kind=_VALUE_KINDS.get(code), location_names=location_names, phrasebook=phrasebook)
    if isinstance(value, Money):
        return phrasebook.money(value)
    if isinstance(value, int):
        if code in _IN_STAMPS:
            return phrasebook.counted("stamps", value)
        return phrasebook.counted("points", value) if code in _IN_POINTS else phrasebook.number(value)
    if isinstance(value, datetime):
        return phrasebook.instant_with_weekday(value, zone=zone)
    if isinstance(value, date):
        return phrasebook.date(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return _choices(value, kind=_VALUE_KINDS.get(code), location_names=location_names, phrasebook=phrasebook)


def _choices(
    choices: Sequence[str], *, kind: str | None, location_names: Mapping[str, str], phrasebook: Phrasebook
) -> str:
    """Alternatives joined by "or": locations by name, channels and payments in words, the shop's own codes unchanged."""
    if kind == _LOCATIONS:
        return phrasebook.listed(
            [phrasebook("locations.called", name=location_names.get(key, key)) for key in choices], last="or"
        )
    names = [phrasebook(f"{kind}.{choice}") for choice in choices] if kind is not None else list(choices)
    return phrasebook.listed(names, last="or") if names else ""
