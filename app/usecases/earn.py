"""Record a purchase and let it earn what the terms in force at its time give."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from app.domain import earning
from app.domain.decisions import Decision
from app.domain.effects.points_validity import PointsValidity
from app.domain.facts import PurchaseFacts
from app.domain.ledger import EntryType
from app.domain.lots import Lot
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms
from app.store import budgets, customers, ledger, locations, members, purchases, terms
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.unit import Session
from app.usecases.book import book, count_purchase
from app.usecases.call import Answer, Call, keep, replay

RECEIPTS = "till"
"""The source of receipts: one number space per program, whichever till or import brings them."""


@dataclass(frozen=True, slots=True)
class NewPurchase:
    """A receipt as a till sends it; `fingerprint` is a digest of the receipt as it was sent.

    `location_id` is the place, None where it has none; the facts are those of a purchase without one.
    """

    customer: CustomerBy
    external_id: str
    facts: PurchaseFacts
    fingerprint: str
    location_id: str | None = None


async def earn(session: Session, *, call: Call, order: NewPurchase) -> Answer | Problem:
    """Record the purchase once, decide, and book the points.

    A receipt that is known already under another idempotency key is answered as it was then; one that differs is
    refused. Nothing is written with a refusal.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (skewed := call.too_early(order.facts.occurred_at, path=("purchase", "occurredAt"))) is not None:
        return skewed
    if order.facts.currency != call.program.currency:
        return Problem(ProblemCode.RATE_MISSING, path=("purchase", "currencyCode"))
    program = call.program.id
    place = order.location_id
    if (here := await locations.placed(session, program_id=program, facts=order.facts, location_id=place)) is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    customer = await customers.find(session, program_id=program, by=order.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    recorded = await purchases.by_receipt(session, program_id=program, source=RECEIPTS, external_id=order.external_id)
    if recorded is not None:
        return await _same_receipt(session, call=call, order=order, customer=customer, recorded=recorded)
    in_force = await terms.in_force(session, program_id=program, at=order.facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("purchase", "occurredAt"))
    facts = await members.seen(session, program_id=program, customer=customer, terms=in_force, facts=here)
    facts = await budgets.seen(session, program_id=program, terms=in_force, facts=facts, lock=True)
    earned = earning.earn(terms=in_force, facts=facts)
    if not customer.balance.can_take(earned):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    purchase = _purchase(call=call, order=order, facts=facts, customer=customer, points=earned.points, terms=in_force)
    return await _record(session, call=call, customer=customer, purchase=purchase, earned=earned, judged_by=in_force)


async def _record(
    session: Session, *, call: Call, customer: CustomerRow, purchase: Purchase, earned: Decision, judged_by: Terms
) -> Answer:
    """Write the purchase with all that clauses count in it and with its entry, and keep the answer."""
    await purchases.add(session, program_id=call.program.id, purchase=purchase)
    await count_purchase(session, call=call, customer=customer, terms=judged_by, facts=purchase.facts, decision=earned)
    entry, balance = await book(
        session,
        call=call,
        customer=customer,
        type=EntryType.EARN,
        points=earned.points,
        occurred_at=purchase.occurred_at,
        decision=earned,
        purchase_id=purchase.id,
        new_lot=_lot(call=call, terms=judged_by, purchase=purchase) if earned.points else None,
    )
    answer = Answer(
        decision=earned,
        balance=balance,
        customer_id=customer.id,
        purchase_id=purchase.id,
        entry_id=entry.id,
        terms=judged_by,
    )
    return await keep(session, call=call, answer=answer)


def _purchase(
    *, call: Call, order: NewPurchase, facts: PurchaseFacts, customer: CustomerRow, points: int, terms: Terms
) -> Purchase:
    return Purchase(
        id=call.new_id(),
        customer_id=customer.id,
        source=RECEIPTS,
        external_id=order.external_id,
        occurred_at=order.facts.occurred_at,
        recorded_at=call.now,
        total=order.facts.total(),
        earned=points,
        terms_version=terms.version,
        fingerprint=order.fingerprint,
        facts=facts,
    )


def _lot(*, call: Call, terms: Terms, purchase: Purchase) -> Lot:
    return Lot(
        id=call.new_id(),
        points=purchase.earned,
        remaining=purchase.earned,
        earned_at=purchase.occurred_at,
        available_from=purchase.occurred_at,
        valid_until=terms.policy(PointsValidity).last_day(since=purchase.occurred_at, zone_name=purchase.facts.zone),
        entry_id="",
    )


async def _same_receipt(
    session: Session, *, call: Call, order: NewPurchase, customer: CustomerRow, recorded: Purchase
) -> Answer | Problem:
    if recorded.fingerprint != order.fingerprint or recorded.customer_id != customer.id:
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("purchase", "externalId"))
    stored = await ledger.of_purchase(session, program_id=call.program.id, purchase_id=recorded.id)
    if stored is None:
        raise LookupError(f"purchase {recorded.id} has no entry in the ledger")
    answer = Answer(
        decision=Decision.from_data(orjson.loads(stored.entry.decision)),
        balance=customer.balance,
        customer_id=customer.id,
        purchase_id=recorded.id,
        entry_id=stored.entry.id,
    )
    return await keep(session, call=call, answer=answer)
