"""Let a customer share the wallet of another one: one balance, and each stays who they are."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store import customers, holders
from app.store.customers import CustomerBy
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.going_over import go_over, reason_problem
from app.usecases.staff_limits import own_card


@dataclass(frozen=True, slots=True)
class NewMember:
    """Who joins whose wallet, and why."""

    customer: CustomerBy
    household: CustomerBy
    reason: str


async def join_household(session: Session, *, call: Call, order: NewMember) -> Answer | Problem:
    """Let the customer's own wallet go over into the other one's, which both hold from then on.

    History, counts and level stay each one's own.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if (wrong := reason_problem(order.reason)) is not None:
        return wrong
    program = call.program.id
    joining, host = await customers.find_two(session, program_id=program, first=order.customer, second=order.household)
    if joining is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if host is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("household",))
    if joining.id == host.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("household",))
    for customer, path in ((joining, ("customer",)), (host, ("household",))):
        if (own := await own_card(session, call=call, customer=customer, path=path)) is not None:
            return own
    wallet = joining.account.wallet_id
    if len((await holders.of_wallets(session, program_id=program, wallet_ids=[wallet]))[wallet]) > 1:
        return Problem(ProblemCode.WALLET_SHARED, path=("customer",))
    done = await go_over(session, call=call, customer=joining, into=host, merged=False, reason=order.reason)
    if isinstance(done, Problem):
        return done
    retold, entry = done
    answer = Answer(balances=retold.balances, customer_id=joining.id, entry_id=entry.id, other_id=host.id)
    return await keep(session, call=call, answer=answer)
