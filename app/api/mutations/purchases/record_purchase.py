"""recordPurchase: a till records what was bought, and the customer earns."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import ALREADY_RECORDED, Payload, canonical_json, was_recorded
from app.api.mutations.payload_objects import load_customer, load_entry, load_purchase
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.basket_input import MOST_COMPLETIONS, PurchaseInput, facts_of, place_of
from app.api.types.purchases.quarantine import QuarantinedReceipt, kept_back
from app.api.types.purchases.refund_input import check_source
from app.api.types.source_records import Purchase
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import FactsError, PurchaseFacts
from app.domain.purchases.receipt_limits import number_of
from app.usecases.command import Answer
from app.usecases.purchases import record_purchase
from app.usecases.purchases.record_purchase import RecordedReceipt, RecordPurchase


@strawberry.input(description="A purchase to record.")
class RecordPurchaseInput:
    """Whose purchase, and its receipt."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy = strawberry.field(description="Who bought.")
    purchase: PurchaseInput = strawberry.field(description="The receipt.")


@strawberry.type(description="What recording a purchase came to.")
class RecordPurchasePayload(Payload):
    """The decision and the balance as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None, description="What was earned and why; null when refused."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after the purchase, one per unit."
    )

    quarantined: QuarantinedReceipt | None = strawberry.field(
        default=None,
        description="The receipt, where `occurredAt` cannot be right (CLOCK_SKEW): nothing is booked until a person settles it. Sent again it is the same one.",
    )

    @strawberry.field(description=ALREADY_RECORDED)
    def already_recorded(self) -> bool:
        """Kept with the answer."""
        return was_recorded(self.answer)

    @strawberry.field(description="The purchase, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Read again."""
        return await load_purchase(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that the purchase made.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[RecordPurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> RecordPurchasePayload | None:
    """Record a purchase once and let it earn."""
    context = info.context
    set_locale(info, locale)
    command = _order(input, context=context)
    outcome = await execute_command(
        record_purchase.run,
        name="recordPurchase",
        permission=Permission.RECORD_PURCHASES,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=command,
        context=context,
    )
    if isinstance(outcome, Problem):
        return RecordPurchasePayload(problem=outcome)
    if (id := outcome.quarantined_id) is not None:
        back = await kept_back(id, path=("purchase", "occurredAt"), context=context)
        return RecordPurchasePayload(problem=back.problem, quarantined=back.quarantined)
    return RecordPurchasePayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context, bought=_bought(command, answer=outcome)),
        balances=balances(outcome.balances, context=context),
    )


def _bought(command: RecordPurchase | Problem, *, answer: Answer) -> PurchaseFacts | None:
    """The receipt that was decided; one that had been recorded before is decided as it was, which its entry knows."""
    return None if isinstance(command, Problem) or was_recorded(answer) else command.facts


def _order(sent: RecordPurchaseInput, *, context: Context) -> RecordPurchase | Problem:
    by = customer_by(sent.customer, context=context)
    if isinstance(by, Problem):
        return by
    found = receipt_of(sent.purchase, context=context)
    return found if isinstance(found, Problem) else found.of(by)


def receipt_of(sent: PurchaseInput, *, context: Context) -> RecordedReceipt | Problem:
    """The receipt in the field `purchase`, or why it is none."""
    check_source(sent.source)
    completion = 1 if sent.completion is None else sent.completion
    if not 1 <= completion <= MOST_COMPLETIONS:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "completion"), detail=f"1 to {MOST_COMPLETIONS:,}")
    try:
        number = number_of(sent.external_id)
    except FactsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "externalId"), detail=error.message)
    facts = facts_of(sent, context=context, within="purchase")
    if isinstance(facts, Problem):
        return facts
    location_id = place_of(sent, within="purchase")
    if isinstance(location_id, Problem):
        return location_id
    return RecordedReceipt(
        external_id=number,
        facts=facts,
        location_id=location_id,
        timed=sent.occurred_at is not None,
        completion=completion,
    )
