"""joinHousehold: several customers share one wallet."""

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
from app.usecases.customers import join_household
from app.usecases.customers.join_household import JoinHousehold


@strawberry.input(description="A customer who shares the wallet of another one from now on.")
class JoinHouseholdInput:
    """Who, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy = strawberry.field(description="Who joins, with a wallet of their own.")
    household: CustomerBy = strawberry.field(description="Somebody whose wallet is shared from now on.")
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it stands in the ledger of both wallets.")


@strawberry.type(description="What joining came to.")
class JoinHouseholdPayload(Payload):
    """The balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right afterwards, one per unit."
    )

    @strawberry.field(description="Who joined, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry with which their points came into the shared wallet.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[JoinHouseholdInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> JoinHouseholdPayload | None:
    """Once."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        join_household.run,
        name="joinHousehold",
        permission=Permission.MERGE_CUSTOMERS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return JoinHouseholdPayload(problem=outcome)
    return JoinHouseholdPayload(answer=outcome, balances=balances(outcome.balances, context=context))


def _order(sent: JoinHouseholdInput, *, context: Context) -> JoinHousehold | Problem:
    customer = customer_by(sent.customer, context=context, path=("customer",))
    if isinstance(customer, Problem):
        return customer
    household = customer_by(sent.household, context=context, path=("household",))
    if isinstance(household, Problem):
        return household
    return JoinHousehold(customer=customer, household=household, reason=sent.reason.strip())
