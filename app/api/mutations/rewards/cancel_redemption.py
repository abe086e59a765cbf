"""cancelRedemption: a redemption is undone, and what it took comes back."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer, load_entry, load_redemption
from app.api.types.customers.customer import Customer
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.rewards.reward import Reward, load_reward
from app.api.types.source_records import Redemption
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.command import Answer
from app.usecases.rewards import cancel_redemption
from app.usecases.rewards.cancel_redemption import CancelRedemption

LONGEST_REASON = 500


@strawberry.input(description="A redemption to undo.")
class CancelRedemptionInput:
    """Which one, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    redemption: strawberry.ID = strawberry.field(
        description="Opaque id of a redemption that was paid for. Owner and staff can undo it, with a reason; a till the one that it made last, for 10 minutes; customers none that was handed over, as all are so far. One that paid a purchase comes back with the refund of that purchase."
    )
    reason: str | None = strawberry.field(
        default=None,
        description="Why, 1 to 500 characters; it stands in the ledger, where the customer sees it. Owner and staff have to say it.",
    )
    shop_at_fault: bool = strawberry.field(
        default=False,
        description="Whether the shop was at fault: then points that come back past their last valid day can be spent for 14 more days, to the end of the last of them. For owner and staff.",
    )


@strawberry.type(description="What undoing a redemption came to.")
class CancelRedemptionPayload(Payload):
    """The decision and the balance as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None, description="Granted, with the points that came back; null with a user error."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it, one per unit."
    )

    @strawberry.field(description="The redemption, now CANCELLED if it was undone.")
    async def redemption(self, info: Info) -> Redemption | None:
        """Read again."""
        return await load_redemption(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now: back in stock if the redemption was undone.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await load_reward(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that gave the points back; null when it was refused.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[CancelRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> CancelRedemptionPayload | None:
    """Undo once, or be told why not."""
    context = info.context
    set_locale(info, locale)
    context.require(Permission.CANCEL_REDEMPTIONS)
    outcome = await execute_command(
        cancel_redemption.run,
        name="cancelRedemption",
        permission=Permission.CANCEL_REDEMPTIONS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return CancelRedemptionPayload(problem=outcome)
    return CancelRedemptionPayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context),
        balances=balances(outcome.balances, context=context),
    )


def _order(sent: CancelRedemptionInput, *, context: Context) -> CancelRedemption | Problem:
    redemption_id = decode(sent.redemption, "Redemption")
    if redemption_id is None:
        return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("redemption",))
    reason = sent.reason.strip() if sent.reason is not None else None
    if reason is not None and len(reason) > LONGEST_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("reason",), detail=f"1 to {LONGEST_REASON} characters")
    principal = context.principal
    return CancelRedemption(
        redemption_id=redemption_id,
        role=principal.role,
        customer_id=principal.customer_id,
        reason=reason or None,
        shop_at_fault=sent.shop_at_fault,
    )
