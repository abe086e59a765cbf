"""A wallet told the slow way: every point is an object, every debt a mark, and time passes midnight by midnight.

Nothing here is clever; it is what the core is measured by. It takes only facts, the calendar, and what one purchase is
worth from the application. Where the rules leave a choice, the choice is stated at the line that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from app.domain.calendar import add_months, day_start, local_date, period_start
from app.domain.decisions import Decision
from app.domain.earning import base_points, earn
from app.domain.effects.pending_period import PendingPeriod
from app.domain.effects.points_validity import PointsValidity, ValidityStart
from app.domain.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.effects.tier_period import TierPeriod, TierWindow
from app.domain.facts import PurchaseFacts
from app.domain.lots import ValidityEnd
from app.domain.members import Member
from app.domain.terms import Terms
from app.domain.wallets import happenings as past
from app.domain.wallets.happenings import Happening, Story

FREE, HELD, GONE = "free", "held", "gone"
_DAY = timedelta(days=1)
_RANKS: dict[type, int] = {past.Joined: -1, past.Bought: 0, past.Held: 1, past.Redeemed: 1, past.Returned: 2}


@dataclass(slots=True, eq=False)
class Point:
    """One point: free, held or gone; `by` names the hold, spending, claw-back or transfer, "" for expiry."""

    state: str = FREE
    by: str = ""


@dataclass(slots=True)
class Lot:
    """Points that came together. `told` are the notices that count by channel, `spared` ends a grace, `names` are its ids in other wallets."""

    id: str
    terms: Terms
    zone: str
    earned_at: datetime
    available_from: datetime
    valid_until: date | None
    points: list[Point]
    told: list[datetime] = field(default_factory=list)
    spared: datetime | None = None
    names: set[str] = field(default_factory=set)

    def count(self, *states: str) -> int:
        return sum(point.state in states for point in self.points)

    def last_day(self, active_at: datetime | None) -> date | None:
        """The last day, put off by activity where the rule says so."""
        rule = self.terms.policy(PointsValidity)
        if rule.since is ValidityStart.ACTIVITY and active_at is not None and active_at > self.available_from:
            return last_day(rule, local_date(active_at, zone_name=self.zone))
        return self.valid_until

    def ends(self, active_at: datetime | None) -> datetime | None:
        """The first instant at which it is gone: never without a notice, and at least so many days after it."""
        rule, last = self.terms.policy(PointsValidity), self.last_day(active_at)
        if last is None or not rule.expires:
            return None
        if last - local_date(self.earned_at, zone_name=self.zone) >= timedelta(days=rule.notice_until):
            earliest = last - timedelta(days=rule.notice_from)
            days = [day for day in (local_date(at, zone_name=self.zone) for at in self.told) if day >= earliest]
            if not days:
                return None
            last = max(last, min(days) + timedelta(days=rule.notice_until))
        end = day_start(last + _DAY, zone_name=self.zone)
        return end if self.spared is None else max(end, self.spared)


def last_day(rule: PointsValidity, first: date) -> date | None:
    """So many days or months on, then to the end of the month, quarter or year."""
    if rule.for_ever:
        return None
    day = first + timedelta(days=rule.days) if rule.days else add_months(first, months=rule.months or 0)
    while not {
        ValidityEnd.DAY: True,
        ValidityEnd.MONTH: (day + _DAY).day == 1,
        ValidityEnd.QUARTER: (day + _DAY).day == 1 and day.month in (3, 6, 9, 12),
        ValidityEnd.YEAR: (day.month, day.day) == (12, 31),
    }[rule.until]:
        day += _DAY
    return day


@dataclass(slots=True)
class Sale:
    """A purchase: what it earned, what of it is kept, what was due back so far, and its points towards a level now."""

    facts: PurchaseFacts
    terms: Terms
    decision: Decision
    kept: dict[int, Decimal]
    base: int
    due: int = 0
    day: date = field(init=False)

    def __post_init__(self) -> None:
        self.day = local_date(self.facts.occurred_at, zone_name=self.terms.zone)


@dataclass(slots=True)
class Customer:
    """A holder: the sales of those who became one, and the level held, with the day on which a lost one falls."""

    enrolled_at: datetime
    sales: list[Sale] = field(default_factory=list)
    tier: str | None = None
    falls_at: datetime | None = None

    def qualifying(self, terms: Terms, today: date, *, last_year: bool = False) -> int:
        window = terms.policy(TierPeriod).period if terms.has(TierPeriod) else TierWindow.SINCE_JOINING

        def counts(sale: Sale) -> bool:
            if window is TierWindow.CALENDAR_YEAR:
                return sale.day.year == today.year - last_year
            return window is TierWindow.SINCE_JOINING or today < add_months(sale.day, months=12)

        return sum(sale.base for sale in self.sales if counts(sale))

    def seen(self, facts: PurchaseFacts, terms: Terms) -> PurchaseFacts:
        """The purchase with the history before it."""

        def since(period: object) -> list[Sale]:
            start = period_start(facts.occurred_at, zone_name=facts.zone, period=period)  # type: ignore[arg-type]
            return [sale for sale in self.sales if start is None or sale.facts.occurred_at >= start]

        asked = terms.asked
        uses = {key: sum(key in sale.decision.applied() for sale in since(per)) for key, per in asked.uses.items()}
        member = Member(
            enrolled_at=self.enrolled_at,
            visits=len(self.sales),
            uses=tuple(sorted(uses.items())),
            earned=tuple((one, sum(sale.decision.points for sale in since(one))) for one in asked.earned),
            tier=self.tier,
            qualifying=self.qualifying(terms, local_date(facts.occurred_at, zone_name=terms.zone)),
        )
        return replace(facts, member=member)


class Wallet:
    """All of it, on its way through time."""

    def __init__(self, story: Story, versions: Sequence[Terms]) -> None:
        self.versions = versions
        self.customers = {id: Customer(at) for id, at in story.joined.items()}
        self.lots: list[Lot] = []
        self.owed: list[str] = []
        """One mark for each point owed, oldest first: the spending or claw-back that it is owed for."""
        self.holds: dict[str, datetime] = {}
        self.order: dict[str, list[Point]] = {}
        """The points that each spending took, as they were taken."""
        self.sales: dict[str, Sale] = {}
        self.active_at: datetime | None = None
        self.lifetime = 0
        self.now = min([one.effective_from for one in versions])

    # Time

    def in_force(self, at: datetime) -> Terms:
        return [one for one in self.versions if one.effective_from <= at][-1]

    def pass_to(self, to: datetime) -> None:
        """Midnight by midnight in every zone, and at the ends of holds and graces and the starts of versions."""
        days = range((to - self.now).days + 3)
        zones = {lot.zone for lot in self.lots} | {one.zone for one in self.versions}
        at = {day_start(self.now.date() + n * _DAY, zone_name=zone) for zone in zones for n in days}
        at |= {one.effective_from for one in self.versions} | set(self.holds.values())
        at |= {lot.spared for lot in self.lots if lot.spared}
        ends = self.ends()
        for moment in sorted(one for one in at if self.now < one < to):
            self.strike(moment, ends)
        self.strike(to, ends)

    def ends(self) -> dict[str, datetime | None]:
        """When each lot expires as things stand: only facts change it, never time."""
        return {lot.id: lot.ends(self.active_at) for lot in self.lots}

    def strike(self, at: datetime, ends: dict[str, datetime | None]) -> None:
        """What is due at one moment: points become available, holds end, debts are paid, lots expire, levels turn."""
        self.now = at
        for id in [id for id, until in self.holds.items() if until <= at]:
            del self.holds[id]
            for point in (point for lot in self.lots for point in lot.points if point.by == id):
                point.state, point.by = FREE, ""
        self.pay()
        for lot in self.lots:
            end = ends[lot.id]
            if end is not None and end <= at:
                for point in (point for point in lot.points if point.state == FREE):
                    point.state, point.by = GONE, ""
        for customer in self.customers.values():
            self.look(customer)

    def look(self, customer: Customer) -> None:
        """Up at once; down when the days of grace are over, to what the points come to then."""
        terms = self.in_force(self.now)
        today = local_date(self.now, zone_name=terms.zone)
        points = customer.qualifying(terms, today)
        if terms.has(TierPeriod) and terms.policy(TierPeriod).period is TierWindow.CALENDAR_YEAR:
            points = max(points, customer.qualifying(terms, today, last_year=True))
        heights = {one.tier: one.points for one in terms.tiers}
        reached = max((one for one in heights if heights[one] <= points), key=heights.__getitem__, default=None)
        above = heights.get(reached or "", 0) - heights.get(customer.tier or "", 0)
        if reached == customer.tier or above > 0:
            customer.tier, customer.falls_at = reached, None
            return
        if customer.falls_at is None:
            days = terms.policy(TierPeriod).grace_days if terms.has(TierPeriod) else 0
            customer.falls_at = day_start(today + (days + 1) * _DAY, zone_name=terms.zone) if days else self.now
        if customer.falls_at <= self.now:
            customer.tier, customer.falls_at = reached, None

    # Points

    def spendable(self, *, also: Callable[[Lot], bool] = lambda lot: False) -> list[tuple[Lot, Point]]:
        """Free points that are available, or in a lot that may be touched all the same: earliest expiry first."""
        lots = [lot for lot in self.lots if lot.available_from <= self.now or also(lot)]
        lots.sort(key=lambda lot: (lot.valid_until or date.max, lot.earned_at, lot.id))
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

    def come(self, id: str, count: int, *, at: datetime, terms: Terms, zone: str, waits: bool) -> None:
        """New points, with the dates of the terms."""
        rule, available = terms.policy(PointsValidity), at
        if waits and terms.has(PendingPeriod):
            day = local_date(at, zone_name=zone) + (terms.policy(PendingPeriod).days + 1) * _DAY
            available = day_start(day, zone_name=zone)
        since = at if rule.since is ValidityStart.EARNING else available
        last = last_day(rule, local_date(since, zone_name=zone))
        self.lots.append(Lot(id, terms, zone, at, available, last, [Point() for _ in range(count)]))
        self.lifetime += count

    # Facts

    def happen(self, fact: Happening) -> None:
        self.pass_to(fact.at)
        match fact:
            case past.Bought():
                customer = self.customers[fact.customer_id]
                facts = customer.seen(fact.facts, fact.terms)
                decision = earn(terms=fact.terms, facts=facts)
                kept = {line.number: line.quantity for line in facts.lines}
                sale = Sale(facts, fact.terms, decision, kept, base_points(decision, terms=fact.terms))
                self.sales[fact.id] = sale
                customer.sales.append(sale)
                self.active_at = fact.at
                self.come(fact.id, decision.points, at=fact.at, terms=fact.terms, zone=facts.zone, waits=True)
            case past.Returned():
                self.refund(fact, self.sales[fact.purchase_id])
            case past.Redeemed():
                self.active_at = fact.at
                self.take(fact.id, fact.points, self.spendable(), owing=True)
            case past.Reversed():
                self.owed = [one for one in self.owed if one != fact.redemption_id]
                for lot in self.lots:
                    back = [point for point in lot.points if point.by == fact.redemption_id]
                    for point in back:
                        point.state, point.by = FREE, ""
                    if back and fact.usable_until is not None:
                        lot.spared = max(fact.usable_until, lot.spared or fact.usable_until)
            case past.Held():
                if fact.ends_at > fact.at:
                    self.holds[fact.id] = fact.ends_at
                    for _, point in self.spendable()[: fact.points]:
                        point.state, point.by = HELD, fact.id
            case past.Adjusted() if fact.points > 0:
                zone = fact.terms.zone
                self.come(fact.id, fact.points, at=fact.at, terms=fact.terms, zone=zone, waits=False)
            case past.Adjusted():
                # What staff take is decided, like a redemption: what is not there is owed.
                self.take(fact.id, -fact.points, self.spendable(), owing=True)
            case past.PassedOn():
                # The very points that were passed on; where late facts have used them, others, or they are owed.
                there = self.spendable()
                own = [one for id, n in fact.draws.items() for one in [one for one in there if one[0].id == id][:n]]
                self.take(fact.id, sum(fact.draws.values()), [*own, *there], owing=True)
            case past.Received():
                for one in fact.lots:
                    points = [Point() for _ in range(one.points)]
                    terms = next(each for each in self.versions if each.version == one.terms_version)
                    dates = (one.earned_at, one.available_from, one.valid_until)
                    self.lots.append(Lot(one.id, terms, one.zone, *dates, points))
            case past.Warned():
                for lot in self.lots:
                    if fact.lots & {lot.id, *lot.names} and fact.channel in lot.terms.policy(PointsValidity).notice_by:
                        lot.told.append(fact.at)
            case past.Joined():
                self.join(fact, tell(fact.story, self.versions, fact.at))
        self.strike(fact.at, self.ends())

    def clawed(self, *, own: str) -> list[tuple[Lot, Point]]:
        """That sale's points first, then others that wait, then the rest as they would be spent."""
        points = self.spendable(also=lambda lot: True)
        return sorted(
            points, key=lambda one: (own not in {one[0].id, *one[0].names}, one[0].available_from <= self.now)
        )

    def refund(self, fact: past.Returned, sale: Sale) -> None:
        """What the kept part would not have earned goes back, less what went back before."""
        for number, quantity in fact.lines.items():
            sale.kept[number] -= quantity
        still = earn(terms=sale.terms, facts=sale.facts.kept(sale.kept))
        due = max(0, sale.decision.points - still.points - sale.due)
        sale.due += due
        sale.base = base_points(still, terms=sale.terms)
        owing = sale.terms.policy(RefundPolicy).mode is RefundMode.ALLOW_NEGATIVE
        self.take(fact.id, due, self.clawed(own=fact.purchase_id), owing=owing)

    def join(self, fact: past.Joined, other: Wallet) -> None:
        """All that the other wallet holds, owes and may have to undo; its customers, or their history for the survivor."""
        for lot in other.lots:
            lot.names.add(lot.id)
            lot.id = str(uuid5(UUID(fact.id), lot.id))
        self.lots += other.lots
        self.owed += other.owed
        self.holds |= other.holds
        self.order |= other.order
        self.sales |= other.sales
        self.lifetime += other.lifetime
        self.active_at = max([one for one in (self.active_at, other.active_at) if one], default=None)
        if fact.survivor is None:
            self.customers |= other.customers
            return
        survivor = self.customers[fact.survivor]
        for customer in {id(one): one for one in other.customers.values()}.values():
            survivor.sales += customer.sales
        self.customers |= dict.fromkeys(other.customers, survivor)

    # What there is

    def free(self, *, pending: bool) -> int:
        return sum(lot.count(FREE) for lot in self.lots if (lot.available_from > self.now) is pending)


def tell(story: Story, versions: Sequence[Terms], until: datetime) -> Wallet:
    """The wallet of a story at a moment."""
    wallet = Wallet(story, versions)

    def order(one: Happening) -> tuple[datetime, int, str, str]:
        return one.at, _RANKS.get(type(one), 3), getattr(one, "external_id", ""), one.id

    for fact in sorted(story.facts, key=order):
        wallet.happen(fact)
    wallet.pass_to(until)
    return wallet
