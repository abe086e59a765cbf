"""holdRedemption, captureRedemption, releaseRedemption: a reward is reserved for a checkout, then paid for or let go."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload, canonical_json, was_recorded
from app.api.mutations.payload_objects import load_customer, load_entry, load_redemption
from app.api.mutations.rewards.redeem_reward import order_of
from app.api.types.customers.customer import Customer, CustomerBy
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.basket_input import BasketInput
from app.api.types.rewards.reward import Reward, RewardBy, load_reward
from app.api.types.source_records import Redemption
from app.domain.access import Permission
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.usecases.command import Answer
from app.usecases.rewards import redeem_reward
from app.usecases.rewards.end_hold import HoldReference as WhichHold
from app.usecases.rewards.end_hold import capture, release
from app.usecases.rewards.holds import NewHold
from app.usecases.rewards.redeem_reward import RedeemReward

LONGEST = 1440
"""Minutes that a reward can be reserved for: a day."""

LONGEST_CHECKOUT = 100


@strawberry.input(description="A reward to reserve.")
class HoldRedemptionInput:
    """Whose points, for what, for which checkout and how long."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy = strawberry.field(description="Who pays with points or stamps.")
    reward: RewardBy = strawberry.field(description="What for.")
    checkout: str = strawberry.field(
        description="Yours: what the reservation belongs to, such as an order, 1 to 100 characters, spelled as receipt numbers are and used once within what `Program.receiptNumbers` says. A second attempt of the same checkout has the reservation of the first; with another customer or reward it is refused with RECEIPT_DIFFERS."
    )
    minutes: int = strawberry.field(
        description="How long points or stamps, and stock, are reserved, 1 to 1,440 minutes (a day) from now on. What is not captured by then is free again."
    )
    basket: BasketInput | None = strawberry.field(
        default=None,
        description="What is bought with it, for clauses that ask; its time must be now, also in a sandbox.",
    )


@strawberry.input(one_of=True, description="A reservation, by the id of its redemption or by its checkout.")
class HoldReference:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Opaque id of the redemption that `holdRedemption` answered with."
    )
    checkout: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The checkout that `holdRedemption` was given. Where several of that number run, it is refused with RECEIPT_AMBIGUOUS.",
    )


@strawberry.input(description="A reservation to pay for.")
class CaptureRedemptionInput:
    """Which reservation."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    hold: HoldReference = strawberry.field(description="The reservation.")


@strawberry.input(description="A reservation to let go.")
class ReleaseRedemptionInput:
    """Which reservation."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    hold: HoldReference = strawberry.field(description="The reservation.")


@strawberry.type(description="What reserving came to.")
class HoldRedemptionPayload(Payload):
    """The decision and the balance as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None,
        description="Granted, or refused by the terms with every failed condition; null with a user error. It stands: capturing pays what it says.",
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after the decision, one per unit."
    )

    @strawberry.field(
        description="Whether another `idempotencyKey` had reserved for this checkout: it has that reservation, and `decision` is that of it."
    )
    def already_recorded(self) -> bool:
        """Kept with the answer."""
        return was_recorded(self.answer)

    @strawberry.field(description="The redemption, HELD until it is captured or released; null when it was refused.")
    async def redemption(self, info: Info) -> Redemption | None:
        """Read again."""
        return await load_redemption(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await load_reward(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


@strawberry.type(description="What paying for a reservation came to.")
class CaptureRedemptionPayload(Payload):
    """The decision of the reservation; the balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None,
        description="The decision by which the reward was reserved, as of the time when that was; null with a user error.",
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it, one per unit."
    )

    @strawberry.field(description="The redemption, now FULFILLED.")
    async def redemption(self, info: Info) -> Redemption | None:
        """Read again."""
        return await load_redemption(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await load_reward(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that paid, as of the time when the reservation began.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


@strawberry.type(description="What letting a reservation go came to.")
class ReleaseRedemptionPayload(Payload):
    """The balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it, one per unit."
    )

    @strawberry.field(description="The redemption, now CANCELLED.")
    async def redemption(self, info: Info) -> Redemption | None:
        """Read again."""
        return await load_redemption(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now: back in stock.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await load_reward(self.answer, context=info.context)

    @strawberry.field(
        description="The ledger entry by which points expired at once, since their last valid day had passed while they were reserved; null where none did."
    )
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def hold_redemption(
    info: Info,
    input: Annotated[HoldRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> HoldRedemptionPayload | None:
    """Reserve once per checkout, or be told by which clauses not and what would help."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        redeem_reward.run,
        name="holdRedemption",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_reserved(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return HoldRedemptionPayload(problem=outcome)
    return HoldRedemptionPayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context),
        balances=_balances(outcome, context=context),
    )


async def capture_redemption(
    info: Info,
    input: Annotated[CaptureRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> CaptureRedemptionPayload | None:
    """Pay for what was reserved."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        capture,
        name="captureRedemption",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_which(input.hold),
        context=context,
    )
    if isinstance(outcome, Problem):
        return CaptureRedemptionPayload(problem=outcome)
    return CaptureRedemptionPayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context),
        balances=_balances(outcome, context=context),
    )


async def release_redemption(
    info: Info,
    input: Annotated[ReleaseRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> ReleaseRedemptionPayload | None:
    """Let go what was reserved."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        release,
        name="releaseRedemption",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_which(input.hold),
        context=context,
    )
    if isinstance(outcome, Problem):
        return ReleaseRedemptionPayload(problem=outcome)
    return ReleaseRedemptionPayload(answer=outcome, balances=_balances(outcome, context=context))


def _balances(answer: Answer, *, context: Context) -> list[Balance]:
    return balances(answer.balances, context=context)


def _reserved(sent: HoldRedemptionInput, *, context: Context) -> RedeemReward | Problem:
    checkout = normalised_identifier(sent.checkout)
    if not 1 <= len(checkout) <= LONGEST_CHECKOUT:
        return Problem(ProblemCode.INVALID_INPUT, path=("checkout",), detail=f"1 to {LONGEST_CHECKOUT} characters")
    if not 1 <= sent.minutes <= LONGEST:
        return Problem(ProblemCode.INVALID_INPUT, path=("minutes",), detail=f"1 to {LONGEST:,} minutes")
    hold = NewHold(checkout=checkout, length=timedelta(minutes=sent.minutes))
    return order_of(sent.customer, sent.reward, sent.basket, hold=hold, context=context)


def _which(sent: HoldReference) -> WhichHold | Problem:
    redemption_id = decode(sent.id, "Redemption") if isinstance(sent.id, str) else None
    checkout = normalised_identifier(sent.checkout) or None if isinstance(sent.checkout, str) else None
    if redemption_id is None and checkout is None:
        return Problem(ProblemCode.HOLD_NOT_FOUND, path=("hold",))
    return WhichHold(redemption_id=redemption_id, checkout=checkout)
