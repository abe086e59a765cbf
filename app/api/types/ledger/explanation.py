"""An old entry, decided once more: proof that its number follows from the terms of its time."""

from __future__ import annotations

import strawberry

from app.api.types.decisions.decision import Decision
from app.api.types.ledger.ledger_entry import LedgerEntry


@strawberry.type(description="An old entry, decided once more from the facts and the terms of its time.")
class Explanation:
    """Proof that the stored number is what the rules of its time give."""

    entry: LedgerEntry = strawberry.field(description="The entry.")
    decision: Decision = strawberry.field(description="The decision as it was stored.")
    recomputed_points: int = strawberry.field(description="The points that the rules give today for those facts.")
    agrees: bool = strawberry.field(description="Whether they are the entry's points.")
