"""Move a purchase that was recorded for the wrong customer to the right one: what it earned goes back, and is earned again there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.amounts import MAX_POINTS
from app.domain.decisions import Decision
from app.domain.ledger import Entry, EntryType
from app.domain.members import NOBODY
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import OWN_SOURCE, ReceiptBy
from app.domain.staff_limits import Budget
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.happenings import Bought, Corrected
from app.domain.wallets.postings import Subject
from app.store import customers, exchanges, levels, members, purchases, receipt_corrections, receipt_references, refunds
from app.store import terms as versions
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.receipt_corrections import ReceiptCorrection
from app.store.telling import NewCorrection, Retold, retell, told_with
from app.store.unit import Session
from app.store.values import json_text
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.count import share_of_budgets
from app.usecases.going_over import reason_problem
from app.usecases.record import Evidence, record
from app.usecases.staff_limits import above_budget, carried, limited, own_card


@dataclass(frozen=True, slots=True)
class Move:
    """Which purchase (by id, or by receipt number), whose it was, and why it was not taken for theirs."""

    purchase_id: str | None
    receipt: ReceiptBy | None
    customer: CustomerBy
    reason: str

    @property
    def receipts(self) -> tuple[str, ...]:
        """The number of the receipt, where it is said."""
        return (self.receipt.number,) if self.receipt is not None else ()


@dataclass(frozen=True, slots=True)
class _Moving:
    """A purchase on its way: from whom to whom, by which terms it is judged, and its rows before and after."""

    giver: CustomerRow
    taker: CustomerRow
    terms: Terms
    before: Purchase
    after: Purchase
    correction: ReceiptCorrection

    def counted(self, moved: Mapping[Unit, int]) -> _Moving:
        """The same with what it takes of a budget."""
        correction = replace(self.correction, counted_points=moved[Unit.POINTS], counted_stamps=moved[Unit.STAMPS])
        return replace(self, correction=correction)

    def with_budgets_of(self, decision: Decision) -> _Moving:
        """The same with what the purchase takes of budgets for its new customer; the rest stays with the other one."""
        member = self.before.facts.member
        taken, goes = dict(member.charged), dict(decision.spent)
        left = {key: taken.get(key, 0) - goes.get(key, 0) for key, _ in member.shares}
        left = {key: points for key, points in left.items() if points}
        facts = replace(self.after.facts, member=self.after.facts.member.charging(decision.spent))
        correction = replace(self.correction, left_behind=json_text(left) if left else None)
        return replace(self, after=replace(self.after, facts=facts), correction=correction)

    @property
    def leaving(self) -> NewCorrection:
        """What the wallet it was in is told."""
        was = _bought(self.before, facts_of=self.before, terms=self.terms)
        left = self.correction.shares_left
        fact = Corrected(self.correction.id, self.before.id, self.before.occurred_at, was, left)
        return NewCorrection(fact, None, self.before.customer_id)

    @property
    def coming(self) -> NewCorrection:
        """What the wallet it comes into is told."""
        now = _bought(self.before, facts_of=self.after, terms=self.terms)
        return NewCorrection(
            Corrected(self.correction.id, self.before.id, self.before.occurred_at, None), now, self.after.customer_id
        )


def _bought(sale: Purchase, *, facts_of: Purchase, terms: Terms) -> Bought:
    return Bought(sale.id, facts_of.customer_id, sale.in_order, facts_of.facts, terms, facts_of.moved_by or "")


async def move_purchase(session: Session, *, call: Call, order: Move) -> Answer | Problem:
    """Move it, at its place in time, with all that follows from it in both wallets.

    One of which something came back, that points paid a part of, or that was handed out in an exchange stays where it is.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (wrong := reason_problem(order.reason)) is not None:
        return wrong
    program = call.program.id
    sale = await _sale(session, call=call, order=order)
    if sale is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    if isinstance(sale, Problem):
        return sale
    giver, taker = await customers.find_two(
        session, program_id=program, first=CustomerBy(sale.customer_id), second=order.customer
    )
    if taker is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    judged_by = await versions.version(session, program_id=program, number=sale.terms_version)
    if giver is None or judged_by is None:
        raise LookupError(f"purchase {sale.id} has no customer, or no terms")
    sale = await purchases.still(session, program_id=program, purchase=sale)
    if giver.id == taker.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("customer",))
    for customer, path in ((giver, ("purchase",)), (taker, ("customer",))):
        if (own := await own_card(session, call=call, customer=customer, path=path)) is not None:
            return own
    if (bound := await _bound(session, program_id=program, sale=sale)) is not None:
        return bound
    correction = ReceiptCorrection.of(
        sale, id=call.new_id(), to=_own(taker), recorded_at=call.now, reason=order.reason, actor=call.actor
    )
    after = await _for(
        taker, giver=giver, session=session, program_id=program, sale=sale, terms=judged_by, correction=correction
    )
    return await _moved(session, call=call, moving=_Moving(giver, taker, judged_by, sale, after, correction))


async def _sale(session: Session, *, call: Call, order: Move) -> Purchase | Problem | None:
    program = call.program
    if order.receipt is not None:
        return await receipt_references.one_referred_to(
            session, program_id=program.id, source=OWN_SOURCE, by=order.receipt, numbering=program.numbering
        )
    return await purchases.by_id(session, program_id=program.id, purchase_id=order.purchase_id or "")


