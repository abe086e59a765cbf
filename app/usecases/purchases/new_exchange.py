"""An exchange as a till sends it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.customers.customer import CustomerReference
from app.usecases.purchases.new_receipts import RecordedReceipt
from app.usecases.purchases.new_refund import RecordRefund


@dataclass(frozen=True, slots=True)
class RecordExchange:
    """The returned goods and the receipt of those handed out for them, at one instant.

    `customer` is the customer named as the buyer of the returned goods, None where none is named.
    """

    refund: RecordRefund
    bought: RecordedReceipt
    customer: CustomerReference | None

    @property
    def receipts(self) -> tuple[str, ...]:
        """The numbers of both receipts."""
        return (*self.refund.receipts, self.bought.external_id)

    def at(self, moment: datetime) -> RecordExchange:
        """The exchange at another instant than it was sent with; its numbers stay those used then."""
        back, bought = self.refund, self.bought
        return replace(
            self,
            refund=replace(back, occurred_at=moment, numbered_at=back.numbered_at or back.occurred_at),
            bought=replace(
                bought,
                facts=replace(bought.facts, occurred_at=moment),
                numbered_at=bought.numbered_at or bought.facts.occurred_at,
            ),
        )
