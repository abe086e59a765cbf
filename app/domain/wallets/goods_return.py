"""The return of goods in a refund or an exchange: points restored to the wallet, and points clawed back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.amounts import Money
from app.domain.engine.refund import (
    ClawbackMovement,
    RefundOutcome,
    RemainingPurchase,
    points_restored_decision,
    refund_decision,
)
from app.domain.engine.returned_payments import points_to_restore, total_money_refunded
from app.domain.ledger.entries import EntryType
from app.domain.ledger.lots import Draw
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import RewardRedeemed
from app.domain.wallets.lot_inventory import DEBT, LotInventory
from app.domain.wallets.membership import Membership
from app.domain.wallets.new_lots import stamp_lot_id
from app.domain.wallets.purchase_state import PurchaseState
from app.domain.wallets.unit_account import UnitAccount


def allows_negative_balance(terms: Terms) -> bool:
    """Whether a refund may claw back more points than are available."""
    return terms.policy_effect(RefundPolicy).mode is RefundMode.ALLOW_NEGATIVE


@dataclass(frozen=True, slots=True)
class ReturnOutcome:
    """The outcome of a refund or an exchange, and the points or stamps restored because they had paid for the goods.

    `original_purchase_id` is the purchase of the goods, or of the first goods in a chain of exchanges.
    """

    refund_outcome: RefundOutcome
    restored: Mapping[Unit, int]
    original_purchase_id: str


class GoodsReturn:
    """A return in progress, created before the goods are taken off their receipt; `complete` is called afterwards.

    `purchases` are those in which the goods count, oldest first; the terms of the first purchase decide.
    """

    def __init__(
        self,
        id: str,
        *,
        at: datetime,
        purchases: Sequence[PurchaseState],
        unit_accounts: Mapping[Unit, UnitAccount],
        redemptions: Mapping[str, RewardRedeemed],
        memberships: Mapping[str, Membership],
    ) -> None:
        self.id, self.at = id, at
        self._purchases = purchases
        self._unit_accounts = unit_accounts
        self._redemptions = redemptions
        self._memberships = memberships
        self._remaining_before = purchases[0].remaining()
        self._paid_before = [purchase.remaining_paid_facts() for purchase in purchases]

    def complete(self) -> ReturnOutcome:
        """Restore the points that had paid for the goods, then claw back what is due."""
        money, restored = self._restore_payment_points()
        draws: dict[Unit, list[Draw]] = {unit: [] for unit in Unit}
        movement, first_evaluation = ClawbackMovement(), None
        for purchase in self._purchases:
            remaining = purchase.remaining()
            evaluation = purchase.evaluate_remaining(remaining)
            first_evaluation = evaluation if first_evaluation is None else first_evaluation
            movement = movement.plus(self._claw_back(purchase, evaluation=evaluation, draws=draws))
            self._recount(purchase, remaining=remaining, evaluation=evaluation)
        assert first_evaluation is not None, "goods count in at least one purchase"
        terms = self._purchases[0].event.terms
        debts = {unit: unit_account.inventory.owed for unit, unit_account in self._unit_accounts.items()}
        decision = refund_decision(
            terms, remaining=first_evaluation, before=self._remaining_before, movement=movement, at=self.at, debts=debts
        )
        for unit, unit_draws in draws.items():
            if unit is Unit.POINTS or terms.stamp_clauses:
                unit_account = self._unit_accounts[unit]
                unit_account.post(EntryType.CLAWBACK, self.id, at=self.at, draws=tuple(unit_draws), decision=decision)
        outcome = RefundOutcome(movement, money, decision, first_evaluation.qualifying_points)
        return ReturnOutcome(outcome, restored, self._purchases[0].event.id)

    def _recount(self, purchase: PurchaseState, *, remaining: PurchaseFacts, evaluation: RemainingPurchase) -> None:
        """Adjust qualifying points and usage counters to the remaining goods."""
        membership, terms, at = self._memberships[purchase.event.customer_id], purchase.event.terms, purchase.event.at
        membership.qualifying_points.add(
            evaluation.qualifying_points - purchase.qualifying_points, at=at, zone=terms.zone
        )
        purchase.qualifying_points = evaluation.qualifying_points
        usage = purchase.remaining_usage(remaining, evaluation=evaluation)
        membership.counters.recount(purchase.usage, usage, at=at)
        purchase.usage = usage

    def _restore_payment_points(self) -> tuple[Money, dict[Unit, int]]:
        """The money to refund, and the restored points or stamps; these return to the lots they were taken from."""
        money_minor = 0
        draws: dict[Unit, list[Draw]] = {unit: [] for unit in Unit}
        for purchase, paid_before in zip(self._purchases, self._paid_before, strict=True):
            paying_redemptions = [
                self._redemptions.get(payment.redemption_id or "") for payment in purchase.facts.payments
            ]
            redemptions = {redemption.id: redemption for redemption in paying_redemptions if redemption is not None}
            paid_facts, paid_after = purchase.paid_facts(), purchase.remaining_paid_facts()
            money_minor += (
                total_money_refunded(paid_facts, remaining=paid_after).minor
                - total_money_refunded(paid_facts, remaining=paid_before).minor
            )
            for id, redemption in redemptions.items():
                # Never less than before: a redemption may have a later business time than an earlier return.
                restored_before = purchase.restored_by_redemption.get(id, 0)
                restored_in_total = max(
                    restored_before, points_to_restore(paid_facts, points=redemption.points, remaining=paid_after)
                )
                draws[redemption.unit] += self._restore(id, restored_in_total - restored_before, unit=redemption.unit)
                purchase.restored_by_redemption[id] = restored_in_total
        for unit, unit_draws in draws.items():
            if unit_draws:
                amount = -sum(draw.points for draw in unit_draws)
                decision = points_restored_decision(amount, unit=unit, terms=self._purchases[0].event.terms, at=self.at)
                self._unit_accounts[unit].post(
                    EntryType.REVERSAL, self.id, at=self.at, draws=tuple(unit_draws), decision=decision
                )
        restored = {unit: -sum(draw.points for draw in unit_draws) for unit, unit_draws in draws.items()}
        return Money(money_minor, self._purchases[0].facts.currency), restored

    def _restore(self, redemption_id: str, amount: int, *, unit: Unit) -> Sequence[Draw]:
        unit_account = self._unit_accounts[unit]
        if amount <= 0 or redemption_id not in unit_account.inventory.draws_by_event:
            return ()
        draws = unit_account.inventory.restore(redemption_id, at=self.at, points=amount)
        unit_account.reschedule_expiry(draw.lot_id for draw in draws)
        return draws

    def _claw_back(
        self, purchase: PurchaseState, *, evaluation: RemainingPurchase, draws: dict[Unit, list[Draw]]
    ) -> ClawbackMovement:
        """Claw back what has become due; if less is due than before, restore the difference."""
        key = self.id if purchase is self._purchases[0] else f"{self.id}/{purchase.event.id}"
        points_due, stamps_due = (
            evaluation.clawback_due - purchase.clawback_due,
            evaluation.stamp_clawback_due - purchase.stamp_clawback_due,
        )
        if points_due > 0:
            movement = self._take(purchase, points_due, key=key, draws=draws[Unit.POINTS])
        else:
            movement = self._lower_clawback(purchase, -points_due, draws=draws[Unit.POINTS])
        purchase.clawback_due, purchase.stamp_clawback_due = evaluation.clawback_due, evaluation.stamp_clawback_due
        stamp_account, stamps_owed = self._unit_accounts[Unit.STAMPS], 0
        if stamps_due > 0:
            own_lot_ids = _ids_of_lot(stamp_account, stamp_lot_id(purchase.event.lot_id))
            stamp_draws = stamp_account.inventory.claw_back(
                key, stamps_due, at=self.at, own_lot_ids=own_lot_ids, allow_negative=True
            )
            stamps_owed = sum(draw.points for draw in stamp_draws if draw.lot_id == DEBT)
            draws[Unit.STAMPS] += stamp_draws
        elif stamps_due < 0:
            debt_draws, restored_draws = _restore_clawed_back(
                stamp_account.inventory, purchase.clawback_keys, -stamps_due, at=self.at
            )
            draws[Unit.STAMPS] += [*debt_draws, *restored_draws]
        purchase.clawback_keys.append(key)
        return movement._replace(
            stamps=max(0, stamps_due), stamps_owed=stamps_owed, stamps_restored=max(0, -stamps_due)
        )

    def _take(self, purchase: PurchaseState, due: int, *, key: str, draws: list[Draw]) -> ClawbackMovement:
        """Claw points back. Points of the purchase that expired unspent count as taken, but only once."""
        point_account = self._unit_accounts[Unit.POINTS]
        own_lot_ids = _ids_of_lot(point_account, purchase.event.lot_id)
        expired = min(due, point_account.expired_points(own_lot_ids) - purchase.expired_points)
        purchase.expired_points += expired
        allow_negative = allows_negative_balance(purchase.event.terms)
        point_draws = point_account.inventory.claw_back(
            key, due - expired, at=self.at, own_lot_ids=own_lot_ids, allow_negative=allow_negative
        )
        draws += point_draws
        owed = sum(draw.points for draw in point_draws if draw.lot_id == DEBT)
        movement = ClawbackMovement(
            due=due, taken=sum(draw.points for draw in point_draws) - owed, owed=owed, expired=expired
        )
        purchase.shortfall += movement.shortfall
        return movement

    def _lower_clawback(self, purchase: PurchaseState, reduction: int, *, draws: list[Draw]) -> ClawbackMovement:
        """Reduce the clawback by `reduction` points: the shortfall first, then debts, then points that were taken from lots.

        The rest of `reduction` are points that had expired unspent and counted as clawed back: they no longer count as
        clawed back, but stay expired.
        """
        point_account = self._unit_accounts[Unit.POINTS]
        shortfall_reduction = min(purchase.shortfall, reduction)
        purchase.shortfall -= shortfall_reduction
        debt_draws, restored_draws = _restore_clawed_back(
            point_account.inventory, purchase.clawback_keys, reduction - shortfall_reduction, at=self.at
        )
        point_account.reschedule_expiry(draw.lot_id for draw in restored_draws)
        draws += [*debt_draws, *restored_draws]
        forgiven = shortfall_reduction - sum(draw.points for draw in debt_draws)
        restored = -sum(draw.points for draw in restored_draws)
        expired = reduction - forgiven - restored
        purchase.expired_points -= expired
        return ClawbackMovement(restored=restored, forgiven=forgiven + expired)


def _ids_of_lot(unit_account: UnitAccount, lot_id: str) -> set[str]:
    """The id of a lot, and its id in this unit account if a merge brought the lot here."""
    return {lot_id, unit_account.lot_id_map.get(lot_id, lot_id)}


def _restore_clawed_back(
    inventory: LotInventory, clawback_keys: Sequence[str], points: int, *, at: datetime
) -> tuple[list[Draw], list[Draw]]:
    """Restore `points` of clawbacks, latest first, and return the draws: those from debts, then those from lots."""
    debt_draws: list[Draw] = []
    for key in reversed(clawback_keys):
        debt = sum(draw.points for draw in inventory.draws_by_event.get(key, ()) if draw.lot_id == DEBT)
        part = min(debt, points)
        if part:
            debt_draws += inventory.restore(key, at=at, points=part)
            points -= part
    lot_draws: list[Draw] = []
    for key in reversed(clawback_keys):
        part = min(sum(draw.points for draw in inventory.draws_by_event.get(key, ())), points)
        if part:
            lot_draws += inventory.restore(key, at=at, points=part)
            points -= part
    return debt_draws, lot_draws
