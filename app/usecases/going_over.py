"""A wallet with all that it holds goes over into another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.amounts import MAX_POINTS
from app.domain.ledger import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.wallets.postings import Subject
from app.domain.wallets.story import Joined
from app.store import holders, mergers, stories
from app.store.accounts import Account
from app.store.customers import CustomerRow
from app.store.mergers import Merger
from app.store.telling import NewFact, Retold, told_with
from app.store.unit import Session
from app.usecases.call import Call
from app.usecases.record import record

_NEXT = timedelta(microseconds=1)

LONGEST_REASON = 200


def reason_problem(reason: str) -> Problem | None:
    """Why a reason cannot be kept, or None."""
    if not reason.strip():
        return Problem(ProblemCode.REASON_MISSING, path=("reason",))
    if len(reason) > LONGEST_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("reason",), detail=f"1 to {LONGEST_REASON} characters")
    return None


def after_all_of(*of: Account, now: datetime) -> datetime:
    """A moment after all that is known of accounts: now, or a little later where a till's clock was ahead."""
    return max([now, *(one.settled_at + _NEXT for one in of if one.settled_at is not None)])


async def go_over(
    session: Session, *, call: Call, customer: CustomerRow, into: CustomerRow, merged: bool, reason: str
) -> tuple[Retold, Entry] | Problem:
    """Let a customer's wallet go over into another one's; both accounts must be locked.

    `merged`: the other customer goes on for this one; otherwise both stay who they are. Answers with the wallet that
    took the other over, and its entry.
    """
    program = call.program.id
    merger = Merger(
        id=call.new_id(),
        customer_id=customer.id,
        survivor_id=into.id if merged else None,
        from_wallet_id=customer.account.wallet_id,
        to_wallet_id=into.account.wallet_id,
        occurred_at=after_all_of(customer.account, into.account, now=call.now),
        recorded_at=call.now,
        reason=reason,
        actor=call.actor,
    )
    versions = await stories.versions_of(session, program_id=program)
    if not versions.standing:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=())
    both = await stories.all_told(session, program_id=program, of=[customer.account, into.account], versions=versions)
    other, told = both[customer.account.id], both[into.account.id]
    fact = Joined(merger.id, merger.occurred_at, other.story, merger.survivor_id)
    told = replace(told, absorbed=(*told.absorbed, other))
    retold = told_with(told, versions=versions, facts=[NewFact(fact)], until=fact.at)
    if any(one.lifetime > MAX_POINTS for one in retold.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=())
    await mergers.add(session, program_id=program, merger=merger)
    await holders.go_over(session, program_id=program, merger=merger)
    made = await record(
        session,
        stamp=call.stamp,
        retold=retold,
        digests=(mergers.evidence(merger),),
        cause=merger.id,
    )
    return retold, made[Subject(EntryType.MERGE, merger.id)]
