"""A wallet on its way through time: what each fact does to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from app.domain.deciding.earning import earn
from app.domain.deciding.price_lists import PriceLists, may_be_cheaper
from app.domain.deciding.redeeming import price
from app.domain.deciding.reversing import undone
from app.domain.decisions import Decision
from app.domain.ledger import EntryType
from app.domain.lots import Draw, Lot
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.goods_return import GoodsReturn, GoodsReturned
from app.domain.wallets.happenings import (
    Adjusted,
    Bought,
    Corrected,
    Exchanged,
    Held,
    PassedOn,
    Received,
    Redeemed,
    Returned,
    Reversed,
    Warned,
)
from app.domain.wallets.holders import Holder
from app.domain.wallets.holdings import OWED
from app.domain.wallets.new_lots import new_lot, new_stamps
from app.domain.wallets.passing_time import PassingTime
from app.domain.wallets.purchase_state import PurchaseState, Receipt
from app.domain.wallets.story import Happening, Joined, Story
from app.domain.wallets.tracks import Track


class Course(PassingTime):
    """The wallet on its way. `happen` takes facts in business order only, and lets time pass to each."""

    def __init__(self, story: Story, *, versions: Sequence[Terms]) -> None:
        """`versions` are the terms that came or will come into force, oldest first."""
        super().__init__(versions=versions)
        self.account_id = story.account_id
        self.holders = {id: Holder(id, Track(enrolled_at=at)) for id, at in story.joined.items()}
        self.absorbed: list[Course] = []
        """The wallets that went over into this one, as they were then."""
        self.returned: dict[str, GoodsReturned] = {}
        """What each refund and each exchange came to."""
        self.sales: dict[str, PurchaseState] = {}
        self.receipts: dict[str, Receipt] = {}
        self.redeemed: dict[str, Redeemed] = {}
        self.overpaid: set[str] = set()
        """The purchases (ids) handed out in exchanges, of which points pay more than they cost on top of what came back."""
        self.moved_away: list[Corrected] = [one for one in story.corrections if one.before and one.left_behind]
        """Purchases that are another customer's now, and left something of a budget behind."""

    def happen(self, fact: Happening) -> None:
        """Let time pass to the fact, and let it happen."""
        self.pass_to(fact.at)
        match fact:
            case Bought():
                self._buy(fact)
            case Returned():
                self._return(fact)
            case Exchanged():
                self._exchange(fact)
            case Redeemed():
                self._redeem(fact)
            case Reversed():
                self._reverse(fact)
            case Held():
                self.purses[fact.unit].hold(fact, before=self._prices(fact))
            case Adjusted():
                self._adjust(fact)
            case PassedOn():
                self._pass_on(fact)
            case Received():
                self._receive(fact)
            case Warned():
                self.points.warn(fact)
            case Joined():
                self._join(fact)
        self.look_at_tiers(fact.at)

    def price_lists(self, *, terms: Terms, at: datetime) -> PriceLists | None:
        """What points of different age pay for rewards; None where none was ever cheaper."""
        earlier = tuple(one for one in self.versions if one.version < terms.version)
        if not may_be_cheaper(terms, earlier=earlier):
            return None
        spendable = tuple(lot for lot in self.points.holdings.free_lots() if lot.available_from <= at)
        return PriceLists(terms=terms, earlier=earlier, lots=spendable, at=at)

    def _prices(self, fact: Redeemed | Held) -> Callable[[Lot], int] | None:
        """What each lot would pay for the reward; None where all pay the same."""
        if fact.terms is None or fact.unit is not Unit.POINTS:
            return None
        lists, clause = self.price_lists(terms=fact.terms, at=fact.at), fact.terms.cost_of(fact.reward)
        if lists is None or clause is None:
            return None
        now = price(clause).points
        return lambda lot: lists.price_of(lot, reward=fact.reward, now=now)

    def _buy(self, fact: Bought) -> None:
        receipt = Receipt.of(fact, shares={fact.id: 1})
        self.receipts[fact.id] = receipt
        self._earn(fact, receipts=[receipt])
        self.points.active_at = fact.at

    def _earn(self, fact: Bought, *, receipts: list[Receipt]) -> None:
        """Decide a purchase and book what it brings; `receipts` are those whose goods count in it."""
        holder = self.holders[fact.customer_id]
        facts = holder.seen(fact.facts, terms=fact.terms)
        decision = earn(terms=fact.terms, facts=facts)
        sale = PurchaseState(fact, facts, decision, receipts)
        self.sales[fact.id] = sale
        holder.track.add(sale.usage, at=fact.at)
        holder.qualifying.add(sale.base, at=fact.at, zone=fact.terms.zone)
        draws: tuple[Draw, ...] = ()
        if decision.points:
            lot = new_lot(fact.lot_id, decision.points, at=fact.at, terms=fact.terms, waits=True)
            draws = self.points.open(lot, at=fact.at)
        self.points.post(EntryType.EARN, fact.id, at=fact.at, draws=draws, decision=decision)
        if fact.terms.stamping:
            self._stamp(fact, decision=decision)

    def _stamp(self, fact: Bought, *, decision: Decision) -> None:
        purse = self.purses[Unit.STAMPS]
        draws: tuple[Draw, ...] = ()
        if decision.stamps:
            lot = new_stamps(fact.lot_id, decision.stamps, at=fact.at, terms=fact.terms)
            draws = purse.open(lot, at=fact.at)
        purse.post(EntryType.EARN, fact.id, at=fact.at, draws=draws, decision=decision)

    def _return(self, fact: Returned) -> None:
        receipt = self.receipts[fact.purchase_id]
        returning = self._returning(fact.id, at=fact.at, receipt=receipt)
        receipt.take_out(fact.lines, fact.amounts)
        self.returned[fact.id] = returning.settle()

    def _returning(self, id: str, *, at: datetime, receipt: Receipt) -> GoodsReturn:
        return GoodsReturn(
            id,
            at=at,
            sales=[self.sales[purchase_id] for purchase_id in receipt.shares],
            purses=self.purses,
            redeemed=self.redeemed,
            holders=self.holders,
        )

    def _exchange(self, fact: Exchanged) -> None:
        """What is handed out takes the place of what comes back; what costs more earns first."""
        receipt = self.receipts[fact.purchase_id]
        returning = self._returning(fact.id, at=fact.at, receipt=receipt)
        new, overpaid = receipt.exchange(fact)
        # Its price follows the receipt of what came back, as that is known now.
        bought = replace(fact.bought, facts=new.facts)
        self.receipts[bought.id] = new
        if overpaid:
            self.overpaid.add(bought.id)
        for purchase_id in receipt.shares:
            self.sales[purchase_id].receipts.append(new)
        paid_on_top = bought.id in new.shares
        self._earn(bought, receipts=[new] if paid_on_top else [])
        if paid_on_top:
            self.points.active_at = fact.at
        self.returned[fact.id] = returning.settle()

    def _redeem(self, fact: Redeemed) -> None:
        self.redeemed[fact.id] = fact
        self.holders[fact.customer_id].track.use(fact.facts, fact.clauses, terms=fact.terms)
        purse = self.purses[fact.unit]
        # In the order as it was before, so that points held for it are those that it takes.
        draws = purse.holdings.spend(fact.id, fact.points, at=fact.at, before=self._prices(fact))
        self.points.active_at = fact.at
        purse.post(EntryType.REDEEM, fact.id, at=fact.at, draws=draws)

    def _reverse(self, fact: Reversed) -> None:
        gone = self.redeemed.pop(fact.redemption_id)
        self.holders[gone.customer_id].track.use(gone.facts, gone.clauses, terms=gone.terms, times=-1)
        purse = self.purses[gone.unit]
        spent = fact.redemption_id in purse.holdings.spent
        draws = purse.holdings.put_back(fact.redemption_id, at=fact.at) if spent else ()
        back = {draw.lot_id: -draw.points for draw in draws if draw.points < 0 and draw.lot_id != OWED}
        purse.consider(back)
        decision = undone(
            gone.terms,
            reward=gone.reward,
            amount=-sum(draw.points for draw in draws),
            unit=gone.unit,
            at=fact.at,
            zone=gone.facts.zone,
            overdue=sum(points for id, points in back.items() if purse.is_past(id, at=fact.at)),
            usable_until=fact.usable_until,
        )
        if fact.usable_until is not None:
            purse.spare(back, until=fact.usable_until)
        purse.post(EntryType.REVERSAL, fact.id, at=fact.at, draws=draws, decision=decision)

    def _adjust(self, fact: Adjusted) -> None:
        purse = self.purses[fact.unit]
        if fact.points <= 0:
            draws = purse.holdings.spend(fact.id, -fact.points, at=fact.at)
        elif fact.unit is Unit.POINTS:
            lot = new_lot(fact.id, fact.points, at=fact.at, terms=fact.terms, waits=False)
            draws = purse.open(lot, at=fact.at, receipt=False)
        else:
            lot = new_stamps(fact.id, fact.points, at=fact.at, terms=fact.terms)
            draws = purse.open(lot, at=fact.at)
        purse.post(EntryType.ADJUST, fact.id, at=fact.at, draws=draws)

    def _pass_on(self, fact: PassedOn) -> None:
        draws = self.points.holdings.pass_on(fact.id, fact.draws, at=fact.at)
        self.points.post(EntryType.TRANSFER, fact.id, at=fact.at, draws=draws)

    def _receive(self, fact: Received) -> None:
        draws = [draw for lot in fact.lots for draw in self.points.open(lot, at=fact.at, earned=False, receipt=False)]
        self.points.post(EntryType.TRANSFER, fact.id, at=fact.at, draws=tuple(draws))

    def _join(self, fact: Joined) -> None:
        """Take over another wallet; its holders come along, or go on as the survivor, and their level with them."""
        other = unfold(fact.story, versions=self.versions, until=fact.at)
        for unit, theirs in other.purses.items():
            if unit is Unit.POINTS or theirs.postings:
                renamed = {id: str(uuid5(UUID(fact.id), id)) for id in theirs.holdings.lots}
                draws = self.purses[unit].take_over(theirs, renamed=renamed, at=fact.at)
                self.purses[unit].post(EntryType.MERGE, fact.id, at=fact.at, draws=draws)
        self.sales |= other.sales
        self.redeemed |= other.redeemed
        self.receipts |= other.receipts
        self.returned |= other.returned
        self.overpaid |= other.overpaid
        self.moved_away += other.moved_away
        if fact.survivor is None:
            self.holders |= other.holders
        else:
            survivor = self.holders[fact.survivor]
            for holder in {id(one): one for one in other.holders.values()}.values():
                change = survivor.take_over(holder, terms=self.in_force(fact.at), at=fact.at)
                if change is not None:
                    self.tier_changes.append(change)
            self.holders |= dict.fromkeys(other.holders, survivor)
        other.close(fact.id, at=fact.at)
        self.absorbed.append(other)


def unfold(story: Story, *, versions: Sequence[Terms], until: datetime) -> Course:
    """Take the facts of an account up to `until` in business order, and let time pass to it.

    The same facts come to the same, whatever the order in which they arrived.
    """
    course = Course(story, versions=versions)
    for fact in story.in_order():
        if fact.at <= until:
            course.happen(fact)
    course.pass_to(until)
    return course
