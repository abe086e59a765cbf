"""Decisions of the rules, with every finding that led to them. Values, never exceptions.

The frequent parts of a decision are named tuples, which cost a third of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from app.domain.amounts import Money
from app.domain.json_values import FindingValue, decode_value, encode_value
from app.domain.units import Unit


class DecisionOutcome(StrEnum):
    """What a decision came to. NOTHING_EARNED: the purchase is recorded, and earns neither points nor stamps."""

    GRANTED = "GRANTED"
    PARTLY_GRANTED = "PARTLY_GRANTED"
    NOTHING_EARNED = "NOTHING_EARNED"
    REFUSED = "REFUSED"


class Verdict(StrEnum):
    """What became of a clause in a decision."""

    APPLIED = "APPLIED"
    NOT_MET = "NOT_MET"
    LIMITED = "LIMITED"
    EXCLUDED = "EXCLUDED"


class ReasonCode(StrEnum):
    """Why a clause had its verdict. Stable names, in order of precedence."""

    NOTICE_TOO_SHORT = "NOTICE_TOO_SHORT"
    NOTICE_TOO_LONG = "NOTICE_TOO_LONG"
    OUTSIDE_DATES = "OUTSIDE_DATES"
    OUTSIDE_TIME_WINDOW = "OUTSIDE_TIME_WINDOW"
    NO_ELIGIBLE_PRODUCT = "NO_ELIGIBLE_PRODUCT"
    BELOW_MINIMUM_SPEND = "BELOW_MINIMUM_SPEND"
    BELOW_MINIMUM_QUANTITY = "BELOW_MINIMUM_QUANTITY"
    OTHER_LOCATION = "OTHER_LOCATION"
    OTHER_CHANNEL = "OTHER_CHANNEL"
    OTHER_PAYMENT = "OTHER_PAYMENT"
    NOT_AT_TILL = "NOT_AT_TILL"
    NOT_THE_FIRST = "NOT_THE_FIRST"
    NOT_THE_NTH = "NOT_THE_NTH"
    NOT_THE_NTH_ITEM = "NOT_THE_NTH_ITEM"
    MEMBER_TOO_SHORT = "MEMBER_TOO_SHORT"
    BIRTHDAY_UNKNOWN = "BIRTHDAY_UNKNOWN"
    OUTSIDE_BIRTHDAY_WINDOW = "OUTSIDE_BIRTHDAY_WINDOW"
    TOO_YOUNG = "TOO_YOUNG"
    NOT_IN_SEGMENT = "NOT_IN_SEGMENT"
    PREFERENCE_NOT_STATED = "PREFERENCE_NOT_STATED"
    BELOW_TIER = "BELOW_TIER"
    USED_UP = "USED_UP"
    BUDGET_USED_UP = "BUDGET_USED_UP"
    EXCEPTION_APPLIES = "EXCEPTION_APPLIES"
    OTHER_CLAUSE_APPLIES = "OTHER_CLAUSE_APPLIES"
    NEGATIVE_BALANCE = "NEGATIVE_BALANCE"
    NEGATIVE_STAMPS = "NEGATIVE_STAMPS"
    INSUFFICIENT_POINTS = "INSUFFICIENT_POINTS"
    INSUFFICIENT_STAMPS = "INSUFFICIENT_STAMPS"
    STILL_PENDING = "STILL_PENDING"
    NOTHING_TO_COUNT = "NOTHING_TO_COUNT"
    NOT_IN_AN_EXCHANGE = "NOT_IN_AN_EXCHANGE"
    BETTER_CLAUSE_APPLIED = "BETTER_CLAUSE_APPLIED"
    EARLIER_CLAUSE_APPLIED = "EARLIER_CLAUSE_APPLIED"
    CAP_REACHED = "CAP_REACHED"
    CLAMPED_TO_BALANCE = "CLAMPED_TO_BALANCE"
    BELOW_ZERO = "BELOW_ZERO"
    STAMPS_BELOW_ZERO = "STAMPS_BELOW_ZERO"
    NOTICE_GIVEN = "NOTICE_GIVEN"
    CONDITION_MET = "CONDITION_MET"
    POINTS_EARNED = "POINTS_EARNED"
    STAMPS_EARNED = "STAMPS_EARNED"
    COST_PAID = "COST_PAID"
    STAMPS_PAID = "STAMPS_PAID"
    CASH_DUE = "CASH_DUE"
    OLD_PRICE_KEPT = "OLD_PRICE_KEPT"
    POINTS_CLAWED_BACK = "POINTS_CLAWED_BACK"
    STAMPS_CLAWED_BACK = "STAMPS_CLAWED_BACK"
    POINTS_RESTORED = "POINTS_RESTORED"
    STAMPS_RESTORED = "STAMPS_RESTORED"
    EXPIRED_COUNTS_AS_TAKEN = "EXPIRED_COUNTS_AS_TAKEN"
    POINTS_RETURNED = "POINTS_RETURNED"
    STAMPS_RETURNED = "STAMPS_RETURNED"
    REDEMPTION_UNDONE = "REDEMPTION_UNDONE"
    UNDO_WINDOW_OVER = "UNDO_WINDOW_OVER"
    GRACE_AFTER_REVERSAL = "GRACE_AFTER_REVERSAL"
    EXPIRED_ON_RELEASE = "EXPIRED_ON_RELEASE"
    POINTS_EXPIRED = "POINTS_EXPIRED"
    POINTS_AVAILABLE = "POINTS_AVAILABLE"
    TIER_LOST = "TIER_LOST"
    TIER_KEPT = "TIER_KEPT"
    TIER_REACHED = "TIER_REACHED"


class RemedyCode(StrEnum):
    """What would make a condition hold."""

    COME_AT = "COME_AT"
    SPEND_MORE = "SPEND_MORE"
    ADD_PRODUCT = "ADD_PRODUCT"
    ADD_QUANTITY = "ADD_QUANTITY"
    USE_LOCATION = "USE_LOCATION"
    USE_CHANNEL = "USE_CHANNEL"
    PAY_WITH = "PAY_WITH"
    ASK_AT_TILL = "ASK_AT_TILL"
    COME_AGAIN = "COME_AGAIN"
    PROVIDE_BIRTHDAY = "PROVIDE_BIRTHDAY"
    WAIT_FOR_BIRTHDAY = "WAIT_FOR_BIRTHDAY"
    ASK_STAFF = "ASK_STAFF"
    STATE_PREFERENCE = "STATE_PREFERENCE"
    COLLECT_POINTS = "COLLECT_POINTS"
    COLLECT_STAMPS = "COLLECT_STAMPS"
    COLLECT_QUALIFYING = "COLLECT_QUALIFYING"
    START_LATER = "START_LATER"
    START_SOONER = "START_SOONER"
    NONE = "NONE"


class Remedy(NamedTuple):
    """A change that would make a condition hold; the code is NONE if no change can.

    `instant` is when the condition begins to hold (of START_SOONER: the first start that is too late). With
    WAIT_FOR_BIRTHDAY it reveals a date of birth: it is computed for callers who may see that date, and never stored.
    `points`, `amount` and `quantity` are what is missing. Any of `choices` will do: stock codes, categories, location
    keys, channels, kinds of payment, segments, preferences.
    """

    code: RemedyCode
    instant: datetime | None = None
    points: int | None = None
    amount: Money | None = None
    quantity: int | None = None
    choices: tuple[str, ...] = ()


class Finding(NamedTuple):
    """The result of checking one condition or effect; `clause_keys` name the other clauses that decided it, if any."""

    met: bool
    code: ReasonCode
    observed: FindingValue = None
    required: FindingValue = None
    remedies: tuple[Remedy, ...] = ()
    clause_keys: tuple[str, ...] = ()


class Reason(NamedTuple):
    """A finding with the key of its clause; `condition` is the path to the condition in the clause, None for the effect."""

    clause_key: str
    verdict: Verdict
    finding: Finding
    condition: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Outcome, points and stamps (never negative), and a reason for every condition and effect that was checked.

    `decided_for` is the business time. `zone` is the IANA zone of the decision's instants, None for that of the terms.
    `budget_usage` are the points taken from budgets, by clause key; `own_budget_usage` is their part from the
    customer's own share (`RuleFacts`).
    """

    outcome: DecisionOutcome
    points: int
    terms_version: int
    decided_for: datetime
    reasons: tuple[Reason, ...]
    zone: str | None = None
    budget_usage: tuple[tuple[str, int], ...] = ()
    stamps: int = 0
    own_budget_usage: tuple[tuple[str, int], ...] = ()

    def amount(self, unit: Unit) -> int:
        """The points or the stamps of the decision."""
        return self.points if unit is Unit.POINTS else self.stamps

    def common_budget_usage(self) -> tuple[tuple[str, int], ...]:
        """Points taken from budgets beyond the customer's own share, by clause key."""
        own_points = dict(self.own_budget_usage)
        common_usage = ((key, points - own_points.get(key, 0)) for key, points in self.budget_usage)
        return tuple((key, points) for key, points in common_usage if points)

    def applied_clause_keys(self) -> tuple[str, ...]:
        """The keys of the clauses that were applied, in order."""
        return tuple(
            reason.clause_key
            for reason in self.reasons
            if reason.condition is None and reason.verdict is Verdict.APPLIED
        )

    def without_personal_values(self) -> Decision:
        """The decision as stored: without values that reveal a date of birth."""
        return Decision.from_data(self.to_data())

    def largest_amount(self) -> int:
        """The largest number among the points and stamps of the decision and what its effects found."""
        observed = [reason.finding.observed for reason in self.reasons if reason.condition is None]
        return max([self.points, self.stamps, *(value for value in observed if isinstance(value, int))])

    def to_data(self) -> dict[str, Any]:
        """The decision as JSON, without values that reveal a date of birth."""
        data: dict[str, Any] = {
            "outcome": self.outcome.value,
            "points": self.points,
            "terms": self.terms_version,
            "for": self.decided_for.isoformat(),
            "reasons": [_reason_data(reason) for reason in self.reasons],
        }
        if self.zone is not None:
            data["zone"] = self.zone
        if self.stamps:
            data["stamps"] = self.stamps
        if self.budget_usage:
            data["spent"] = dict(self.budget_usage)
        if self.own_budget_usage:
            data["own"] = dict(self.own_budget_usage)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Decision:
        """The decision of the JSON that `to_data` wrote."""
        return cls(
            outcome=DecisionOutcome(data["outcome"]),
            points=data["points"],
            terms_version=data["terms"],
            decided_for=datetime.fromisoformat(data["for"]),
            reasons=tuple(_reason_of_data(reason) for reason in data["reasons"]),
            zone=data.get("zone"),
            budget_usage=tuple(data.get("spent", {}).items()),
            stamps=data.get("stamps", 0),
            own_budget_usage=tuple(data.get("own", {}).items()),
        )


