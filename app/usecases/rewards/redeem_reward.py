"""Redeem a reward: pay for it from the customer's lots, or hold it for a checkout.

What a till redeems is handed over at once. A customer who redeems with a key of their own gets it later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from app.domain.calendar import latest
from app.domain.customers.customer import Customer
from app.domain.details import detail_of
from app.domain.ledger.account import Account
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.rewards.reward import Reward
from app.domain.units import Unit
from app.store.customers import customers, own_wallet, rule_facts, tiers
from app.store.database.session import Session
from app.store.events import snapshot_path
from app.store.programs import locations
from app.store.rewards import redemptions, rewards
from app.store.terms import versions
from app.usecases.command import CLOCK_TOLERANCE, CommandContext, balances_now, use_case
from app.usecases.customers.same_customer import is_same_customer
from app.usecases.ledger.account_writer import accounts_of
from app.usecases.rewards.book_redemption import RedemptionRequest, book_by_replay, book_from_snapshot
from app.usecases.rewards.commands import RedeemReward, RedeemRewardResult


@use_case(RedeemRewardResult)
async def run(session: Session, *, context: CommandContext, command: RedeemReward) -> RedeemRewardResult | Problem:
    """Decide and, if granted, take one reward from stock and the points from the lots, or hold both.

    A refusal by the terms is stored under the key like any other result, and moves nothing.
    """
    if (problem := _clock_problem(context, command=command)) is not None:
        return problem
    resolved = await _resolve(session, context=context, command=command)
    if isinstance(resolved, Problem):
        return resolved
    if command.hold is not None:
        earlier_hold = await redemptions.begun_by_checkout(
            session,
            checkout=command.hold.checkout,
            sources=context.sources,
            origin=ReceiptOrigin(resolved.facts.location, resolved.facts.occurred_at, resolved.facts.zone),
            numbering=context.program.numbering,
        )
        if earlier_hold is not None:
            return await _repeated_checkout(session, context=context, resolved=resolved, earlier_hold=earlier_hold)
    request = await _request(session, command=command, resolved=resolved)
    if isinstance(request, Problem):
        return request
    # Checked only now, because an earlier hold of the checkout stays as it was placed.
    if (problem := request.reward.missing_variant_problem()) is not None:
        return problem
    by_unit = await accounts_of(session, write_context=context, customer=request.customer, terms=request.terms)
    has_holds = any(account.balance.held for account in by_unit.values())
    if command.hold is None and not has_holds and await _can_use_snapshot(session, request=request, by_unit=by_unit):
        return await book_from_snapshot(session, context=context, request=request, by_unit=by_unit)
    return await book_by_replay(session, context=context, request=request)


async def _can_use_snapshot(session: Session, *, request: RedemptionRequest, by_unit: Mapping[Unit, Account]) -> bool:
    # Points kept alive by activity are not consumed in the order of their stored dates.
    up_to_now = await versions.units_and_rules_up_to(session, terms=request.terms)
    if by_unit[request.unit].balance.owed or up_to_now.activity_rules:
        return False
    at = request.facts.occurred_at
    return await snapshot_path.can_apply_to_snapshot(session, customer=request.customer, terms=request.terms, at=at)


class _Resolved(NamedTuple):
    """The records that a command refers to: the facts with their location, the customer with a locked account, and the reward."""

    facts: PurchaseFacts
    customer: Customer
    reward: Reward


async def _resolve(session: Session, *, context: CommandContext, command: RedeemReward) -> _Resolved | Problem:
    located_facts = await locations.facts_at_location(session, facts=command.facts, location_id=command.location_id)
    if located_facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("basket", "locationId"))
    # Checked before the account is locked, because a customer's key must not lock accounts of others.
    not_found = Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if context.is_self_service and not await own_wallet.may_act_for(
        session, principal=context.principal, by=command.customer
    ):
        return not_found
    customer = await customers.find(session, by=command.customer, lock=True)
    if customer is None:
        return not_found
    problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=("customer",))
    if problem is not None:
        return problem
    reward = await _reward(session, command=command)
    if reward is None:
        return Problem(ProblemCode.REWARD_NOT_FOUND, path=("reward",))
    facts = replace(located_facts, self_service=True) if context.is_self_service else located_facts
    return _Resolved(facts, customer, reward)


async def _request(session: Session, *, command: RedeemReward, resolved: _Resolved) -> RedemptionRequest | Problem:
    customer, reward = resolved.customer, resolved.reward
    in_force = await versions.in_force(session, at=command.facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("basket", "occurredAt"))
    clause = in_force.clause_of_reward(reward.key)
    if clause is None:
        return Problem(ProblemCode.REWARD_NOT_OFFERED, path=("reward",))
    if in_force.required_facts.tier:
        customer = await tiers.reload(session, customer=customer)
    facts = await rule_facts.with_rule_facts(session, customer=customer, terms=in_force, facts=resolved.facts)
    return RedemptionRequest(
        command=command, customer=customer, reward=reward, terms=in_force, clause=clause, facts=facts
    )


async def _repeated_checkout(
    session: Session, *, context: CommandContext, resolved: _Resolved, earlier_hold: Redemption
) -> RedeemRewardResult | Problem:
    """The result of a second attempt of a checkout: its first hold, or a problem for another reward or customer.

    The hold stays as it was decided, under the terms of its time, whatever was published since.
    """
    customer = resolved.customer
    is_same = await is_same_customer(session, customer=customer, known_id=earlier_hold.customer_id)
    if not is_same or earlier_hold.reward_id != resolved.reward.id:
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("checkout",), redemption_ids=(earlier_hold.id,))
    if earlier_hold.state is not RedemptionState.HELD or earlier_hold.hold_has_expired(
        at=latest(context.now, customer.account.replayed_through)
    ):
        return Problem(ProblemCode.NOT_HELD, path=("checkout",))
    return RedeemRewardResult(
        decision=earlier_hold.decision,
        balances=await balances_now(session, customer=customer),
        customer_id=customer.id,
        reward_id=earlier_hold.reward_id,
        redemption_id=earlier_hold.id,
        already_recorded=True,
    )


async def _reward(session: Session, *, command: RedeemReward) -> Reward | None:
    if command.reward_id is not None:
        return await rewards.by_id(session, reward_id=command.reward_id)
    return await rewards.by_key(session, key=command.reward_key or "")


def _clock_problem(context: CommandContext, *, command: RedeemReward) -> Problem | None:
    """The problem with a business time that is not now (tills that redeem are online); None if it is.

    In a sandbox, redemptions may have a past time, but holds start now.
    """
    occurred_at = command.facts.occurred_at
    allows_past_times = context.program.kind is ProgramKind.SANDBOX and command.hold is None
    if allows_past_times or occurred_at >= context.now - CLOCK_TOLERANCE:
        return context.ahead_of_clock_problem(occurred_at, path=("basket", "occurredAt"))
    return Problem(ProblemCode.CLOCK_SKEW, path=("basket", "occurredAt"), detail=detail_of("REDEEM_NOW"))
