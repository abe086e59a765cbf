"""Verification of what belongs to no single account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import orjson

from app.domain.customers.customer import CustomerState
from app.domain.rewards.reward import Reward
from app.queries.verification.discrepancies import Discrepancy
from app.store.customers import mergers
from app.store.database.session import Session
from app.store.ledger import accounts, entries
from app.store.purchases import pending_refunds, quarantine
from app.store.rewards import redemption_payments, redemptions, rewards
from app.store.terms import budgets, versions


async def verify_program(session: Session) -> tuple[Discrepancy, ...]:
    """Verify stock, budgets, terms, pending refunds, quarantine, mergers, and that wallets sent as much as others received.

    Everything is read from one state of the database, so tills may go on recording meanwhile.
    """
    discrepancies = [
        Discrepancy(place=f"terms version {number}", problem="are not what was published")
        for number in await versions.changed_numbers(session)
    ]
    discrepancies.extend(
        Discrepancy(place=f"terms version {number}", problem="is missing")
        for number in await versions.missing_numbers(session)
    )
    discrepancies.extend(
        Discrepancy(place=f"wallet {id}", problem="has no account")
        for id in await accounts.wallets_without_account(session)
    )
    if not await pending_refunds.is_unchanged(session):
        discrepancies.append(
            Discrepancy(place="pending refunds", problem="are not those that were sent, or not with their outcomes")
        )
    discrepancies.extend(
        Discrepancy(place=f"redemption {id}", problem="what it paid does not exist")
        for id in await redemption_payments.without_purchase(session)
    )
    if not await quarantine.is_unchanged(session):
        discrepancies.append(Discrepancy(place="quarantine", problem="is not what was sent, or not with its outcomes"))
    discrepancies.extend(await _verify_mergers(session))
    discrepancies.extend(
        Discrepancy(place=f"transfers of {unit}", problem="wallets sent other amounts than others received")
        for unit in await entries.unbalanced_transfers(session)
    )
    redeemed_by_reward = await redemptions.counts_by_reward(session)
    discrepancies.extend(
        Discrepancy(place=f"reward {reward.key}", problem="the stock is not the initial stock less what was redeemed")
        for reward in await rewards.all_rewards(session)
        if not _stock_adds_up(reward, redeemed=redeemed_by_reward.get(reward.id, 0))
    )
    stored_by_clause = await budgets.points_used_by_clause(session)
    spent_by_clause = _spent(await entries.decisions_using_budgets(session))
    discrepancies.extend(
        Discrepancy(place=f"budget {clause_key}", problem="its counter is not what the entries used")
        for clause_key in sorted(stored_by_clause.keys() | spent_by_clause.keys())
        if stored_by_clause.get(clause_key, 0) != spent_by_clause.get(clause_key, 0)
    )
    return tuple(discrepancies)


def _spent(decisions: Iterable[str]) -> Counter[str]:
    """The points that decisions (JSON texts) used of the budgets for all customers, by clause key.

    A text that is no decision used nothing.
    """
    spent: Counter[str] = Counter()
    for text in decisions:
        try:
            decision = orjson.loads(text)
            spent.update(decision.get("spent", {}))
            spent.subtract(decision.get("own", {}))
        except (orjson.JSONDecodeError, AttributeError, TypeError):
            continue  # the hash of its entry does not match, which the verification of the account finds
    return spent


def _stock_adds_up(reward: Reward, *, redeemed: int) -> bool:
    """Is the reward's stock the initial stock less what was redeemed? A reward without a limit has neither stock."""
    if reward.stock_initial is None:
        return reward.stock is None
    return reward.stock == reward.stock_initial - redeemed


async def _verify_mergers(session: Session) -> list[Discrepancy]:
    """Customers who do not continue as the survivor that the mergers name."""
    stored_states = await mergers.stored_states_and_survivors(session)
    survivors = await mergers.survivors_by_mergers(session)
    return [
        Discrepancy(place=f"customer {id}", problem="has another survivor than the mergers name")
        for id in sorted(stored_states.keys() | survivors.keys())
        if stored_states.get(id) != ((CustomerState.MERGED.value, survivors[id]) if id in survivors else None)
    ]
