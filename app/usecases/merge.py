"""Merge two customers who are one: the survivor goes on for both, for ever."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store import customers, holders, ledger, mergers
from app.store.customers import CustomerBy, CustomerRow
from app.store.unit import Session
from app.usecases.call import Answer, Call, balances_now, keep, replay
from app.usecases.going_over import go_over, reason_problem
from app.usecases.staff_limits import own_card


@dataclass(frozen=True, slots=True)
class NewMerger:
    """Who is merged into whom, and why."""

    merged: CustomerBy
    survivor: CustomerBy
    reason: str


async def merge(session: Session, *, call: Call, order: NewMerger) -> Answer | Problem:
    """Let everything of the merged customer go to the survivor. Done once more, nothing happens, and the answer is the same.

    What the merged customer did before stays as it was judged then, also what becomes known of that time later on.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (wrong := reason_problem(order.reason)) is not None:
        return wrong
    program = call.program.id
    merged, survivor = await customers.find_two(session, program_id=program, first=order.merged, second=order.survivor)
    if merged is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("merged",))
    if survivor is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("survivor",))
    if merged.asked_for is not None and merged.asked_for != survivor.asked_for:
        if merged.id != survivor.id:
            return Problem(ProblemCode.ALREADY_MERGED, path=("merged",))
        return await _again(session, call=call, merged=merged)
    if merged.id == survivor.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("survivor",))
    for customer, path in ((merged, ("merged",)), (survivor, ("survivor",))):
        if (own := await own_card(session, call=call, customer=customer, path=path)) is not None:
            return own
    wallet = merged.account.wallet_id
    if len((await holders.of_wallets(session, program_id=program, wallet_ids=[wallet]))[wallet]) > 1:
        return Problem(ProblemCode.WALLET_SHARED, path=("merged",))
    done = await go_over(session, call=call, customer=merged, into=survivor, merged=True, reason=order.reason)
    if isinstance(done, Problem):
        return done
    retold, entry = done
    answer = Answer(balances=retold.balances, customer_id=survivor.id, entry_id=entry.id)
    return await keep(session, call=call, answer=answer)


async def _again(session: Session, *, call: Call, merged: CustomerRow) -> Answer:
    """The answer for a customer who was merged into this one before."""
    assert merged.asked_for is not None, "it was merged"
    merger = await mergers.of_customer(session, program_id=call.program.id, customer_id=merged.asked_for)
    if merger is None:
        raise LookupError(f"customer {merged.asked_for} was merged by nothing")
    entry = await ledger.of_merger(
        session, program_id=call.program.id, merger_id=merger.id, wallet_id=merger.to_wallet_id
    )
    held = await balances_now(session, program_id=call.program.id, customer=merged)
    answer = Answer(balances=held, customer_id=merged.id, entry_id=entry)
    return await keep(session, call=call, answer=answer)
