"""movePurchase: a purchase that was recorded for the wrong customer goes to the right one."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer, load_entry, load_purchase
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.refund_input import PurchaseBy, purchase_by
from app.api.types.source_records import Purchase
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.command import Answer
from app.usecases.purchases import move_purchase
from app.usecases.purchases.move_purchase import MovePurchase


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
        return await load_purchase(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry with which it earned there.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer whose it was, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)

    @strawberry.field(name="from", description="The customer it had been recorded for, as they are now.")
    async def previous_customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(_other(self.answer), context=info.context)

    @strawberry.field(
        description="The ledger entry that took back what it had earned there; null where it had earned nothing, or the two share a wallet."
    )
    async def clawback_entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(_other(self.answer), context=info.context)


def _other(answer: Answer | None) -> Answer | None:
    """The other side of an answer."""
    return Answer(customer_id=answer.other_id, entry_id=answer.other_entry_id) if answer is not None else None


async def resolve(
    info: Info,
    input: Annotated[MovePurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> MovePurchasePayload | None:
    """Move a purchase once."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        move_purchase.run,
        name="movePurchase",
        permission=Permission.MOVE_PURCHASES,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return MovePurchasePayload(problem=outcome)
    return MovePurchasePayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context),
        balances=balances(outcome.balances, context=context),
    )


def _order(sent: MovePurchaseInput, *, context: Context) -> MovePurchase | Problem:
    purchase_id, receipt = purchase_by(sent.purchase)
    if purchase_id is None and receipt is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    by = customer_by(sent.customer, context=context)
    if isinstance(by, Problem):
        return by
    return MovePurchase(purchase_id=purchase_id, receipt=receipt, customer=by, reason=sent.reason.strip())
