"""recordPurchase: a till records what was bought, and the customer earns."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, speak
from app.api.conventions.payloads import ALREADY_RECORDED, Payload, canonical, was_recorded
from app.api.conventions.performing import perform
from app.api.customers.customers import Customer, CustomerBy, customer_by
from app.api.customers.reading_again import customer_again, entry_again, purchase_again
from app.api.points.baskets import MOST_COMPLETIONS, PurchaseInput, facts_of, place_of
from app.api.points.quarantine import QuarantinedReceipt, kept_back
from app.api.points.returns import check_source
from app.api.program.decisions import Decision, decided
from app.api.wallets.balances import Balance, balances
from app.api.wallets.ledgers import LedgerEntry
from app.api.wallets.receipts import Purchase
from app.domain.access import Permission
from app.domain.facts import FactsError, PurchaseFacts
from app.domain.problems import Problem, ProblemCode
from app.domain.receipts import number_of
from app.usecases.call import Answer
from app.usecases.earn import NewPurchase, NewReceipt, earn


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
        return await purchase_again(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that the purchase made.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await entry_again(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(self.answer, context=info.context)


async def record_purchase(
    info: Info,
    input: Annotated[RecordPurchaseInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> RecordPurchasePayload | None:
    """Record a purchase once and let it earn."""
    context = info.context
    speak(info, locale)
    order = _order(input, context=context)
    outcome = await perform(
        earn,
        name="recordPurchase",
        permission=Permission.RECORD_PURCHASES,
        key=input.idempotency_key,
        payload=canonical(input),
        order=order,
        context=context,
    )
    if isinstance(outcome, Problem):
        return RecordPurchasePayload(problem=outcome)
    if (id := outcome.quarantined_id) is not None:
        back = await kept_back(id, path=("purchase", "occurredAt"), context=context)
        return RecordPurchasePayload(problem=back.problem, quarantined=back.quarantined)
    return RecordPurchasePayload(
        answer=outcome,
        decision=await decided(outcome, context=context, bought=_bought(order, answer=outcome)),
        balances=balances(outcome.balances, context=context),
    )


def _bought(order: NewPurchase | Problem, *, answer: Answer) -> PurchaseFacts | None:
    """The receipt that was decided; one that had been recorded before is decided as it was, which its entry knows."""
    return None if isinstance(order, Problem) or was_recorded(answer) else order.facts


def _order(sent: RecordPurchaseInput, *, context: Context) -> NewPurchase | Problem:
    by = customer_by(sent.customer, context=context)
    if isinstance(by, Problem):
        return by
    found = receipt_of(sent.purchase, context=context)
    return found if isinstance(found, Problem) else found.of(by)


def receipt_of(sent: PurchaseInput, *, context: Context) -> NewReceipt | Problem:
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
    return NewReceipt(
        external_id=number,
        facts=facts,
        location_id=location_id,
        timed=sent.occurred_at is not None,
        completion=completion,
    )
