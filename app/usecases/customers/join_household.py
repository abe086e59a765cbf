"""Let a customer share the wallet of another one: they have one balance, and stay two customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.customers.customer import CustomerReference
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.store.customers import customers, own_wallet, wallet_members
from app.store.database.session import Session
from app.usecases.command import CommandContext, use_case
from app.usecases.customers.absorb_wallet import absorb_wallet
from app.usecases.results import CommandResult, stored_as
from app.usecases.staff_reasons import reason_problem


@dataclass(frozen=True, slots=True)
class JoinHousehold:
    """The customer who joins, a customer of the household, and the reason."""

    customer: CustomerReference
    household: CustomerReference
    reason: str


@stored_as("household_joined")
@dataclass(frozen=True, slots=True, kw_only=True)
class JoinHouseholdResult(CommandResult):
    """The customer who joined, the balances of the shared wallet, and its entry for the points that the customer brought."""

    customer_id: str
    balances: Mapping[Unit, Balance]
    entry_id: str


@use_case(JoinHouseholdResult)
async def run(session: Session, *, context: CommandContext, command: JoinHousehold) -> JoinHouseholdResult | Problem:
    """Merge the customer's own wallet into that of the household, which they share from then on.

    Each customer keeps their own history, counters and tier.
    """
    if (problem := reason_problem(command.reason)) is not None:
        return problem
    joining, host = await customers.find_two(session, first=command.customer, second=command.household)
    if joining is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if host is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("household",))
    if joining.id == host.id:
        return Problem(ProblemCode.SAME_CUSTOMER, path=("household",))
    for customer, path in ((joining, ("customer",)), (host, ("household",))):
        problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=path)
        if problem is not None:
            return problem
    wallet_id = joining.account.wallet_id
    if len((await wallet_members.of_wallets(session, wallet_ids=[wallet_id]))[wallet_id]) > 1:
        return Problem(ProblemCode.WALLET_SHARED, path=("customer",))
    absorption = await absorb_wallet(
        session, context=context, customer=joining, host=host, customer_replaced=False, reason=command.reason
    )
    if isinstance(absorption, Problem):
        return absorption
    replayed, entry = absorption
    return JoinHouseholdResult(customer_id=joining.id, balances=replayed.balances, entry_id=entry.id)
