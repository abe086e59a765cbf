"""An exchange as a till sends it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.store.customers import CustomerBy
from app.usecases.new_receipts import NewReceipt
from app.usecases.new_refund import NewRefund


@dataclass(frozen=True, slots=True)
class NewExchange:
    """What comes back and the receipt of what is handed out for it, both at one moment.

    `customer` is who says to have bought before, None for whoever that was.
    """

    back: NewRefund
    bought: NewReceipt
    customer: CustomerBy | None

    @property
    def receipts(self) -> tuple[str, ...]:
        """The numbers of both receipts."""
        return (*self.back.receipts, self.bought.external_id)

    def at(self, moment: datetime) -> NewExchange:
        """The exchange at another moment than it was sent with; its numbers stay those used then."""
        back, bought = self.back, self.bought
        return replace(
            self,
            back=replace(back, occurred_at=moment, numbered_at=back.numbered_at or back.occurred_at),
            bought=replace(
                bought,
                facts=replace(bought.facts, occurred_at=moment),
                numbered_at=bought.numbered_at or bought.facts.occurred_at,
            ),
        )
