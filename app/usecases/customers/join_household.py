"""Let a customer share the wallet of another one: they have one balance, and stay two customers."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.customers.customer import CustomerReference
from app.domain.problems import Problem, ProblemCode
from app.store.customers import customers, own_cards, wallet_members
from app.store.database.session import Session
from app.usecases.command import Answer, CommandContext, previous_result, remember_result
from app.usecases.customers.absorb_wallet import absorb_wallet
from app.usecases.reasons import reason_problem


@dataclass(frozen=True, slots=True)
class JoinHousehold:
    """Who joins whose wallet, and why."""

    customer: CustomerReference
    household: CustomerReference
    reason: str


async def run(session: Session, *, context: CommandContext, command: JoinHousehold) -> Answer | Problem:
    """Merge the customer's own wallet into the other one's, which both share from then on.

    History, counters and tier stay separate.
    """
    if (known := await previous_result(session, context=context)) is not None:
        return known
    if (wrong := reason_problem(command.reason)) is not None:
        return wrong
    joining, host = await customers.find_two(session, first=command.customer, second=command.household)
    if joining is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if host is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("household",))
    if joining.id == host.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("household",))
    for customer, path in ((joining, ("customer",)), (host, ("household",))):
        if (
            own := await own_cards.refusal(session, principal=context.principal, customer=customer, path=path)
        ) is not None:
            return own
    wallet = joining.account.wallet_id
    if len((await wallet_members.of_wallets(session, wallet_ids=[wallet]))[wallet]) > 1:
        return Problem(ProblemCode.WALLET_SHARED, path=("customer",))
    done = await absorb_wallet(
        session, context=context, customer=joining, into=host, merged=False, reason=command.reason
    )
    if isinstance(done, Problem):
        return done
    replayed, entry = done
    answer = Answer(balances=replayed.balances, customer_id=joining.id, entry_id=entry.id, other_id=host.id)
    return await remember_result(session, context=context, answer=answer)
