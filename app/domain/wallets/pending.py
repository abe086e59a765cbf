"""The points of a wallet that wait, and what can be paid with them as they become available."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.engine.pending import ActivationForecast
from app.domain.engine.price_lists import PriceLists
from app.domain.engine.redemption import reward_cost
from app.domain.ledger.lots import Lot
from app.domain.terms.version import Clause, Terms
from app.domain.units import Unit
from app.domain.wallets.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Activation:
    """What there is when some of the points become available, and what points of different age pay then."""

    at: datetime
    activated: int
    spendable: int
    price_lists: PriceLists | None


@dataclass(frozen=True, slots=True)
class PendingPoints:
    """The moments at which points become available, earliest first; none where no points wait."""

    activations: tuple[Activation, ...]

    def activations_for(self, clause: Clause) -> tuple[ActivationForecast, ...]:
        """The same for the price of a reward; nothing for one that is not bought with points."""
        asked = reward_cost(clause)
        if asked.unit is not Unit.POINTS:
            return ()
        found = []
        for moment in self.activations:
            charge = moment.price_lists.charge(asked.reward) if moment.price_lists is not None else None
            cost = asked.points if charge is None else charge.cost
            found.append(ActivationForecast(moment.at, moment.activated, moment.spendable, cost))
        return tuple(found)


NOTHING_PENDING = PendingPoints(())


def pending_points(wallet: Wallet, *, terms: Terms, at: datetime) -> PendingPoints:
    """What waits in a wallet at a moment that it was told up to. What is known to expire until then is not counted."""
    unit_account = wallet.points
    return pending_points_of(
        unit_account.inventory.free_lots(),
        owed=unit_account.inventory.owed,
        at=at,
        expires_at=unit_account.expires_at,
        lists_at=lambda then: wallet.price_lists(terms=terms, at=then),
    )


def pending_points_of(
    lots: Sequence[Lot],
    *,
    owed: int,
    at: datetime,
    expires_at: Callable[[Lot], datetime | None],
    lists_at: Callable[[datetime], PriceLists | None],
) -> PendingPoints:
    """What waits in lots, all of which have something free, of a wallet that owes so many points.

    `expires_at` says when a lot expires as things stand, `lists_at` what points of different age pay at a moment.
    """
    moments = []
    for then in sorted({lot.available_from for lot in lots if lot.available_from > at}):
        there = 0
        for lot in lots:
            ends_at = expires_at(lot)
            if lot.available_from <= then and (ends_at is None or ends_at > then):
                there += lot.free
        waiting = sum(lot.free for lot in lots if at < lot.available_from <= then)
        moments.append(Activation(then, waiting, there - owed, lists_at(then)))
    return PendingPoints(tuple(moments))
