"""movePurchase: a purchase that was recorded for the wrong customer goes to the right one."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import (
    DecisionPayload,
    OtherEntry,
    WithPurchase,
    customer_of,
    entry_of,
    load_customer,
    result_field,
)
from app.api.types.customers.customer import Customer, CustomerBy, customer_reference_of
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import Balance
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.refund_input import PurchaseBy, purchase_reference_of
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.purchases import move_purchase
from app.usecases.purchases.move_purchase import MovePurchase, MovePurchaseResult


@strawberry.input(description="A purchase to move to another customer.")
class MovePurchaseInput(CommandInput):
    """Which purchase, to whom, and why."""

    purchase: PurchaseBy = strawberry.field(
        description="The purchase. If goods of it were returned, or points paid a part of it, it cannot be moved (NOT_MOVABLE)."
    )
    customer: CustomerBy = strawberry.field(description="The customer who made the purchase.")
    reason: str = strawberry.field(
        description="The reason, 1 to 200 characters; stored, and shown to staff in both ledgers."
    )


async def previous_customer_of(result: MovePurchaseResult, context: Context) -> Customer | None:
    """The customer for whom the purchase had been recorded."""
    return await load_customer(result.from_customer_id, context=context)


async def clawback_entry_of(result: MovePurchaseResult, context: Context) -> LedgerEntry | None:
    """The entry of the customer for whom the purchase had been recorded."""
    return await entry_of(OtherEntry(result.clawback_entry_id), context)


@strawberry.type(description="Result of `movePurchase`.")
class MovePurchasePayload(DecisionPayload[MovePurchaseResult], WithPurchase[MovePurchaseResult]):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None, description="What the purchase earns for the right customer, and why; null when rejected."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances of the right customer, right afterwards, one per unit."
    )

    entry: LedgerEntry | None = result_field(
        MovePurchaseResult, entry_of, description="The ledger entry with which it earned for the right customer."
    )
    customer: Customer | None = result_field(
        MovePurchaseResult, customer_of, description="The right customer, as they are now."
    )
    previous_customer: Customer | None = result_field(
        MovePurchaseResult,
        previous_customer_of,
        name="from",
        description="The customer for whom it had been recorded, as they are now.",
    )
    clawback_entry: LedgerEntry | None = result_field(
        MovePurchaseResult,
        clawback_entry_of,
        description="The ledger entry that clawed back what the purchase had earned for the previous customer; null if it had earned nothing, or the two customers share a wallet.",
    )


async def resolve(
    info: Info,
    input: Annotated[MovePurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> MovePurchasePayload | None:
    """Move a purchase: claw its points back from one customer, and award them to the other."""
    return await mutate(
        MovePurchasePayload,
        move_purchase.run,
        _command(input, context=info.context),
        permission=Permission.MOVE_PURCHASES,
        input=input,
        info=info,
    )


def _command(input: MovePurchaseInput, *, context: Context) -> MovePurchase | Problem:
    purchase_id, receipt = purchase_reference_of(input.purchase)
    if purchase_id is None and receipt is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    customer = customer_reference_of(input.customer, context=context)
    if isinstance(customer, Problem):
        return customer
    return MovePurchase(purchase_id=purchase_id, receipt=receipt, customer=customer, reason=input.reason.strip())
