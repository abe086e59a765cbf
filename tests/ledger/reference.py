"""A reference implementation of the wallet: every point is an object, every debt an entry in a list, and time advances
midnight by midnight.

Nothing here is clever: the engine is checked against it. It uses only events, the calendar, and from the engine what
a purchase earns. Where the rules leave a choice, the choice is stated at the line that makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from app.domain.calendar import day_start, local_date
from app.domain.engine.earning import base_points, earn
from app.domain.engine.returned_payments import points_to_restore
from app.domain.ledger.entries import EntryType
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import ValidityStart
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets import events as past
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from tests.ledger.reference_changes import (
    PaymentRestored,
    PointsActivated,
    PointsClawedBack,
    PointsExpired,
    PointsMoved,
    PurchaseEarned,
    RedemptionUndone,
    TierChanged,
    WalletChange,
)
from tests.ledger.reference_customers import Customer, Purchase
from tests.ledger.reference_goods import Goods, goods_of, paid_purchase
from tests.ledger.reference_lots import DAY, FREE, GONE, HELD, Lot, Point, last_day
from tests.ledger.reference_stamps import StampCard

_RANKS: dict[type, int] = {
    WalletMerged: -1,
    past.PurchaseRecorded: 0,
    past.RewardRedeemed: 1,
    past.HoldPlaced: 1,
    past.RefundRecorded: 2,
    past.ExchangeRecorded: 2,
}


class ReferenceWallet:
    """The state of a wallet while events are applied in business order."""

    def __init__(self, history: EventHistory, versions: Sequence[Terms]) -> None:
        self.versions = versions
        self.customers = {id: Customer(at) for id, at in history.enrolled_at.items()}
        self.lots: list[Lot] = []
        self.debts: list[str] = []
        """One mark for each point owed, oldest first: the spending or claw-back that it is owed for."""
        self.holds: dict[str, datetime] = {}
        self.consumed: dict[str, list[Point]] = {}
        """The points that each spending took, as they were taken."""
        self.redeemed: dict[str, past.RewardRedeemed] = {}
        self.purchases: dict[str, Purchase] = {}
        self.goods: dict[str, Goods] = {}
        """By the purchase that they were receipted with."""
        self.last_activity_at: datetime | None = None
        self.lifetime = 0
        self.card = StampCard()
        self.now = min([version.effective_from for version in versions])
        self.changes: list[WalletChange] = []
        """What happened, with the figures expected in its sentences."""
        self.merged_wallets: list[ReferenceWallet] = []

    # Time

    def in_force(self, at: datetime) -> Terms:
        return [version for version in self.versions if version.effective_from <= at][-1]

    def advance_to(self, to: datetime) -> None:
        """Processes what falls due, midnight by midnight in every zone, and where holds, graces and versions of the
        terms begin or end."""
        days = range((to - self.now).days + 3)
        zones = {lot.zone for lot in self.lots} | {version.zone for version in self.versions}
        at = {day_start(self.now.date() + n * DAY, zone_name=zone) for zone in zones for n in days}
        at |= {version.effective_from for version in self.versions} | {*self.holds.values(), *self.card.holds.values()}
        at |= {lot.grace_until for lot in self.lots if lot.grace_until} | {lot.available_from for lot in self.lots}
        ends = self.expiry_times()
        for moment in sorted(moment for moment in at if self.now < moment < to):
            self.process_due(moment, ends)
        self.process_due(to, ends)

    def expiry_times(self) -> dict[str, datetime | None]:
        """When each lot expires as of now: only events change that, the passing of time never does."""
        return {lot.id: lot.expires_at(self.last_activity_at) for lot in self.lots}

    def process_due(self, at: datetime, expiry_times: dict[str, datetime | None]) -> None:
        """Processes one moment: points become available, holds end, debts are repaid, lots expire, tiers change."""
        self.now = at
        held: list[Lot] = []
        for id in [id for id, until in self.holds.items() if until <= at]:
            del self.holds[id]
            for lot in self.lots:
                for point in (point for point in lot.points if point.by == id):
                    point.state, point.by = FREE, ""
                    held.append(lot)
        free = {lot.id: lot.count(FREE) for lot in self.lots}
        self.repay_debts()
        for lot in self.lots:
            if lot.pending and lot.available_from <= at:
                lot.pending = False
                if free[lot.id]:
                    self.changes.append(PointsActivated(lot.id, at, lot.terms, lot.zone, free[lot.id], lot.count(FREE)))
            elif lot in held and lot.count(FREE) < free[lot.id]:
                self.changes.append(PointsMoved(EntryType.ACTIVATE, lot.id, at, Unit.POINTS, 0))
        self.card.release_holds(at)
        self.card.repay_debts()
        for lot in self.lots:
            end = expiry_times[lot.id]
            if end is not None and end <= at:
                self.expire(lot, end)
        for customer in self.distinct_customers():
            before, points = customer.tier, customer.reevaluate_tier(self.in_force(at), at)
            if customer.tier != before:
                self.changes.append(
                    TierChanged(at, self.in_force(at), before, customer.tier, points, customer.grace_ends_at)
                )

    def distinct_customers(self) -> list[Customer]:
        """The customers who hold the wallet; merged ones share an entry."""
        return list({id(customer): customer for customer in self.customers.values()}.values())

    def expire(self, lot: Lot, end: datetime) -> None:
        """Expires the unheld points of a lot at its end, or as soon as they are returned to it afterwards."""
        free = [point for point in lot.points if point.state == FREE]
        for point in free:
            point.state, point.by = GONE, ""
        if free:
            last = local_date(end, zone_name=lot.zone) - DAY
            self.changes.append(
                PointsExpired(lot.id, self.now, lot.terms, lot.zone, len(free), last, late=end < self.now)
            )

    # Points

    def spendable(self, *, include_pending: bool = False) -> list[tuple[Lot, Point]]:
        """Free points that are available, with `include_pending` also those that are pending: earliest expiry first."""
        lots = [lot for lot in self.lots if include_pending or lot.available_from <= self.now]
        lots.sort(key=lambda lot: (lot.expiry_day(self.last_activity_at), lot.earned_at, lot.id))
        return [(lot, point) for lot in lots for point in lot.points if point.state == FREE]

    def consume(self, id: str, count: int, points: Iterable[tuple[Lot, Point]], *, allow_debt: bool) -> None:
        """Takes points in the order given; missing ones become a debt, or are waived."""
        consumed = list(dict.fromkeys(point for _, point in points))[:count]
        for point in consumed:
            point.state, point.by = GONE, id
        self.consumed[id] = consumed
        self.debts += [id] * (count - len(consumed) if allow_debt else 0)

    def repay_debts(self) -> None:
        """Available points repay debts and then count as consumed by what caused the debt."""
        for _, point in self.spendable()[: len(self.debts)] if self.debts else []:
            point.state, point.by = GONE, self.debts.pop(0)
            self.consumed[point.by].append(point)

    def add_lot(self, id: str, count: int, *, at: datetime, terms: Terms, purchased: bool) -> None:
        """New points with the dates of the terms. Points that were not purchased are never pending, and no receipt
        announced their expiry."""
        rule, available, zone = terms.validity, at, terms.zone
        if purchased and PendingPeriod in terms.policy_clauses:
            day = local_date(at, zone_name=zone) + (terms.policy_effect(PendingPeriod).days + 1) * DAY
            available = day_start(day, zone_name=zone)
        since = at if rule.since is ValidityStart.EARNING else available
        last = last_day(rule, local_date(since, zone_name=zone))
        lot = Lot(id, terms, zone, at, available, last, [Point() for _ in range(count)], gift=not purchased)
        lot.pending = available > at and count > 0
        self.lots.append(lot)
        self.lifetime += count

    # Facts

    def apply(self, event: Event) -> None:
        """Advances to the time of the event, then applies it."""
        self.advance_to(event.at)
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
        getattr(self, f"on_{name}")(event)
        self.process_due(event.at, self.expiry_times())

    def on_purchase_recorded(self, event: past.PurchaseRecorded) -> None:
        self.goods[event.id] = goods_of(event)
        self.earn(event, [self.goods[event.id]])
        self.last_activity_at = event.at

    def earn(self, event: past.PurchaseRecorded, goods: list[Goods]) -> None:
        customer = self.customers[event.customer_id]
        facts = customer.with_rule_facts(event.facts, event.terms)
        self.changes.append(PurchaseEarned(event.id, event.at, facts, event.terms))
        decision = earn(terms=event.terms, facts=facts)
        base = base_points(decision, terms=event.terms)
        purchase = Purchase(event.id, facts, event.terms, decision, goods, base, lot=event.lot_id)
        self.purchases[event.id] = purchase
        customer.purchases.append(purchase)
        self.add_lot(event.lot_id, decision.points, at=event.at, terms=event.terms, purchased=True)
        self.card.add_lot(event.lot_id, decision.stamps, at=event.at)

    def on_refund_recorded(self, event: past.RefundRecorded) -> None:
        goods = self.goods[event.purchase_id]
        purchases = [self.purchases[id] for id in goods.shares]
        before = purchases[0].kept()
        goods.return_goods(event)
        self.refund(event.id, purchases, before)

    def on_exchange_recorded(self, event: past.ExchangeRecorded) -> None:
        """The new goods count where the old ones did; only the price difference is a purchase, and activity."""
        goods = self.goods[event.purchase_id]
        purchases = [self.purchases[id] for id in goods.shares]
        before = purchases[0].kept()
        new = self.goods[event.purchase.id] = goods.exchange(event)
        for id in goods.shares:
            self.purchases[id].goods.append(new)
        on_top = event.purchase.id in new.shares
        self.earn(replace(event.purchase, facts=new.facts), [new] if on_top else [])
        self.last_activity_at = event.at if on_top else self.last_activity_at
        self.refund(event.id, purchases, before)

    def on_reward_redeemed(self, event: past.RewardRedeemed) -> None:
        self.redeemed[event.id] = event
        if event.unit is Unit.STAMPS:
            self.card.consume(event.id, event.points)
        else:
            self.consume(event.id, event.points, self.spendable(), allow_debt=True)
        self.last_activity_at = event.at

    def on_redemption_reversed(self, event: past.RedemptionReversed) -> None:
        gone = self.redeemed.pop(event.redemption_id)
        stamps = self.card.reverse(event.redemption_id)
        amount, ends = self.debts.count(event.redemption_id), self.expiry_times()
        overdue: list[Point] = []
        self.debts = [text for text in self.debts if text != event.redemption_id]
        for lot in self.lots:
            back = [point for point in lot.points if point.by == event.redemption_id]
            amount += len(back)
            for point in back:
                point.state, point.by = FREE, ""
            end = ends[lot.id]
            overdue += back if end is not None and end <= event.at else []
            if back and event.usable_until is not None:
                lot.grace_until = max(event.usable_until, lot.grace_until or event.usable_until)
        self.repay_debts()
        self.card.repay_debts()
        self.changes.append(
            RedemptionUndone(
                id=event.id,
                at=event.at,
                terms=gone.terms,
                zone=gone.facts.zone,
                reward=gone.reward,
                unit=gone.unit,
                amount=stamps if gone.unit is Unit.STAMPS else amount,
                overdue=sum(point.state == FREE for point in overdue),
                usable_until=event.usable_until,
            )
        )

    def on_hold_placed(self, event: past.HoldPlaced) -> None:
        if event.ends_at > event.at and event.unit is Unit.STAMPS:
            self.card.hold(event.id, event.points, until=event.ends_at)
        elif event.ends_at > event.at:
            self.holds[event.id] = event.ends_at
            for _, point in self.spendable()[: event.points]:
                point.state, point.by = HELD, event.id

    def on_points_adjusted(self, event: past.PointsAdjusted) -> None:
        self.changes.append(PointsMoved(EntryType.ADJUST, event.id, event.at, event.unit, abs(event.points)))
        if event.unit is Unit.STAMPS and event.points > 0:
            self.card.add_lot(event.id, event.points, at=event.at)
        elif event.unit is Unit.STAMPS:
            self.card.consume(event.id, -event.points)
        elif event.points > 0:
            self.add_lot(event.id, event.points, at=event.at, terms=event.terms, purchased=False)
        else:
            # What staff take is decided, like a redemption: what is not there is owed.
            self.consume(event.id, -event.points, self.spendable(), allow_debt=True)

    def on_transfer_sent(self, event: past.TransferSent) -> None:
        # The recorded points, pending or not; where late events have used those, others, or a debt.
        there = self.spendable(include_pending=True)
        own = [
            value for id, n in event.points_by_lot.items() for value in [item for item in there if item[0].id == id][:n]
        ]
        self.consume(event.id, sum(event.points_by_lot.values()), [*own, *self.spendable()], allow_debt=True)
        self.changes.append(
            PointsMoved(EntryType.TRANSFER, event.id, event.at, Unit.POINTS, sum(event.points_by_lot.values()))
        )

    def on_transfer_received(self, event: past.TransferReceived) -> None:
        for received in event.lots:
            points = [Point() for _ in range(received.points)]
            terms = next(each for each in self.versions if each.version == received.terms_version)
            dates = (received.earned_at, received.available_from, received.promised_last_day)
            lot = Lot(received.id, terms, received.zone, *dates, points, gift=True)
            lot.pending = received.available_from > event.at
            self.lots.append(lot)
        self.changes.append(
            PointsMoved(EntryType.TRANSFER, event.id, event.at, Unit.POINTS, sum(item.points for item in event.lots))
        )

    def on_expiry_notice_delivered(self, event: past.ExpiryNoticeDelivered) -> None:
        for lot in self.lots:
            if event.lot_ids & {lot.id, *lot.earlier_ids} and event.channel in lot.terms.validity.notice_by:
                lot.notified_at.append(event.at)

    def on_wallet_merged(self, event: WalletMerged) -> None:
        other = replay_reference(event.history, self.versions, event.at)
        self.merged_wallets.append(other)
        for unit, amount in other.net_balances().items():
            for wallet in (self, other):
                wallet.changes.append(PointsMoved(EntryType.MERGE, event.id, event.at, unit, abs(amount)))
        self.absorb(event, other)

    def in_clawback_order(self, *, own_lot: str) -> list[tuple[Lot, Point]]:
        """Points in the order in which a refund takes them: those of the purchase, then pending ones, then the others as
        they would be spent."""
        points = self.spendable(include_pending=True)
        return sorted(
            points,
            key=lambda value: (
                own_lot not in {value[0].id, *value[0].earlier_ids},
                value[0].available_from <= self.now,
            ),
        )

    def refund(self, id: str, purchases: list[Purchase], before: PurchaseFacts) -> None:
        """Claws back what the kept goods would not have earned, less what was clawed back before; or restores points
        where that was too much."""
        came: dict[Unit, int] = {}
        for purchase in purchases:
            for paid in [
                payment.redemption_id for payment in purchase.facts.payments if payment.redemption_id in self.redeemed
            ]:
                earlier, left = (
                    purchase.restored_payments.get(paid, 0),
                    paid_purchase(purchase.facts, purchase.goods[0]),
                )
                back = points_to_restore(purchase.facts, points=self.redeemed[paid].points, remaining=left)
                purchase.restored_payments[paid] = max(earlier, back)
                more, unit = purchase.restored_payments[paid] - earlier, self.redeemed[paid].unit
                (self.card if unit is Unit.STAMPS else self).restore(paid, more)
                came[unit] = came.get(unit, 0) + more
        self.repay_debts()
        self.card.repay_debts()
        terms = purchases[0].terms
        self.changes += [PaymentRestored(id, self.now, terms, unit, amount) for unit, amount in came.items() if amount]
        clawed = PointsClawedBack(id, self.now, terms, before, purchases[0].kept())
        self.changes.append(clawed)
        for number, purchase in enumerate(purchases):
            self.claw_back(id if not number else f"{id}/{purchase.id}", purchase, clawed)
        clawed.debt, clawed.stamp_debt = len(self.debts), len(self.card.debts)

    def claw_back(self, id: str, purchase: Purchase, clawed: PointsClawedBack) -> None:
        purchase.current_decision = earn(terms=purchase.terms, facts=purchase.kept())
        purchase.base = min(purchase.decision.points, base_points(purchase.current_decision, terms=purchase.terms))
        due = max(0, purchase.decision.points - purchase.current_decision.points)
        more, purchase.clawback_due = due - purchase.clawback_due, due
        if more > 0:
            # What of its lot expired unspent counts as taken, once.
            own = [lot for lot in self.lots if purchase.lot in {lot.id, *lot.earlier_ids}]
            gone = [point for lot in own for point in lot.points if (point.state, point.by) == (GONE, "")]
            counts = [point for point in gone if point not in purchase.expired][:more]
            purchase.expired += counts
            owing = purchase.terms.policy_effect(RefundPolicy).mode is RefundMode.ALLOW_NEGATIVE
            there = self.in_clawback_order(own_lot=purchase.lot)
            short = 0 if owing else max(0, more - len(counts) - len(there))
            purchase.shortfall += short
            self.consume(id, more - len(counts), there, allow_debt=owing)
            owed = self.debts.count(id)
            clawed.due += more
            clawed.expired += len(counts)
            clawed.short += short
            clawed.owed += owed
            clawed.taken += more - len(counts) - short - owed
        for _ in range(-more):
            self.reduce_clawback(purchase, clawed)
        stamps = max(0, purchase.decision.stamps - purchase.current_decision.stamps)
        more, purchase.stamp_clawback_due = stamps - purchase.stamp_clawback_due, stamps
        if more > 0:
            self.card.consume(id, more, own_lot=self.card.stamp_lot_id(purchase.lot))
            clawed.stamps += more
            clawed.stamps_owed += self.card.debts.count(id)
        for _ in range(-more):
            clawed.stamps_restored += 1
            self.card.restore(self.latest_clawback(purchase, self.card), 1)
        purchase.refunds.append(id)
        self.repay_debts()
        self.card.repay_debts()

    def reduce_clawback(self, purchase: Purchase, clawed: PointsClawedBack) -> None:
        """Reduces the clawback of a purchase by one point: it was a shortfall, or a debt, or is restored to its lot, or
        had expired anyway."""
        if purchase.shortfall:
            purchase.shortfall -= 1
            clawed.forgiven += 1
        elif (id := self.latest_clawback(purchase, self)) is not None:
            clawed.forgiven += id in self.debts
            clawed.restored += id not in self.debts
            self.restore(id, 1)
        else:
            purchase.expired.pop()
            clawed.forgiven += 1

    @staticmethod
    def latest_clawback(purchase: Purchase, of: ReferenceWallet | StampCard) -> str | None:
        """The latest refund that still has a debt, or else the latest one that consumed something."""
        owed = [id for id in purchase.refunds if id in of.debts]
        took = [id for id in purchase.refunds if of.consumed.get(id)]
        return (owed or took or [None])[-1]

    def restore(self, id: str, count: int) -> None:
        """Restores points of a spending in reverse order, after cancelling its debts."""
        for place in [place for place, text in enumerate(self.debts) if text == id][:count]:
            self.debts[place] = ""
        count -= self.debts.count("")
        self.debts = [text for text in self.debts if text]
        for _ in range(count):
            point = self.consumed[id].pop()
            point.state, point.by = FREE, ""

    def absorb(self, event: WalletMerged, other: ReferenceWallet) -> None:
        """Takes over everything that the other wallet holds, owes and may have to reverse; its customers, or their
        history for the survivor."""
        for lot in other.lots:
            lot.earlier_ids.add(lot.id)
            lot.id = str(uuid5(UUID(event.id), lot.id))
        self.card.absorb(event.id, other.card)
        self.lots += other.lots
        self.debts += other.debts
        self.holds |= other.holds
        self.consumed |= other.consumed
        self.purchases |= other.purchases
        self.goods |= other.goods
        self.redeemed |= other.redeemed
        self.lifetime += other.lifetime
        self.last_activity_at = max(
            [moment for moment in (self.last_activity_at, other.last_activity_at) if moment], default=None
        )
        if event.survivor is None:
            self.customers |= other.customers
            return
        survivor = self.customers[event.survivor]
        for customer in {id(customer): customer for customer in other.customers.values()}.values():
            survivor.purchases += customer.purchases
            survivor.tier_claims += customer.tier_claims
        self.customers |= dict.fromkeys(other.customers, survivor)

    # What there is

    def net_balances(self) -> dict[Unit, int]:
        """Points less debts, by unit; stamps only where the wallet ever had any."""
        points = sum(lot.count(FREE, HELD) for lot in self.lots) - len(self.debts)
        stamps = sum(row.count(FREE, HELD) for row in self.card.lots) - len(self.card.debts)
        known = self.card.lots or self.card.consumed
        return {Unit.POINTS: points} | ({Unit.STAMPS: stamps} if known else {})

    def free(self, *, pending: bool) -> int:
        return sum(lot.count(FREE) for lot in self.lots if (lot.available_from > self.now) is pending)


def prerequisite_ids(event: Event) -> set[str]:
    """The events that have to be applied before this one."""
    bought = event if isinstance(event, past.PurchaseRecorded) else getattr(event, "purchase", None)
    paid = (
        {payment.redemption_id for payment in bought.facts.payments if payment.redemption_id}
        if bought is not None
        else set()
    )
    return paid | {getattr(event, "purchase_id", "")}


def replay_reference(history: EventHistory, versions: Sequence[Terms], until: datetime) -> ReferenceWallet:
    """The reference wallet of a history at a moment."""
    wallet = ReferenceWallet(history, versions)

    def order(event: Event) -> tuple[datetime, int, str, str]:
        return event.at, _RANKS.get(type(event), 3), getattr(event, "tie_breaker", ""), event.id

    waiting = sorted(history.events, key=order)
    while waiting:
        # Nothing happens at one moment before what it is about: the exchange that handed it out, the redemption that paid it.
        now = [event for event in waiting if event.at == waiting[0].at]
        to_come = {event.purchase.id if isinstance(event, past.ExchangeRecorded) else event.id for event in now}
        event = next(event for event in now if not prerequisite_ids(event) & to_come)
        waiting.remove(event)
        wallet.apply(event)
    wallet.advance_to(until)
    return wallet
