"""recordExchange: goods are returned and others are bought for them, in one call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.money import Money, money_of
from app.api.mutations.payload_objects import (
    WithAlreadyRecorded,
    WithCustomer,
    WithDecision,
    entry_of,
    load_decision,
    purchase_of,
    result_field,
)
from app.api.mutations.purchases.record_purchase import receipt_of
from app.api.mutations.purchases.record_refund import RecordRefundInput, Refunded, refund_command, refunded_fields
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import balances_after
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.pending_refund import PendingRefund, load_pending_refund
from app.api.types.purchases.purchase import Purchase
from app.api.types.purchases.purchase_input import PurchaseInput
from app.api.types.purchases.refund_input import PurchaseBy, RefundLineInput
from app.api.types.quarantine import QuarantinedReceipt, load_quarantined_payload
from app.domain import amounts
from app.domain.access import Permission
from app.domain.problems import Problem
from app.usecases.purchases import record_exchange
from app.usecases.purchases.commands import (
    ReceiptQuarantined,
    RecordExchange,
    RecordExchangeResult,
    RecordPurchaseResult,
    RefundPending,
)


@strawberry.input(description="The goods returned in an exchange. The time is that of the new receipt.")
class ExchangeRefundInput:
    """The purchase, and what of it is returned."""

    purchase: PurchaseBy = strawberry.field(
        description="The purchase of the returned goods. If its receipt is not known yet, the exchange is pending until it arrives."
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None, description="What is returned, each line once, at most 500; by default everything that is left."
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="An amount to refund from the price of the whole purchase, with no goods returned, as with `recordRefund`. Not with `lines`.",
    )
    external_id: str | None = strawberry.field(
        default=None, description="The refund's own number, as with `recordRefund`."
    )
    reason: str | None = strawberry.field(default=None, description="Why, at most 200 characters.")


@strawberry.input(description="An exchange to record.")
class RecordExchangeInput(CommandInput):
    """What is returned, and what is bought for it."""

    customer: CustomerBy | None = strawberry.field(
        default=None,
        description="The customer who exchanges; default the one who bought the returned goods. Any other is rejected with OTHER_CUSTOMER.",
    )
    refund: ExchangeRefundInput = strawberry.field(description="What is returned.")
    purchase: PurchaseInput = strawberry.field(
        description="The new receipt: what is bought for the returned goods. Its `occurredAt` is the time of the refund, too: not before the purchase that is refunded."
    )


@strawberry.type(description="Result of `recordExchange`: both parts were recorded, or neither.")
class RecordExchangePayload(
    WithDecision[RecordPurchaseResult], WithAlreadyRecorded, WithCustomer[RecordPurchaseResult]
):
    """`result` is that of the new purchase. Decisions and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="What the new purchase earned and why; null when rejected, and while it is pending.",
    )
    refund: Refunded | None = strawberry.field(
        default=None, description="The refund of the exchange; null when rejected, and while it is pending."
    )
    quarantined: QuarantinedReceipt | None = strawberry.field(
        default=None,
        description="The exchange, if its `occurredAt` is implausible (CLOCK_SKEW): nothing of it is booked until a person settles it, refund and purchase together. Sent again, the exchange is not quarantined twice.",
    )
    pending: PendingRefund | None = strawberry.field(
        default=None,
        description="The pending exchange, if it arrived before the purchase of the returned goods: nothing is booked until the purchase arrives. The number of its new receipt is reserved meanwhile.",
    )

    @classmethod
    async def of(
        cls, result: RecordExchangeResult | RefundPending | ReceiptQuarantined, *, command: Any, context: Context
    ) -> Self:
        """The exchange that was booked, that waits for its purchase, or that is in quarantine."""
        if isinstance(result, ReceiptQuarantined):
            payload = await load_quarantined_payload(
                result.quarantined_id, path=("purchase", "occurredAt"), context=context
            )
            return cls(problem=payload.problem, quarantined=payload.quarantined)
        if isinstance(result, RefundPending):
            pending = await load_pending_refund(result.pending_refund_id, context=context)
            return cls(pending=pending, already_recorded=result.already_recorded)
        purchase_result = replace(result.purchase, first_carried_out_at=result.first_carried_out_at)
        return cls(
            result=purchase_result,
            decision=await load_decision(purchase_result, context=context, entry_id=purchase_result.entry_id),
            refund=Refunded(**await refunded_fields(result.refund, context=context)),
            balances=balances_after(purchase_result, context=context),
            already_recorded=purchase_result.already_recorded,
        )

    @strawberry.field(
        description="The balance due: the price of the new goods minus the price of the returned goods and minus the part paid with points. A negative amount is paid out (`refund.cash`)."
    )
    async def to_pay(self, info: Info) -> Money | None:
        """In the currency of both purchases."""
        refund = self.refund.result if self.refund is not None else None
        purchase = await purchase_of(self.result, info.context) if self.result is not None else None
        if refund is None or purchase is None:
            return None
        facts, price = purchase.entity.facts, purchase.entity.total
        # In an exchange that was recorded as a separate refund and purchase, the purchase replaces nothing.
        surcharge = max(0, price.minor - (facts.replaced_price or 0))
        return money_of(amounts.Money(int(surcharge - facts.paid_with_points()) - refund.cash, price.currency))

    purchase: Purchase | None = result_field(
        RecordPurchaseResult, purchase_of, description="The new purchase, as it is now."
    )
    entry: LedgerEntry | None = result_field(
        RecordPurchaseResult, entry_of, description="The ledger entry that the new purchase made."
    )


async def resolve(
    info: Info,
    input: Annotated[RecordExchangeInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> RecordExchangePayload | None:
    """Record a refund and a purchase in one transaction."""
    info.context.require(Permission.RECORD_REFUNDS)
    return await mutate(
        RecordExchangePayload,
        record_exchange.run,
        _command(input, context=info.context),
        permission=Permission.RECORD_PURCHASES,
        input=input,
        info=info,
    )


def _command(input: RecordExchangeInput, *, context: Context) -> RecordExchange | Problem:
    customer = customer_reference_of(input.customer, context=context) if input.customer is not None else None
    if isinstance(customer, Problem):
        return customer
    refund_input = input.refund
    refund = refund_command(
        RecordRefundInput(
            idempotency_key=input.idempotency_key,
            purchase=refund_input.purchase,
            lines=refund_input.lines,
            amount=refund_input.amount,
            external_id=refund_input.external_id,
            occurred_at=input.purchase.occurred_at,
            reason=refund_input.reason,
        ),
        context=context,
    )
    if isinstance(refund, Problem):
        return replace(refund, path=("refund", *refund.path))
    new_receipt = receipt_of(input.purchase, context=context)
    if isinstance(new_receipt, Problem):
        return new_receipt
    return RecordExchange(
        refund=replace(refund, occurred_at=new_receipt.facts.occurred_at), new_receipt=new_receipt, customer=customer
    )
