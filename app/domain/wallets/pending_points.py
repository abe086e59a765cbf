"""Pending points of a wallet, and what they can pay when they become available."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.engine.old_prices import OldPrices
from app.domain.engine.pending_points import ActivationForecast
from app.domain.engine.redemption import cost_effect_of
from app.domain.ledger.lots import Lot
from app.domain.terms.clause import Clause
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Activation:
    """An instant at which pending points become available, and the prices that older points pay then.

    `activated_points` counts all points that are pending now and become available by then. `spendable_points` is the
    balance then: without expired points, and less debt.
    """

    at: datetime
    activated_points: int
    spendable_points: int
    old_prices: OldPrices | None


@dataclass(frozen=True, slots=True)
class PendingPoints:
    """Activations of pending points, earliest first."""

    activations: tuple[Activation, ...]

    def activations_for(self, clause: Clause) -> tuple[ActivationForecast, ...]:
        """The activations, each with the cost of the clause's reward then; none for a reward that does not cost points."""
        cost_effect = cost_effect_of(clause)
        if cost_effect.unit is not Unit.POINTS:
            return ()
        forecasts = []
        for activation in self.activations:
            charge = activation.old_prices.charge(cost_effect.reward) if activation.old_prices is not None else None
            cost = cost_effect.points if charge is None else charge.cost
            forecasts.append(
                ActivationForecast(activation.at, activation.activated_points, activation.spendable_points, cost)
            )
        return tuple(forecasts)


NOTHING_PENDING = PendingPoints(())


def pending_points_of_wallet(wallet: Wallet, *, terms: Terms, at: datetime) -> PendingPoints:
    """The pending points of a wallet that was advanced to `at`."""
    unit_account = wallet.point_account
    return pending_points_of_lots(
        unit_account.inventory.free_lots(),
        owed=unit_account.inventory.owed,
        at=at,
        expires_at=unit_account.expires_at,
        old_prices_at=lambda then: wallet.old_prices(terms=terms, at=then),
    )


def pending_points_of_lots(
    lots: Sequence[Lot],
    *,
    owed: int,
    at: datetime,
    expires_at: Callable[[Lot], datetime | None],
    old_prices_at: Callable[[datetime], OldPrices | None],
) -> PendingPoints:
    """The pending points of lots with free points, as seen at the instant `at`, in a wallet with `owed` points of debt.

    `expires_at` returns the expiry of a lot, `old_prices_at` the old prices that lots pay at an instant.
    """
    activations = []
    for activates_at in sorted({lot.available_from for lot in lots if lot.available_from > at}):
        spendable = 0
        for lot in lots:
            lot_expires_at = expires_at(lot)
            if lot.available_from <= activates_at and (lot_expires_at is None or lot_expires_at > activates_at):
                spendable += lot.free
        activated = sum(lot.free for lot in lots if at < lot.available_from <= activates_at)
        activations.append(Activation(activates_at, activated, spendable - owed, old_prices_at(activates_at)))
    return PendingPoints(tuple(activations))
