"""Append one entry to a customer's ledger and bring the balance along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import orjson

from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.judging import pieces_counted
from app.domain.ledger import Balance, Entry, EntryType, Movement, sealed
from app.domain.lots import Draw, Lot
from app.domain.terms import Terms
from app.store import budgets, ledger, members
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.usecases.call import Call


async def book(
    session: Session,
    *,
    call: Call,
    customer: CustomerRow,
    type: EntryType,
    points: int,
    occurred_at: datetime,
    decision: Decision,
    purchase_id: str | None = None,
    refund_id: str | None = None,
    redemption_id: str | None = None,
    new_lot: Lot | None = None,
    draws: Sequence[Draw] = (),
) -> tuple[Entry, Balance]:
    """Append the entry that the decision calls for, sealed to the one before it; returns it and the balance after.

    `points` is signed. Either a `new_lot` is opened or `draws` are taken from lots; an entry of 0 points does neither
    and still stands in the ledger, so that the customer can see why nothing came of it. The account must be locked.
    """
    entry_id = call.new_id()
    lot = replace(new_lot, entry_id=entry_id) if new_lot is not None else None
    moved = [(lot.id, lot.points)] if lot is not None else [(draw.lot_id, -draw.points) for draw in draws]
    entry = Entry(
        id=entry_id,
        account_id=customer.account_id,
        number=customer.entries + 1,
        type=type,
        points=points,
        unit=customer.unit,
        occurred_at=occurred_at,
        recorded_at=call.now,
        purchase_id=purchase_id,
        refund_id=refund_id,
        redemption_id=redemption_id,
        decision=orjson.dumps(decision.to_data()).decode(),
        movements=tuple(Movement(id=call.new_id(), lot_id=lot_id, points=change) for lot_id, change in moved),
        new_lot=lot,
        previous=customer.head,
    )
    before = customer.balance
    gained = max(points, 0)
    balance = replace(
        before,
        available=before.available + points,
        lifetime=before.lifetime + gained,
        qualifying=before.qualifying + gained,
    )
    await ledger.append(session, program_id=call.program.id, entry=entry, seal=sealed(entry), balance=balance)
    return entry, balance


async def count_uses(session: Session, *, call: Call, customer: CustomerRow, terms: Terms, decision: Decision) -> None:
    """Keep that clauses which apply so many times were applied once more."""
    uses = [(call.new_id(), key) for key in decision.applied() if key in terms.asked.uses]
    await members.use(
        session, program_id=call.program.id, customer_id=customer.id, clauses=uses, at=decision.decided_for
    )


async def count_purchase(
    session: Session, *, call: Call, customer: CustomerRow, terms: Terms, facts: PurchaseFacts, decision: Decision
) -> None:
    """Keep what clauses count in a purchase: uses, pieces, and points out of budgets, which must be locked.

    A refund takes nothing of it back.
    """
    await count_uses(session, call=call, customer=customer, terms=terms, decision=decision)
    if terms.asked.pieces:
        pieces = [(call.new_id(), key, count) for key, count in pieces_counted(terms, facts=facts)]
        await members.buy(
            session, program_id=call.program.id, customer_id=customer.id, pieces=pieces, at=facts.occurred_at
        )
    await budgets.spend(session, program_id=call.program.id, spent=decision.spent)
