"""Keep what clauses count of a customer, so that the next decision finds it without a look at all that happened before."""

from __future__ import annotations

from app.domain.deciding.usage import usage_of, uses_of
from app.domain.decisions import Decision
from app.domain.terms import Terms
from app.store import budgets, counts, ledger, members
from app.store.counts import Reduction
from app.store.purchases import Purchase
from app.store.redemptions import Redemption
from app.store.unit import Session
from app.store.values import json_value
from app.usecases.call import Call


async def count_uses(session: Session, *, call: Call, redemption: Redemption, terms: Terms) -> None:
    """Keep that clauses of which every use is kept were applied to a redemption."""
    if not terms.asked.using:
        return
    clauses = dict.fromkeys(redemption.decision.applied(), 1)
    await members.use(
        session,
        program_id=call.program.id,
        customer_id=redemption.customer_id,
        uses=uses_of(terms, facts=redemption.facts, clauses=clauses),
        new_id=call.new_id,
        at=redemption.decision.decided_for,
    )


async def count_purchase(session: Session, *, call: Call, sale: Purchase, terms: Terms, decision: Decision) -> None:
    """Keep what a purchase counts for: uses, items, whether it is no visit, and points out of budgets, which must be locked.

    A refund gives budgets nothing back.
    """
    program, customer, at = call.program.id, sale.customer_id, sale.occurred_at
    usage = usage_of(terms=terms, facts=sale.facts, decision=decision)
    await members.use(session, program_id=program, customer_id=customer, uses=usage.uses, new_id=call.new_id, at=at)
    pieces = [(call.new_id(), key, count) for key, count in usage.items]
    await members.buy(session, program_id=program, customer_id=customer, pieces=pieces, at=at)
    if not usage.visit:
        reduction = Reduction(sale.id, at, no_visit=True, points=0)
        await counts.reduce(session, program_id=program, customer_id=customer, reduction=reduction)
    await budgets.spend(session, program_id=call.program.id, spent=decision.spent)


async def share_of_budgets(session: Session, *, program_id: str, purchase: Purchase) -> tuple[tuple[str, int], ...]:
    """What is left of each budget for a purchase that is set right: what it took when it was recorded, and no more.

    Budgets follow the order in which purchases were recorded; what others took meanwhile is theirs.
    """
    left = purchase.facts.member.budgets
    first = await ledger.of_purchase(session, program_id=program_id, purchase_id=purchase.id) if left else None
    if first is None:
        return left
    taken = dict(Decision.from_data(json_value(first.entry.decision)).spent)
    return tuple((clause, taken.get(clause, 0)) for clause, _ in left)
