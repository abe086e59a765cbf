"""What explains a ledger entry in addition to its decision: the reason that staff gave, and the cause of a correction."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Info, phrasebook_of
from app.api.conventions.enums import register_enum
from app.api.conventions.ids import encode
from app.domain.explanations.summary import correction_sentence
from app.domain.ledger.entries import CauseKind, Entry, EntryType
from app.domain.ledger.entry_reasons import Cause, StatedReason
from app.domain.ledger.lots import Lot as LotEntity
from app.queries.ledger import entry_reasons

register_enum(
    CauseKind,
    "What became known late, so that what had been booked before was corrected.",
    {
        CauseKind.PURCHASE: "A purchase.",
        CauseKind.REFUND: "A refund.",
        CauseKind.REDEMPTION: "A redemption, or a hold that was captured.",
        CauseKind.REVERSAL: "A redemption that was cancelled.",
        CauseKind.ADJUSTMENT: "Points or stamps added or removed by staff.",
        CauseKind.AMENDMENT: "A receipt that had been recorded wrongly, and was amended.",
        CauseKind.MOVE: "A purchase that had been recorded for the wrong customer, and was moved to the right one.",
    },
)

_TYPES_WITH_REASON = frozenset({EntryType.ADJUST, EntryType.REVERSAL, EntryType.TRANSFER, EntryType.MERGE})
"""The types of entries for which staff may have given a reason."""

_TYPES_OF_RECEIPTS = frozenset({EntryType.EARN, EntryType.CLAWBACK})
"""The types of entries that are appended when staff correct a receipt, for which they gave a reason."""


@strawberry.type(description="A late event or a receipt correction that changed what had been booked before.")
class CorrectionCause:
    """The event and a sentence that names it."""

    cause: strawberry.Private[Cause]
    kind: CauseKind = strawberry.field(description="What it was.")
    occurred_at: datetime = strawberry.field(
        description="Business time: when it happened, not when it became known; for a corrected receipt, the time of the purchase."
    )

    @classmethod
    def of(cls, cause: Cause) -> CorrectionCause:
        """The GraphQL object for a stored cause."""
        return cls(cause=cause, kind=cause.kind, occurred_at=cause.occurred_at)

    @strawberry.field(
        description="Why the entry corrects what was booked before, in words; the day is that of the program's zone."
    )
    def statement(self, info: Info, locale: Language = None) -> str:
        """One sentence."""
        zone = info.context.program.zone
        phrasebook = phrasebook_of(info, locale)
        return correction_sentence(self.kind, occurred_at=self.occurred_at, zone=zone, phrasebook=phrasebook)


@strawberry.type(description="Points that were earned together, with their dates. Seen by whoever sees the customer.")
class Lot:
    """The lot as it was when it was opened."""

    id: strawberry.ID = strawberry.field(description="Opaque id, which `LedgerEntry.lots` names.")
    points: int = strawberry.field(description="Whole points with which it was opened, 0 or more.")
    earned_at: datetime = strawberry.field(description="Business time at which the points were earned.")
    available_from: datetime = strawberry.field(description="The instant from which the points can be spent.")
    valid_until: date | None = strawberry.field(
        description="The last valid day of the points, by the calendar of the program, as it was when the lot was opened; null where they are valid for ever."
    )

    @classmethod
    def of(cls, entity: LotEntity) -> Lot:
        """The GraphQL object for a stored lot."""
        return cls(
            id=strawberry.ID(encode("Lot", entity.id)),
            points=entity.points,
            earned_at=entity.earned_at,
            available_from=entity.available_from,
            valid_until=entity.promised_last_day,
        )


async def stated_reason_of(entry: Entry, *, info: Info) -> StatedReason | None:
    """The reason that staff gave when they moved the points of an entry or corrected its receipt; None if they did neither."""
    if entry.type in _TYPES_WITH_REASON:
        return await info.context.load(entry_reasons.stated_reasons, entry.subject)
    if entry.cause is not None and entry.type in _TYPES_OF_RECEIPTS:
        return await info.context.load(entry_reasons.stated_reasons_for_corrections, entry.cause)
    return None


async def cause_of(entry: Entry, *, info: Info) -> CorrectionCause | None:
    """The late event or correction because of which an entry was appended; None for an entry that corrects nothing."""
    if entry.cause is None:
        return None
    cause = await info.context.load(entry_reasons.causes, entry.cause)
    return CorrectionCause.of(cause) if cause is not None else None
