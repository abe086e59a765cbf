"""Refunds and exchanges that arrived before their purchase, as staff see them."""

from __future__ import annotations

from datetime import datetime, timedelta

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, phrasebook_of
from app.api.conventions.enums import register_enum
from app.api.conventions.ids import encode
from app.domain.problems import ProblemCode
from app.domain.purchases.pending_refund import PendingRefund as PendingRefundEntity
from app.domain.purchases.pending_refund import PendingRefundState
from app.queries.purchases.refund_previews import pending_refund

REVIEW_AFTER = timedelta(days=14)
"""How long a refund may be pending before staff should review it."""

register_enum(
    PendingRefundState,
    "What became of a refund or an exchange that arrived before its purchase.",
    {
        PendingRefundState.PENDING: "Its purchase has not arrived yet.",
        PendingRefundState.APPLIED: "Its purchase arrived, and the refund or exchange was applied together with it.",
        PendingRefundState.REJECTED: "Its purchase arrived, and the refund or exchange does not fit it, for example because less is left to return: staff must review it.",
        PendingRefundState.DISMISSED: "Staff dismissed it; nothing was booked.",
    },
    name="PendingRefundState",
)


@strawberry.type(description="A refund or an exchange that arrived before its purchase. For owner, staff and tills.")
class PendingRefund:
    """A refund or an exchange that is applied when its purchase arrives."""

    rejected_with: strawberry.Private[ProblemCode | None]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    receipt: str = strawberry.field(description="The number of the receipt whose arrival it depends on.")
    external_id: str | None = strawberry.field(description="The refund's own number; null if it has none.")
    exchanged_for: str | None = strawberry.field(
        description="For an exchange, the number of the new receipt; null for a refund."
    )
    occurred_at: datetime = strawberry.field(description="Its business time.")
    recorded_at: datetime = strawberry.field(description="When it was recorded as pending.")
    state: PendingRefundState = strawberry.field(description="What became of it.")
    overdue: bool = strawberry.field(
        description="Whether staff should review it: it has been pending for 14 days, or was rejected."
    )

    @classmethod
    def of(cls, entity: PendingRefundEntity, *, context: Context) -> PendingRefund:
        """The GraphQL object for a stored pending refund."""
        is_late = entity.state is PendingRefundState.PENDING and context.now >= entity.recorded_at + REVIEW_AFTER
        return cls(
            id=strawberry.ID(encode("PendingRefund", entity.id)),
            receipt=entity.receipt.number,
            external_id=entity.external_id,
            exchanged_for=entity.new_receipt.number if entity.new_receipt is not None else None,
            rejected_with=entity.rejection_code,
            occurred_at=entity.occurred_at,
            recorded_at=entity.recorded_at,
            state=entity.state,
            overdue=is_late or entity.state is PendingRefundState.REJECTED,
        )

    @strawberry.field(
        description="Why nothing has been booked yet: PENDING_DEPENDENCY while its purchase has not arrived, otherwise why it does not fit its purchase, such as NOTHING_TO_REFUND; null once it was applied or dismissed."
    )
    def code(self) -> ProblemCode | None:
        """A stable code, for client programs."""
        match self.state:
            case PendingRefundState.PENDING:
                return ProblemCode.PENDING_DEPENDENCY
            case PendingRefundState.REJECTED:
                return self.rejected_with or ProblemCode.NOTHING_TO_REFUND
            case _:
                return None

    @strawberry.field(description="Why nothing has been booked yet, in words; null once it was applied or dismissed.")
    def statement(self, info: Info, locale: Language = None) -> str | None:
        """The sentence for `code`."""
        return phrasebook_of(info, locale)(f"error.{code.value}") if (code := self.code()) is not None else None


async def load_pending_refund(id: str | None, *, context: Context) -> PendingRefund | None:
    """The pending refund with this id, as it is now; None if there is none."""
    if id is None:
        return None
    refund = await context.query(pending_refund, pending_id=id)
    return PendingRefund.of(refund, context=context) if refund is not None else None
