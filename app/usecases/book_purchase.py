"""Book a purchase: decided on the spot, or at its place in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from app.domain import receipt_content
from app.domain.amounts import MAX_POINTS
from app.domain.calendar import earliest
from app.domain.deciding import earning
from app.domain.deciding.expiry import notice_after
from app.domain.deciding.tiers import Qualifying, level_of
from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.ledger import Balance, Entry, EntryType
from app.domain.lots import Draw
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.happenings import Bought
from app.domain.wallets.holdings import Holdings
from app.domain.wallets.new_lots import new_lot, new_stamps
from app.domain.wallets.postings import Posting, Subject
from app.domain.wallets.purse import Purse
from app.store import accounts, following, purchases
from app.store import terms as versions
from app.store.accounts import Account
from app.store.customers import CustomerRow
from app.store.purchases import Purchase
from app.store.telling import NewFact, retell
from app.store.unit import Session
from app.store.values import json_text
from app.usecases.book import Book, Origin, accounts_of, held_in
from app.usecases.call import Answer, Call
from app.usecases.count import count_purchase
from app.usecases.new_receipts import NewPurchase
from app.usecases.record import record


async def book_purchase(
    session: Session,
    *,
    call: Call,
    order: NewPurchase,
    customer: CustomerRow,
    facts: PurchaseFacts,
    terms: Terms,
    source: str,
) -> tuple[Purchase, Answer] | Problem:
    """Decide and book a new purchase: on the spot where it follows all that is known, else with all that it changes.

    `facts` are those that the rules see; the customer's account must be locked.
    """
    program, at = call.program.id, facts.occurred_at
    wallet = await accounts_of(session, stamp=call.stamp, customer=customer, terms=terms)
    owing = any(one.balance.owed for one in wallet.values())
    if not owing and await following.follows(session, program_id=program, customer=customer, terms=terms, at=at):
        earned = earning.earn(terms=terms, facts=facts)
        if not all(one.balance.can_take(earned, unit=one.unit) for one in wallet.values()):
            return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
        if not _turns(customer, earned=earned, terms=terms):
            owner = customer.asked_for or customer.id
            sale = purchase_row(call=call, order=order, facts=facts, owner=owner, earned=earned, source=source)
            return await _on_the_spot(
                session, call=call, customer=customer, wallet=wallet, sale=sale, earned=earned, terms=terms
            )
    return await _in_its_place(
        session, call=call, order=order, customer=customer, facts=facts, terms=terms, source=source
    )


def _turns(customer: CustomerRow, *, earned: Decision, terms: Terms) -> bool:
    """Whether a purchase may change the level, which takes a look at all that happened before."""
    if not terms.tiers:
        return False
    before = customer.account.balance.qualifying
    after = before + earning.base_points(earned, terms=terms)
    return level_of(after, terms=terms) != level_of(before, terms=terms)


async def _on_the_spot(
    session: Session,
    *,
    call: Call,
    customer: CustomerRow,
    wallet: Mapping[Unit, Account],
    sale: Purchase,
    earned: Decision,
    terms: Terms,
) -> tuple[Purchase, Answer]:
    """Book a purchase that follows all that is known of the wallet: an entry, and a lot if it earned something, in each unit."""
    account, at = customer.account, sale.occurred_at
    gained, draws = _gained(sale, points=earned.points, terms=terms)
    counted = Qualifying()
    counted.add(earning.base_points(earned, terms=terms), at=at, zone=terms.zone)
    # What keeps older points alive puts off their end, and whoever was told of it has to be told again. Where the account
    # is looked at for that sooner than need be, nothing happens.
    alive = await versions.kept_alive(session, program_id=call.program.id, terms=terms)
    await _write(session, call=call, sale=sale, earned=earned, terms=terms)
    book = Book(session=session, stamp=call.stamp, account=account, known={})
    posting = Posting(Subject(EntryType.EARN, sale.id), at, draws, earned)
    lots_after = gained.holdings.lots
    entry = await book.append(posting, lots_after=lots_after, origin=Origin(purchase_id=sale.id))
    after = await book.close(
        lots_after=lots_after,
        balance=account.balance.plus(gained.holdings.balance(at=at, qualifying=counted.total)),
        settled_at=at,
        due_at=earliest(
            account.due_at,
            gained.next_due(),
            counted.next_turn(terms=terms, at=at),
            await _first_look(session, call=call, account=account, at=at),
        ),
        notice_at=earliest(
            account.notice_at,
            *(one.at for one in gained.notices()),
            notice_after(at, kept_alive=alive, zone=terms.zone),
        ),
        terms_version=terms.version,
        digests=(purchases.evidence(sale),),
    )
    balances = held_in(wallet) | {Unit.POINTS: after.balance}
    if terms.stamping:
        balances[Unit.STAMPS] = await _stamp(
            session, call=call, account=wallet[Unit.STAMPS], sale=sale, earned=earned, terms=terms
        )
    answer = purchase_answer(customer=customer, sale=sale, earned=earned, terms=terms, entry=entry, balances=balances)
    return sale, answer


def _gained(sale: Purchase, *, points: int, terms: Terms) -> tuple[Purse, tuple[Draw, ...]]:
    """The points of a purchase by themselves, with what time will do to them."""
    gained, at = Purse(Unit.POINTS, versions=(terms,)), sale.occurred_at
    if not points:
        return gained, ()
    lot = new_lot(sale.id, points, at=at, terms=terms, waits=True)
    return gained, gained.open(lot, at=at)


async def _stamp(
    session: Session, *, call: Call, account: Account, sale: Purchase, earned: Decision, terms: Terms
) -> Balance:
    """Book the stamps of a purchase, none as well; the balance after it."""
    at, holdings = sale.occurred_at, Holdings()
    draws: tuple[Draw, ...] = ()
    if earned.stamps:
        draws = holdings.open(new_stamps(sale.id, earned.stamps, at=at, terms=terms), at=at)
    if not account.entries:
        account = await accounts.open_account(session, program_id=call.program.id, account=account)
    book = Book(session=session, stamp=call.stamp, account=account, known={})
    posting = Posting(Subject(EntryType.EARN, sale.id), at, draws, earned)
    await book.append(posting, lots_after=holdings.lots, origin=Origin(purchase_id=sale.id))
    after = await book.close(lots_after=holdings.lots, balance=account.balance.plus(holdings.balance(at=at)))
    return after.balance


async def _first_look(session: Session, *, call: Call, account: Account, at: datetime) -> datetime | None:
    """When a wallet in which nothing has happened yet is to be looked at: when the next terms with other levels start.

    One in which something has happened is told so by those who keep time. They may have passed by this one by then.
    """
    if account.settled_at is not None:
        return None
    return await following.first_turn(session, program_id=call.program.id, after=at)


async def _in_its_place(
    session: Session,
    *,
    call: Call,
    order: NewPurchase,
    customer: CustomerRow,
    facts: PurchaseFacts,
    terms: Terms,
    source: str,
) -> tuple[Purchase, Answer] | Problem:
    """Tell the wallet with the purchase at its place in time, and book all that this changes."""
    owner = customer.asked_for or customer.id
    bought = Bought(call.new_id(), owner, order.in_order(call.program.numbering, zone=facts.zone), facts, terms)
    retold = await retell(
        session,
        program_id=call.program.id,
        account=customer.account,
        until=bought.at,
        facts=[NewFact(bought, customer_id=owner)],
    )
    sold = retold.course.sales[bought.id]
    if any(one.lifetime > MAX_POINTS for one in retold.balances.values()) or sold.decision.largest() > MAX_POINTS:
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    sale = purchase_row(
        call=call, order=order, facts=sold.facts, owner=owner, earned=sold.decision, source=source, id=bought.id
    )
    await _write(session, call=call, sale=sale, earned=sold.decision, terms=terms)
    made = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        digests=(purchases.evidence(sale),),
        cause=sale.id,
    )
    return sale, purchase_answer(
        customer=customer,
        sale=sale,
        earned=sold.decision,
        terms=terms,
        entry=made[Subject(EntryType.EARN, sale.id)],
        balances=retold.balances,
    )


async def _write(session: Session, *, call: Call, sale: Purchase, earned: Decision, terms: Terms) -> None:
    """Write the purchase with all that clauses count in it."""
    await purchases.add(session, program_id=call.program.id, purchase=sale)
    await count_purchase(session, call=call, sale=sale, terms=terms, decision=earned)


def purchase_answer(
    *,
    customer: CustomerRow,
    sale: Purchase,
    earned: Decision,
    terms: Terms,
    entry: Entry,
    balances: Mapping[Unit, Balance],
) -> Answer:
    """What a purchase that was recorded is answered."""
    return Answer(
        decision=earned,
        balances=balances,
        customer_id=customer.id,
        purchase_id=sale.id,
        entry_id=entry.id,
        terms=terms,
    )


def purchase_row(
    *,
    call: Call,
    order: NewPurchase,
    facts: PurchaseFacts,
    owner: str,
    earned: Decision,
    source: str,
    id: str | None = None,
) -> Purchase:
    """The row of a purchase that earned this."""
    if facts.member.shares:
        facts = replace(facts, member=facts.member.charging(earned.charged()))
    return Purchase(
        id=id or call.new_id(),
        customer_id=owner,
        source=source,
        external_id=order.external_id,
        occurred_at=order.facts.occurred_at,
        recorded_at=call.now,
        total=order.facts.total(),
        earned=earned.points,
        terms_version=earned.terms_version,
        fingerprint=receipt_content.fingerprint(facts),
        facts=facts,
        facts_text=json_text(facts.to_data()),
        location_id=order.location_id,
        space=call.program.numbering.space(order.spot(zone=facts.zone)),
        completion=order.completion,
    )
