"""settleQuarantined: a person books a receipt in quarantine, or dismisses it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, speak
from app.api.conventions.enums import described
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload, canonical
from app.api.conventions.performing import perform
from app.api.customers.customers import Customer
from app.api.customers.reading_again import customer_again, entry_again, purchase_again
from app.api.points.quarantine import QuarantinedReceipt, quarantined_again
from app.api.points.refunding import Refunded, refunded
from app.api.points.waiting import WaitingRefund, waiting_again
from app.api.program.decisions import Decision, decided
from app.api.wallets.balances import Balance, balances
from app.api.wallets.ledgers import LedgerEntry
from app.api.wallets.receipts import Purchase
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.queries.quarantine import receipts_of
from app.usecases.call import Answer
from app.usecases.settle_quarantined import QuarantineAction, Settlement, settle_quarantined

described(
    QuarantineAction,
    "What a person does with a receipt in quarantine.",
    {
        QuarantineAction.BOOK_AS_SENT: "Book it at its own time, as if it had come then. One ahead of the program's clock is refused with CLOCK_SKEW until that time has come.",
        QuarantineAction.BOOK_AT: "Book it at the corrected time `occurredAt`, as if it had come then. It stays the receipt that was sent.",
        QuarantineAction.DISMISS: "Book nothing.",
    },
)


@strawberry.input(description="A receipt in quarantine to settle.")
class SettleQuarantinedInput:
    """Which one, how, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    quarantined: strawberry.ID = strawberry.field(
        description="Opaque id of a `QuarantinedReceipt`; with DISMISS also of a `WaitingRefund` whose purchase never comes, or could not take it."
    )
    action: QuarantineAction = strawberry.field(description="What is done with it.")
    occurred_at: datetime | None = strawberry.field(
        default=None, description="The corrected time, with BOOK_AT and with nothing else."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it is kept with the receipt.")


@strawberry.type(description="What settling a receipt in quarantine came to.")
class SettleQuarantinedPayload(Payload):
    """The decision and the balances as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None,
        description="What the booked receipt earned, or what was taken back, and why; null where nothing was booked.",
    )
    refund: Refunded | None = strawberry.field(
        default=None, description="What came back, where a refund or an exchange was booked; null otherwise."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it was booked, one per unit."
    )

    @strawberry.field(description="What was in quarantine, as it is now; null for what waited for its purchase.")
    async def quarantined(self, info: Info) -> QuarantinedReceipt | None:
        """Read again."""
        return await quarantined_again(self.answer.quarantined_id if self.answer else None, context=info.context)

    @strawberry.field(
        description="The refund or exchange that waits for its purchase: the one dismissed, or the one booked before its purchase arrived."
    )
    async def waiting(self, info: Info) -> WaitingRefund | None:
        """Read again."""
        return await waiting_again(self.answer.waiting_refund_id if self.answer else None, context=info.context)

    @strawberry.field(description="The purchase that was booked, or that gave something back, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Read again."""
        return await purchase_again(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that it made.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await entry_again(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(self.answer, context=info.context)


async def settle(
    info: Info,
    input: Annotated[SettleQuarantinedInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> SettleQuarantinedPayload | None:
    """Book or dismiss it, once."""
    context = info.context
    speak(info, locale)
    context.require(Permission.SETTLE_QUARANTINED)
    outcome = await perform(
        settle_quarantined,
        name="settleQuarantined",
        permission=Permission.SETTLE_QUARANTINED,
        key=input.idempotency_key,
        payload=canonical(input),
        order=await _order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return SettleQuarantinedPayload(problem=outcome)
    back = outcome.returned or (outcome if outcome.refund_id is not None else None)
    return SettleQuarantinedPayload(
        answer=outcome,
        refund=Refunded(**await refunded(back, context=context)) if back is not None else None,
        decision=await decided(outcome, context=context),
        balances=balances(outcome.balances, context=context),
    )


async def _order(sent: SettleQuarantinedInput, *, context: Context) -> Settlement | Problem:
    quarantined_id = decode(sent.quarantined, "QuarantinedReceipt")
    waiting_id = decode(sent.quarantined, "WaitingRefund")
    if quarantined_id is None and waiting_id is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    receipts: tuple[str, ...] = ()
    if quarantined_id is not None:
        receipts = await context.ask(receipts_of, quarantined_id=quarantined_id)
    return Settlement(
        quarantined_id=quarantined_id,
        waiting_refund_id=waiting_id,
        action=sent.action,
        occurred_at=sent.occurred_at,
        reason=sent.reason,
        receipts=receipts,
    )
