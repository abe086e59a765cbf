"""Book an exchange: what is handed out takes the place of what came back, and only the difference moves."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.amounts import MAX_POINTS
from app.domain.deciding.returning import Returning
from app.domain.facts import PurchaseFacts
from app.domain.ledger import EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import Terms
from app.domain.wallets.happenings import Bought, Exchanged
from app.domain.wallets.postings import Subject
from app.store import exchanges, purchases, refunds
from app.store.customers import CustomerRow
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.telling import NewFact, Retold, retell
from app.store.unit import Session
from app.usecases.book_purchase import purchase_answer, purchase_row
from app.usecases.call import Answer, Call
from app.usecases.count import count_purchase
from app.usecases.new_receipts import NewPurchase
from app.usecases.new_refund import NewRefund, refund_answer, refund_row
from app.usecases.record import record
from app.usecases.redemption_payments import link_payments


@dataclass(frozen=True, slots=True)
class Goods:
    """What comes back of a purchase, and what is handed out for it.

    `facts` are those that the rules see of the new receipt, `terms` those in force at its moment, `customer` is whose
    wallet it is, with its account locked.
    """

    sale: Purchase
    refund: NewRefund
    back: Returning
    order: NewPurchase
    facts: PurchaseFacts
    terms: Terms
    customer: CustomerRow


async def book_exchange(session: Session, *, call: Call, goods: Goods) -> tuple[Purchase, Answer] | Problem:
    """Replay the wallet with the exchange at its place in time, and book all that this changes."""
    sale, back, owner = goods.sale, goods.back, goods.sale.customer_id
    in_order = goods.order.in_order(call.program.numbering, zone=goods.facts.zone)
    bought = Bought(call.new_id(), owner, in_order, goods.facts, goods.terms)
    number = goods.refund.external_id or in_order
    fact = Exchanged(call.new_id(), sale.id, bought.at, back.lines, bought, number, back.amounts)
    retold = await retell(
        session,
        program_id=call.program.id,
        account=goods.customer.account,
        until=fact.at,
        facts=[NewFact(fact, customer_id=owner)],
    )
    if any(balance.lifetime > MAX_POINTS for balance in retold.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase", "lines"))
    if bought.id in retold.course.overpaid:
        detail = "points pay for more than the purchase comes to"
        return Problem(ProblemCode.INVALID_INPUT, path=("purchase", "payments"), detail=detail)
    sold, came_back = retold.course.sales[bought.id], retold.course.returned[fact.id]
    new = purchase_row(
        call=call,
        order=goods.order,
        facts=sold.facts,
        owner=owner,
        earned=sold.decision,
        source=sale.source,
        id=bought.id,
    )
    refund = refund_row(
        stamp=call.stamp,
        order=goods.refund,
        sale=sale,
        back=back,
        outcome=came_back.outcome,
        cash=came_back.outcome.cash,
        id=fact.id,
    )
    return new, await _recorded(session, call=call, goods=goods, new=new, refund=refund, retold=retold)


async def _recorded(
    session: Session, *, call: Call, goods: Goods, new: Purchase, refund: Refund, retold: Retold
) -> Answer:
    """Write both receipts and all that the exchange changes; the answer to it."""
    program, terms, customer = call.program.id, goods.terms, goods.customer
    sold, came_back = retold.course.sales[new.id], retold.course.returned[refund.id]
    await purchases.add(session, program_id=program, purchase=new)
    await link_payments(session, program_id=program, purchase_id=new.id, facts=new.facts)
    await count_purchase(session, call=call, sale=new, terms=terms, decision=sold.decision)
    await refunds.add(session, program_id=program, refund=refund)
    await exchanges.add(session, program_id=program, refund_id=refund.id, purchase_id=new.id)
    entries = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        digests=(refunds.evidence(refund), purchases.evidence(new), exchanges.evidence(refund.id, new.id)),
        cause=refund.id,
        part_of_cause=new.id,
    )
    returned = refund_answer(
        customer=customer,
        terms=retold.versions.all[goods.sale.terms_version],
        outcome=came_back.outcome,
        made=refund,
        entry=entries[Subject(EntryType.CLAWBACK, refund.id)],
        balances=retold.balances,
        back=came_back.given_back,
    )
    answer = purchase_answer(
        customer=customer,
        sale=new,
        earned=sold.decision,
        terms=terms,
        entry=entries[Subject(EntryType.EARN, new.id)],
        balances=retold.balances,
    )
    return answer._replace(returned=returned)
