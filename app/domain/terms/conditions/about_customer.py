"""What conditions on who the customer is share: they ask one question, and what is kept with a purchase is its answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

from app.domain.calendar import local_date
from app.domain.customers.profile import Aspect, CustomerProfile
from app.domain.decisions import Finding, ReasonCode, Remedy, Value
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition


class AboutCustomer(Condition):
    """A condition on who the customer is, on the local day of the purchase."""

    __slots__ = ()

    aspect: ClassVar[Aspect]
    """What of the person it looks at."""

    @property
    @abstractmethod
    def question(self) -> str:
        """What it asks, as a text that tells it from every other; stored with its answer, so it never changes."""

    @property
    @abstractmethod
    def asked_for(self) -> Value:
        """What its findings say that it asks for."""

    @abstractmethod
    def answer(self, person: CustomerProfile, *, today: date) -> bool | None:
        """Whether it holds for a person on a day; None where it takes something that is not known."""

    @abstractmethod
    def lacking(self, purchase: EligiblePurchase, *, known: bool) -> tuple[ReasonCode, Remedy]:
        """Why it does not hold, and what would help; `known` False where it takes something that is not known."""

    def check(self, purchase: EligiblePurchase) -> Finding:
        """By the person where something is decided, by the kept answer where it is decided again."""
        customer_facts = purchase.customer_facts
        if customer_facts.person is None:
            holds = customer_facts.answer(self.question)
        else:
            today = local_date(purchase.occurred_at, zone_name=purchase.zone)
            holds = self.answer(customer_facts.person, today=today)
        if holds:
            return Finding(True, ReasonCode.CONDITION_MET, None, self.asked_for)
        code, remedy = self.lacking(purchase, known=holds is not None)
        return Finding(False, code, None, self.asked_for, (remedy,))


def answered(
    conditions: Iterable[AboutCustomer], *, person: CustomerProfile, at: datetime, zone_name: str
) -> tuple[tuple[str, bool | None], ...]:
    """The answer to each question at an instant, on the wall calendar of a zone; conditions may ask the same."""
    today = local_date(at, zone_name=zone_name)
    return tuple({condition.question: condition.answer(person, today=today) for condition in conditions}.items())
