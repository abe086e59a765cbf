"""Keep what clauses count of a customer, so that the next decision finds it without a look at all that happened before."""

from __future__ import annotations

from app.domain.deciding.judging import pieces_counted
from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.store import budgets, members
from app.store.unit import Session
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
