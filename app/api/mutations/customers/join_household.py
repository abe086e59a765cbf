"""joinHousehold: several customers share one wallet."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import BalancesPayload, customer_of, entry_of, result_field
from app.api.types.customers.customer import Customer, CustomerBy, customer_reference_of
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.domain.access import Permission
from app.domain.problems import Problem
from app.usecases.customers import join_household
from app.usecases.customers.join_household import JoinHousehold, JoinHouseholdResult


@strawberry.input(description="A customer who is to share the wallet of another one.")
class JoinHouseholdInput(CommandInput):
    """Who joins whom, and why."""

    customer: CustomerBy = strawberry.field(description="The customer who joins, with a wallet of their own.")
    household: CustomerBy = strawberry.field(
        description="A customer of the household, whose wallet is shared from now on."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it stands in the ledger of both wallets.")


@strawberry.type(description="Result of `joinHousehold`.")
class JoinHouseholdPayload(BalancesPayload[JoinHouseholdResult]):
    """The balances are those of the mutation; objects are read as they are now."""

    customer: Customer | None = result_field(
        JoinHouseholdResult, customer_of, description="The customer who joined, as they are now."
    )
    entry: LedgerEntry | None = result_field(
        JoinHouseholdResult,
        entry_of,
        description="The ledger entry with which the points of that customer came into the shared wallet.",
    )


async def resolve(
    info: Info,
    input: Annotated[JoinHouseholdInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> JoinHouseholdPayload | None:
    """Move the customer's points into the shared wallet, which both use from now on."""
    return await mutate(
        JoinHouseholdPayload,
        join_household.run,
        _command(input, context=info.context),
        permission=Permission.MERGE_CUSTOMERS,
        input=input,
        info=info,
    )


def _command(input: JoinHouseholdInput, *, context: Context) -> JoinHousehold | Problem:
    customer = customer_reference_of(input.customer, context=context, path=("customer",))
    if isinstance(customer, Problem):
        return customer
    household = customer_reference_of(input.household, context=context, path=("household",))
    if isinstance(household, Problem):
        return household
    return JoinHousehold(customer=customer, household=household, reason=input.reason.strip())
