"""Who holds a wallet: each customer's history, points towards a level, and the level held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.deciding.tiers import Levels, Qualifying, TierChange, TierStanding, height
from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.domain.wallets.tracks import Track


@dataclass(slots=True)
class Holder:
    """One customer of a wallet. `turns_at` is when the level has to be looked at again although nothing happens."""

    id: str
    track: Track
    qualifying: Qualifying = field(default_factory=Qualifying)
    standing: TierStanding = field(default_factory=TierStanding)
    levels: Levels = field(default_factory=Levels)
    turns_at: datetime | None = None

    def seen(self, facts: PurchaseFacts, *, terms: Terms) -> PurchaseFacts:
        """A purchase with what its terms ask of the customer, as it was just before."""
        member = self.track.seen(facts, terms=terms)
        if terms.asked.tier:
            points = self.qualifying.points(terms=terms, at=facts.occurred_at)
            member = replace(member, tier=self.standing.tier, qualifying=points)
        return facts if member == facts.member else replace(facts, member=member)

    def look(self, *, terms: Terms, at: datetime) -> TierChange | None:
        """Look at the level: up at once, down when the days of grace are over."""
        before = self.standing
        points = self.qualifying.most(terms=terms, at=at)
        self.standing = self.levels.look(before, points=points, terms=terms, at=at)
        turn = self.qualifying.next_turn(terms=terms, at=at)
        falls_at = self.standing.falls_at
        self.turns_at = min((one for one in (turn, falls_at) if one is not None), default=None)
        if self.standing.tier == before.tier:
            return None
        return TierChange(self.id, at, before.tier, self.standing.tier, points, terms)

    def take_over(self, other: Holder, *, terms: Terms, at: datetime) -> TierChange | None:
        """All that a customer brings along who was merged into this one; a higher level with the days it still holds."""
        self.track.take_over(other.track)
        self.qualifying.add_all(other.qualifying)
        self.levels.take_over(other.levels)
        before, brought = self.standing.tier, other.standing
        if height(brought.tier, terms=terms) <= height(before, terms=terms):
            return None
        self.standing = TierStanding(brought.tier, at, brought.falls_at)
        points = self.qualifying.most(terms=terms, at=at)
        return TierChange(self.id, at, before, brought.tier, points, terms, brought.falls_at)
