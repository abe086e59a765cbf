"""A wallet told the slow way: every point is an object, every debt a mark, and time passes midnight by midnight.

Nothing here is clever; it is what the core is measured by. It takes only facts, the calendar, and what one purchase is
worth from the application. Where the rules leave a choice, the choice is stated at the line that makes it.
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
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets import events as past
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from tests.ledger.reference_customers import Customer, Sale
from tests.ledger.reference_goods import Goods, paid_for, whole
from tests.ledger.reference_lots import DAY, FREE, GONE, HELD, Lot, Point, last_day
from tests.ledger.reference_sentences import Available, Clawed, Earned, Expired, GivenBack, Moved, Noted, Turned, Undone
from tests.ledger.reference_stamps import Card

_RANKS: dict[type, int] = {
    WalletMerged: -1,
    past.PurchaseRecorded: 0,
    past.RewardRedeemed: 1,
    past.HoldPlaced: 1,
    past.RefundRecorded: 2,
    past.ExchangeRecorded: 2,
}


class ReferenceWallet:
    """All of it, on its way through time."""

    def __init__(self, history: EventHistory, versions: Sequence[Terms]) -> None:
        self.versions = versions
        self.customers = {id: Customer(at) for id, at in history.enrolled_at.items()}
        self.lots: list[Lot] = []
        self.owed: list[str] = []
        """One mark for each point owed, oldest first: the spending or claw-back that it is owed for."""
        self.holds: dict[str, datetime] = {}
        self.order: dict[str, list[Point]] = {}
        """The points that each spending took, as they were taken."""
        self.redeemed: dict[str, past.RewardRedeemed] = {}
        self.sales: dict[str, Sale] = {}
        self.goods: dict[str, Goods] = {}
        """By the purchase that they were receipted with."""
        self.active_at: datetime | None = None
        self.lifetime = 0
        self.card = Card()
        self.now = min([version.effective_from for version in versions])
        self.noted: list[Noted] = []
        """What happened, with the figures that have to be said of it."""
        self.absorbed: list[ReferenceWallet] = []

    # Time

    def in_force(self, at: datetime) -> Terms:
        return [version for version in self.versions if version.effective_from <= at][-1]

    def pass_to(self, to: datetime) -> None:
        """Midnight by midnight in every zone, and at the ends of holds and graces and the starts of versions."""
        days = range((to - self.now).days + 3)
        zones = {lot.zone for lot in self.lots} | {version.zone for version in self.versions}
        at = {day_start(self.now.date() + n * DAY, zone_name=zone) for zone in zones for n in days}
        at |= {version.effective_from for version in self.versions} | {*self.holds.values(), *self.card.holds.values()}
        at |= {lot.spared for lot in self.lots if lot.spared} | {lot.available_from for lot in self.lots}
        ends = self.ends()
        for moment in sorted(each_moment for each_moment in at if self.now < each_moment < to):
            self.strike(moment, ends)
        self.strike(to, ends)

    def ends(self) -> dict[str, datetime | None]:
        """When each lot expires as things stand: only facts change it, never time."""
        return {lot.id: lot.ends(self.active_at) for lot in self.lots}

    def strike(self, at: datetime, ends: dict[str, datetime | None]) -> None:
        """What is due at one moment: points become available, holds end, debts are paid, lots expire, tiers turn."""
        self.now = at
        held: list[Lot] = []
        for id in [id for id, until in self.holds.items() if until <= at]:
            del self.holds[id]
            for lot in self.lots:
                for point in (point for point in lot.points if point.by == id):
                    point.state, point.by = FREE, ""
                    held.append(lot)
        free = {lot.id: lot.count(FREE) for lot in self.lots}
        self.pay()
        for lot in self.lots:
            if lot.waits and lot.available_from <= at:
                lot.waits = False
                if free[lot.id]:
                    self.noted.append(Available(lot.id, at, lot.terms, lot.zone, free[lot.id], lot.count(FREE)))
            elif lot in held and lot.count(FREE) < free[lot.id]:
                self.noted.append(Moved(EntryType.ACTIVATE, lot.id, at, Unit.POINTS, 0))
        self.card.let_go(at)
        self.card.pay()
        for lot in self.lots:
            end = ends[lot.id]
            if end is not None and end <= at:
                self.expire(lot, end)
        for customer in self.people():
            before, points = customer.tier, customer.look(self.in_force(at), at)
            if customer.tier != before:
                self.noted.append(Turned(at, self.in_force(at), before, customer.tier, points, customer.falls_at))

    def people(self) -> list[Customer]:
        """Those who hold it, each once."""
        return list({id(customer): customer for customer in self.customers.values()}.values())

    def expire(self, lot: Lot, end: datetime) -> None:
        """What is free of a lot is gone from its end on, or as soon as it came back after it."""
        free = [point for point in lot.points if point.state == FREE]
        for point in free:
            point.state, point.by = GONE, ""
        if free:
            last = local_date(end, zone_name=lot.zone) - DAY
            self.noted.append(Expired(lot.id, self.now, lot.terms, lot.zone, len(free), last, late=end < self.now))

    # Points

    def spendable(self, *, waiting: bool = False) -> list[tuple[Lot, Point]]:
        """Free points that are available, or even those that wait: earliest expiry first."""
        lots = [lot for lot in self.lots if waiting or lot.available_from <= self.now]
        lots.sort(key=lambda lot: (lot.goes(self.active_at), lot.earned_at, lot.id))
        return [(lot, point) for lot in lots for point in lot.points if point.state == FREE]

    def take(self, id: str, count: int, points: Iterable[tuple[Lot, Point]], *, owing: bool) -> None:
        """Points go, in the order given; what is not there is owed, or let go."""
        taken = list(dict.fromkeys(point for _, point in points))[:count]
        for point in taken:
            point.state, point.by = GONE, id
        self.order[id] = taken
        self.owed += [id] * (count - len(taken) if owing else 0)

    def pay(self) -> None:
        """What is available pays what is owed, and so counts as taken by what it was owed for."""
        for _, point in self.spendable()[: len(self.owed)] if self.owed else []:
            point.state, point.by = GONE, self.owed.pop(0)
            self.order[point.by].append(point)

    def come(self, id: str, count: int, *, at: datetime, terms: Terms, bought: bool) -> None:
        """New points, with the dates of the terms; those that were not bought do not wait, and there is no receipt of them."""
        rule, available, zone = terms.policy(PointsValidity), at, terms.zone
        if bought and terms.has(PendingPeriod):
            day = local_date(at, zone_name=zone) + (terms.policy(PendingPeriod).days + 1) * DAY
            available = day_start(day, zone_name=zone)
        since = at if rule.since is ValidityStart.EARNING else available
        last = last_day(rule, local_date(since, zone_name=zone))
        lot = Lot(id, terms, zone, at, available, last, [Point() for _ in range(count)], gift=not bought)
        lot.waits = available > at and count > 0
        self.lots.append(lot)
        self.lifetime += count

    # Facts

    def happen(self, event: Event) -> None:
        """Time passes to the fact, and it happens."""
        self.pass_to(event.at)
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
        getattr(self, f"on_{name}")(event)
        self.strike(event.at, self.ends())

    def on_purchase_recorded(self, event: past.PurchaseRecorded) -> None:
        self.goods[event.id] = whole(event)
        self.earn(event, [self.goods[event.id]])
        self.active_at = event.at

    def earn(self, event: past.PurchaseRecorded, goods: list[Goods]) -> None:
        customer = self.customers[event.customer_id]
        facts = customer.seen(event.facts, event.terms)
        self.noted.append(Earned(event.id, event.at, facts, event.terms))
        decision = earn(terms=event.terms, facts=facts)
        base = base_points(decision, terms=event.terms)
        sale = Sale(event.id, facts, event.terms, decision, goods, base, lot=event.lot_id)
        self.sales[event.id] = sale
        customer.sales.append(sale)
        self.come(event.lot_id, decision.points, at=event.at, terms=event.terms, bought=True)
        self.card.come(event.lot_id, decision.stamps, at=event.at)

    def on_refund_recorded(self, event: past.RefundRecorded) -> None:
        goods = self.goods[event.purchase_id]
        sales = [self.sales[id] for id in goods.shares]
        before = sales[0].kept()
        goods.go(event)
        self.refund(event.id, sales, before)

    def on_exchange_recorded(self, event: past.ExchangeRecorded) -> None:
        """What is handed out counts where the old goods did; only what costs more is a purchase, and activity."""
        goods = self.goods[event.purchase_id]
        sales = [self.sales[id] for id in goods.shares]
        before = sales[0].kept()
        new = self.goods[event.purchase.id] = goods.swap(event)
        for id in goods.shares:
            self.sales[id].goods.append(new)
        on_top = event.purchase.id in new.shares
        self.earn(replace(event.purchase, facts=new.facts), [new] if on_top else [])
        self.active_at = event.at if on_top else self.active_at
        self.refund(event.id, sales, before)

    def on_reward_redeemed(self, event: past.RewardRedeemed) -> None:
        self.redeemed[event.id] = event
        if event.unit is Unit.STAMPS:
            self.card.take(event.id, event.points)
        else:
            self.take(event.id, event.points, self.spendable(), owing=True)
        self.active_at = event.at

    def on_redemption_reversed(self, event: past.RedemptionReversed) -> None:
        gone = self.redeemed.pop(event.redemption_id)
        stamps = self.card.undo(event.redemption_id)
        amount, ends = self.owed.count(event.redemption_id), self.ends()
        overdue: list[Point] = []
        self.owed = [text for text in self.owed if text != event.redemption_id]
        for lot in self.lots:
            back = [point for point in lot.points if point.by == event.redemption_id]
            amount += len(back)
            for point in back:
                point.state, point.by = FREE, ""
            end = ends[lot.id]
            overdue += back if end is not None and end <= event.at else []
            if back and event.usable_until is not None:
                lot.spared = max(event.usable_until, lot.spared or event.usable_until)
        self.pay()
        self.card.pay()
        self.noted.append(
            Undone(
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
        self.noted.append(Moved(EntryType.ADJUST, event.id, event.at, event.unit, abs(event.points)))
        if event.unit is Unit.STAMPS and event.points > 0:
            self.card.come(event.id, event.points, at=event.at)
        elif event.unit is Unit.STAMPS:
            self.card.take(event.id, -event.points)
        elif event.points > 0:
            self.come(event.id, event.points, at=event.at, terms=event.terms, bought=False)
        else:
            # What staff take is decided, like a redemption: what is not there is owed.
            self.take(event.id, -event.points, self.spendable(), owing=True)

    def on_transfer_sent(self, event: past.TransferSent) -> None:
        # The very points that were passed on, waiting or not; where late facts have used them, others, or they are owed.
        there = self.spendable(waiting=True)
        own = [value for id, n in event.draws.items() for value in [item for item in there if item[0].id == id][:n]]
        self.take(event.id, sum(event.draws.values()), [*own, *self.spendable()], owing=True)
        self.noted.append(Moved(EntryType.TRANSFER, event.id, event.at, Unit.POINTS, sum(event.draws.values())))

    def on_transfer_received(self, event: past.TransferReceived) -> None:
        for each_lot in event.lots:
            points = [Point() for _ in range(each_lot.points)]
            terms = next(each for each in self.versions if each.version == each_lot.terms_version)
            dates = (each_lot.earned_at, each_lot.available_from, each_lot.valid_until)
            lot = Lot(each_lot.id, terms, each_lot.zone, *dates, points, gift=True)
            lot.waits = each_lot.available_from > event.at
            self.lots.append(lot)
        self.noted.append(
            Moved(EntryType.TRANSFER, event.id, event.at, Unit.POINTS, sum(item.points for item in event.lots))
        )

    def on_expiry_notice_delivered(self, event: past.ExpiryNoticeDelivered) -> None:
        for lot in self.lots:
            if event.lots & {lot.id, *lot.names} and event.channel in lot.terms.policy(PointsValidity).notice_by:
                lot.told.append(event.at)

    def on_wallet_merged(self, event: WalletMerged) -> None:
        other = tell(event.history, self.versions, event.at)
        self.absorbed.append(other)
        for unit, amount in other.worth().items():
            for wallet in (self, other):
                wallet.noted.append(Moved(EntryType.MERGE, event.id, event.at, unit, abs(amount)))
        self.join(event, other)

    def clawed(self, *, own: str) -> list[tuple[Lot, Point]]:
        """That sale's points first, then others that wait, then the rest as they would be spent."""
        points = self.spendable(waiting=True)
        return sorted(
            points, key=lambda value: (own not in {value[0].id, *value[0].names}, value[0].available_from <= self.now)
        )

    def refund(self, id: str, sales: list[Sale], before: PurchaseFacts) -> None:
        """What the kept part of purchases would not have earned goes back, less what went back before; or comes again."""
        came: dict[Unit, int] = {}
        for sale in sales:
            for paid in [
                payment.redemption_id for payment in sale.facts.payments if payment.redemption_id in self.redeemed
            ]:
                earlier, left = sale.paid_back.get(paid, 0), paid_for(sale.facts, sale.goods[0])
                back = points_to_restore(sale.facts, points=self.redeemed[paid].points, remaining=left)
                sale.paid_back[paid] = max(earlier, back)
                more, unit = sale.paid_back[paid] - earlier, self.redeemed[paid].unit
                (self.card if unit is Unit.STAMPS else self).give_back(paid, more)
                came[unit] = came.get(unit, 0) + more
        self.pay()
        self.card.pay()
        terms = sales[0].terms
        self.noted += [GivenBack(id, self.now, terms, unit, amount) for unit, amount in came.items() if amount]
        clawed = Clawed(id, self.now, terms, before, sales[0].kept())
        self.noted.append(clawed)
        for number, sale in enumerate(sales):
            self.claw_back(id if not number else f"{id}/{sale.id}", sale, clawed)
        clawed.debt, clawed.stamp_debt = len(self.owed), len(self.card.owed)

    def claw_back(self, id: str, sale: Sale, clawed: Clawed) -> None:
        sale.still = earn(terms=sale.terms, facts=sale.kept())
        sale.base = min(sale.decision.points, base_points(sale.still, terms=sale.terms))
        due = max(0, sale.decision.points - sale.still.points)
        more, sale.due = due - sale.due, due
        if more > 0:
            # What of its lot expired unspent counts as taken, once.
            own = [lot for lot in self.lots if sale.lot in {lot.id, *lot.names}]
            gone = [point for lot in own for point in lot.points if (point.state, point.by) == (GONE, "")]
            counts = [point for point in gone if point not in sale.expired][:more]
            sale.expired += counts
            owing = sale.terms.policy(RefundPolicy).mode is RefundMode.ALLOW_NEGATIVE
            there = self.clawed(own=sale.lot)
            short = 0 if owing else max(0, more - len(counts) - len(there))
            sale.short += short
            self.take(id, more - len(counts), there, owing=owing)
            owed = self.owed.count(id)
            clawed.due += more
            clawed.expired += len(counts)
            clawed.short += short
            clawed.owed += owed
            clawed.taken += more - len(counts) - short - owed
        for _ in range(-more):
            self.give_up(sale, clawed)
        stamps = max(0, sale.decision.stamps - sale.still.stamps)
        more, sale.stamps_due = stamps - sale.stamps_due, stamps
        if more > 0:
            self.card.take(id, more, own=self.card.row_of(sale.lot))
            clawed.stamps += more
            clawed.stamps_owed += self.card.owed.count(id)
        for _ in range(-more):
            clawed.stamps_restored += 1
            self.card.give_back(self.owed_for(sale, self.card), 1)
        sale.refunds.append(id)
        self.pay()
        self.card.pay()

    def give_up(self, sale: Sale, clawed: Clawed) -> None:
        """One point less is due: it was short, or is owed, or comes back to its lot, or had expired anyway."""
        if sale.short:
            sale.short -= 1
            clawed.forgiven += 1
        elif (id := self.owed_for(sale, self)) is not None:
            clawed.forgiven += id in self.owed
            clawed.restored += id not in self.owed
            self.give_back(id, 1)
        else:
            sale.expired.pop()
            clawed.forgiven += 1

    @staticmethod
    def owed_for(sale: Sale, of: ReferenceWallet | Card) -> str | None:
        """The refund for which something is owed, the last one first; or else the last one that took something."""
        owed = [id for id in sale.refunds if id in of.owed]
        took = [id for id in sale.refunds if of.order.get(id)]
        return (owed or took or [None])[-1]

    def give_back(self, id: str, count: int) -> None:
        """Points of a spending come back in reverse order of taking, what was owed for it first."""
        for place in [place for place, text in enumerate(self.owed) if text == id][:count]:
            self.owed[place] = ""
        count -= self.owed.count("")
        self.owed = [text for text in self.owed if text]
        for _ in range(count):
            point = self.order[id].pop()
            point.state, point.by = FREE, ""

    def join(self, event: WalletMerged, other: ReferenceWallet) -> None:
        """All that the other wallet holds, owes and may have to undo; its customers, or their history for the survivor."""
        for lot in other.lots:
            lot.names.add(lot.id)
            lot.id = str(uuid5(UUID(event.id), lot.id))
        self.card.join(event.id, other.card)
        self.lots += other.lots
        self.owed += other.owed
        self.holds |= other.holds
        self.order |= other.order
        self.sales |= other.sales
        self.goods |= other.goods
        self.redeemed |= other.redeemed
        self.lifetime += other.lifetime
        self.active_at = max([moment for moment in (self.active_at, other.active_at) if moment], default=None)
        if event.survivor is None:
            self.customers |= other.customers
            return
        survivor = self.customers[event.survivor]
        for customer in {id(each_customer): each_customer for each_customer in other.customers.values()}.values():
            survivor.sales += customer.sales
            survivor.claims += customer.claims
        self.customers |= dict.fromkeys(other.customers, survivor)

    # What there is

    def worth(self) -> dict[Unit, int]:
        """What it has less what it owes, by unit; stamps where it ever had to do with some."""
        points = sum(lot.count(FREE, HELD) for lot in self.lots) - len(self.owed)
        stamps = sum(row.count(FREE, HELD) for row in self.card.rows) - len(self.card.owed)
        known = self.card.rows or self.card.order
        return {Unit.POINTS: points} | ({Unit.STAMPS: stamps} if known else {})

    def free(self, *, pending: bool) -> int:
        return sum(lot.count(FREE) for lot in self.lots if (lot.available_from > self.now) is pending)


def named(event: Event) -> set[str]:
    """What a fact is about that has to happen before it."""
    bought = event if isinstance(event, past.PurchaseRecorded) else getattr(event, "purchase", None)
    paid = (
        {payment.redemption_id for payment in bought.facts.payments if payment.redemption_id}
        if bought is not None
        else set()
    )
    return paid | {getattr(event, "purchase_id", "")}


def tell(history: EventHistory, versions: Sequence[Terms], until: datetime) -> ReferenceWallet:
    """The wallet of a story at a moment."""
    wallet = ReferenceWallet(history, versions)

    def order(event: Event) -> tuple[datetime, int, str, str]:
        return event.at, _RANKS.get(type(event), 3), getattr(event, "external_id", ""), event.id

    waiting = sorted(history.events, key=order)
    while waiting:
        # Nothing happens at one moment before what it is about: the exchange that handed it out, the redemption that paid it.
        now = [event for event in waiting if event.at == waiting[0].at]
        to_come = {event.purchase.id if isinstance(event, past.ExchangeRecorded) else event.id for event in now}
        event = next(event for event in now if not named(event) & to_come)
        waiting.remove(event)
        wallet.happen(event)
    wallet.pass_to(until)
    return wallet
