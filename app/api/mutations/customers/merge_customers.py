"""mergeCustomers: two customers who are the same person become one customer."""

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
from app.usecases.customers import merge_customers
from app.usecases.customers.merge_customers import MergeCustomers, MergeCustomersResult


@strawberry.input(description="Two customers who are the same person.")
class MergeCustomersInput(CommandInput):
    """Who is merged with whom, and why."""

    merged: CustomerBy = strawberry.field(
        description="The customer who is merged: everything they have goes to the survivor, and their ids and identities lead to the survivor for ever. A customer who shares a wallet cannot be merged."
    )
    survivor: CustomerBy = strawberry.field(description="The customer who continues for both.")
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it stands in the ledger of both.")


@strawberry.type(description="Result of `mergeCustomers`.")
class MergeCustomersPayload(BalancesPayload[MergeCustomersResult]):
    """The balances are those of the mutation; objects are read as they are now."""

    customer: Customer | None = result_field(
        MergeCustomersResult, customer_of, description="The survivor, as they are now."
    )
    entry: LedgerEntry | None = result_field(
        MergeCustomersResult, entry_of, description="The ledger entry with which the points came to the survivor."
    )


async def resolve(
    info: Info,
    input: Annotated[MergeCustomersInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> MergeCustomersPayload | None:
    """Move history, points and identities of one customer to the other."""
    return await mutate(
        MergeCustomersPayload,
        merge_customers.run,
        _command(input, context=info.context),
        permission=Permission.MERGE_CUSTOMERS,
        input=input,
        info=info,
    )


def _command(input: MergeCustomersInput, *, context: Context) -> MergeCustomers | Problem:
    merged = customer_reference_of(input.merged, context=context, path=("merged",))
    if isinstance(merged, Problem):
        return merged
    survivor = customer_reference_of(input.survivor, context=context, path=("survivor",))
    if isinstance(survivor, Problem):
        return survivor
    return MergeCustomers(merged=merged, survivor=survivor, reason=input.reason.strip())
