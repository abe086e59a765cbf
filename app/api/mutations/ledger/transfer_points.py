"""transferPoints: points of one customer go to another one, with their dates."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import (
    BalancesPayload,
    OtherEntry,
    customer_of,
    entry_of,
    load_customer,
    result_field,
)
from app.api.types.customers.customer import Customer, CustomerBy, customer_reference_of
from app.api.types.ledger.balance import Balance
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.domain.access import Permission
from app.domain.problems import Problem
from app.usecases.ledger import transfer_points
from app.usecases.ledger.transfer_points import TransferPoints, TransferPointsResult


@strawberry.input(description="Points to transfer from one customer to another.")
class TransferPointsInput(CommandInput):
    """From whom, to whom, how many, and why."""

    from_: CustomerBy = strawberry.field(name="from", description="The customer who sends the points.")
    to: CustomerBy = strawberry.field(description="The customer who receives them; must have another wallet.")
    points: int = strawberry.field(
        description="How many, at least 1: points that can be spent now. Those that would be spent first are transferred first."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it stands in the ledger of both.")


async def recipient_of(result: TransferPointsResult, context: Context) -> Customer | None:
    """The customer who received the points."""
    return await load_customer(result.recipient_id, context=context)


async def recipient_entry_of(result: TransferPointsResult, context: Context) -> LedgerEntry | None:
    """The entry of the customer who received the points."""
    return await entry_of(OtherEntry(result.recipient_entry_id), context)


@strawberry.type(description="Result of `transferPoints`.")
class TransferPointsPayload(BalancesPayload[TransferPointsResult]):
    """The balances are those of the mutation; objects are read as they are now."""

    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances of the sender, right afterwards, one per unit."
    )

    sender: Customer | None = result_field(
        TransferPointsResult, customer_of, name="from", description="The customer who sent the points, as they are now."
    )
    to: Customer | None = result_field(
        TransferPointsResult, recipient_of, description="The customer who received the points, as they are now."
    )
    entry: LedgerEntry | None = result_field(
        TransferPointsResult, entry_of, description="The ledger entry of the sender."
    )
    received: LedgerEntry | None = result_field(
        TransferPointsResult, recipient_entry_of, description="The ledger entry of the recipient."
    )


async def resolve(
    info: Info,
    input: Annotated[TransferPointsInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> TransferPointsPayload | None:
    """Transfer points that are available now; their dates do not change."""
    return await mutate(
        TransferPointsPayload,
        transfer_points.run,
        _command(input, context=info.context),
        permission=Permission.TRANSFER_POINTS,
        input=input,
        info=info,
    )


def _command(input: TransferPointsInput, *, context: Context) -> TransferPoints | Problem:
    sender = customer_reference_of(input.from_, context=context, path=("from",))
    if isinstance(sender, Problem):
        return sender
    recipient = customer_reference_of(input.to, context=context, path=("to",))
    if isinstance(recipient, Problem):
        return recipient
    return TransferPoints(sender=sender, recipient=recipient, points=input.points, reason=input.reason.strip())
