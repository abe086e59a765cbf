"""Refund a purchase, whole or by line, and take back the points that the returned goods had earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson

from app.domain import lots, refunding
from app.domain.decisions import Decision
from app.domain.facts import quantity_problem
from app.domain.ledger import EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms
from app.store import customers, ledger, purchases, refunds
from app.store import terms as versions
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.unit import Session
from app.usecases.book import book
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.earn import RECEIPTS


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What comes back of a purchase (by id or by receipt number).

    `lines` maps line numbers to quantities (None: all that is left of the line); None is everything. `fingerprint` is a
    digest of what was sent beside the refund's number and its purchase.
    """

    purchase_id: str | None
    receipt: str | None
    lines: Mapping[int, Decimal | None] | None
    occurred_at: datetime
    external_id: str | None
    reason: str | None
    fingerprint: str


async def refund(session: Session, *, call: Call, order: NewRefund) -> Answer | Problem:
    """Record the refund and claw back, by the terms of the sale, what the kept goods would not have earned."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if (wrong := _no_quantity(order)) is not None:
        return wrong
    if (skewed := call.too_early(order.occurred_at, path=("occurredAt",))) is not None:
        return skewed
    sale = await _sale(session, call=call, order=order)
    if sale is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    if order.occurred_at < sale.occurred_at:
        return Problem(ProblemCode.CLOCK_SKEW, path=("occurredAt",), detail="a refund follows its purchase")
    customer = await customers.find(session, program_id=call.program.id, by=CustomerBy(sale.customer_id), lock=True)
    judged_by = await versions.version(session, program_id=call.program.id, number=sale.terms_version)
    if customer is None or judged_by is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    if (same := await _same_receipt(session, call=call, order=order, sale=sale, customer=customer)) is not None:
        return same
    earlier = await refunds.of_purchase(session, program_id=call.program.id, purchase_id=sale.id)
    kept = refunding.kept(sale.facts, returned=[one.lines for one in earlier])
    returned = _returned(order.lines, kept=kept)
    if isinstance(returned, Problem):
        return returned
    outcome = _decided(
        sale, order=order, customer=customer, terms=judged_by, kept=kept, earlier=earlier, returned=returned
    )
    return await _record(
        session,
        call=call,
        order=order,
        sale=sale,
        customer=customer,
        returned=returned,
        outcome=outcome,
        terms=judged_by,
    )


async def _record(
    session: Session,
    *,
    call: Call,
    order: NewRefund,
    sale: Purchase,
    customer: CustomerRow,
    returned: Mapping[int, Decimal],
    outcome: refunding.Refunded,
    terms: Terms,
) -> Answer:
    """Write the refund with its entry, and keep the answer."""
    open_lots = await ledger.open_lots(session, program_id=call.program.id, account_id=customer.account_id)
    record = _refund(call=call, order=order, sale=sale, returned=returned, outcome=outcome)
    await refunds.add(session, program_id=call.program.id, refund=record)
    of_sale = await ledger.lots_of_purchase(session, program_id=call.program.id, purchase_id=sale.id)
    entry, balance = await book(
        session,
        call=call,
        customer=customer,
        type=EntryType.CLAWBACK,
        points=-outcome.taken,
        occurred_at=order.occurred_at,
        decision=outcome.decision,
        purchase_id=sale.id,
        refund_id=record.id,
        draws=lots.take(open_lots, points=outcome.taken, first={lot.id for lot in of_sale}),
    )
    answer = Answer(
        decision=outcome.decision,
        balance=balance,
        customer_id=customer.id,
        purchase_id=sale.id,
        refund_id=record.id,
        entry_id=entry.id,
        shortfall=outcome.shortfall,
        cash=outcome.cash.minor,
        terms=terms,
    )
    return await keep(session, call=call, answer=answer)


def _refund(
    *, call: Call, order: NewRefund, sale: Purchase, returned: Mapping[int, Decimal], outcome: refunding.Refunded
) -> Refund:
    return Refund(
        id=call.new_id(),
        purchase_id=sale.id,
        external_id=order.external_id,
        occurred_at=order.occurred_at,
        recorded_at=call.now,
        lines=returned,
        cash=outcome.cash.minor,
        due=outcome.due,
        taken=outcome.taken,
        reason=order.reason,
        fingerprint=order.fingerprint,
    )


def _decided(
    sale: Purchase,
    *,
    order: NewRefund,
    customer: CustomerRow,
    terms: Terms,
    kept: Mapping[int, Decimal],
    earlier: Sequence[Refund],
    returned: Mapping[int, Decimal],
) -> refunding.Refunded:
    return refunding.refund(
        terms=terms,
        sale=sale.facts,
        earned=sale.earned,
        kept_before=kept,
        kept_after=refunding.kept(sale.facts, returned=[returned], of=kept),
        due_before=sum(one.due for one in earlier),
        available=customer.balance.available,
        occurred_at=order.occurred_at,
    )


async def _sale(session: Session, *, call: Call, order: NewRefund) -> Purchase | None:
    if order.purchase_id is not None:
        return await purchases.by_id(session, program_id=call.program.id, purchase_id=order.purchase_id)
    return await purchases.by_receipt(
        session, program_id=call.program.id, source=RECEIPTS, external_id=order.receipt or ""
    )


async def _same_receipt(
    session: Session, *, call: Call, order: NewRefund, sale: Purchase, customer: CustomerRow
) -> Answer | Problem | None:
    """The answer to a refund receipt that is known already under another idempotency key; one that differs is refused.

    What is left of the purchase has no say: a full refund sent again finds nothing left and is known all the same.
    """
    if order.external_id is None:
        return None
    known = await refunds.by_receipt(session, program_id=call.program.id, external_id=order.external_id)
    if known is None:
        return None
    if (known.purchase_id, known.fingerprint) != (sale.id, order.fingerprint):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
    stored = await ledger.of_refund(session, program_id=call.program.id, refund_id=known.id)
    if stored is None:
        raise LookupError(f"refund {known.id} has no entry in the ledger")
    answer = Answer(
        decision=Decision.from_data(orjson.loads(stored.entry.decision)),
        balance=customer.balance,
        customer_id=customer.id,
        purchase_id=known.purchase_id,
        refund_id=known.id,
        entry_id=stored.entry.id,
        shortfall=known.due - known.taken,
        cash=known.cash,
    )
    return await keep(session, call=call, answer=answer)


def _no_quantity(order: NewRefund) -> Problem | None:
    """The refusal of a quantity that no line can have, so that what is left of a line is never rounded."""
    for place, quantity in enumerate((order.lines or {}).values()):
        if quantity is not None and (wrong := quantity_problem(quantity)) is not None:
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(place), "quantity"), detail=wrong)
    return None


def _returned(
    lines: Mapping[int, Decimal | None] | None, *, kept: Mapping[int, Decimal]
) -> dict[int, Decimal] | Problem:
    """What this refund takes of each line, or why it cannot."""
    wanted = dict.fromkeys(kept) if lines is None else lines
    returned: dict[int, Decimal] = {}
    for number, quantity in wanted.items():
        left = kept.get(number)
        if left is None:
            return Problem(ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=f"no line {number}")
        taken = left if quantity is None else quantity
        if taken > left:
            return Problem(
                ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=f"line {number} has {left.normalize():f} left"
            )
        if taken > 0:
            returned[number] = taken
    if not returned:
        return Problem(ProblemCode.NOTHING_TO_REFUND, path=("purchase",), detail="everything was refunded before")
    return returned
