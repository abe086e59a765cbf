"""holdReward, captureHold, releaseHold: a reward is reserved for a checkout, then paid for or let go."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, speak
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload, canonical, was_recorded
from app.api.conventions.performing import perform
from app.api.customers.customers import Customer, CustomerBy
from app.api.customers.reading_again import customer_again, entry_again, redemption_again
from app.api.points.baskets import BasketInput
from app.api.points.redeeming import order_of
from app.api.program.decisions import Decision, decided
from app.api.program.rewards import Reward, RewardBy, reward_again
from app.api.wallets.balances import Balance, balances
from app.api.wallets.ledgers import LedgerEntry
from app.api.wallets.receipts import Redemption
from app.domain.access import Permission
from app.domain.names import identifying
from app.domain.problems import Problem, ProblemCode
from app.usecases.call import Answer
from app.usecases.end_hold import HoldBy as WhichHold
from app.usecases.end_hold import capture, release
from app.usecases.redeem import NewRedemption, redeem
from app.usecases.reserving import NewHold

LONGEST = 1440
"""Minutes that a reward can be reserved for: a day."""

LONGEST_CHECKOUT = 100


@strawberry.input(description="A reward to reserve.")
class HoldRewardInput:
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
class HoldBy:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Opaque id of the redemption that `holdReward` answered with."
    )
    checkout: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The checkout that `holdReward` was given. Where several of that number run, it is refused with RECEIPT_AMBIGUOUS.",
    )


@strawberry.input(description="A reservation to pay for.")
class CaptureHoldInput:
    """Which reservation."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    hold: HoldBy = strawberry.field(description="The reservation.")


@strawberry.input(description="A reservation to let go.")
class ReleaseHoldInput:
    """Which reservation."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    hold: HoldBy = strawberry.field(description="The reservation.")


@strawberry.type(description="What reserving came to.")
class HoldRewardPayload(Payload):
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
        return await redemption_again(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await reward_again(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(self.answer, context=info.context)


@strawberry.type(description="What paying for a reservation came to.")
class CaptureHoldPayload(Payload):
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
        return await redemption_again(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await reward_again(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that paid, as of the time when the reservation began.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await entry_again(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(self.answer, context=info.context)


@strawberry.type(description="What letting a reservation go came to.")
class ReleaseHoldPayload(Payload):
    """The balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it, one per unit."
    )

    @strawberry.field(description="The redemption, now CANCELLED.")
    async def redemption(self, info: Info) -> Redemption | None:
        """Read again."""
        return await redemption_again(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now: back in stock.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await reward_again(self.answer, context=info.context)

    @strawberry.field(
        description="The ledger entry by which points expired at once, since their last valid day had passed while they were reserved; null where none did."
    )
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await entry_again(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await customer_again(self.answer, context=info.context)


async def hold_reward(
    info: Info,
    input: Annotated[HoldRewardInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> HoldRewardPayload | None:
    """Reserve once per checkout, or be told by which clauses not and what would help."""
    context = info.context
    speak(info, locale)
    outcome = await perform(
        redeem,
        name="holdReward",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical(input),
        order=_reserved(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return HoldRewardPayload(problem=outcome)
    return HoldRewardPayload(
        answer=outcome,
        decision=await decided(outcome, context=context),
        balances=_balances(outcome, context=context),
    )


async def capture_hold(
    info: Info,
    input: Annotated[CaptureHoldInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> CaptureHoldPayload | None:
    """Pay for what was reserved."""
    context = info.context
    speak(info, locale)
    outcome = await perform(
        capture,
        name="captureHold",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical(input),
        order=_which(input.hold),
        context=context,
    )
    if isinstance(outcome, Problem):
        return CaptureHoldPayload(problem=outcome)
    return CaptureHoldPayload(
        answer=outcome,
        decision=await decided(outcome, context=context),
        balances=_balances(outcome, context=context),
    )


async def release_hold(
    info: Info,
    input: Annotated[ReleaseHoldInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> ReleaseHoldPayload | None:
    """Let go what was reserved."""
    context = info.context
    speak(info, locale)
    outcome = await perform(
        release,
        name="releaseHold",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical(input),
        order=_which(input.hold),
        context=context,
    )
    if isinstance(outcome, Problem):
        return ReleaseHoldPayload(problem=outcome)
    return ReleaseHoldPayload(answer=outcome, balances=_balances(outcome, context=context))


def _balances(answer: Answer, *, context: Context) -> list[Balance]:
    return balances(answer.balances, context=context)


def _reserved(sent: HoldRewardInput, *, context: Context) -> NewRedemption | Problem:
    checkout = identifying(sent.checkout)
    if not 1 <= len(checkout) <= LONGEST_CHECKOUT:
        return Problem(ProblemCode.INVALID_INPUT, path=("checkout",), detail=f"1 to {LONGEST_CHECKOUT} characters")
    if not 1 <= sent.minutes <= LONGEST:
        return Problem(ProblemCode.INVALID_INPUT, path=("minutes",), detail=f"1 to {LONGEST:,} minutes")
    hold = NewHold(checkout=checkout, length=timedelta(minutes=sent.minutes))
    return order_of(sent.customer, sent.reward, sent.basket, hold=hold, context=context)


def _which(sent: HoldBy) -> WhichHold | Problem:
    redemption_id = decode(sent.id, "Redemption") if isinstance(sent.id, str) else None
    checkout = identifying(sent.checkout) or None if isinstance(sent.checkout, str) else None
    if redemption_id is None and checkout is None:
        return Problem(ProblemCode.HOLD_NOT_FOUND, path=("hold",))
    return WhichHold(redemption_id=redemption_id, checkout=checkout)
