"""Keep what clauses count of a customer, so that the next decision finds it without a look at all that happened before."""

from __future__ import annotations

from app.domain.deciding.judging import pieces_counted
from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.store import budgets, ledger, members
from app.store.purchases import Purchase
from app.store.unit import Session
from app.store.values import json_value
from app.usecases.call import Call


async def count_uses(session: Session, *, call: Call, customer_id: str, terms: Terms, decision: Decision) -> None:
    """Keep that clauses which apply so many times were applied once more."""
    uses = [(call.new_id(), key) for key in decision.applied() if key in terms.asked.uses]
    await members.use(
        session, program_id=call.program.id, customer_id=customer_id, clauses=uses, at=decision.decided_for
    )


async def count_purchase(
    session: Session, *, call: Call, customer_id: str, terms: Terms, facts: PurchaseFacts, decision: Decision
) -> None:
    """Keep what clauses count in a purchase: uses, pieces, and points out of budgets, which must be locked.

    A refund takes nothing of it back.
    """
    await count_uses(session, call=call, customer_id=customer_id, terms=terms, decision=decision)
    if terms.asked.pieces:
        pieces = [(call.new_id(), key, count) for key, count in pieces_counted(terms, facts=facts)]
        await members.buy(
            session, program_id=call.program.id, customer_id=customer_id, pieces=pieces, at=facts.occurred_at
        )
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
