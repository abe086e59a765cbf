"""transferPoints: points of one customer go to another one, with their dates."""

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
from app.usecases.ledger import transfer_points
from app.usecases.ledger.transfer_points import TransferPoints


@strawberry.input(description="Points to pass on from one customer to another.")
class TransferPointsInput:
    """From whom, to whom, how many, and why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    from_: CustomerBy = strawberry.field(name="from", description="Whose points they are.")
    to: CustomerBy = strawberry.field(description="Who gets them: somebody with another wallet.")
    points: int = strawberry.field(
        description="How many, at least 1: points that can be spent now. Those go first that would be spent first."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters; it stands in the ledger of both.")


@strawberry.type(description="What passing points on came to.")
class TransferPointsPayload(Payload):
    """The balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances of whose points they were, right afterwards, one per unit."
    )

    @strawberry.field(name="from", description="Whose points they were, as they are now.")
    async def giver(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)

    @strawberry.field(description="Who got them, as they are now.")
    async def to(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(_other(self.answer), context=info.context)

    @strawberry.field(description="The ledger entry of whose points they were.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry of who got them.")
    async def received(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(_other(self.answer), context=info.context)


def _other(answer: Answer | None) -> Answer | None:
    """The other side of an answer."""
    return Answer(customer_id=answer.other_id, entry_id=answer.other_entry_id) if answer is not None else None


async def resolve(
    info: Info,
    input: Annotated[TransferPointsInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> TransferPointsPayload | None:
    """Pass points on once."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        transfer_points.run,
        name="transferPoints",
        permission=Permission.TRANSFER_POINTS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return TransferPointsPayload(problem=outcome)
    return TransferPointsPayload(answer=outcome, balances=balances(outcome.balances, context=context))


def _order(sent: TransferPointsInput, *, context: Context) -> TransferPoints | Problem:
    giver = customer_by(sent.from_, context=context, path=("from",))
    if isinstance(giver, Problem):
        return giver
    taker = customer_by(sent.to, context=context, path=("to",))
    if isinstance(taker, Problem):
        return taker
    return TransferPoints(giver=giver, taker=taker, points=sent.points, reason=sent.reason.strip())
