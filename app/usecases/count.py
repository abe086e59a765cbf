"""Keep what clauses count of a customer, so that the next decision finds it without a look at all that happened before."""

from __future__ import annotations

from dataclasses import replace

from app.domain.deciding.usage import usage_of, uses_of
from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
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

    What is taken out of the customer's own share of a budget is taken off that.
    """
    program, customer, at = call.program.id, sale.customer_id, sale.occurred_at
    usage = usage_of(terms=terms, facts=sale.facts, decision=decision)
    await members.use(session, program_id=program, customer_id=customer, uses=usage.uses, new_id=call.new_id, at=at)
    pieces = [(call.new_id(), key, count) for key, count in usage.items]
    await members.buy(session, program_id=program, customer_id=customer, pieces=pieces, at=at)
    if not usage.visit:
        reduction = Reduction(sale.id, at, no_visit=True, points=0)
        await counts.reduce(session, program_id=program, customer_id=customer, reduction=reduction)
    await budgets.spend(session, program_id=program, spent=decision.charged())
    for clause, points in decision.own:
        await budgets.set_share(
            session, program_id=program, customer_id=customer, purchase_id=sale.id, clause=clause, points=-points
        )


async def share_of_budgets(
    session: Session, *, program_id: str, customer_id: str, purchase: Purchase, facts: PurchaseFacts
) -> PurchaseFacts:
    """The facts of a purchase that is set right, with what is left of each budget for it.

    That is what it took when it was recorded, and no more; budgets follow the order in which purchases were recorded,
    and what others took meanwhile is theirs. What came back of it and went into a later purchase of the customer
    (`customer_id` is who it was taken for, the survivor of a merger) is not given twice.
    """
    member = purchase.facts.member
    if not member.budgets:
        return facts
    first = await ledger.of_purchase(session, program_id=program_id, purchase_id=purchase.id)
    if first is None:
        raise LookupError(f"purchase {purchase.id} has no entry")
    charged = dict(member.charged)
    beside = await budgets.share_beside(
        session, program_id=program_id, customer_id=customer_id, purchase_id=purchase.id
    )
    taken = {
        clause: min(points, max(0, charged.get(clause, 0) + beside.get(clause, 0)))
        for clause, points in Decision.from_data(json_value(first.entry.decision)).spent
    }
    left = tuple((clause, taken.get(clause, 0)) for clause, _ in member.budgets)
    shares = tuple((clause, 0) for clause, _ in member.shares)
    return replace(facts, member=replace(facts.member, budgets=left, shares=shares))
