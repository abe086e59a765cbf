"""The state of a wallet, and what each event changes in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from app.domain.decisions import Decision
from app.domain.engine.earning import earn
from app.domain.engine.old_prices import OldPrices, protects_lower_prices
from app.domain.engine.redemption import cost_effect_of
from app.domain.engine.reversal import reversal_decision
from app.domain.engine.usage_counters import UsageCounters
from app.domain.ledger.entries import EntryType
from app.domain.ledger.lots import Draw, Lot
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import (
    ExchangeRecorded,
    ExpiryNoticeDelivered,
    HoldPlaced,
    PointsAdjusted,
    PurchaseRecorded,
    ReceiptCorrected,
    RedemptionReversed,
    RefundRecorded,
    RewardRedeemed,
    TransferReceived,
    TransferSent,
)
from app.domain.wallets.goods_return import GoodsReturn, ReturnOutcome
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from app.domain.wallets.lot_inventory import DEBT
from app.domain.wallets.membership import Membership
from app.domain.wallets.new_lots import new_lot, new_stamp_lot
from app.domain.wallets.purchase_state import PurchaseState, Receipt
from app.domain.wallets.scheduled_wallet import ScheduledWallet
from app.domain.wallets.unit_account import terms_at


class Wallet(ScheduledWallet):
    """A wallet's state while events are applied.

    `apply` expects events in order of business time; before each event, it processes everything that has fallen due.
    """

    def __init__(self, history: EventHistory, *, versions: Sequence[Terms]) -> None:
        """`versions` are the terms that came or will come into force, oldest first."""
        super().__init__(versions=versions)
        self.account_id = history.account_id
        self.memberships = {id: Membership(id, UsageCounters(enrolled_at=at)) for id, at in history.enrolled_at.items()}
        self.merged_wallets: list[Wallet] = []
        """Wallets merged into this one, as they were just after the merge."""
        self.return_outcomes: dict[str, ReturnOutcome] = {}
        """Outcomes of returns of goods, by the id of the refund or exchange."""
        self.purchases: dict[str, PurchaseState] = {}
        self.receipts: dict[str, Receipt] = {}
        self.redemptions: dict[str, RewardRedeemed] = {}
        self.overpaid_exchanges: set[str] = set()
        """Ids of the purchases of new receipts of which points paid more than the price difference."""
        self.moves_with_budget_usage: list[ReceiptCorrected] = [
            correction
            for correction in history.corrections
            if correction.earlier_purchase and correction.retained_budget_usage
        ]
        """Corrections that moved a purchase to another customer and left part of its budget usage here."""

    def apply(self, event: Event) -> None:
        """Process what is due before the event, then the event."""
        self.advance_to(event.at)
        match event:
            case PurchaseRecorded():
                self._apply_purchase(event)
            case RefundRecorded():
                self._apply_refund(event)
            case ExchangeRecorded():
                self._apply_exchange(event)
            case RewardRedeemed():
                self._apply_redemption(event)
            case RedemptionReversed():
                self._apply_reversal(event)
            case HoldPlaced():
                self.unit_accounts[event.unit].hold(event, rank=self._price_function(event))
            case PointsAdjusted():
                self._apply_adjustment(event)
            case TransferSent():
                self._apply_transfer_out(event)
            case TransferReceived():
                self._apply_transfer_in(event)
            case ExpiryNoticeDelivered():
                self.point_account.mark_notified(event)
            case WalletMerged():
                self._apply_merge(event)
        self.review_tiers(event.at)

    def old_prices(self, *, terms: Terms, at: datetime) -> OldPrices | None:
        """The prices that older points still pay for rewards; None if no reward was ever cheaper."""
        earlier_terms = tuple(other for other in self.versions if other.version < terms.version)
        if not protects_lower_prices(terms, earlier_terms=earlier_terms):
            return None
        spendable_lots = tuple(lot for lot in self.point_account.inventory.free_lots() if lot.available_from <= at)
        return OldPrices(terms=terms, earlier_terms=earlier_terms, lots=spendable_lots, at=at)

    def _price_function(self, event: RewardRedeemed | HoldPlaced) -> Callable[[Lot], int] | None:
        """A function that returns the reward's price if points of a lot pay it; None if the price is the same for all lots."""
        if event.terms is None or event.unit is not Unit.POINTS:
            return None
        old_prices, clause = self.old_prices(terms=event.terms, at=event.at), event.terms.clause_of_reward(event.reward)
        if old_prices is None or clause is None:
            return None
        current_price = cost_effect_of(clause).points
        return lambda lot: old_prices.price_of(lot, reward=event.reward, current_price=current_price)

    def _apply_purchase(self, event: PurchaseRecorded) -> None:
        receipt = Receipt.of(event, shares={event.id: 1})
        self.receipts[event.id] = receipt
        self._earn(event, receipts=[receipt])
        self.point_account.last_activity_at = event.at

    def _earn(self, event: PurchaseRecorded, *, receipts: list[Receipt]) -> None:
        """Decide a purchase and post its points and stamps; `receipts` are those whose goods count in the purchase."""
        membership = self.memberships[event.customer_id]
        facts = event.facts
        if not event.terms.required_facts.is_empty:
            facts = membership.with_rule_facts(facts, terms=event.terms)
        decision = earn(terms=event.terms, facts=facts)
        purchase = PurchaseState(event, facts, decision, receipts)
        self.purchases[event.id] = purchase
        membership.counters.count(purchase.usage, at=event.at)
        membership.qualifying_points.add(purchase.qualifying_points, at=event.at, zone=event.terms.zone)
        draws: tuple[Draw, ...] = ()
        if decision.points:
            lot = new_lot(event.lot_id, decision.points, at=event.at, terms=event.terms, with_pending_period=True)
            draws = self.point_account.open(lot, at=event.at)
        self.point_account.post(EntryType.EARN, event.id, at=event.at, draws=draws, decision=decision)
        if event.terms.stamp_clauses:
            self._earn_stamps(event, decision=decision)

    def _earn_stamps(self, event: PurchaseRecorded, *, decision: Decision) -> None:
        unit_account = self.unit_accounts[Unit.STAMPS]
        draws: tuple[Draw, ...] = ()
        if decision.stamps:
            lot = new_stamp_lot(event.lot_id, decision.stamps, at=event.at, terms=event.terms)
            draws = unit_account.open(lot, at=event.at)
        unit_account.post(EntryType.EARN, event.id, at=event.at, draws=draws, decision=decision)

    def _apply_refund(self, event: RefundRecorded) -> None:
        receipt = self.receipts[event.purchase_id]
        goods_return = self._goods_return(event.id, at=event.at, receipt=receipt)
        receipt.return_goods(event.quantities, event.amounts)
        self.return_outcomes[event.id] = goods_return.complete()

    def _goods_return(self, id: str, *, at: datetime, receipt: Receipt) -> GoodsReturn:
        return GoodsReturn(
            id,
            at=at,
            purchases=[self.purchases[purchase_id] for purchase_id in receipt.shares],
            unit_accounts=self.unit_accounts,
            redemptions=self.redemptions,
            memberships=self.memberships,
        )

    def _apply_exchange(self, event: ExchangeRecorded) -> None:
        """Replace the returned goods by the new ones; the price difference earns before anything is clawed back."""
        receipt = self.receipts[event.purchase_id]
        goods_return = self._goods_return(event.id, at=event.at, receipt=receipt)
        new_receipt, is_overpaid = receipt.exchange(event)
        # The price of the returned goods is that of their receipt, corrections included, as it is known now.
        purchase = replace(event.purchase, facts=new_receipt.facts)
        self.receipts[purchase.id] = new_receipt
        if is_overpaid:
            self.overpaid_exchanges.add(purchase.id)
        for purchase_id in receipt.shares:
            self.purchases[purchase_id].receipts.append(new_receipt)
        has_price_difference = purchase.id in new_receipt.shares
        self._earn(purchase, receipts=[new_receipt] if has_price_difference else [])
        if has_price_difference:
            self.point_account.last_activity_at = event.at
        self.return_outcomes[event.id] = goods_return.complete()

    def _apply_redemption(self, event: RewardRedeemed) -> None:
        self.redemptions[event.id] = event
        self.memberships[event.customer_id].counters.count_clauses(event.facts, event.clause_keys, terms=event.terms)
        unit_account = self.unit_accounts[event.unit]
        # Drawn before `last_activity_at` changes the consumption order, so that a captured hold takes the lots it held.
        draws = unit_account.inventory.consume(event.id, event.points, at=event.at, rank=self._price_function(event))
        self.point_account.last_activity_at = event.at
        unit_account.post(EntryType.REDEEM, event.id, at=event.at, draws=draws)

    def _apply_reversal(self, event: RedemptionReversed) -> None:
        redemption = self.redemptions.pop(event.redemption_id)
        self.memberships[redemption.customer_id].counters.count_clauses(
            redemption.facts, redemption.clause_keys, terms=redemption.terms, sign=-1
        )
        unit_account = self.unit_accounts[redemption.unit]
        is_consumed = event.redemption_id in unit_account.inventory.draws_by_event
        draws = unit_account.inventory.restore(event.redemption_id, at=event.at) if is_consumed else ()
        restored_points = {draw.lot_id: -draw.points for draw in draws if draw.points < 0 and draw.lot_id != DEBT}
        unit_account.reschedule_expiry(restored_points)
        decision = reversal_decision(
            redemption.terms,
            reward=redemption.reward,
            amount=-sum(draw.points for draw in draws),
            unit=redemption.unit,
            at=event.at,
            zone=redemption.facts.zone,
            overdue_points=sum(
                points for id, points in restored_points.items() if unit_account.has_expired(id, at=event.at)
            ),
            usable_until=event.usable_until,
        )
        if event.usable_until is not None:
            unit_account.grant_grace(restored_points, until=event.usable_until)
        unit_account.post(EntryType.REVERSAL, event.id, at=event.at, draws=draws, decision=decision)

    def _apply_adjustment(self, event: PointsAdjusted) -> None:
        unit_account = self.unit_accounts[event.unit]
        if event.points <= 0:
            draws = unit_account.inventory.consume(event.id, -event.points, at=event.at)
        elif event.unit is Unit.POINTS:
            lot = new_lot(event.id, event.points, at=event.at, terms=event.terms, with_pending_period=False)
            draws = unit_account.open(lot, at=event.at, has_receipt=False)
        else:
            lot = new_stamp_lot(event.id, event.points, at=event.at, terms=event.terms)
            draws = unit_account.open(lot, at=event.at)
        unit_account.post(EntryType.ADJUST, event.id, at=event.at, draws=draws)

    def _apply_transfer_out(self, event: TransferSent) -> None:
        draws = self.point_account.inventory.transfer_out(event.id, event.points_by_lot, at=event.at)
        self.point_account.post(EntryType.TRANSFER, event.id, at=event.at, draws=draws)

    def _apply_transfer_in(self, event: TransferReceived) -> None:
        draws = [
            draw
            for lot in event.lots
            for draw in self.point_account.open(lot, at=event.at, earned=False, has_receipt=False)
        ]
        self.point_account.post(EntryType.TRANSFER, event.id, at=event.at, draws=tuple(draws))

    def _apply_merge(self, event: WalletMerged) -> None:
        """Absorb another wallet; its customers are added, or merged into the surviving customer, with their tiers."""
        other = replay(event.history, versions=self.versions, until=event.at)
        for unit, other_account in other.unit_accounts.items():
            if unit is Unit.POINTS or other_account.postings:
                new_lot_ids = {id: str(uuid5(UUID(event.id), id)) for id in other_account.inventory.lots}
                draws = self.unit_accounts[unit].absorb(other_account, new_lot_ids=new_lot_ids, at=event.at)
                self.unit_accounts[unit].post(EntryType.MERGE, event.id, at=event.at, draws=draws)
        self.purchases |= other.purchases
        self.redemptions |= other.redemptions
        self.receipts |= other.receipts
        self.return_outcomes |= other.return_outcomes
        self.overpaid_exchanges |= other.overpaid_exchanges
        self.moves_with_budget_usage += other.moves_with_budget_usage
        if event.survivor is None:
            self.memberships |= other.memberships
        else:
            survivor = self.memberships[event.survivor]
            for membership in {id(membership): membership for membership in other.memberships.values()}.values():
                change = survivor.absorb(membership, terms=terms_at(self.versions, at=event.at), at=event.at)
                if change is not None:
                    self.tier_changes.append(change)
            self.memberships |= dict.fromkeys(other.memberships, survivor)
        other.close(event.id, at=event.at)
        self.merged_wallets.append(other)


def replay(history: EventHistory, *, versions: Sequence[Terms], until: datetime) -> Wallet:
    """The wallet after all events up to `until`, applied by business time, and all changes that fell due by then.

    The result does not depend on the order in which the events were recorded.
    """
    wallet = Wallet(history, versions=versions)
    for event in history.in_business_time_order():
        if event.at <= until:
            wallet.apply(event)
    wallet.advance_to(until)
    return wallet
