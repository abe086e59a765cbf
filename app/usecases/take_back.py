"""Take back what goods that came back had earned: decided on the spot, or at its place in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.amounts import Money
from app.domain.calendar import local_date
from app.domain.deciding import refunding
from app.domain.deciding.judging import is_visit
from app.domain.deciding.returned_payments import cash_now
from app.domain.deciding.returning import Left, Returning
from app.domain.ledger import EntryType
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.goods_return import owes
from app.domain.wallets.happenings import Returned
from app.domain.wallets.new_lots import new_lot
from app.domain.wallets.postings import Posting, Subject
from app.store import counts, exchanges, following, lots, refunds
from app.store import terms as versions
from app.store.counts import Reduction
from app.store.customers import CustomerRow
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.telling import NewFact, retell
from app.store.unit import Session
from app.usecases.book import Book, Origin
from app.usecases.call import Answer, Stamp
from app.usecases.new_refund import NewRefund as NewRefund
from app.usecases.new_refund import refund_answer, refund_row
from app.usecases.record import record


async def take_back(
    session: Session,
    *,
    stamp: Stamp,
    order: NewRefund,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    earlier: Sequence[Refund],
    left: Left,
    back: Returning,
) -> Answer:
    """Decide on the spot where nothing that is known comes later, and nothing but points is at stake; else in its place in time."""
    program, at, after = stamp.program_id, order.occurred_at, back.left(sale.facts, of=left)
    cash = cash_now(sale.facts, kept=after.of(sale.facts), paid_out=sum(refund.cash for refund in earlier))
    now = await versions.in_force(session, program_id=program, at=at)
    # What was handed out in an exchange counts in another purchase, too: only the whole wallet says what it comes to.
    outcome = None
    if sale.facts.replaces is None:
        outcome = _decided(customer, sale=sale, terms=terms, left=left, after=after, at=at)
    if (
        now is None
        or outcome is None
        or outcome.moved.restored
        or not await _plain(session, program_id=program, customer=customer, sale=sale, terms=terms, now=now, at=at)
    ):
        return await _in_its_place(
            session, stamp=stamp, order=order, sale=sale, customer=customer, terms=terms, back=back, cash=cash
        )
    made = refund_row(stamp=stamp, order=order, sale=sale, back=back, outcome=outcome, cash=cash, id=stamp.new_id())
    return await _on_the_spot(
        session,
        stamp=stamp,
        sale=sale,
        customer=customer,
        terms=terms,
        now=now,
        left=left,
        after=after,
        outcome=outcome,
        made=made,
    )


def _decided(
    customer: CustomerRow, *, sale: Purchase, terms: Terms, left: Left, after: Left, at: datetime
) -> refunding.Refunded:
    """What a refund comes to by the balance as it stands."""
    balance = customer.account.balance
    return refunding.refund(
        terms=terms,
        sale=sale.facts,
        earned=sale.earned,
        kept_before=left.quantities,
        kept_after=after.quantities,
        worth_before=left.worth,
        worth_after=after.worth,
        available=balance.available + balance.pending,
        owing=owes(terms),
        owed_before=balance.owed,
        occurred_at=at,
    )


async def _plain(
    session: Session,
    program_id: str,
    *,
    customer: CustomerRow,
    sale: Purchase,
    terms: Terms,
    now: Terms,
    at: datetime,
) -> bool:
    """Whether what stands decides: the lots, and the purchase as it was recorded."""
    account = customer.account
    # What activity keeps alive is taken in another order than that of the stored dates.
    if await versions.kept_alive(session, program_id=program_id, terms=now):
        return False
    if Unit.STAMPS in await versions.units(session, program_id=program_id, terms=now):
        return False
    if (
        sale.moved_by is not None
        or terms.tiers
        or now.tiers
        or terms.asked.using
        or terms.asked.pieces
        or _may_have_expired(sale, terms=terms, at=at)
        or any(sale.facts.member.left(clause) for clause, _ in sale.facts.member.budgets)
        or any(payment.redemption_id is not None for payment in sale.facts.payments)
        or await exchanges.has_part_in_one(session, program_id=program_id, purchase_id=sale.id)
    ):
        return False
    if not await following.follows(session, program_id=program_id, customer=customer, terms=now, at=at):
        return False
    if not account.joined and terms.asked.nothing:
        return True
    if account.joined and not terms.asked.nothing:
        # What had been counted before the purchase may have changed since in a wallet that went over, without a trace here.
        return False
    # Lots that came with another wallet have other ids here; and what clauses had counted before the purchase is changed by
    # whatever came later and happened before it.
    return await following.is_as_it_was(
        session,
        program_id=program_id,
        account_id=account.id,
        customer_id=sale.customer_id,
        purchase_id=sale.id,
        occurred_at=sale.occurred_at,
    )


def _may_have_expired(sale: Purchase, *, terms: Terms, at: datetime) -> bool:
    """Whether points of the purchase may have expired unspent, which count as taken."""
    last = new_lot(sale.id, sale.earned, at=sale.occurred_at, terms=terms, waits=True).valid_until
    return last is not None and last < local_date(at, zone_name=terms.zone)


async def _on_the_spot(
    session: Session,
    *,
    stamp: Stamp,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    now: Terms,
    left: Left,
    after: Left,
    outcome: refunding.Refunded,
    made: Refund,
) -> Answer:
    """Take back from the lots as they stand, and book one entry."""
    account, at = customer.account, made.occurred_at
    holdings = await lots.holdings(session, program_id=stamp.program_id, account_id=account.id)
    known = dict(holdings.lots)
    draws = holdings.take_back(made.id, outcome.due, at=at, own={sale.id}, owing=owes(terms))
    await refunds.add(session, program_id=stamp.program_id, refund=made)
    reduction = Reduction(sale.id, sale.occurred_at, not is_visit(terms, facts=after.of(sale.facts)), outcome.taken)
    await counts.reduce_more(session, program_id=stamp.program_id, customer_id=sale.customer_id, reduction=reduction)
    book = Book(session=session, stamp=stamp, account=account, known=known)
    posting = Posting(Subject(EntryType.CLAWBACK, made.id), at, draws, outcome.decision)
    origin = Origin(purchase_id=sale.id, refund_id=made.id)
    entry = await book.append(posting, lots_after=holdings.lots, origin=origin)
    base = refunding.judge_kept(terms=terms, earned=sale.earned, stamps=0, kept=left.of(sale.facts)).base
    closed = await book.close(
        lots_after=holdings.lots,
        balance=replace(
            holdings.balance(at=at, qualifying=account.balance.qualifying + outcome.base - base),
            lifetime=account.balance.lifetime,
        ),
        settled_at=at,
        due_at=account.due_at,
        notice_at=account.notice_at,
        terms_version=now.version,
        digests=(refunds.evidence(made),),
    )
    return refund_answer(
        customer=customer,
        terms=terms,
        outcome=outcome,
        made=made,
        entry=entry,
        balances={Unit.POINTS: closed.balance},
    )


async def _in_its_place(
    session: Session,
    *,
    stamp: Stamp,
    order: NewRefund,
    sale: Purchase,
    customer: CustomerRow,
    terms: Terms,
    back: Returning,
    cash: Money,
) -> Answer:
    """Tell the wallet with the refund at its place in time, and book all that this changes."""
    fact = Returned(stamp.new_id(), sale.id, order.occurred_at, back.lines, order.external_id or "", back.amounts)
    retold = await retell(
        session,
        program_id=stamp.program_id,
        account=customer.account,
        until=fact.at,
        facts=[NewFact(fact, customer_id=sale.customer_id)],
    )
    came_back = retold.course.returned[fact.id]
    outcome = came_back.outcome
    if not retold.course.receipts[sale.id].stands_alone:
        cash = retold.cash_now(fact.id)
    made = refund_row(stamp=stamp, order=order, sale=sale, back=back, outcome=outcome, cash=cash, id=fact.id)
    await refunds.add(session, program_id=stamp.program_id, refund=made)
    entries = await record(
        session,
        stamp=stamp,
        retold=retold,
        digests=(refunds.evidence(made),),
        cause=made.id,
    )
    entry = entries[Subject(EntryType.CLAWBACK, made.id)]
    return refund_answer(
        customer=customer,
        terms=terms,
        outcome=outcome,
        made=made,
        entry=entry,
        balances=retold.balances,
        back=came_back.given_back,
    )
