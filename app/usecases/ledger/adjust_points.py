"""Give or take points by hand: with a reason, up to the limit of the role, and never taking more than are available."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.access import Role
from app.domain.amounts import MAX_POINTS
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import detail_of, range_detail
from app.domain.ledger.adjustment import Adjustment
from app.domain.ledger.entries import Balance, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.staff_limits import StaffBudget
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import PointsAdjusted
from app.domain.wallets.postings import PostingKey
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.events.replay import NewEvent, ReplayedWallet, balance_of, replay_recorded, replay_wallet
from app.store.ledger import accounts, adjustments
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.ledger.account_writer import new_account
from app.usecases.ledger.post_differences import post_differences
from app.usecases.programs.staff_limits import budget_problem
from app.usecases.results import CommandResult, stored_as

MAX_ADJUSTMENT = 1_000_000
"""The most points in one adjustment."""

ROLE_LIMITS: Mapping[Role, int] = MappingProxyType({Role.OWNER: MAX_ADJUSTMENT, Role.STAFF: 1_000})
"""The most points, in either direction, in one adjustment by a key of a role; other roles cannot adjust."""


@dataclass(frozen=True, slots=True)
class AdjustPoints:
    """The customer, how many points or stamps to give (negative: to take), the reason, and the role of the access key."""

    customer: CustomerReference
    points: int
    reason: str | None
    role: Role
    unit: Unit = Unit.POINTS


@stored_as("points_adjusted")
@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustPointsResult(CommandResult):
    """The customer, the balances after the adjustment, and its entry."""

    customer_id: str
    balances: Mapping[Unit, Balance]
    entry_id: str


@use_case(AdjustPointsResult)
async def run(session: Session, *, context: CommandContext, command: AdjustPoints) -> AdjustPointsResult | Problem:
    """Adjust the balance now. Points that are given count as earned now, under the terms in force; points are taken from the lots from which they would be spent."""
    if (problem := _input_problem(command)) is not None:
        return problem
    customer = await customers.find(session, by=command.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=("customer",))
    if problem is not None:
        return problem
    in_force = await versions.in_force(session, at=context.now)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE)
    if command.unit not in (await versions.units_and_rules_up_to(session, terms=in_force)).units:
        return Problem(ProblemCode.INVALID_INPUT, path=("unit",), detail=detail_of("NO_SUCH_UNIT"))
    moved = {command.unit: abs(command.points)}
    problem = await budget_problem(
        session, context=context, budget=StaffBudget.ADJUSTMENTS, moved=moved, path=("points",)
    )
    if problem is not None:
        return problem
    wallet_before = await replay_wallet(session, account=customer.account, until=context.now)
    if -command.points > _spendable(wallet_before, command=command, customer=customer, context=context):
        return Problem(ProblemCode.NOT_ENOUGH_POINTS, path=("points",))
    return await _adjust(
        session, context=context, command=command, customer=customer, terms=in_force, wallet_before=wallet_before
    )


def _input_problem(command: AdjustPoints) -> Problem | None:
    if not command.reason:
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    if not 1 <= abs(command.points) <= MAX_ADJUSTMENT:
        return Problem(ProblemCode.INVALID_INPUT, path=("points",), detail=range_detail(1, MAX_ADJUSTMENT))
    limit = ROLE_LIMITS[command.role]
    if abs(command.points) > limit:
        return Problem(ProblemCode.ABOVE_LIMIT, path=("points",), detail=detail_of("ABOVE_ROLE_LIMIT", limit=limit))
    return None


def _spendable(
    wallet_before: ReplayedWallet, *, command: AdjustPoints, customer: Customer, context: CommandContext
) -> int:
    """The most that can be taken: what is available now and is not spent by a known later event."""
    wallet_now = (
        wallet_before.wallet if customer.account.all_events_before(context.now) else wallet_before.as_of(context.now)
    )
    available_now = wallet_now.unit_accounts[command.unit].inventory.available_points(at=context.now)
    return min(available_now, balance_of(wallet_before.wallet, at=wallet_before.until, unit=command.unit).available)


async def _adjust(
    session: Session,
    *,
    context: CommandContext,
    command: AdjustPoints,
    customer: Customer,
    terms: Terms,
    wallet_before: ReplayedWallet,
) -> AdjustPointsResult | Problem:
    recorded_history, unit = wallet_before.recorded_history, command.unit
    # The wallet may not have used the unit so far.
    account = recorded_history.accounts.get(unit) or new_account(
        context, wallet_id=recorded_history.account.wallet_id, unit=unit
    )
    adjustment = Adjustment(
        id=context.new_id(),
        account_id=account.id,
        customer_id=customer.id,
        points=command.points,
        occurred_at=context.now,
        recorded_at=context.now,
        terms_version=terms.version,
        reason=command.reason or "",
        actor=context.actor,
    )
    event = NewEvent(PointsAdjusted(adjustment.id, adjustment.occurred_at, adjustment.points, terms, unit))
    replayed = replay_recorded(recorded_history, versions=wallet_before.versions, events=[event], until=context.now)
    if any(balance.lifetime > MAX_POINTS for balance in replayed.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("points",))
    if unit not in recorded_history.accounts:
        opened_account = await accounts.open_account(session, account=account)
        recorded_history.other_accounts = {**recorded_history.other_accounts, unit: opened_account}
    await adjustments.add(session, adjustment=adjustment)
    new_entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(adjustments.row_digest(adjustment),),
        event_id=adjustment.id,
    )
    return AdjustPointsResult(
        customer_id=customer.id,
        balances=replayed.balances,
        entry_id=new_entries[PostingKey(EntryType.ADJUST, adjustment.id)].id,
    )
