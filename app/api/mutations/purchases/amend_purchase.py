"""amendPurchase: a receipt that was recorded wrongly is set right, and only the difference is booked."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer, load_entry, load_purchase
from app.api.types.customers.customer import Customer
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.basket_input import PurchaseInput, facts_of, place_of
from app.api.types.purchases.refund_input import check_source
from app.api.types.source_records import Purchase
from app.domain.access import Permission
from app.domain.names import normalised_identifier
from app.domain.problems import Problem
from app.usecases.command import Answer
from app.usecases.purchases import amend_purchase
from app.usecases.purchases.amend_purchase import AmendPurchase


@strawberry.input(description="A receipt to set right.")
class AmendPurchaseInput:
    """The receipt as it should have been, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    purchase: PurchaseInput = strawberry.field(
        description="The whole receipt as it should have been: `externalId` says which one it is, with its place and time where its number alone does not, and without `completion` the last one. Its time, place and currency stay: sent otherwise, they are refused."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it is kept, and staff see it in the ledger.")


@strawberry.type(description="What setting a receipt right came to.")
class AmendPurchasePayload(Payload):
    """The decision and the balance as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None, description="What the receipt as it is now earns in all, and why; null when refused."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right afterwards, one per unit."
    )

    @strawberry.field(description="The purchase, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Read again."""
        return await load_purchase(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry with the difference; null where it earns what it had earned.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[AmendPurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> AmendPurchasePayload | None:
    """Set a receipt right once."""
    context = info.context
    set_locale(info, locale)
    command = _order(input, context=context)
    outcome = await execute_command(
        amend_purchase.run,
        name="amendPurchase",
        permission=Permission.AMEND_PURCHASES,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=command,
        context=context,
    )
    if isinstance(outcome, Problem):
        return AmendPurchasePayload(problem=outcome)
    return AmendPurchasePayload(
        answer=outcome,
        decision=await decision_payload(
            outcome, context=context, bought=None if isinstance(command, Problem) else command.facts
        ),
        balances=balances(outcome.balances, context=context),
    )


def _order(sent: AmendPurchaseInput, *, context: Context) -> AmendPurchase | Problem:
    facts = facts_of(sent.purchase, context=context, within="purchase")
    if isinstance(facts, Problem):
        return facts
    location_id = place_of(sent.purchase, within="purchase")
    if isinstance(location_id, Problem):
        return location_id
    check_source(sent.purchase.source)
    return AmendPurchase(
        receipt=normalised_identifier(sent.purchase.external_id),
        facts=facts,
        occurred_at=sent.purchase.occurred_at,
        location_id=location_id,
        reason=sent.reason.strip(),
        completion=sent.purchase.completion,
    )
