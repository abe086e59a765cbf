"""amendPurchase: a wrong receipt is corrected, and only the difference is booked."""

from __future__ import annotations

from typing import Annotated, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import (
    DecisionPayload,
    WithCustomer,
    WithPurchase,
    entry_of,
    load_decision,
    result_field,
)
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import balances_after
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.purchase_input import PurchaseInput, facts_of, location_id_of
from app.api.types.purchases.refund_input import check_source
from app.domain.access import Permission
from app.domain.names import normalised_identifier
from app.domain.problems import Problem
from app.usecases.purchases import amend_purchase
from app.usecases.purchases.amend_purchase import AmendPurchase, AmendPurchaseResult


@strawberry.input(description="A receipt to correct.")
class AmendPurchaseInput(CommandInput):
    """The receipt as it should have been, and why."""

    purchase: PurchaseInput = strawberry.field(
        description="The whole receipt as it should have been. `externalId` says which receipt it is, together with location and time if the number alone does not; without `completion` it is the last one. Its time, location and currency cannot be changed: other values are rejected."
    )
    reason: str = strawberry.field(
        description="The reason, 1 to 200 characters; stored, and shown to staff in the ledger."
    )


@strawberry.type(description="Result of `amendPurchase`.")
class AmendPurchasePayload(
    DecisionPayload[AmendPurchaseResult], WithPurchase[AmendPurchaseResult], WithCustomer[AmendPurchaseResult]
):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None, description="What the corrected receipt earns in all, and why; null when rejected."
    )

    entry: LedgerEntry | None = result_field(
        AmendPurchaseResult,
        entry_of,
        description="The ledger entry with the difference; null if the receipt earns as much as before.",
    )

    @classmethod
    async def of(cls, result: AmendPurchaseResult, *, command: AmendPurchase, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(
            result=result,
            decision=await load_decision(result, context=context, facts=command.facts),
            balances=balances_after(result, context=context),
        )


async def resolve(
    info: Info,
    input: Annotated[AmendPurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> AmendPurchasePayload | None:
    """Correct a receipt, and book the difference at the time of the purchase."""
    return await mutate(
        AmendPurchasePayload,
        amend_purchase.run,
        _command(input, context=info.context),
        permission=Permission.AMEND_PURCHASES,
        input=input,
        info=info,
    )


def _command(input: AmendPurchaseInput, *, context: Context) -> AmendPurchase | Problem:
    facts = facts_of(input.purchase, context=context, within="purchase")
    if isinstance(facts, Problem):
        return facts
    location_id = location_id_of(input.purchase, within="purchase")
    if isinstance(location_id, Problem):
        return location_id
    if input.purchase.source is not None:
        check_source(input.purchase.source)
    return AmendPurchase(
        receipt=normalised_identifier(input.purchase.external_id),
        facts=facts,
        occurred_at=input.purchase.occurred_at,
        location_id=location_id,
        reason=input.reason.strip(),
        completion=input.purchase.completion,
    )