def _reason_data(reason: Reason) -> dict[str, Any]:
    finding = reason.finding
    data: dict[str, Any] = {"clause": reason.clause_key, "verdict": reason.verdict.value, "code": finding.code.value}
    if reason.condition is not None:
        data["condition"] = list(reason.condition)
    if finding.met:
        data["met"] = True
    if finding.observed is not None:
        data["observed"] = encode_value(finding.observed)
    if finding.required is not None:
        data["required"] = encode_value(finding.required)
    if finding.remedies:
        data["remedies"] = [_remedy_data(remedy) for remedy in finding.remedies]
    if finding.clause_keys:
        data["clauses"] = list(finding.clause_keys)
    return data


def _reason_of_data(data: Mapping[str, Any]) -> Reason:
    finding = Finding(
        met=data.get("met", False),
        code=ReasonCode(data["code"]),
        observed=decode_value(data.get("observed")),
        required=decode_value(data.get("required")),
        remedies=tuple(_remedy_of_data(value) for value in data.get("remedies", ())),
        clause_keys=tuple(data.get("clauses", ())),
    )
    condition = tuple(data["condition"]) if "condition" in data else None
    return Reason(clause_key=data["clause"], verdict=Verdict(data["verdict"]), finding=finding, condition=condition)


def _remedy_data(remedy: Remedy) -> dict[str, Any]:
    data: dict[str, Any] = {"code": remedy.code.value}
    if remedy.instant is not None and remedy.code is not RemedyCode.WAIT_FOR_BIRTHDAY:
        data["from"] = remedy.instant.isoformat()
    if remedy.points is not None:
        data["points"] = remedy.points
    if remedy.amount is not None:
        data["amount"] = [remedy.amount.minor, remedy.amount.currency]
    if remedy.quantity is not None:
        data["quantity"] = remedy.quantity
    if remedy.choices:
        data["choices"] = list(remedy.choices)
    return data


def _remedy_of_data(data: Mapping[str, Any]) -> Remedy:
    return Remedy(
        code=RemedyCode(data["code"]),
        instant=datetime.fromisoformat(data["from"]) if "from" in data else None,
        points=data.get("points"),
        amount=Money(*data["amount"]) if "amount" in data else None,
        quantity=data.get("quantity"),
        choices=tuple(data.get("choices", ())),
    )
