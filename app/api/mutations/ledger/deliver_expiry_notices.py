"""deliverExpiryNotices: notices of expiry reached the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.ledger.expiry import ExpiryNotice
from app.domain.access import Permission
from app.domain.problems import Problem
from app.domain.terms.effects.points_validity import NoticeChannel
from app.queries.customers import expiry_notices
from app.usecases.command import Answer
from app.usecases.ledger import deliver_expiry_notices
from app.usecases.ledger.deliver_expiry_notices import DeliverExpiryNotices

_ASKED: Mapping[NoticeChannel, Permission] = {
    NoticeChannel.INBOX: Permission.OPEN_INBOX,
    NoticeChannel.RECEIPT: Permission.PRINT_NOTICES,
    NoticeChannel.MESSAGE: Permission.SEND_NOTICES,
}


@strawberry.input(description="Whom all open notices of expiry reached now, and how.")
class DeliverExpiryNoticesInput:
    """One customer, one channel."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy = strawberry.field(description="Whom; a customer only themselves.")
    channel: NoticeChannel = strawberry.field(
        description="How: `INBOX` by customers, staff and the owner, when it is opened; `RECEIPT` by tills, staff and the owner, when it is printed; `MESSAGE` by staff and the owner, when it was accepted."
    )


@strawberry.type(description="What reached the customer.")
class DeliverExpiryNoticesPayload(Payload):
    """The notices."""

    answer: strawberry.Private[Answer | None] = None
    delivered: int = strawberry.field(
        default=0, description="How many notices reached the customer by this; 0 where none was open."
    )

    @strawberry.field(description="The notices that reached the customer by this, as they are now; at most 100.")
    async def notices(self, info: Info) -> list[ExpiryNotice]:
        """Read again."""
        customer = await self.customer(info)
        if customer is None or self.answer is None:
            return []
        found = await info.context.load_heavy(expiry_notices.of_accounts, customer.row.account.id, at=info.context.now)
        return [ExpiryNotice.of(view) for view in found if view.notice.id in (self.answer.notice_ids or ())]

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[
        DeliverExpiryNoticesInput, strawberry.argument(description="What happened, with its idempotency key.")
    ],
    locale: Language = None,
) -> DeliverExpiryNoticesPayload | None:
    """Record once that what is open was read, printed or sent."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        deliver_expiry_notices.run,
        name="deliverExpiryNotices",
        permission=_ASKED[input.channel],
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return DeliverExpiryNoticesPayload(problem=outcome)
    return DeliverExpiryNoticesPayload(answer=outcome, delivered=len(outcome.notice_ids or ()))


def _order(sent: DeliverExpiryNoticesInput, *, context: Context) -> DeliverExpiryNotices | Problem:
    by = customer_by(sent.customer, context=context)
    if isinstance(by, Problem):
        return by
    return DeliverExpiryNotices(customer=by, channel=sent.channel, holder=context.principal.customer_id)