async def _bound(session: Session, *, program_id: str, sale: Purchase) -> Problem | None:
    """Why a purchase cannot leave its customer."""
    if any(one.redemption_id is not None for one in sale.facts.payments):
        return Problem(ProblemCode.NOT_MOVABLE, path=("purchase",), detail="points of its customer paid a part of it")
    if await refunds.of_purchase(session, program_id=program_id, purchase_id=sale.id):
        return Problem(ProblemCode.NOT_MOVABLE, path=("purchase",), detail="something of it came back")
    if await exchanges.refund_of(session, program_id=program_id, purchase_id=sale.id) is not None:
        return Problem(ProblemCode.NOT_MOVABLE, path=("purchase",), detail="it was handed out in an exchange")
    return None


def _own(customer: CustomerRow) -> str:
    """Whose the purchase is: who was merged into another customer keeps what was theirs before."""
    return customer.asked_for or customer.id


async def _for(
    taker: CustomerRow,
    *,
    giver: CustomerRow,
    session: Session,
    program_id: str,
    sale: Purchase,
    terms: Terms,
    correction: ReceiptCorrection,
) -> Purchase:
    """The purchase as one of another customer, not decided yet."""
    if terms.asked.tier:
        taker = await levels.fresh(session, program_id=program_id, customer=taker)
    bare = replace(sale.facts, member=NOBODY)
    seen = await members.seen(session, program_id=program_id, customer=taker, terms=terms, facts=bare)
    facts = await share_of_budgets(session, program_id=program_id, customer_id=giver.id, purchase=sale, facts=seen)
    return replace(sale, customer_id=correction.to_customer_id, moved_by=correction.id, facts=facts)


async def _moved(session: Session, *, call: Call, moving: _Moving) -> Answer | Problem:
    program = call.program.id
    here, there, moving = await _told(session, program_id=program, moving=moving)
    sold = there.course.sales[moving.before.id]
    if any(one.lifetime > MAX_POINTS for one in there.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("purchase",))
    if limited(call):
        before = told_with(here.told, versions=here.versions, facts=[], until=moving.before.occurred_at)
        moved = carried(before.course.sales[moving.before.id].decision, sold.decision)
        above = await above_budget(session, call=call, budget=Budget.TRANSFERS, moved=moved, path=("purchase",))
        if above is not None:
            return above
        moving = moving.counted(moved)
    facts = replace(sold.facts, member=sold.facts.member.charging(sold.decision.spent))
    after = replace(moving.after, earned=sold.decision.points, facts=facts, facts_text=json_text(facts.to_data()))
    await purchases.correct(session, program_id=program, purchase=after)
    await receipt_corrections.add(session, program_id=program, correction=moving.correction)
    mark = receipt_corrections.evidence(moving.correction)
    left = Evidence((mark,), gone=(purchases.evidence(moving.before),))
    came = Evidence((mark, purchases.evidence(after)))
    taken_back, earned = await _booked(session, call=call, moving=moving, here=here, there=there, left=left, came=came)
    answer = Answer(
        decision=sold.decision,
        balances=there.balances,
        customer_id=moving.taker.id,
        purchase_id=after.id,
        entry_id=earned,
        other_id=moving.giver.id,
        other_entry_id=taken_back,
        terms=moving.terms,
    )
    return await keep(session, call=call, answer=answer)


async def _told(session: Session, *, program_id: str, moving: _Moving) -> tuple[Retold, Retold, _Moving]:
    """Both wallets told with the purchase where it belongs, and the move with what of budgets goes along.

    It is the same wallet twice where the two customers share it.
    """
    at, giver, taker = moving.before.occurred_at, moving.giver.account, moving.taker.account
    shared = giver.id == taker.id
    facts = [moving.leaving, moving.coming] if shared else [moving.coming]
    there = await retell(session, program_id=program_id, account=taker, until=at, facts=facts)
    moving = moving.with_budgets_of(there.course.sales[moving.before.id].decision)
    if shared:
        both = [moving.leaving, moving.coming]
        there = told_with(there.told, versions=there.versions, facts=both, until=at)
        return there, there, moving
    here = await retell(session, program_id=program_id, account=giver, until=at, facts=[moving.leaving])
    return here, there, moving


async def _booked(
    session: Session, *, call: Call, moving: _Moving, here: Retold, there: Retold, left: Evidence, came: Evidence
) -> tuple[str | None, str | None]:
    """Book in both wallets what the move changes; the entries (ids) that take back and earn, None where there is none.

    What is shared now may have been two wallets at the time of the purchase.
    """
    at, cause = moving.before.occurred_at, moving.correction.id
    subject = Subject(EntryType.EARN, moving.before.id)
    was_in = here.story.account_at(at, customer_id=moving.before.customer_id)
    is_in = there.story.account_at(at, customer_id=moving.after.customer_id)
    if here is there:
        marks = {was_in: left | came} if was_in == is_in else {was_in: left, is_in: came}
        both = await record(session, stamp=call.stamp, retold=there, evidence=marks, cause=cause)
        return None, _id(both.get(subject))
    back = await record(session, stamp=call.stamp, retold=here, evidence={was_in: left}, cause=cause)
    earned = await record(session, stamp=call.stamp, retold=there, evidence={is_in: came}, cause=cause)
    return _id(back.get(subject)), _id(earned.get(subject))


def _id(entry: Entry | None) -> str | None:
    return entry.id if entry is not None else None
