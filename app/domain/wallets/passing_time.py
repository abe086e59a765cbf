"""A wallet while time passes: what its purses make of it, and the levels of its holders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.domain.deciding.tiers import TierChange, turning
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.holders import Holder
from app.domain.wallets.purse import Due, Purse, What, in_force


class PassingTime:
    """What a wallet holds, and all that time alone does to it. `pass_to` lets it pass."""

    def __init__(self, *, versions: Sequence[Terms]) -> None:
        """`versions` are the terms that came or will come into force, oldest first."""
        self.versions = tuple(versions)
        self.purses: Mapping[Unit, Purse] = {unit: Purse(unit, versions=self.versions) for unit in Unit}
        self.points = self.purses[Unit.POINTS]
        self.holders: dict[str, Holder] = {}
        self.tier_changes: list[TierChange] = []
        self.at: datetime | None = None
        self._looked_at: datetime | None = None
        """When levels were looked at last: at one moment something else may have been dealt with, and they not yet."""
        self._tiered = any(one.tiers for one in versions)
        self._turns = tuple(one.effective_from for one in turning(versions))
        """When terms start that know other levels than those before them."""

    def pass_to(self, to: datetime) -> None:
        """Let everything happen that falls due up to and at a moment."""
        while (due := min((one for one in self._dues() if one.at <= to), default=None)) is not None:
            self.at = due.at if self.at is None else max(due.at, self.at)
            if due.what is What.TIER:
                self.look_at_tiers(self.at)
            else:
                self.purses[due.unit].deal_with(due, at=self.at)
        self.at = to if self.at is None else max(self.at, to)

    def next_due(self) -> datetime | None:
        """The next moment at which time alone changes something, as far as it is known now."""
        return min((due.at for due in self._dues()), default=None)

    def in_force(self, at: datetime) -> Terms:
        """The terms in force at a moment; before the first ones, those."""
        return in_force(self.versions, at=at)

    def look_at_tiers(self, at: datetime) -> None:
        """Look at the level of every holder."""
        if not self._tiered:
            return
        terms, self._looked_at = self.in_force(at), at
        for holder in {id(one): one for one in self.holders.values()}.values():
            change = holder.look(terms=terms, at=at)
            if change is not None:
                self.tier_changes.append(change)

    def close(self, id: str, *, at: datetime) -> None:
        """Give everything away: to the wallet that took it over."""
        for purse in self.purses.values():
            if purse.unit is Unit.POINTS or purse.postings:
                purse.close(id, at=at)
        self.holders, self._tiered = {}, False

    def _dues(self) -> Iterator[Due]:
        """What falls due in the purses, and when levels have to be looked at."""
        for purse in self.purses.values():
            yield from purse.dues()
        if not self._tiered or not self.holders:
            return
        for holder in self.holders.values():
            if holder.turns_at is not None:
                yield Due(holder.turns_at, What.TIER, holder.id)
        since = self._looked_at or self.at
        if since is not None:
            for at in self._turns:
                if at > since:
                    yield Due(at, What.TIER, "")
