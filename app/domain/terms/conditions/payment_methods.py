"""What a purchase is paid with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PaymentKind
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field, sorted_values


@dataclass(frozen=True, slots=True)
class PaymentMethods(Condition):
    """Holds when everything is paid with one of `methods`; never for a purchase without payments."""

    kind: ClassVar[str] = "payment_methods"
    description: ClassVar[str] = "Holds when everything is paid with one of these."
    can_be_excepted: ClassVar[bool] = True
    methods: frozenset[PaymentKind] = rule_field("At least one.")

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to pay with one of the methods."""
        used_methods = tuple(sorted({payment.kind.value for payment in purchase.payments})) or None
        required_methods = tuple([method.value for method in sorted_values(self.methods)])
        if purchase.payments and all(payment.kind in self.methods for payment in purchase.payments):
            return Finding(True, ReasonCode.CONDITION_MET, used_methods, required_methods)
        return Finding(
            False,
            ReasonCode.OTHER_PAYMENT,
            used_methods,
            required_methods,
            (Remedy(RemedyCode.PAY_WITH, choices=required_methods),),
        )

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:  # noqa: ARG002 - the same for every purchase
        """To pay with another method; none if all methods are listed."""
        other_methods = tuple(kind.value for kind in PaymentKind if kind not in self.methods)
        return (Remedy(RemedyCode.PAY_WITH, choices=other_methods) if other_methods else Remedy(RemedyCode.NONE),)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """If you pay everything with these."""
        return phrasebook("payment_methods", methods=self._method_list(phrasebook))

    def exception(self, phrasebook: Phrasebook) -> str:
        """The methods that are left out."""
        return phrasebook("payment_methods.except", methods=self._method_list(phrasebook))

    def _method_list(self, phrasebook: Phrasebook) -> str:
        return phrasebook.listed(
            [phrasebook(f"payment.{method.value}") for method in sorted_values(self.methods)], last="or"
        )

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it has all methods of `other`."""
        return isinstance(other, PaymentMethods) and other.methods <= self.methods

    def validation_error(self) -> Detail | None:
        """The error if no method is listed, or None."""
        return None if self.methods else detail_of("MISSING")
