"""The proof of what belongs to no single account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import orjson

from app.queries.ledger.discrepancies import Discrepancy
from app.store.customers import mergers
from app.store.customers.customers import CustomerState
from app.store.database.session import Session
from app.store.ledger import accounts, entries
from app.store.purchases import pending_refunds, quarantine
from app.store.rewards import redemption_payments, redemptions, rewards
from app.store.rewards.rewards import Reward
from app.store.terms import budgets, versions


async def verify_program(session: Session) -> tuple[Discrepancy, ...]:
    """Prove what belongs to no single account: stock, budgets, terms, and that what left a wallet came into another.

    All of it from one view of the books, so that it holds while tills go on.
    """
    faults = [
        Discrepancy(place=f"terms version {number}", what="are not what was published")
        for number in await versions.changed(session)
    ]
    faults.extend(
        Discrepancy(place=f"terms version {number}", what="is missing") for number in await versions.missing(session)
    )
    faults.extend(Discrepancy(place=f"wallet {id}", what="has no account") for id in await accounts.missing(session))
    if not await pending_refunds.proved(session):
        faults.append(Discrepancy(place="waiting refunds", what="are not what was sent, or what became of them"))
    faults.extend(
        Discrepancy(place=f"redemption {id}", what="what it paid does not exist")
        for id in await redemption_payments.without_purchase(session)
    )
    if not await quarantine.verify(session):
        faults.append(Discrepancy(place="quarantine", what="is not what was sent, or what became of it"))
    faults.extend(await _merged(session))
    faults.extend(
        Discrepancy(place=f"transfers of {unit}", what="what left wallets is not what came into others")
        for unit in await entries.passed_on(session)
    )
    given = await redemptions.taken_of_rewards(session)
    faults.extend(
        Discrepancy(place=f"reward {reward.key}", what="the stock is not what was given away")
        for reward in await rewards.all_rewards(session)
        if not _in_stock(reward, given=given.get(reward.id, 0))
    )
    counted = await budgets.counted(session)
    spent = _spent(await entries.spending(session))
    faults.extend(
        Discrepancy(place=f"budget {clause}", what="what is spent of it is not what the entries took")
        for clause in sorted(counted.keys() | spent.keys())
        if counted.get(clause, 0) != spent.get(clause, 0)
    )
    return tuple(faults)


def _spent(decisions: Iterable[str]) -> Counter[str]:
    """What decisions took of what budgets have for all, by key of the clause; a text that is no decision took nothing."""
    spent: Counter[str] = Counter()
    for text in decisions:
        try:
            decision = orjson.loads(text)
            spent.update(decision.get("spent", {}))
            spent.subtract(decision.get("own", {}))
        except (orjson.JSONDecodeError, AttributeError, TypeError):
            continue  # its seal is broken, which its account says
    return spent


def _in_stock(reward: Reward, *, given: int) -> bool:
    """Whether what is left is what there was, less what was given away; without a limit there is neither."""
    if reward.stock_initial is None:
        return reward.stock is None
    return reward.stock == reward.stock_initial - given


async def _merged(session: Session) -> list[Discrepancy]:
    """Whoever was merged goes on as the survivor of the merger, and nobody else does."""
    gone = await mergers.merged_customers(session)
    survivors = await mergers.survivors(session)
    return [
        Discrepancy(place=f"customer {id}", what="goes on as somebody else than the mergers say")
        for id in sorted(gone.keys() | survivors.keys())
        if gone.get(id) != ((CustomerState.MERGED.value, survivors[id]) if id in survivors else None)
    ]
