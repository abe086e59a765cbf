"""mergeCustomers: two customers who are one become one."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer, load_entry
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.domain.access import Permission
from app.domain.problems import Problem
from app.usecases.command import Answer
from app.usecases.customers import merge_customers
from app.usecases.customers.merge_customers import MergeCustomers


@strawberry.input(description="Two customers who are one.")
class MergeCustomersInput:
    """Who, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    merged: CustomerBy = strawberry.field(
        description="Who is merged: everything goes to the survivor, and every id and identity leads there for ever. Not somebody who shares a wallet."
    )
    survivor: CustomerBy = strawberry.field(description="Who goes on for both.")
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it stands in the ledger of both.")


@strawberry.type(description="What merging came to.")
class MergeCustomersPayload(Payload):
    """The balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right afterwards, one per unit."
    )

    @strawberry.field(description="The survivor, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry with which the points came to the survivor.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[MergeCustomersInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> MergeCustomersPayload | None:
    """Once."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        merge_customers.run,
        name="mergeCustomers",
        permission=Permission.MERGE_CUSTOMERS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return MergeCustomersPayload(problem=outcome)
    return MergeCustomersPayload(answer=outcome, balances=balances(outcome.balances, context=context))


def _order(sent: MergeCustomersInput, *, context: Context) -> MergeCustomers | Problem:
    merged = customer_by(sent.merged, context=context, path=("merged",))
    if isinstance(merged, Problem):
        return merged
    survivor = customer_by(sent.survivor, context=context, path=("survivor",))
    if isinstance(survivor, Problem):
        return survivor
    return MergeCustomers(merged=merged, survivor=survivor, reason=sent.reason.strip())
