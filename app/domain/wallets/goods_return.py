"""Goods that come back to the shop, in a refund or an exchange: what returns to the wallet, and what is clawed back from it."""

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
from app.domain.engine.returned_payments import points_to_restore, total_cash_back
from app.domain.ledger.entries import EntryType
from app.domain.ledger.lots import Draw
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import RewardRedeemed
from app.domain.wallets.lot_inventory import DEBT, LotInventory
from app.domain.wallets.membership import Membership
from app.domain.wallets.new_lots import stamp_lot
from app.domain.wallets.purchase_state import PurchaseState
from app.domain.wallets.unit_account import UnitAccount


def allows_negative_balance(terms: Terms) -> bool:
    """Whether a refund may take more than is there."""
    return terms.policy(RefundPolicy).mode is RefundMode.ALLOW_NEGATIVE


@dataclass(frozen=True, slots=True)
class ReturnOutcome:
    """What a refund or an exchange came to, and what had paid for the goods and came back, by unit.

    `first_sale` is the purchase (id) with which the goods, or those that they replaced, were bought first.
    """

    outcome: RefundOutcome
    restored: Mapping[Unit, int]
    original_purchase_id: str


class GoodsReturn:
    """A return under way: made before the goods are taken off their receipt, settled after.

    `sales` are the purchases in which the goods count, the first one first; they are judged by its terms.
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
        self._sales, self._purses, self._redeemed, self._holders = purchases, unit_accounts, redemptions, memberships
        self._kept_before = purchases[0].remaining()
        self._payments_before = [sale.remaining_payments() for sale in purchases]

    def settle(self) -> ReturnOutcome:
        """Give back what had paid for the goods, and then claw back what is due."""
        cash, given_back = self._restore_payment_points()
        draws: dict[Unit, list[Draw]] = {unit: [] for unit in Unit}
        moved, judged_first = ClawbackMovement(), None
        for sale in self._sales:
            kept = sale.remaining()
            judged = sale.evaluate_remaining(kept)
            judged_first = judged if judged_first is None else judged_first
            moved = moved.plus(self._claw_back(sale, evaluation=judged, draws=draws))
            self._count(sale, remaining=kept, evaluation=judged)
        assert judged_first is not None, "goods count in one purchase at least"
        terms = self._sales[0].event.terms
        debts = {unit: unit_account.inventory.owed for unit, unit_account in self._purses.items()}
        decision = refund_decision(
            terms, remaining=judged_first, before=self._kept_before, movement=moved, at=self.at, debts=debts
        )
        for unit, taken in draws.items():
            if unit is Unit.POINTS or terms.stamp_clauses:
                unit_account = self._purses[unit]
                unit_account.post(EntryType.CLAWBACK, self.id, at=self.at, draws=tuple(taken), decision=decision)
        outcome = RefundOutcome(moved, cash, decision, judged_first.base)
        return ReturnOutcome(outcome, given_back, self._sales[0].event.id)

    def _count(self, sale: PurchaseState, *, remaining: PurchaseFacts, evaluation: RemainingPurchase) -> None:
        """The tier follows what is kept, and so does what the purchase counts for."""
        membership, terms, at = self._holders[sale.event.customer_id], sale.event.terms, sale.event.at
        membership.qualifying.add(evaluation.base - sale.base, at=at, zone=terms.zone)
        sale.base = evaluation.base
        usage = sale.usage_of(remaining, evaluation=evaluation)
        membership.counters.recount(sale.usage, usage, at=at)
        sale.usage = usage

    def _restore_payment_points(self) -> tuple[Money, dict[Unit, int]]:
        """The money for the goods; the points or stamps that had paid a part of them return to their very lots."""
        cash = 0
        draws: dict[Unit, list[Draw]] = {unit: [] for unit in Unit}
        for sale, before in zip(self._sales, self._payments_before, strict=True):
            paid = [self._redeemed.get(payment.redemption_id or "") for payment in sale.facts.payments]
            spent = {redemption.id: redemption for redemption in paid if redemption is not None}
            price, after = sale.payments(), sale.remaining_payments()
            cash += total_cash_back(price, remaining=after).minor - total_cash_back(price, remaining=before).minor
            for id, redemption in spent.items():
                # A redemption may have become known, in business time, only after something had come back.
                earlier = sale.restored_by_redemption.get(id, 0)
                in_all = max(earlier, points_to_restore(price, points=redemption.points, remaining=after))
                draws[redemption.unit] += self._restore(id, in_all - earlier, unit=redemption.unit)
                sale.restored_by_redemption[id] = in_all
        for unit, came in draws.items():
            if came:
                amount = -sum(draw.points for draw in came)
                decision = points_restored_decision(amount, unit=unit, terms=self._sales[0].event.terms, at=self.at)
                self._purses[unit].post(EntryType.REVERSAL, self.id, at=self.at, draws=tuple(came), decision=decision)
        given_back = {unit: -sum(draw.points for draw in came) for unit, came in draws.items()}
        return Money(cash, self._sales[0].facts.currency), given_back

    def _restore(self, redemption_id: str, amount: int, *, unit: Unit) -> Sequence[Draw]:
        unit_account = self._purses[unit]
        if amount <= 0 or redemption_id not in unit_account.inventory.consumed:
            return ()
        draws = unit_account.inventory.restore(redemption_id, at=self.at, points=amount)
        unit_account.reschedule_expiry(draw.lot_id for draw in draws)
        return draws

    def _claw_back(
        self, sale: PurchaseState, *, evaluation: RemainingPurchase, draws: dict[Unit, list[Draw]]
    ) -> ClawbackMovement:
        """Take what is due now and was not before; where less is due than before, give back."""
        key = self.id if sale is self._sales[0] else f"{self.id}/{sale.event.id}"
        due, stamps_due = (
            evaluation.clawback_due - sale.clawback_due,
            evaluation.stamp_clawback_due - sale.stamp_clawback_due,
        )
        if due > 0:
            moved = self._take(sale, due, key=key, draws=draws[Unit.POINTS])
        else:
            moved = self._lower_claw_back(sale, -due, draws=draws[Unit.POINTS])
        sale.clawback_due, sale.stamp_clawback_due = evaluation.clawback_due, evaluation.stamp_clawback_due
        stamps, stamps_owed = self._purses[Unit.STAMPS], 0
        if stamps_due > 0:
            own = _own_lots(stamps, stamp_lot(sale.event.lot_id))
            taken = stamps.inventory.claw_back(key, stamps_due, at=self.at, own=own, allow_negative=True)
            stamps_owed = sum(draw.points for draw in taken if draw.lot_id == DEBT)
            draws[Unit.STAMPS] += taken
        elif stamps_due < 0:
            owed, restored = _restore_clawed_back(stamps.inventory, sale.clawbacks, -stamps_due, at=self.at)
            draws[Unit.STAMPS] += [*owed, *restored]
        sale.clawbacks.append(key)
        return moved._replace(stamps=max(0, stamps_due), stamps_owed=stamps_owed, stamps_restored=max(0, -stamps_due))

    def _take(self, sale: PurchaseState, due: int, *, key: str, draws: list[Draw]) -> ClawbackMovement:
        """Points of the sale that expired unspent count as taken, once; the rest is taken, owed or short."""
        points = self._purses[Unit.POINTS]
        own = _own_lots(points, sale.event.lot_id)
        expired = min(due, points.expired_of(own) - sale.expired)
        sale.expired += expired
        owing = allows_negative_balance(sale.event.terms)
        taken = points.inventory.claw_back(key, due - expired, at=self.at, own=own, allow_negative=owing)
        draws += taken
        owed = sum(draw.points for draw in taken if draw.lot_id == DEBT)
        moved = ClawbackMovement(due=due, taken=sum(draw.points for draw in taken) - owed, owed=owed, expired=expired)
        sale.shortfall += moved.shortfall
        return moved

    def _lower_claw_back(self, sale: PurchaseState, less: int, *, draws: list[Draw]) -> ClawbackMovement:
        """What is kept now earns more than what was kept before: what was short or is owed first, then what was taken."""
        points = self._purses[Unit.POINTS]
        short = min(sale.shortfall, less)
        sale.shortfall -= short
        owed, back = _restore_clawed_back(points.inventory, sale.clawbacks, less - short, at=self.at)
        points.reschedule_expiry(draw.lot_id for draw in back)
        draws += [*owed, *back]
        forgiven = short - sum(draw.points for draw in owed)
        restored = -sum(draw.points for draw in back)
        expired = less - forgiven - restored
        sale.expired -= expired
        return ClawbackMovement(restored=restored, forgiven=forgiven + expired)


def _own_lots(unit_account: UnitAccount, lot_id: str) -> set[str]:
    """A lot, and what it is called since the wallet went over into another one."""
    return {lot_id, unit_account.lot_id_map.get(lot_id, lot_id)}


def _restore_clawed_back(
    inventory: LotInventory, clawbacks: Sequence[str], points: int, *, at: datetime
) -> tuple[list[Draw], list[Draw]]:
    """Undo so many points of claw-backs, the last one first: first what is owed for them, then what they took from lots."""
    owed: list[Draw] = []
    for key in reversed(clawbacks):
        debt = sum(draw.points for draw in inventory.consumed.get(key, ()) if draw.lot_id == DEBT)
        part = min(debt, points)
        if part:
            owed += inventory.restore(key, at=at, points=part)
            points -= part
    back: list[Draw] = []
    for key in reversed(clawbacks):
        part = min(sum(draw.points for draw in inventory.consumed.get(key, ())), points)
        if part:
            back += inventory.restore(key, at=at, points=part)
            points -= part
    return owed, back
