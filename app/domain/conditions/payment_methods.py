"""What a purchase is paid with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.facts import PaymentKind
from app.domain.rule import in_order, stated
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class PaymentMethods(Condition):
    """Holds when everything is paid with one of `methods`; a purchase that does not say how it is paid does not."""

    kind: ClassVar[str] = "payment_methods"
    about: ClassVar[str] = "Holds when everything is paid with one of these."
    negatable: ClassVar[bool] = True
    methods: frozenset[PaymentKind] = stated("At least one.")

    def check(self, purchase: Counted) -> Finding:
        """The remedy is any of the methods."""
        seen = tuple(sorted({one.kind.value for one in purchase.payments})) or None
        wanted = tuple([one.value for one in in_order(self.methods)])
        if purchase.payments and all(one.kind in self.methods for one in purchase.payments):
            return Finding(True, ReasonCode.CONDITION_MET, seen, wanted)
        return Finding(False, ReasonCode.OTHER_PAYMENT, seen, wanted, (Remedy(RemedyCode.PAY_WITH, choices=wanted),))

    def ways_out(self, purchase: Counted) -> tuple[Remedy, ...]:  # noqa: ARG002 - the same for every purchase
        """Any other method."""
        others = tuple(one.value for one in PaymentKind if one not in self.methods)
        return (Remedy(RemedyCode.PAY_WITH, choices=others) if others else Remedy(RemedyCode.NONE),)

    def sentence(self, say: Wording) -> str:
        """If you pay with these."""
        return say("payment_methods", methods=self._named(say))

    def exception(self, say: Wording) -> str:
        """What is paid like that."""
        return say("payment_methods.except", methods=self._named(say))

    def _named(self, say: Wording) -> str:
        return say.listed([say(f"payment.{one.value}") for one in in_order(self.methods)], last="or")

    def at_least_as_wide(self, other: Condition) -> bool:
        """More methods."""
        return isinstance(other, PaymentMethods) and other.methods <= self.methods

    def problem(self) -> str | None:
        """No method at all."""
        return None if self.methods else "at least one method is needed"
