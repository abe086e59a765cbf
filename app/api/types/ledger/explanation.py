"""An old entry, decided once more: proof that its points follow from the terms of its time."""

from __future__ import annotations

import strawberry

from app.api.types.decisions.decision import Decision
from app.api.types.ledger.ledger_entry import LedgerEntry


@strawberry.type(description="An old entry, decided once more from the facts and the terms of its time.")
class Explanation:
    """The entry with the points that the rules give today, which should be the entry's own."""

    entry: LedgerEntry = strawberry.field(description="The entry.")
    decision: Decision = strawberry.field(description="The decision as it was stored.")
    recomputed_points: int = strawberry.field(
        description="The points that the rules give today for the facts and the terms of the entry's time."
    )
    agrees: bool = strawberry.field(description="Whether `recomputedPoints` are the points of the entry.")
