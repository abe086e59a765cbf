"""Findings, values and remedies in words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from app.domain.amounts import Money
from app.domain.decisions import Finding, Reason, ReasonCode, Remedy, RemedyCode, Value
from app.domain.wording import Wording

_IN_POINTS = frozenset(
    {
        ReasonCode.INSUFFICIENT_POINTS,
        ReasonCode.BETTER_CLAUSE_APPLIED,
        ReasonCode.CLAMPED_TO_BALANCE,
        ReasonCode.POINTS_EARNED,
        ReasonCode.COST_PAID,
        ReasonCode.POINTS_TAKEN_BACK,
    }
)


def statement(reason: Reason, *, zone: str, say: Wording) -> str:
    """The finding as one sentence; `zone` is where its instants are read off the wall clock."""
    finding = reason.finding
    return say(
        f"reason.{finding.code.value}",
        observed=observed(finding, zone=zone, say=say) or "",
        required=required(finding, zone=zone, say=say) or "",
    )


def observed(finding: Finding, *, zone: str, say: Wording) -> str | None:
    """What was seen, in words; None where there is nothing to measure."""
    return _value(finding.observed, code=finding.code, zone=zone, say=say)


def required(finding: Finding, *, zone: str, say: Wording) -> str | None:
    """What is asked for, in words."""
    return _value(finding.required, code=finding.code, zone=zone, say=say)


def remedy_statement(remedy: Remedy, *, zone: str, say: Wording) -> str:
    """The way out as one sentence."""
    if remedy.code is RemedyCode.ADD_PRODUCT and not remedy.products:
        return say("remedy.ADD_PRODUCT.other")
    return say(
        f"remedy.{remedy.code.value}",
        from_=say.instant(remedy.from_, zone=zone) if remedy.from_ is not None else "",
        points=say.points(remedy.points) if remedy.points is not None else "",
        amount=say.money(remedy.amount) if remedy.amount is not None else "",
        products=say.listed(remedy.products, last="or") if remedy.products else "",
    )


def _value(value: Value, *, code: ReasonCode, zone: str, say: Wording) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Money):
        return say.money(value)
    if isinstance(value, int):
        return say.points(value) if code in _IN_POINTS else say.number(value)
    if isinstance(value, datetime):
        return say.instant(value, zone=zone)
    if isinstance(value, date):
        return say.date(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return say.listed(value, last="or")
