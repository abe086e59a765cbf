"""The base of conditions on the customer's profile: each is a question whose answer is stored with a purchase."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

from app.domain.calendar import local_date
from app.domain.customers.profile import CustomerProfile, ProfilePart
from app.domain.decisions import Finding, ReasonCode, Remedy
from app.domain.json_values import FindingValue
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition


class ProfileCondition(Condition):
    """A condition on the customer's profile on the local day of the purchase."""

    __slots__ = ()

    aspect: ClassVar[ProfilePart]
    """The part of the profile that the condition reads."""

    @property
    @abstractmethod
    def answer_key(self) -> str:
        """A unique text for the condition; the answer is stored under it, so it must never change."""

    @property
    @abstractmethod
    def required_value(self) -> FindingValue:
        """The required value as findings state it; None if the requirement is no value."""

    @abstractmethod
    def answer(self, profile: CustomerProfile, *, today: date) -> bool | None:
        """Whether it holds for a profile on a day; None if something required is unknown."""

    @abstractmethod
    def failure(self, purchase: EligiblePurchase, *, is_known: bool) -> tuple[ReasonCode, Remedy]:
        """Why the condition does not hold, and the remedy. `is_known` is False if something required is unknown."""

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Checks the profile in a new decision, and the stored answer in a replay."""
        rule_facts = purchase.rule_facts
        if rule_facts.profile is None:
            holds = rule_facts.answer(self.answer_key)
        else:
            today = local_date(purchase.occurred_at, zone_name=purchase.zone)
            holds = self.answer(rule_facts.profile, today=today)
        if holds:
            return Finding(True, ReasonCode.CONDITION_MET, None, self.required_value)
        code, remedy = self.failure(purchase, is_known=holds is not None)
        return Finding(False, code, None, self.required_value, (remedy,))


def answers_of(
    conditions: Iterable[ProfileCondition], *, profile: CustomerProfile, at: datetime, zone_name: str
) -> tuple[tuple[str, bool | None], ...]:
    """The answers to the conditions at an instant, by `answer_key`, on the local day in a zone; conditions with equal keys have one answer."""
    today = local_date(at, zone_name=zone_name)
    return tuple({condition.answer_key: condition.answer(profile, today=today) for condition in conditions}.items())
