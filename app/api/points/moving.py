"""movePurchase: a purchase that was recorded for the wrong customer goes to the right one."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, speak
from app.api.conventions.payloads import Payload, canonical
from app.api.conventions.performing import perform
from app.api.customers.customers import Customer, CustomerBy, customer_by
from app.api.customers.reading_again import customer_again, entry_again, purchase_again
from app.api.points.returns import PurchaseBy, purchase_by
from app.api.program.decisions import Decision, decided
from app.api.wallets.balances import Balance, balances
from app.api.wallets.ledgers import LedgerEntry
from app.api.wallets.receipts import Purchase
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.call import Answer
from app.usecases.move_purchase import Move, move_purchase


@strawberry.input(description="A purchase to move to another customer.")
class MovePurchaseInput:
    """Which purchase, to whom, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    purchase: PurchaseBy = strawberry.field(
        description="The purchase. One of which something came back, or that points paid a part of, stays where it is."
    )
    customer: CustomerBy = strawberry.field(description="Whose purchase it was.")
    reason: str = strawberry.field(
        description="Why, 1 to 200 characters; it is kept, and staff see it in both ledgers."
    )


@strawberry.type(description="What moving a purchase came to.")
class MovePurchasePayload(Payload):
    """The decision and the balance as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None, description="What it earns the customer whose it was, and why; null when refused."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances of the customer whose it was, right afterwards, one per unit."
    )

    @strawberry.field(description="The purchase, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Read again."""
        return await purchase_again(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry with which it earned there.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await entry_again(self.answer, context=info.context)

    @strawberry.field(description="The customer whose it was, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(self.answer, context=info.context)

    @strawberry.field(name="from", description="The customer it had been recorded for, as they are now.")
    async def giver(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(_other(self.answer), context=info.context)

    @strawberry.field(
        description="The ledger entry that took back what it had earned there; null where it had earned nothing, or the two share a wallet."
    )
    async def taken_back(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await entry_again(_other(self.answer), context=info.context)


def _other(answer: Answer | None) -> Answer | None:
    """The other side of an answer."""
    return Answer(customer_id=answer.other_id, entry_id=answer.other_entry_id) if answer is not None else None


async def move_a_purchase(
    info: Info,
    input: Annotated[MovePurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> MovePurchasePayload | None:
    """Move a purchase once."""
    context = info.context
    speak(info, locale)
    outcome = await perform(
        move_purchase,
        name="movePurchase",
        permission=Permission.MOVE_PURCHASES,
        key=input.idempotency_key,
        payload=canonical(input),
        order=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return MovePurchasePayload(problem=outcome)
    return MovePurchasePayload(
        answer=outcome,
        decision=await decided(outcome, context=context),
        balances=balances(outcome.balances, context=context),
    )


def _order(sent: MovePurchaseInput, *, context: Context) -> Move | Problem:
    purchase_id, receipt = purchase_by(sent.purchase)
    if purchase_id is None and receipt is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    by = customer_by(sent.customer, context=context)
    if isinstance(by, Problem):
        return by
    return Move(purchase_id=purchase_id, receipt=receipt, customer=by, reason=sent.reason.strip())
