"""Fulfil a redemption that was issued to a customer: its reward is handed over, once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.events.replay import replay_wallet
from app.store.rewards import redemptions
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.ledger.end_redemptions import RedemptionChange
from app.usecases.ledger.post_differences import post_differences
from app.usecases.results import DecidedResult, stored_as

_PATH = ("redemption",)


@dataclass(frozen=True, slots=True)
class FulfilRedemption:
    """The redemption (id) whose reward is handed over."""

    redemption_id: str


@stored_as("redemption_fulfilled")
@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilRedemptionResult(DecidedResult):
    """The decision by which a redemption was granted; its points were paid when it was issued."""

    customer_id: str
    redemption_id: str
    reward_id: str

    @property
    def entry_id(self) -> None:
        """There is no new entry: no points move."""
        return None


@use_case(FulfilRedemptionResult)
async def run(
    session: Session, *, context: CommandContext, command: FulfilRedemption
) -> FulfilRedemptionResult | Problem:
    """Store that the reward was handed over. From then on its customer cannot cancel it."""
    redemption_and_customer = await _find(session, redemption_id=command.redemption_id)
    if redemption_and_customer is None:
        return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=_PATH)
    redemption, customer = redemption_and_customer
    problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=_PATH)
    if problem is not None:
        return problem
    if (problem := _not_issued_problem(redemption)) is not None:
        return problem
    return await _fulfil(session, context=context, redemption=redemption, customer=customer)


async def _find(session: Session, *, redemption_id: str) -> tuple[Redemption, Customer] | None:
    """The redemption and its customer, with the account locked."""
    redemption = await redemptions.by_id(session, redemption_id=redemption_id)
    if redemption is None:
        return None
    customer = await customers.find(session, by=CustomerReference(redemption.customer_id), lock=True)
    # Read again under the lock: another transaction may just have cancelled or fulfilled it.
    redemption = await redemptions.by_id(session, redemption_id=redemption_id)
    return (redemption, customer) if redemption is not None and customer is not None else None


def _not_issued_problem(redemption: Redemption) -> Problem | None:
    """Why a redemption cannot be fulfilled; None if it is issued."""
    if redemption.ended_at is not None:
        return Problem(ProblemCode.NOT_HELD, path=_PATH)
    match redemption.state:
        case RedemptionState.HELD:
            return Problem(ProblemCode.INVALID_INPUT, path=_PATH, detail=detail_of("HELD_CAPTURE"))
        case RedemptionState.FULFILLED:
            return Problem(ProblemCode.ALREADY_FULFILLED, path=_PATH)
        case RedemptionState.CANCELLED | RedemptionState.EXPIRED:
            return Problem(ProblemCode.ALREADY_REVERSED, path=_PATH)
    return None


async def _fulfil(
    session: Session, *, context: CommandContext, redemption: Redemption, customer: Customer
) -> FulfilRedemptionResult:
    after = replace(redemption, state=RedemptionState.FULFILLED, fulfilled_at=context.now, fulfilled_by=context.actor)
    await redemptions.set_payment_and_fulfilment(session, redemption=after)
    deciding_terms = await versions.version(session, number=redemption.terms_version)
    if deciding_terms is None:
        raise LookupError(f"terms version {redemption.terms_version} is missing")
    # No points move, but the digest of the account must cover the new state; what is due by now is settled, too.
    replayed = await replay_wallet(session, account=customer.account, until=context.now)
    change = RedemptionChange(before=redemption, after=after)
    await post_differences(session, write_context=context, replayed=replayed, redemption_changes=[change])
    return FulfilRedemptionResult(
        decision=redemption.decision,
        balances=replayed.balances,
        customer_id=customer.id,
        redemption_id=redemption.id,
        reward_id=redemption.reward_id,
        terms=deciding_terms,
    )
