"""The reference's customers: their sales, and the levels they hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from app.domain.amounts import Exact
from app.domain.calendar import Period, add_months, day_start, local_date, period_start
from app.domain.decisions import Decision
from app.domain.effects.tier_period import TierPeriod, TierWindow
from app.domain.facts import PurchaseFacts
from app.domain.members import Member
from app.domain.terms import Terms
from tests.ledger.reference_lots import DAY


@dataclass(slots=True)
class Sale:
    """A purchase: what it earned, what of it is kept, what was due back so far, and its points towards a level now."""

    facts: PurchaseFacts
    terms: Terms
    decision: Decision
    kept: dict[int, Decimal]
    base: int
    lot: str = ""
    """The id of the lot that it brought."""
    due: int = 0
    worth: dict[int, Exact] = field(default_factory=dict)
    paid_back: dict[str, int] = field(default_factory=dict)
    stamps_due: int = 0
    day: date = field(init=False)

    def __post_init__(self) -> None:
        self.day = local_date(self.facts.occurred_at, zone_name=self.terms.zone)


@dataclass(slots=True)
class Customer:
    """A holder: the sales of those who became one, and the level held, with the moment at which a lost one falls."""

    enrolled_at: datetime
    sales: list[Sale] = field(default_factory=list)
    tier: str | None = None
    falls_at: datetime | None = None
    claims: list[tuple[str, datetime | None]] = field(default_factory=list)
    """Every level that may be held, and to when; None as long as the points are there."""

    def qualifying(self, terms: Terms, today: date, *, last_year: bool = False) -> int:
        window = terms.policy(TierPeriod).period if terms.has(TierPeriod) else TierWindow.SINCE_JOINING

        def counts(sale: Sale) -> bool:
            if window is TierWindow.CALENDAR_YEAR:
                return sale.day.year == today.year - last_year
            return window is TierWindow.SINCE_JOINING or today < add_months(sale.day, months=12)

        return sum(sale.base for sale in self.sales if counts(sale))

    def seen(self, facts: PurchaseFacts, terms: Terms) -> PurchaseFacts:
        """The purchase with the history before it."""

        def since(period: Period) -> list[Sale]:
            start = period_start(facts.occurred_at, zone_name=facts.zone, period=period)
            return [sale for sale in self.sales if start is None or sale.facts.occurred_at >= start]

        asked = terms.asked
        uses = {key: sum(key in sale.decision.applied() for sale in since(per)) for key, per in asked.uses.items()}
        member = Member(
            enrolled_at=self.enrolled_at,
            visits=len(self.sales),
            uses=tuple(sorted(uses.items())),
            earned=tuple((one, sum(sale.decision.points for sale in since(one))) for one in asked.earned),
            tier=self.tier,
            budgets=facts.member.budgets,
            qualifying=self.qualifying(terms, local_date(facts.occurred_at, zone_name=terms.zone)),
        )
        return replace(facts, member=member)

    def look(self, terms: Terms, now: datetime) -> None:
        """Up at once; down when the days of grace are over, to the highest level whose own are not."""
        today = local_date(now, zone_name=terms.zone)
        points = self.qualifying(terms, today)
        if terms.has(TierPeriod) and terms.policy(TierPeriod).period is TierWindow.CALENDAR_YEAR:
            points = max(points, self.qualifying(terms, today, last_year=True))
        reached = {one.tier for one in terms.tiers if one.points <= points}
        self.claims = [(tier, None) for tier in reached] + [
            (tier, until or self.last_day(terms, now)) for tier, until in self.claims if tier not in reached
        ]
        self.claims = [(tier, until) for tier, until in self.claims if until is None or until > now]
        heights = {one.tier: one.points for one in terms.tiers}
        mine = [tier for tier, _ in self.claims]
        mine.sort(key=lambda tier: (heights.get(tier, 0), tier == self.tier, tier))
        self.tier = mine[-1] if mine else None
        ends = [until for tier, until in self.claims if tier == self.tier]
        self.falls_at = None if None in ends else max((one for one in ends if one), default=None)

    def last_day(self, terms: Terms, now: datetime) -> datetime:
        """So many whole days after a level is lost: whatever is left of the first day comes on top."""
        days = terms.policy(TierPeriod).grace_days if terms.has(TierPeriod) else 0
        midnights = (day_start(now.date() + n * DAY, zone_name=terms.zone) for n in range(-2, days + 4))
        return [one for one in midnights if one >= now][days] if days else now
