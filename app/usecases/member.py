"""The customer as the terms ask about them: looked at before a decision, counted after it."""

from __future__ import annotations

from dataclasses import replace

from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.store import members
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.usecases.call import Call


async def seen(
    session: Session, *, call: Call, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> PurchaseFacts:
    """The facts together with what the terms ask about the customer. The account must be locked."""
    member = await members.known(
        session, program_id=call.program.id, customer=customer, terms=terms, at=facts.occurred_at
    )
    return facts if member == facts.member else replace(facts, member=member)


async def count_uses(session: Session, *, call: Call, customer: CustomerRow, terms: Terms, decision: Decision) -> None:
    """Keep that clauses which apply so many times were applied once more."""
    uses = [(call.new_id(), key) for key in decision.applied() if key in terms.asked.uses]
    await members.use(
        session, program_id=call.program.id, customer_id=customer.id, clauses=uses, at=decision.decided_for
    )
