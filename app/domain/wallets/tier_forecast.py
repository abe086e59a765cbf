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
    """The tier that the customer will have at a future instant (None: no tier), and the terms in force then."""

    tier: str | None
    at: datetime
    terms: Terms


def forecast_tier(wallet: Wallet, *, customer_id: str) -> TierForecast | None:
    """The tier after the current calendar year and any grace days, if the customer buys nothing more.

    If the tier changes before the year is over, or points do not count by calendar year, it is the tier after the next
    change. None if no such review of the tier lies ahead. Advances the wallet, which must not be used for anything else afterwards.
    """
    membership = wallet.memberships[customer_id]
    assert wallet.at is not None, "the wallet was advanced to an instant"
    current_tier = membership.tier.key
    year_end = end_of_calendar_year(terms=terms_at(wallet.versions, at=wallet.at), at=wallet.at)
    while (at := _next_review(wallet, reevaluate_at=membership.next_review_at)) is not None:
        wallet.advance_to(at)
        year_is_over = year_end is not None and at >= year_end and membership.tier.grace_ends_at is None
        if year_is_over or membership.tier.key != current_tier:
            return TierForecast(membership.tier.key, at, terms_at(wallet.versions, at=at))
    return None


def _next_review(wallet: Wallet, *, reevaluate_at: datetime | None) -> datetime | None:
    """When the tier is reviewed next: when points stop counting or grace ends, or when other terms come into force."""
    advanced_to = wallet.at
    next_terms_starts = (
        version.effective_from
        for version in wallet.versions
        if advanced_to is None or version.effective_from > advanced_to
    )
    return earliest(reevaluate_at, min(next_terms_starts, default=None))
