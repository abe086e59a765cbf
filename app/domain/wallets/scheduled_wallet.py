"""A wallet while time passes: what its purses make of it, and the tiers of its holders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.domain.engine.tiers import TierChange, tier_changing_versions
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.membership import Membership
from app.domain.wallets.unit_account import DueKind, ScheduledChange, UnitAccount, in_force


class ScheduledWallet:
    """What a wallet holds, and all that time alone does to it. `pass_to` lets it pass."""

    def __init__(self, *, versions: Sequence[Terms]) -> None:
        """`versions` are the terms that came or will come into force, oldest first."""
        self.versions = tuple(versions)
        self.unit_accounts: Mapping[Unit, UnitAccount] = {
            unit: UnitAccount(unit, versions=self.versions) for unit in Unit
        }
        self.points = self.unit_accounts[Unit.POINTS]
        self.memberships: dict[str, Membership] = {}
        self.tier_changes: list[TierChange] = []
        self.at: datetime | None = None
        self._tiers_evaluated_at: datetime | None = None
        """When tiers were looked at last: at one moment something else may have been dealt with, and they not yet."""
        self._tiered = any(version.tiers for version in versions)
        self._tier_term_starts = tuple(version.effective_from for version in tier_changing_versions(versions))
        """When terms start that know other tiers than those before them."""

    def advance_to(self, to: datetime) -> None:
        """Let everything happen that falls due up to and at a moment."""
        while (due := min((change for change in self._scheduled() if change.at <= to), default=None)) is not None:
            self.at = due.at if self.at is None else max(due.at, self.at)
            if due.kind is DueKind.TIER:
                self.reevaluate_tiers(self.at)
            else:
                self.unit_accounts[due.unit].process(due, at=self.at)
        self.at = to if self.at is None else max(self.at, to)

    def next_change(self) -> datetime | None:
        """The next moment at which time alone changes something, as far as it is known now."""
        return min((due.at for due in self._scheduled()), default=None)

    def in_force(self, at: datetime) -> Terms:
        """The terms in force at a moment; before the first ones, those."""
        return in_force(self.versions, at=at)

    def reevaluate_tiers(self, at: datetime) -> None:
        """Look at the tier of every holder."""
        if not self._tiered:
            return
        terms, self._tiers_evaluated_at = self.in_force(at), at
        for membership in {
            id(each_membership): each_membership for each_membership in self.memberships.values()
        }.values():
            change = membership.reevaluate_tier(terms=terms, at=at)
            if change is not None:
                self.tier_changes.append(change)

    def close(self, id: str, *, at: datetime) -> None:
        """Give everything away: to the wallet that took it over."""
        for unit_account in self.unit_accounts.values():
            if unit_account.unit is Unit.POINTS or unit_account.postings:
                unit_account.close(id, at=at)
        self.memberships, self._tiered = {}, False

    def _scheduled(self) -> Iterator[ScheduledChange]:
        """What falls due in the purses, and when tiers have to be looked at."""
        for unit_account in self.unit_accounts.values():
            yield from unit_account.scheduled()
        if not self._tiered or not self.memberships:
            return
        for membership in self.memberships.values():
            if membership.reevaluate_at is not None:
                yield ScheduledChange(membership.reevaluate_at, DueKind.TIER, membership.id)
        since = self._tiers_evaluated_at or self.at
        if since is not None:
            for at in self._tier_term_starts:
                if at > since:
                    yield ScheduledChange(at, DueKind.TIER, "")
