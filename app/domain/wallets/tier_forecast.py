"""The forecast of a tier without further purchases, by advancing the wallet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.calendar import earliest
from app.domain.engine.tiers import end_of_calendar_year
from app.domain.terms.version import Terms
from app.domain.wallets.unit_account import terms_at
from app.domain.wallets.wallet import Wallet


@dataclass(frozen=True, slots=True)
class TierForecast:
    """The tier (None: none) held at a future instant, and the terms in force then."""

    tier: str | None
    at: datetime
    terms: Terms


def forecast_tier(wallet: Wallet, *, customer_id: str) -> TierForecast | None:
    """The tier after the calendar year that counts, and any grace days, without further purchases.

    If points do not count by calendar year, the next change of tier; None if there is none. Advances the wallet, which
    must not be used for anything else afterwards.
    """
    membership = wallet.memberships[customer_id]
    assert wallet.at is not None, "the wallet was advanced to an instant"
    current = membership.tier.tier
    ends = end_of_calendar_year(terms=terms_at(wallet.versions, at=wallet.at), at=wallet.at)
    while (at := _next_evaluation(wallet, reevaluate_at=membership.reevaluate_at)) is not None:
        wallet.advance_to(at)
        year_over = ends is not None and at >= ends and membership.tier.grace_ends_at is None
        if year_over or membership.tier.tier != current:
            return TierForecast(membership.tier.tier, at, terms_at(wallet.versions, at=at))
    return None


def _next_evaluation(wallet: Wallet, *, reevaluate_at: datetime | None) -> datetime | None:
    """When the tier is reviewed next: when points stop counting or grace ends, or when other terms come into force."""
    now = wallet.at
    starts = (version.effective_from for version in wallet.versions if now is None or version.effective_from > now)
    return earliest(reevaluate_at, min(starts, default=None))
