"""Record that notices of expiry reached the customer: only then do points expire, and never sooner than the terms allow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.effects.points_validity import NoticeChannel
from app.domain.problems import Problem, ProblemCode
from app.domain.wallets.course import Course
from app.domain.wallets.happenings import Warned
from app.store import accounts, customers, expiry_notices
from app.store.accounts import Account
from app.store.customers import CustomerBy
from app.store.expiry_notices import Delivery, ExpiryNotice
from app.store.telling import NewFact, Retold, retell, told_with
from app.store.unit import Session
from app.usecases.call import Answer, Call, Stamp, keep, replay
from app.usecases.record import record


@dataclass(frozen=True, slots=True)
class NoticesReached:
    """Whom they reached, and how; `holder` is the customer (id) who says so, None where somebody of the shop does."""

    customer: CustomerBy
    channel: NoticeChannel
    holder: str | None


async def deliver_notices(session: Session, *, call: Call, order: NoticesReached) -> Answer | Problem:
    """Let all open notices of the customer have reached them now, through one channel.

    Open is one that tells what still stands and did not reach the customer in a way that counts.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    customer = await customers.find(session, program_id=call.program.id, by=order.customer, lock=True)
    if customer is None or order.holder not in (None, customer.id):
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    reached = await _deliver(session, stamp=call.stamp, account=customer.account, by={order.channel})
    return await keep(session, call=call, answer=Answer(customer_id=customer.id, notice_ids=reached))


async def deliver_one(session: Session, *, stamp: Stamp, account_id: str, notice_id: str) -> bool:
    """Let one notice reach its customer at the time of the stamp, in every way that its points ask for; whether it was open."""
    found = await accounts.by_ids(session, program_id=stamp.program_id, account_ids=[account_id], lock=True)
    return bool(await _deliver(session, stamp=stamp, account=found[account_id], by=None, only=notice_id))


async def _deliver(
    session: Session,
    *,
    stamp: Stamp,
    account: Account,
    by: Collection[NoticeChannel] | None,
    only: str | None = None,
) -> tuple[str, ...]:
    """Deliver what is open (the notice `only`, or all); the ids of the notices. `by` None: as each asks for."""
    given = await expiry_notices.of_accounts(session, program_id=stamp.program_id, account_ids=[account.id])
    given = tuple(one for one in given if only in (None, one.id))
    if not given:
        return ()
    retold = await retell(session, program_id=stamp.program_id, account=account, until=stamp.now)
    if retold.told.gone is not None:
        return ()
    known = await expiry_notices.deliveries(session, program_id=stamp.program_id, notice_ids=[one.id for one in given])
    seen = {(one.notice_id, one.channel) for one in known}
    then = retold.course if retold.until <= stamp.now else retold.as_of(stamp.now)
    made = [
        Delivery(stamp.new_id(), notice.id, channel, delivered_at=stamp.now, recorded_at=stamp.now)
        for notice in _open(given, course=then)
        for channel in (_asked_for(notice, course=then) if by is None else by)
        if (notice.id, channel) not in seen
    ]
    if made:
        await _write(session, stamp=stamp, retold=retold, made=made, notices={one.id: one for one in given})
    return tuple(dict.fromkeys(one.notice_id for one in made))


async def _write(
    session: Session, *, stamp: Stamp, retold: Retold, made: Sequence[Delivery], notices: dict[str, ExpiryNotice]
) -> None:
    facts = []
    for one in made:
        await expiry_notices.deliver(session, program_id=stamp.program_id, delivery=one)
        lots = frozenset(told.lot_id for told in notices[one.notice_id].lots)
        facts.append(NewFact(Warned(one.id, one.delivered_at, lots, one.channel)))
    retold = told_with(retold.told, versions=retold.versions, facts=facts, until=stamp.now)
    await record(
        session,
        stamp=stamp,
        retold=retold,
        digests=[expiry_notices.evidence_of_delivery(one) for one in made],
        cause=made[0].id,
    )


def _open(given: Sequence[ExpiryNotice], *, course: Course) -> list[ExpiryNotice]:
    """The notices that tell of a lot, with its last day as it stands, whose owner has not been told."""
    untold = {(one.lot.id, one.last_day) for one in course.points.notices()}
    return [one for one in given if any((lot.lot_id, lot.last_day) in untold for lot in one.lots)]


def _asked_for(notice: ExpiryNotice, *, course: Course) -> list[NoticeChannel]:
    """The ways in which a notice has to come so that it counts for each of its lots: one for each, in one order."""
    purse = course.points
    lots = [purse.holdings.lots[one.lot_id] for one in notice.lots if one.lot_id in purse.holdings.lots]
    firsts = {next(one for one in NoticeChannel if one in purse.validity_of(lot).notice_by) for lot in lots}
    return [one for one in NoticeChannel if one in firsts]
