"""A wallet on its way through time: what each fact does to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from app.domain.deciding.earning import base_points, earn
from app.domain.deciding.price_lists import PriceLists, may_be_cheaper
from app.domain.deciding.redeeming import price
from app.domain.deciding.refunding import Found, Refunded, refund, returned, worth_left
from app.domain.deciding.returned_payments import points_back
from app.domain.deciding.reversing import undone
from app.domain.decisions import Decision
from app.domain.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.facts import PurchaseFacts
from app.domain.ledger import EntryType
from app.domain.lots import Draw, Lot
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.happenings import (
    Adjusted,
    Bought,
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
from app.domain.wallets.new_lots import new_lot, new_stamps, stamp_lot
from app.domain.wallets.passing_time import PassingTime
from app.domain.wallets.sales import Sale
from app.domain.wallets.story import Happening, Joined, Story
from app.domain.wallets.tracks import Track


def owes(terms: Terms) -> bool:
    """Whether a refund may take more than is there."""
    return terms.policy(RefundPolicy).mode is RefundMode.ALLOW_NEGATIVE


class Course(PassingTime):
    """The wallet on its way. `happen` takes facts in business order only, and lets time pass to each."""

    def __init__(self, story: Story, *, versions: Sequence[Terms]) -> None:
        """`versions` are the terms that came or will come into force, oldest first."""
        super().__init__(versions=versions)
        self.account_id = story.account_id
        self.holders = {id: Holder(id, Track(enrolled_at=at)) for id, at in story.joined.items()}
        self.absorbed: list[Course] = []
        """The wallets that went over into this one, as they were then."""
        self.returned: dict[str, Refunded] = {}
        self.given_back: dict[str, dict[Unit, int]] = {}
        """What had paid for goods, by the refund with which it came back."""
        self.sales: dict[str, Sale] = {}
        self.redeemed: dict[str, Redeemed] = {}

    def happen(self, fact: Happening) -> None:
        """Let time pass to the fact, and let it happen."""
        self.pass_to(fact.at)
        match fact:
            case Bought():
                self._buy(fact)
            case Returned():
                self._return(fact)
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
        holder = self.holders[fact.customer_id]
        facts = holder.seen(fact.facts, terms=fact.terms)
        decision = earn(terms=fact.terms, facts=facts)
        base = base_points(decision, terms=fact.terms)
        kept = {line.number: line.quantity for line in facts.lines}
        self.sales[fact.id] = Sale(fact, facts, decision, kept, base)
        holder.track.book(facts, decision, terms=fact.terms)
        holder.qualifying.add(base, at=fact.at, zone=fact.terms.zone)
        self.points.active_at = fact.at
        draws: tuple[Draw, ...] = ()
        if decision.points:
            lot = new_lot(fact.lot_id, decision.points, at=fact.at, terms=fact.terms, zone=facts.zone, waits=True)
            draws = self.points.open(lot, at=fact.at)
        self.points.post(EntryType.EARN, fact.id, at=fact.at, draws=draws, decision=decision)
        if fact.terms.stamping:
            self._stamp(fact, decision=decision)

    def _stamp(self, fact: Bought, *, decision: Decision) -> None:
        purse = self.purses[Unit.STAMPS]
        draws: tuple[Draw, ...] = ()
        if decision.stamps:
            lot = new_stamps(fact.lot_id, decision.stamps, at=fact.at, terms=fact.terms, zone=fact.facts.zone)
            draws = purse.open(lot, at=fact.at)
        purse.post(EntryType.EARN, fact.id, at=fact.at, draws=draws, decision=decision)

    def _return(self, fact: Returned) -> None:
        sale = self.sales[fact.purchase_id]
        terms = sale.bought.terms
        kept = {number: left - fact.lines.get(number, Decimal(0)) for number, left in sale.kept.items()}
        worth = worth_left(sale.facts, kept=kept, worth=sale.worth, amounts=fact.amounts)
        self.given_back[fact.id] = self._give_back(fact, sale=sale, kept=sale.facts.kept(kept, worth=worth))
        outcome = refund(
            terms=terms,
            sale=sale.facts,
            earned=sale.decision.points,
            kept_before=sale.kept,
            kept_after=kept,
            due_before=sale.due,
            worth_before=sale.worth,
            worth_after=worth,
            available=None if owes(terms) else self.points.holdings.free(),
            occurred_at=fact.at,
            stamps=sale.decision.stamps,
            stamps_due_before=sale.stamps_due,
            found={unit: Found(purse.holdings.free(), purse.holdings.owed) for unit, purse in self.purses.items()},
        )
        self._take_back(
            fact, lot_id=sale.bought.lot_id, points=outcome.due, decision=outcome.decision, owing=owes(terms)
        )
        if terms.stamping:
            lot_id, stamps = stamp_lot(sale.bought.lot_id), outcome.stamps
            self._take_back(fact, lot_id=lot_id, points=stamps, decision=outcome.decision, unit=Unit.STAMPS)
        holder = self.holders[sale.bought.customer_id]
        holder.qualifying.add(outcome.base - sale.base, at=sale.bought.at, zone=terms.zone)
        sale.base = outcome.base
        sale.kept, sale.worth = kept, worth
        sale.due, sale.stamps_due = sale.due + outcome.due, sale.stamps_due + outcome.stamps
        self.returned[fact.id] = outcome

    def _take_back(
        self,
        fact: Returned,
        *,
        lot_id: str,
        points: int,
        decision: Decision,
        owing: bool = True,
        unit: Unit = Unit.POINTS,
    ) -> None:
        """Take so much of a unit from the lot that the purchase brought, and then from others."""
        purse = self.purses[unit]
        own = {lot_id, purse.renamed.get(lot_id, "")}
        draws = purse.holdings.take_back(fact.id, points, at=fact.at, own=own, owing=owing)
        purse.post(EntryType.CLAWBACK, fact.id, at=fact.at, draws=draws, decision=decision)

    def _give_back(self, fact: Returned, *, sale: Sale, kept: PurchaseFacts) -> dict[Unit, int]:
        """What had paid for what came back returns to the very lots, in proportion; answers with how much."""
        draws: dict[Unit, list[Draw]] = {unit: [] for unit in Unit}
        for payment in sale.facts.payments:
            paid = self.redeemed.get(payment.redemption_id or "")
            if paid is None:
                continue
            before = sale.paid_back.get(paid.id, 0)
            back = points_back(sale.facts, points=paid.points, kept=kept)
            sale.paid_back[paid.id] = max(before, back)
            purse = self.purses[paid.unit]
            if back > before and paid.id in purse.holdings.spent:
                put_back = purse.holdings.put_back(paid.id, points=back - before)
                purse.consider(draw.lot_id for draw in put_back)
                draws[paid.unit] += put_back
        for unit, came in draws.items():
            if came:
                amount = -sum(draw.points for draw in came)
                decision = returned(amount, unit=unit, terms=sale.bought.terms, at=fact.at)
                self.purses[unit].post(EntryType.REVERSAL, fact.id, at=fact.at, draws=tuple(came), decision=decision)
        return {unit: -sum(draw.points for draw in came) for unit, came in draws.items()}

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
        draws = purse.holdings.put_back(fact.redemption_id) if spent else ()
        back = {draw.lot_id: -draw.points for draw in draws if draw.points < 0 and draw.lot_id != OWED}
        purse.consider(back)
        decision = undone(
            gone.terms,
            reward=gone.reward,
            amount=-sum(draw.points for draw in draws),
            unit=gone.unit,
            redeemed_at=gone.at,
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
            lot = new_lot(fact.id, fact.points, at=fact.at, terms=fact.terms, zone=fact.terms.zone, waits=False)
            draws = purse.open(lot, at=fact.at, receipt=False)
        else:
            lot = new_stamps(fact.id, fact.points, at=fact.at, terms=fact.terms, zone=fact.terms.zone)
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
        self.returned |= other.returned
        self.given_back |= other.given_back
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
