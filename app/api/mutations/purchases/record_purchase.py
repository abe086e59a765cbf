"""recordPurchase: a till records what was bought, and the customer earns."""

from __future__ import annotations

from typing import Annotated, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import (
    DecisionPayload,
    WithAlreadyRecorded,
    WithCustomer,
    WithPurchase,
    entry_of,
    load_decision,
    result_field,
)
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import balances_after
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.purchase_input import MAX_COMPLETIONS, PurchaseInput, facts_of, location_id_of
from app.api.types.purchases.refund_input import check_source
from app.api.types.quarantine import QuarantinedReceipt, load_quarantined_payload
from app.domain.access import Permission
from app.domain.details import range_detail
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import FactsError
from app.domain.purchases.receipt_limits import normalised_receipt_number
from app.usecases.purchases import record_purchase
from app.usecases.purchases.commands import ReceiptQuarantined, ReceiptToRecord, RecordPurchase, RecordPurchaseResult


@strawberry.input(description="A purchase to record.")
class RecordPurchaseInput(CommandInput):
    """The customer and the receipt."""

    customer: CustomerBy = strawberry.field(description="The customer who made the purchase.")
    purchase: PurchaseInput = strawberry.field(description="The receipt.")


@strawberry.type(description="Result of `recordPurchase`.")
class RecordPurchasePayload(
    DecisionPayload[RecordPurchaseResult],
    WithAlreadyRecorded,
    WithPurchase[RecordPurchaseResult],
    WithCustomer[RecordPurchaseResult],
):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None, description="What was earned and why; null when rejected."
    )

    quarantined: QuarantinedReceipt | None = strawberry.field(
        default=None,
        description="The receipt, if its `occurredAt` is implausible (CLOCK_SKEW): nothing is booked until a person settles it. Sent again, the receipt is not quarantined twice.",
    )

    entry: LedgerEntry | None = result_field(
        RecordPurchaseResult, entry_of, description="The ledger entry that the purchase made."
    )

    @classmethod
    async def of(
        cls, result: RecordPurchaseResult | ReceiptQuarantined, *, command: RecordPurchase, context: Context
    ) -> Self:
        """The purchase that was booked, or that is in quarantine."""
        if isinstance(result, ReceiptQuarantined):
            payload = await load_quarantined_payload(
                result.quarantined_id, path=("purchase", "occurredAt"), context=context
            )
            return cls(problem=payload.problem, quarantined=payload.quarantined)
        # The decision on a receipt that was recorded before is about that receipt: its facts are read by the ledger entry.
        facts = None if result.already_recorded else command.facts
        return cls(
            result=result,
            decision=await load_decision(result, context=context, facts=facts, entry_id=result.entry_id),
            balances=balances_after(result, context=context),
            already_recorded=result.already_recorded,
        )


async def resolve(
    info: Info,
    input: Annotated[RecordPurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> RecordPurchasePayload | None:
    """Record a purchase, and award its points."""
    return await mutate(
        RecordPurchasePayload,
        record_purchase.run,
        _command(input, context=info.context),
        permission=Permission.RECORD_PURCHASES,
        input=input,
        info=info,
    )


def _command(input: RecordPurchaseInput, *, context: Context) -> RecordPurchase | Problem:
    customer = customer_reference_of(input.customer, context=context)
    if isinstance(customer, Problem):
        return customer
    receipt = receipt_of(input.purchase, context=context)
    return receipt if isinstance(receipt, Problem) else receipt.for_customer(customer)


def receipt_of(input: PurchaseInput, *, context: Context) -> ReceiptToRecord | Problem:
    """The receipt in the field `purchase`, or the problem found in it."""
    if input.source is not None:
        check_source(input.source)
    completion = 1 if input.completion is None else input.completion
    if not 1 <= completion <= MAX_COMPLETIONS:
        return Problem(
            ProblemCode.INVALID_INPUT, path=("purchase", "completion"), detail=range_detail(1, MAX_COMPLETIONS)
        )
    try:
        number = normalised_receipt_number(input.external_id)
    except FactsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "externalId"), detail=error.detail)
    facts = facts_of(input, context=context, within="purchase")
    if isinstance(facts, Problem):
        return facts
    location_id = location_id_of(input, within="purchase") if input.location_id is not None else None
    if isinstance(location_id, Problem):
        return location_id
    return ReceiptToRecord(
        external_id=number,
        facts=facts,
        location_id=location_id,
        states_time=input.occurred_at is not None,
        completion=completion,
    )
