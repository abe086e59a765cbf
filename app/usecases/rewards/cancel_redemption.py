"""Reverse a redemption, once: the points go back into their lots, and the goods into stock.

Customers reverse what they redeemed themselves and have not received, within the window that the terms state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.calendar import latest
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.decisions import Decision
from app.domain.details import detail_of
from app.domain.engine import reversal
from app.domain.ledger.entries import Balance, Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import StaffBudget
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.rewards.reversal import Reversal
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.events.replay import replay_wallet
from app.store.rewards import redemptions, reversals
from app.store.terms import versions
from app.usecases.command import CommandContext, balances_now, use_case
from app.usecases.ledger.end_redemptions import end_redemption
from app.usecases.ledger.post_differences import post_differences
from app.usecases.programs.staff_limits import budget_problem
from app.usecases.results import DecidedResult, stored_as
from app.usecases.rewards.redemption_payments import spent_problem

ROLES_WITHOUT_REASON = frozenset({Role.TILL, Role.CUSTOMER})
"""Roles that give no reason. Staff and the owner, who may reverse redemptions of handed-over goods, must give one."""


@dataclass(frozen=True, slots=True)
class CancelRedemption:
    """The redemption, the role of the caller, and the reason.

    `shop_at_fault`: points that have expired meanwhile can be spent for a while.
    """

    redemption_id: str
    role: Role
    reason: str | None
    shop_at_fault: bool


@dataclass(frozen=True, slots=True)
class _PaidRedemption:
    """A redemption that was paid for, its customer, and the terms that decided it; the account is locked."""

    redemption: Redemption
    customer: Customer
    terms: Terms


@stored_as("redemption_cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRedemptionResult(DecidedResult):
    """The decision on a reversal, and the entry that restored the points (None if the terms refused the reversal)."""

    customer_id: str
    redemption_id: str
    reward_id: str
    entry_id: str | None = None


@use_case(CancelRedemptionResult)
async def run(
    session: Session, *, context: CommandContext, command: CancelRedemption
) -> CancelRedemptionResult | Problem:
    """Reverse a redemption, if the caller may do so.

    The points of a redemption that paid a purchase are restored with a refund of that purchase, and in no other way.
    """
    paid = await _find_paid(session, context=context, command=command)
    if paid is None:
        return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("redemption",))
    problem = await own_wallet.problem(
        session, principal=context.principal, customer=paid.customer, path=("redemption",)
    )
    if problem is not None:
        return problem
    if (problem := _not_reversible_problem(paid.redemption, command=command)) is not None:
        return problem
    if (problem := await _reversal_problem(session, context=context, command=command, paid=paid)) is not None:
        return problem
    if command.role is Role.CUSTOMER and (refusal := _window_refusal(paid, at=context.now)) is not None:
        balances = await balances_now(session, customer=paid.customer)
        return _result(paid, decision=refusal, balances=balances, entry=None)
    if command.role not in ROLES_WITHOUT_REASON and not command.reason:
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    moved = {unit: paid.redemption.decision.amount(unit) for unit in Unit}
    problem = await budget_problem(
        session, context=context, budget=StaffBudget.ADJUSTMENTS, moved=moved, path=("redemption",)
    )
    if problem is not None:
        return problem
    return await _reverse(session, context=context, command=command, paid=paid)


async def _reversal_problem(
    session: Session, *, context: CommandContext, command: CancelRedemption, paid: _PaidRedemption
) -> Problem | None:
    """Why the redemption cannot be reversed, or not by this caller; None if it can."""
    redemption, till_deadline = paid.redemption, None
    problem = await spent_problem(session, redemption_id=redemption.id, account=paid.customer.account, at=context.now)
    if problem is not None:
        return problem
    if command.role is Role.TILL and context.actor is not None and redemption.fulfilled_at is not None:
        latest_id = await redemptions.latest_fulfilled_with(session, access_key_id=context.actor)
        till_deadline = (
            redemption.fulfilled_at + reversal.TILL_CANCELLATION_TIME if latest_id == redemption.id else None
        )
    code = reversal.cancellation_problem(
        role=command.role,
        handed_over=redemption.state is RedemptionState.FULFILLED,
        till_deadline=till_deadline,
        has_window=reversal.cancellable_until(paid.terms, paid_at=_paid_at(redemption)) is not None,
        at=context.now,
    )
    return Problem(code, path=("redemption",)) if code is not None else None


def _window_refusal(paid: _PaidRedemption, *, at: datetime) -> Decision | None:
    """The refusal by the terms of the redemption, or None as long as a customer may cancel it."""
    return reversal.window_refusal(
        paid.terms, paid_at=_paid_at(paid.redemption), at=at, zone=paid.redemption.facts.zone
    )


def _paid_at(redemption: Redemption) -> datetime:
    """When a redemption was paid for (a hold by a customer: when it was captured), from which the window for cancelling counts."""
    return redemption.issued_at or redemption.occurred_at


async def _find_paid(session: Session, *, context: CommandContext, command: CancelRedemption) -> _PaidRedemption | None:
    """The redemption to reverse; None if there is none, or it is not one of the customer whose key is used."""
    redemption = await redemptions.by_id(session, redemption_id=command.redemption_id)
    by = CustomerReference(redemption.customer_id) if redemption is not None else None
    if by is None or not await own_wallet.may_act_for(session, principal=context.principal, by=by):
        return None
    customer = await customers.find(session, by=by, lock=True)
    # Read again under the lock: another transaction may just have reversed it.
    redemption = await redemptions.by_id(session, redemption_id=command.redemption_id)
    deciding_terms = (
        await versions.version(session, number=redemption.terms_version) if redemption is not None else None
    )
    if redemption is None or customer is None or deciding_terms is None:
        raise LookupError(f"redemption {command.redemption_id} has lost its customer, or its terms")
    return _PaidRedemption(redemption, customer, deciding_terms)


def _not_reversible_problem(redemption: Redemption, *, command: CancelRedemption) -> Problem | None:
    """Why this command cannot reverse a redemption in its present state; None if it can."""
    path = ("redemption",)
    if redemption.state is RedemptionState.HELD:
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail=detail_of("HELD_RELEASE"))
    if redemption.ended_at is not None:
        return Problem(ProblemCode.NOT_HELD, path=path)
    if redemption.state is RedemptionState.CANCELLED:
        return Problem(ProblemCode.ALREADY_REVERSED, path=path)
    if command.shop_at_fault and command.role in ROLES_WITHOUT_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("shopAtFault",), detail=detail_of("AT_FAULT_ROLE"))
    return None


async def _reverse(
    session: Session, *, context: CommandContext, command: CancelRedemption, paid: _PaidRedemption
) -> CancelRedemptionResult:
    redemption = paid.redemption
    # The clock of the redeeming till may be ahead: a reversal is never before its redemption.
    at = latest(context.now, redemption.occurred_at)
    usable_until = reversal.grace_period_end(at, zone=redemption.facts.zone) if command.shop_at_fault else None
    new_reversal = Reversal(
        id=context.new_id(),
        redemption_id=redemption.id,
        occurred_at=at,
        recorded_at=context.now,
        usable_until=usable_until,
        reason=command.reason,
        actor=context.actor,
    )
    change = await end_redemption(session, redemption=redemption, state=RedemptionState.CANCELLED, ended_at=None)
    await reversals.add(session, reversal=new_reversal)
    replayed = await replay_wallet(session, account=paid.customer.account, until=at)
    entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(reversals.row_digest(new_reversal),),
        redemption_changes=[change],
        event_id=new_reversal.id,
    )
    posting_key = PostingKey(EntryType.REVERSAL, new_reversal.id)
    postings = (posting for unit_account in replayed.wallet.unit_accounts.values() for posting in unit_account.postings)
    decision = next(posting.decision for posting in postings if posting.key == posting_key)
    return _result(paid, decision=decision, balances=replayed.balances, entry=entries[posting_key])


def _result(
    paid: _PaidRedemption, *, decision: Decision, balances: Mapping[Unit, Balance], entry: Entry | None
) -> CancelRedemptionResult:
    return CancelRedemptionResult(
        decision=decision,
        balances=balances,
        customer_id=paid.customer.id,
        redemption_id=paid.redemption.id,
        reward_id=paid.redemption.reward_id,
        entry_id=entry.id if entry is not None else None,
        terms=paid.terms,
    )
