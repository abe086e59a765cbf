"""Scheduled changes of a wallet: activation, expiry, released holds, and tier reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.domain.engine.tiers import TierChange, tier_changing_versions
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.membership import Membership
from app.domain.wallets.unit_account import DueKind, ScheduledChange, UnitAccount, terms_at


class ScheduledWallet:
    """A wallet's unit accounts and memberships with the changes that fall due by time alone. `advance_to` processes them."""

    def __init__(self, *, versions: Sequence[Terms]) -> None:
        """`versions` are all terms that have come or will come into force, oldest first."""
        self.versions = tuple(versions)
        self.unit_accounts: Mapping[Unit, UnitAccount] = {
            unit: UnitAccount(unit, versions=self.versions) for unit in Unit
        }
        self.point_account = self.unit_accounts[Unit.POINTS]
        self.memberships: dict[str, Membership] = {}
        self.tier_changes: list[TierChange] = []
        self.at: datetime | None = None
        self._tiers_reviewed_at: datetime | None = None
        """When tiers were last reviewed. `at` is no substitute: other changes of an instant may be processed before the review."""
        self._has_tiers = any(version.tiers for version in versions)
        self._tier_review_times = (
            tuple(version.effective_from for version in tier_changing_versions(versions)) if self._has_tiers else ()
        )
        """When terms come into force that may change tiers."""

    def advance_to(self, to: datetime) -> None:
        """Process all changes that fall due up to and including an instant."""
        while (
            change := min((change for change in self._scheduled_changes() if change.at <= to), default=None)
        ) is not None:
            self.at = change.at if self.at is None else max(change.at, self.at)
            if change.kind is DueKind.TIER:
                self.review_tiers(self.at)
            else:
                self.unit_accounts[change.unit].process(change, at=self.at)
        self.at = to if self.at is None else max(self.at, to)

    def next_change(self) -> datetime | None:
        """When the next scheduled change is due; None if there is none."""
        return min((due.at for due in self._scheduled_changes()), default=None)

    def review_tiers(self, at: datetime) -> None:
        """Review the tier of every member."""
        if not self._has_tiers:
            return
        terms, self._tiers_reviewed_at = terms_at(self.versions, at=at), at
        for membership in {id(membership): membership for membership in self.memberships.values()}.values():
            change = membership.review_tier(terms=terms, at=at)
            if change is not None:
                self.tier_changes.append(change)

    def close(self, id: str, *, at: datetime) -> None:
        """Post all lots and debts out of this wallet, because another one has absorbed it with the merge `id`."""
        for unit_account in self.unit_accounts.values():
            if unit_account.unit is Unit.POINTS or unit_account.postings:
                unit_account.close(id, at=at)
        self.memberships, self._has_tiers = {}, False

    def _scheduled_changes(self) -> Iterator[ScheduledChange]:
        """Scheduled changes of the unit accounts, and tier reviews."""
        for unit_account in self.unit_accounts.values():
            yield from unit_account.scheduled_changes()
        if not self._has_tiers or not self.memberships:
            return
        for membership in self.memberships.values():
            if membership.next_review_at is not None:
                yield ScheduledChange(membership.next_review_at, DueKind.TIER, membership.id)
        since = self._tiers_reviewed_at or self.at
        if since is not None:
            for at in self._tier_review_times:
                if at > since:
                    yield ScheduledChange(at, DueKind.TIER, "")
