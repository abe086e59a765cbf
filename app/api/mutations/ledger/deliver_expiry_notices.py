"""deliverExpiryNotices: it is recorded that the customer's open expiry notices were delivered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import WithCustomer, customer_of
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.api.types.ledger.expiry import ExpiryNotice
from app.domain.access import Permission
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.problems import Problem
from app.queries.customers import expiry_notices
from app.usecases.ledger import deliver_expiry_notices
from app.usecases.ledger.deliver_expiry_notices import DeliverExpiryNotices, DeliverExpiryNoticesResult

_PERMISSIONS: Mapping[NoticeChannel, Permission] = {
    NoticeChannel.INBOX: Permission.CONFIRM_INBOX_NOTICES,
    NoticeChannel.RECEIPT: Permission.PRINT_NOTICES,
    NoticeChannel.MESSAGE: Permission.SEND_NOTICES,
}


@strawberry.input(description="A customer who has now received all open notices of expiry, and the channel.")
class DeliverExpiryNoticesInput(CommandInput):
    """The customer and the channel."""

    customer: CustomerBy = strawberry.field(
        description="The customer. A customer's own key can only name that customer."
    )
    channel: NoticeChannel = strawberry.field(
        description="How they were delivered: `INBOX` by customers, staff and the owner, when it is opened; `RECEIPT` by tills, staff and the owner, when it is printed; `MESSAGE` by staff and the owner, when it was accepted."
    )


@strawberry.type(description="Result of `deliverExpiryNotices`.")
class DeliverExpiryNoticesPayload(WithCustomer[DeliverExpiryNoticesResult]):
    """The notices that were delivered."""

    delivered: int = strawberry.field(
        default=0, description="How many notices were delivered by this mutation; 0 if none was open."
    )

    @classmethod
    async def of(cls, result: DeliverExpiryNoticesResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result, delivered=len(result.notice_ids))

    @strawberry.field(description="The notices that were delivered by this mutation, as they are now; at most 100.")
    async def notices(self, info: Info) -> list[ExpiryNotice]:
        """Only the notices of this delivery, whichever others are open now."""
        customer = await customer_of(self.result, info.context) if self.result is not None else None
        if customer is None or self.result is None:
            return []
        notices = await info.context.load_heavy(
            expiry_notices.of_accounts, customer.entity.account.id, at=info.context.now
        )
        return [ExpiryNotice.of(view) for view in notices if view.notice.id in self.result.notice_ids]


async def resolve(
    info: Info,
    input: Annotated[
        DeliverExpiryNoticesInput, strawberry.argument(description="What happened, with its idempotency key.")
    ],
) -> DeliverExpiryNoticesPayload | None:
    """Record that the customer's open notices were read, printed or sent."""
    return await mutate(
        DeliverExpiryNoticesPayload,
        deliver_expiry_notices.run,
        _command(input, context=info.context),
        permission=_PERMISSIONS[input.channel],
        input=input,
        info=info,
    )


def _command(input: DeliverExpiryNoticesInput, *, context: Context) -> DeliverExpiryNotices | Problem:
    customer = customer_reference_of(input.customer, context=context)
    if isinstance(customer, Problem):
        return customer
    return DeliverExpiryNotices(customer=customer, channel=input.channel, holder=context.principal.customer_id)
