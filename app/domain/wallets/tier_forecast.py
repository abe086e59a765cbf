"""What becomes of a tier if nothing more is bought: the wallet itself is let go on through time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.calendar import earliest
from app.domain.engine.tiers import period_ends
from app.domain.terms.version import Terms
from app.domain.wallets.wallet import Wallet


@dataclass(frozen=True, slots=True)
class TierForecast:
    """The tier (None: none) that will be held at a moment, by the terms that are to be in force then."""

    tier: str | None
    at: datetime
    terms: Terms


def forecast_tier(wallet: Wallet, *, customer_id: str) -> TierForecast | None:
    """The tier once the year that counts, and any days of grace, are over and nothing more was bought.

    Where points count for no calendar year it is the next tier that is held, when another one is; None where none ever
    is. The course goes on through time for it and cannot be used for anything else afterwards.
    """
    membership = wallet.memberships[customer_id]
    assert wallet.at is not None, "it was told up to a moment"
    held = membership.tier.tier
    ends = period_ends(terms=wallet.in_force(wallet.at), at=wallet.at)
    while (at := _next_evaluation(wallet, turns_at=membership.reevaluate_at)) is not None:
        wallet.advance_to(at)
        over = ends is not None and at >= ends and membership.tier.grace_ends_at is None
        if over or membership.tier.tier != held:
            return TierForecast(membership.tier.tier, at, wallet.in_force(at))
    return None


def _next_evaluation(wallet: Wallet, *, turns_at: datetime | None) -> datetime | None:
    """When the tier is looked at next: at a turn of its own, or when other terms start."""
    now = wallet.at
    starts = (version.effective_from for version in wallet.versions if now is None or version.effective_from > now)
    return earliest(turns_at, min(starts, default=None))
