"""Refund a purchase, whole or by line, and take back the points that the returned goods had earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import orjson

from app.domain import earning, refunding
from app.domain.decisions import Decision
from app.domain.ledger import Balance, Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms
from app.domain.wallets.course import owes
from app.domain.wallets.happenings import Returned
from app.domain.wallets.holdings import Holdings
from app.domain.wallets.postings import Posting, Subject
from app.store import customers, ledger, lots, purchases, refunds
from app.store import terms as versions
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.telling import NewFact, retell
from app.store.unit import Session
from app.usecases.book import Book, Origin
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.earn import RECEIPTS
from app.usecases.record import record
from app.usecases.returning import no_quantity, returned_of


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
    if (wrong := no_quantity(order.lines)) is not None:
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
    returned = returned_of(order.lines, kept=kept)
    if isinstance(returned, Problem):
        return returned
    return await _taken_back(
        session,
        call=call,
        order=order,
        sale=sale,
        customer=customer,
        terms=judged_by,
        earlier=earlier,
        returned=returned,
    )


async def _taken_back(
    session: Session,
    *,
    call: Call,
    order: NewRefund,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    earlier: Sequence[Refund],
    returned: Mapping[int, Decimal],
) -> Answer:
    """Decide on the spot where nothing that is known comes later and no level is at stake; else in its place in time."""
    now = await versions.in_force(session, program_id=call.program.id, at=order.occurred_at)
    tiered = terms.tiers or (now is not None and now.tiers)
    if customer.account.is_followed_by(order.occurred_at) and not tiered:
        kept = refunding.kept(sale.facts, returned=[one.lines for one in earlier])
        outcome = refunding.refund(
            terms=terms,
            sale=sale.facts,
            earned=sale.earned,
            kept_before=kept,
            kept_after=refunding.kept(sale.facts, returned=[returned], of=kept),
            due_before=sum(one.due for one in earlier),
            available=None if owes(terms) else customer.account.balance.available + customer.account.balance.pending,
            occurred_at=order.occurred_at,
        )
        record = _refund(call=call, order=order, sale=sale, returned=returned, outcome=outcome, id=call.new_id())
        return await _on_the_spot(
            session, call=call, sale=sale, customer=customer, terms=terms, kept=kept, outcome=outcome, made=record
        )
    return await _in_its_place(
        session, call=call, order=order, sale=sale, customer=customer, terms=terms, returned=returned
    )


async def _on_the_spot(
    session: Session,
    *,
    call: Call,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    kept: Mapping[int, Decimal],
    outcome: refunding.Refunded,
    made: Refund,
) -> Answer:
    """Take back from the lots as they stand, and book one entry."""
    account, at = customer.account, made.occurred_at
    known = await lots.open_lots(session, program_id=call.program.id, account_id=account.id)
    holdings = Holdings.of(known)
    draws = holdings.take_back(made.id, outcome.due, at=at, own={sale.id}, owing=owes(terms))
    await refunds.add(session, program_id=call.program.id, refund=made)
    book = Book(session=session, stamp=call.stamp, account=account, known={one.id: one for one in known})
    posting = Posting(Subject(EntryType.CLAWBACK, made.id), at, draws, outcome.decision)
    origin = Origin(purchase_id=sale.id, refund_id=made.id)
    entry = await book.append(posting, lots_after=holdings.lots, origin=origin)
    base = earning.base_points(earning.earn(terms=terms, facts=sale.facts.kept(kept)), terms=terms)
    after = await book.close(
        lots_after=holdings.lots,
        balance=replace(
            holdings.balance(at=at, qualifying=account.balance.qualifying + outcome.base - base),
            lifetime=account.balance.lifetime,
        ),
        settled_at=at,
        due_at=account.due_at,
        notice_at=account.notice_at,
        digests=(refunds.evidence(made),),
    )
    return await _answered(
        session,
        call=call,
        customer=customer,
        terms=terms,
        outcome=outcome,
        made=made,
        entry=entry,
        balance=after.balance,
    )


async def _in_its_place(
    session: Session,
    *,
    call: Call,
    order: NewRefund,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    returned: Mapping[int, Decimal],
) -> Answer:
    """Tell the wallet with the refund at its place in time, and book all that this changes."""
    fact = Returned(call.new_id(), sale.id, order.occurred_at, returned, order.external_id or "")
    retold = await retell(
        session,
        program_id=call.program.id,
        account=customer.account,
        until=fact.at,
        facts=[NewFact(fact, customer_id=sale.customer_id)],
    )
    outcome = retold.course.returned[fact.id]
    made = _refund(call=call, order=order, sale=sale, returned=returned, outcome=outcome, id=fact.id)
    await refunds.add(session, program_id=call.program.id, refund=made)
    entries = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        late=not customer.account.precedes(fact.at),
        digests=(refunds.evidence(made),),
        cause=made.id,
    )
    entry = entries[Subject(EntryType.CLAWBACK, made.id)]
    return await _answered(
        session,
        call=call,
        customer=customer,
        terms=terms,
        outcome=outcome,
        made=made,
        entry=entry,
        balance=retold.balance,
    )


async def _answered(
    session: Session,
    *,
    call: Call,
    customer: CustomerRow,
    terms: Terms,
    outcome: refunding.Refunded,
    made: Refund,
    entry: Entry,
    balance: Balance,
) -> Answer:
    answer = Answer(
        decision=outcome.decision,
        balance=balance,
        customer_id=customer.id,
        purchase_id=made.purchase_id,
        refund_id=made.id,
        entry_id=entry.id,
        shortfall=outcome.shortfall,
        cash=outcome.cash.minor,
        terms=terms,
    )
    return await keep(session, call=call, answer=answer)


def _refund(
    *,
    call: Call,
    order: NewRefund,
    sale: Purchase,
    returned: Mapping[int, Decimal],
    outcome: refunding.Refunded,
    id: str,
) -> Refund:
    return Refund(
        id=id,
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
        balance=customer.account.balance,
        customer_id=customer.id,
        purchase_id=known.purchase_id,
        refund_id=known.id,
        entry_id=stored.entry.id,
        shortfall=known.due - known.taken,
        cash=known.cash,
    )
    return await keep(session, call=call, answer=answer)
