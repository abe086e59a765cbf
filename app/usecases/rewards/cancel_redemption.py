"""Reverse a redemption, once: the points go back into their lots, and the goods into stock."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.access import Role
from app.domain.calendar import latest
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.engine import reversal
from app.domain.ledger.entries import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import Budget
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.rewards.reversal import Reversal
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.events.replay import ReplayedAccount, replay_account
from app.store.rewards import redemptions, reversals
from app.store.terms import versions
from app.usecases.command import CommandContext, guarded, use_case
from app.usecases.ledger.end_redemptions import end_redemption
from app.usecases.ledger.post_differences import post_differences
from app.usecases.programs.staff_limits import budget_problem
from app.usecases.results import DecidedResult, stored_as
from app.usecases.rewards.redemption_payments import spent_problem

WITHOUT_REASON = frozenset({Role.TILL, Role.CUSTOMER})
"""Roles that give no reason; staff and the owner may reverse handed-over goods, and have to give one."""


@dataclass(frozen=True, slots=True)
class CancelRedemption:
    """The redemption, the caller (`customer_id` is that of a customer's own key), and the reason.

    `shop_at_fault`: expired points can be spent for a while.
    """

    redemption_id: str
    role: Role
    customer_id: str | None
    reason: str | None
    shop_at_fault: bool


@dataclass(frozen=True, slots=True)
class _Paid:
    """A redemption that was paid for, its customer, and the terms that decided it; the account is locked."""

    redemption: Redemption
    customer: Customer
    terms: Terms


@stored_as("redemption_cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRedemptionResult(DecidedResult):
    """The decision that reversed a redemption, and the entry that restored its points."""

    customer_id: str
    redemption_id: str
    reward_id: str
    entry_id: str


async def _not_found_problem(session: Session, *, context: CommandContext, command: CancelRedemption) -> Problem | None:  # noqa: ARG001 - as every guard
    """The problem with an unknown redemption, or None; to a customer, the redemptions of others are unknown, too."""
    redemption = await redemptions.by_id(session, redemption_id=command.redemption_id)
    if redemption is not None and command.role is Role.CUSTOMER and command.customer_id != redemption.customer_id:
        customer = await customers.find(session, by=CustomerReference(redemption.customer_id))
        redemption = redemption if customer is not None and command.customer_id == customer.id else None
    return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("redemption",)) if redemption is None else None


@guarded(_not_found_problem)
@use_case(CancelRedemptionResult)
async def run(
    session: Session, *, context: CommandContext, command: CancelRedemption
) -> CancelRedemptionResult | Problem:
    """Reverse a redemption, if this caller may.

    A redemption that paid a purchase is restored with a refund of that purchase, and in no other way.
    """
    paid = await _paid(session, command=command)
    problem = await own_wallet.problem(
        session, principal=context.principal, customer=paid.customer, path=("redemption",)
    )
    if problem is not None:
        return problem
    if (problem := _not_reversible_problem(paid.redemption, command=command)) is not None:
        return problem
    if (problem := await _reversal_problem(session, context=context, command=command, paid=paid)) is not None:
        return problem
    if command.role not in WITHOUT_REASON and not command.reason:
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    moved = {unit: paid.redemption.decision.amount(unit) for unit in Unit}
    above = await budget_problem(session, context=context, budget=Budget.ADJUSTMENTS, moved=moved, path=("redemption",))
    if above is not None:
        return above
    return await _reverse(session, context=context, command=command, paid=paid)


async def _reversal_problem(
    session: Session, *, context: CommandContext, command: CancelRedemption, paid: _Paid
) -> Problem | None:
    """Why it cannot be reversed, or not by this caller; None where it can."""
    redemption, till_until = paid.redemption, None
    spent = await spent_problem(session, redemption_id=redemption.id, account=paid.customer.account, at=context.now)
    if spent is not None:
        return spent
    if command.role is Role.TILL and context.actor is not None and redemption.fulfilled_at is not None:
        latest_one = await redemptions.latest_of_key(session, access_key_id=context.actor)
        till_until = redemption.fulfilled_at + reversal.TILL_CANCELLATION_TIME if latest_one == redemption.id else None
    code = reversal.problem_code(by=command.role, till_until=till_until, at=context.now)
    return Problem(code, path=("redemption",)) if code is not None else None


async def _paid(session: Session, *, command: CancelRedemption) -> _Paid:
    """The redemption to reverse."""
    known = await redemptions.by_id(session, redemption_id=command.redemption_id)
    by = CustomerReference(known.customer_id) if known is not None else None
    customer = await customers.find(session, by=by, lock=True) if by is not None else None
    # Read again under the lock: another transaction may just have reversed it.
    known = await redemptions.by_id(session, redemption_id=command.redemption_id)
    judged_by = await versions.version(session, number=known.terms_version) if known is not None else None
    if known is None or customer is None or judged_by is None:
        raise LookupError(f"redemption {command.redemption_id} has lost its customer, or its terms")
    return _Paid(known, customer, judged_by)


def _not_reversible_problem(redemption: Redemption, *, command: CancelRedemption) -> Problem | None:
    """Why there is nothing to reverse, or not in this way."""
    path = ("redemption",)
    if redemption.state is RedemptionState.HELD:
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail="it is held, not paid for: use releaseRedemption")
    if redemption.ended_at is not None:
        return Problem(ProblemCode.NOT_HELD, path=path)
    if redemption.state is RedemptionState.CANCELLED:
        return Problem(ProblemCode.ALREADY_REVERSED, path=path)
    if command.shop_at_fault and command.role in WITHOUT_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("shopAtFault",), detail="only staff and the owner may set this")
    return None


async def _reverse(
    session: Session, *, context: CommandContext, command: CancelRedemption, paid: _Paid
) -> CancelRedemptionResult:
    redemption = paid.redemption
    # The clock of the redeeming till may be ahead: a reversal is never before its redemption.
    at = latest(context.now, redemption.occurred_at)
    grace = reversal.grace_ends_at(at, zone=redemption.facts.zone) if command.shop_at_fault else None
    reversed_by = Reversal(
        id=context.new_id(),
        redemption_id=redemption.id,
        occurred_at=at,
        recorded_at=context.now,
        usable_until=grace,
        reason=command.reason,
        actor=context.actor,
    )
    changed = await end_redemption(session, redemption=redemption, state=RedemptionState.CANCELLED, ended_at=None)
    await reversals.add(session, reversal=reversed_by)
    replayed = await replay_account(session, account=paid.customer.account, until=at)
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(reversals.row_digest(reversed_by),),
        redemption_changes=[changed],
        event_id=reversed_by.id,
    )
    entry = entries[PostingKey(EntryType.REVERSAL, reversed_by.id)]
    return _result(paid, replayed=replayed, reversed_by=reversed_by, entry=entry)


def _result(paid: _Paid, *, replayed: ReplayedAccount, reversed_by: Reversal, entry: Entry) -> CancelRedemptionResult:
    subject = PostingKey(EntryType.REVERSAL, reversed_by.id)
    postings = (posting for unit_account in replayed.wallet.unit_accounts.values() for posting in unit_account.postings)
    decision = next(posting.decision for posting in postings if posting.key == subject)
    return CancelRedemptionResult(
        decision=decision,
        balances=replayed.balances,
        customer_id=paid.customer.id,
        redemption_id=paid.redemption.id,
        reward_id=paid.redemption.reward_id,
        entry_id=entry.id,
        terms=paid.terms,
    )
