"""recordRefund: goods come back, and with them the points that they had earned."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.money import Money, money
from app.api.conventions.payloads import ALREADY_RECORDED, Payload, canonical_json, was_recorded
from app.api.mutations.payload_objects import load_customer, load_entry, load_purchase
from app.api.types.customers.customer import Customer
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.pending_refund import PendingRefund, load_pending_refund
from app.api.types.purchases.quarantine import QuarantinedReceipt, kept_back
from app.api.types.purchases.refund_input import PurchaseBy, RefundLineInput, back_of, purchase_by
from app.api.types.source_records import Purchase
from app.domain import amounts
from app.domain.access import Permission
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.usecases.application import fingerprint
from app.usecases.command import Answer
from app.usecases.purchases import record_refund
from app.usecases.purchases.record_refund import RecordRefund


@strawberry.input(description="A refund to record.")
class RecordRefundInput:
    """Of which purchase, and what of it."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    purchase: PurchaseBy = strawberry.field(
        description="The purchase that is refunded. One that is not known yet by its receipt is waited for."
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None, description="What comes back, each line once, at most 500; default everything that is left."
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="How much of the whole price is given back without goods, above 0, in the purchase's currency; it is shared out to the lines by what they still come to. What points had paid of it comes back as points. Not with `lines`.",
    )
    external_id: str | None = strawberry.field(
        default=None,
        description="The refund's own number, 1 to 200 characters, spelled as receipt numbers are. It is used once within what `Program.receiptNumbers` says: at the location of the purchase, on the day of the refund. Sent again, it is recorded once; with another purchase or content it is refused with RECEIPT_DIFFERS.",
    )
    occurred_at: datetime | None = strawberry.field(
        default=None,
        description="Business time; default now. Not before the purchase. Needed with a number where those begin anew each day.",
    )
    reason: str | None = strawberry.field(default=None, description="Why, at most 200 characters.")


@strawberry.type(description="What came back in an exchange, and the points that went with it.")
class Refunded:
    """The decision as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(default=None, description="What was taken back and why.")
    shortfall: int | None = strawberry.field(
        default=None, description="Points that should have gone back but were not there; they are not chased."
    )
    points_restored: int | None = strawberry.field(
        default=None, description="Points that had paid for what came back, and are back in the very lots."
    )
    stamps_restored: int | None = strawberry.field(
        default=None, description="Stamps that had paid for what came back, and are back on the card."
    )

    @strawberry.field(
        description="The money to give back: the price of what came back, tax included, less what points had paid of it, in the currency of the purchase."
    )
    async def cash(self, info: Info) -> Money | None:
        """In the currency that it was paid in."""
        cash = self.answer.cash if self.answer is not None else None
        sale = await load_purchase(self.answer, context=info.context) if cash is not None else None
        return money(amounts.Money(cash, sale.row.total.currency)) if sale is not None and cash is not None else None

    @strawberry.field(description="The purchase, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Read again."""
        return await load_purchase(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that took the points back.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)


async def refunded(answer: Answer, *, context: Context) -> dict[str, Any]:
    """The fields of what came back that an answer holds."""
    return {
        "answer": answer,
        "decision": await decision_payload(answer, context=context),
        "shortfall": answer.shortfall,
        "points_restored": answer.points_restored,
        "stamps_restored": answer.stamps_restored,
    }


@strawberry.type(description="What a refund came to.")
class RecordRefundPayload(Payload, Refunded):
    """The decision and the balance as they were then; objects as they are now."""

    @strawberry.field(description=ALREADY_RECORDED)
    def already_recorded(self) -> bool:
        """Kept with the answer."""
        return was_recorded(self.answer)

    waiting: PendingRefund | None = strawberry.field(
        default=None,
        description="The refund, where it came before its purchase: nothing is taken back until that arrives.",
    )
    quarantined: QuarantinedReceipt | None = strawberry.field(
        default=None,
        description="The refund, where `occurredAt` cannot be right (CLOCK_SKEW): nothing is taken back until a person settles it. One with a number is the same one when it is sent again.",
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after the refund, one per unit."
    )

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[RecordRefundInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> RecordRefundPayload | None:
    """Record a refund once and take back what the goods had earned."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        record_refund.run,
        name="recordRefund",
        permission=Permission.RECORD_REFUNDS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=refund_of(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return RecordRefundPayload(problem=outcome)
    if (id := outcome.quarantined_id) is not None:
        back = await kept_back(id, path=("occurredAt",), context=context)
        return RecordRefundPayload(problem=back.problem, quarantined=back.quarantined)
    return RecordRefundPayload(
        **await refunded(outcome, context=context),
        waiting=await load_pending_refund(outcome.pending_refund_id, context=context),
        balances=balances(outcome.balances, context=context),
    )


def refund_of(sent: RecordRefundInput, *, context: Context) -> RecordRefund | Problem:
    """The order for a refund, or why there is none."""
    purchase_id, receipt = purchase_by(sent.purchase)
    if purchase_id is None and receipt is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    number = normalised_identifier(sent.external_id) if sent.external_id is not None else None
    for name, text in (("externalId", number), ("reason", sent.reason)):
        if text is not None and not 1 <= len(text) <= 200:
            return Problem(ProblemCode.INVALID_INPUT, path=(name,), detail="1 to 200 characters")
    back = back_of(sent.lines, amount=sent.amount)
    if isinstance(back, Problem):
        return back
    return RecordRefund(
        purchase_id=purchase_id,
        receipt=receipt,
        lines=back.lines,
        amounts=back.amounts,
        amount=sent.amount,
        occurred_at=sent.occurred_at or context.now,
        external_id=number,
        reason=sent.reason,
        fingerprint=fingerprint("refund", _content(sent)),
        timed=sent.occurred_at is not None,
    )


def _content(sent: RecordRefundInput) -> Any:
    """What the refund says beside its number, its purchase and its time, in one spelling."""
    content = canonical_json(sent)
    del content["purchase"]
    content.pop("external_id", None)
    content.pop("occurred_at", None)
    if sent.lines is not None:
        content["lines"] = {
            str(line["line"]): line.get("quantity") if "amount" not in line else f"-{line['amount']}"
            for line in content["lines"]
        }
    return content
