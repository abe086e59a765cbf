"""End a hold: capture it, as of the time when it was placed, or release it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.calendar import latest
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.ledger.entries import Balance, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.units import Unit
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.events.replay import replay_wallet
from app.store.purchases.receipt_references import MAX_LISTED_MATCHES
from app.store.rewards import redemptions
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.ledger.count_usage import count_clause_uses
from app.usecases.ledger.end_redemptions import RedemptionChange, end_redemption
from app.usecases.ledger.post_differences import post_differences
from app.usecases.results import CommandResult, DecidedResult, stored_as
from app.usecases.rewards.book_redemption import as_paid


@dataclass(frozen=True, slots=True)
class HoldReference:
    """A hold, by the id of its redemption or by its checkout."""

    redemption_id: str | None
    checkout: str | None


@dataclass(frozen=True, slots=True)
class CaptureHold(HoldReference):
    """The hold to pay for."""


@dataclass(frozen=True, slots=True)
class ReleaseHold(HoldReference):
    """The hold to end without payment."""


@stored_as("hold_captured")
@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureHoldResult(DecidedResult):
    """The decision with which a hold was placed, its redemption, and the entry that paid for it."""

    customer_id: str
    redemption_id: str
    reward_id: str
    entry_id: str


@stored_as("hold_released")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHoldResult(CommandResult):
    """The redemption that was held, and the balances after its release.

    `entry_id` is the entry with which points expired at once, None if none did.
    """

    customer_id: str
    balances: Mapping[Unit, Balance]
    redemption_id: str
    reward_id: str
    entry_id: str | None = None


@use_case(CaptureHoldResult)
async def capture(session: Session, *, context: CommandContext, command: CaptureHold) -> CaptureHoldResult | Problem:
    """Pay for a hold: the redemption counts as it was decided, and at the time at which the hold was placed."""
    hold_and_customer = await _find_hold(session, context=context, reference=command)
    if isinstance(hold_and_customer, Problem):
        return hold_and_customer
    hold, customer = hold_and_customer
    # Holders of staff keys may not capture holds of their own wallet. They may release them, which cannot prolong the validity
    # of points.
    problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=("hold",))
    if problem is not None:
        return problem
    if (problem := _not_held_problem(hold, customer=customer, context=context)) is not None:
        return problem
    return await _capture(session, context=context, hold=hold, customer=customer)


@use_case(ReleaseHoldResult)
async def release(session: Session, *, context: CommandContext, command: ReleaseHold) -> ReleaseHoldResult | Problem:
    """Release a hold: its points and goods are free again. Points past their last day expire at once."""
    hold_and_customer = await _find_hold(session, context=context, reference=command)
    if isinstance(hold_and_customer, Problem):
        return hold_and_customer
    hold, customer = hold_and_customer
    if (problem := _not_held_problem(hold, customer=customer, context=context)) is not None:
        return problem
    return await _release(session, context=context, hold=hold, customer=customer)


def _not_held_problem(hold: Redemption, *, customer: Customer, context: CommandContext) -> Problem | None:
    """The problem with a hold that has ended, or None; an expired hold has ended, even if its account is not settled yet."""
    has_expired = hold.hold_has_expired(at=latest(context.now, customer.account.replayed_through))
    if hold.state is not RedemptionState.HELD or has_expired:
        return Problem(ProblemCode.NOT_HELD, path=("hold",))
    return None


async def _find_hold(
    session: Session, *, context: CommandContext, reference: HoldReference
) -> tuple[Redemption, Customer] | Problem:
    """The hold and its customer, with the account locked, or the problem that there is none."""
    not_found = Problem(ProblemCode.HOLD_NOT_FOUND, path=("hold",))
    redemption: Redemption | Problem | None
    if reference.redemption_id is not None:
        redemption = await redemptions.by_id(session, redemption_id=reference.redemption_id)
    else:
        redemption = await _hold_of_checkout(session, context=context, checkout=reference.checkout or "")
    if isinstance(redemption, Problem):
        return redemption
    if redemption is None or redemption.held_until is None:
        return not_found
    # A customer may end only holds that they placed themselves, not those of a checkout of the shop.
    if context.is_self_service and redemption.source not in context.sources:
        return not_found
    customer = await customers.find(session, by=CustomerReference(redemption.customer_id), lock=True)
    # Read again under the lock: another transaction may just have ended it.
    redemption = await redemptions.by_id(session, redemption_id=redemption.id)
    return (redemption, customer) if customer is not None and redemption is not None else not_found


async def _hold_of_checkout(session: Session, *, context: CommandContext, checkout: str) -> Redemption | Problem | None:
    """The hold of a checkout: the active one, or else the newest; None if there is none, a problem if several are active."""
    holds = await redemptions.by_checkout_number(
        session, checkout=checkout, sources=context.sources, limit=MAX_LISTED_MATCHES
    )
    active_holds = [
        redemption
        for redemption in holds
        if redemption.state is RedemptionState.HELD and not redemption.hold_has_expired(at=context.now)
    ]
    if len(active_holds) > 1:
        ids = tuple(redemption.id for redemption in active_holds)
        return Problem(ProblemCode.RECEIPT_AMBIGUOUS, path=("hold",), redemption_ids=ids)
    return (
        active_holds[0]
        if active_holds
        else max(holds, key=lambda redemption: (redemption.occurred_at, redemption.id), default=None)
    )


async def _capture(
    session: Session, *, context: CommandContext, hold: Redemption, customer: Customer
) -> CaptureHoldResult:
    id = hold.id
    after = as_paid(hold, context=context)
    await redemptions.set_payment_and_fulfilment(session, redemption=after)
    deciding_terms = await versions.version(session, number=hold.terms_version)
    if deciding_terms is None:
        raise LookupError(f"terms version {hold.terms_version} is missing")
    await count_clause_uses(session, context=context, redemption=hold, terms=deciding_terms)
    replayed = await replay_wallet(session, account=customer.account, until=context.now)
    changes = [RedemptionChange(before=hold, after=after)]
    new_entries = await post_differences(
        session, write_context=context, replayed=replayed, redemption_changes=changes, event_id=id
    )
    return CaptureHoldResult(
        decision=hold.decision,
        balances=replayed.balances,
        customer_id=customer.id,
        redemption_id=id,
        reward_id=hold.reward_id,
        entry_id=new_entries[PostingKey(EntryType.REDEEM, id)].id,
        terms=deciding_terms,
    )


async def _release(
    session: Session, *, context: CommandContext, hold: Redemption, customer: Customer
) -> ReleaseHoldResult:
    change = await end_redemption(session, redemption=hold, state=RedemptionState.CANCELLED, ended_at=context.now)
    replayed = await replay_wallet(session, account=customer.account, until=context.now)
    new_entries = await post_differences(session, write_context=context, replayed=replayed, redemption_changes=[change])
    expiry_entry_ids = [entry.id for posting_key, entry in new_entries.items() if posting_key.type is EntryType.EXPIRE]
    return ReleaseHoldResult(
        balances=replayed.balances,
        customer_id=customer.id,
        redemption_id=hold.id,
        reward_id=hold.reward_id,
        entry_id=expiry_entry_ids[0] if expiry_entry_ids else None,
    )
