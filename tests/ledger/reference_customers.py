"""The reference's customers: their purchases and tiers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from app.domain.calendar import Period, add_months, day_start, local_date, period_start
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Decision, ReasonCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.version import Terms
from tests.ledger.reference_goods import Goods, kept_purchase
from tests.ledger.reference_lots import DAY, Point


@dataclass(slots=True)
class Purchase:
    """A purchase: what it earned, the goods that count in it, what was clawed back so far, and its current points
    towards a tier."""

    id: str
    facts: PurchaseFacts
    terms: Terms
    decision: Decision
    goods: list[Goods]
    base: int
    lot: str = ""
    """The id of the lot that it brought."""
    clawback_due: int = 0
    shortfall: int = 0
    expired: list[Point] = field(default_factory=list)
    """Points of its lot that expired unspent and count as taken."""
    refunds: list[str] = field(default_factory=list)
    restored_payments: dict[str, int] = field(default_factory=dict)
    stamp_clawback_due: int = 0
    current_decision: Decision = field(init=False)
    """What is kept of it would earn this."""
    day: date = field(init=False)

    def __post_init__(self) -> None:
        self.day = local_date(self.facts.occurred_at, zone_name=self.terms.zone)
        self.current_decision = self.decision

    def kept(self) -> PurchaseFacts:
        return kept_purchase(self.id, self.facts, self.goods)

    def counted_lines(self) -> tuple[Line, ...]:
        """The kept lines that count as spent; none of what was paid on top in an exchange."""
        counted = self.terms.eligible_part(self.kept())
        return () if counted.amount_only else counted.lines

    def counted_uses(self, key: str) -> int:
        """How often a clause counts as applied: awards that the kept goods still give, and those not clawed back."""
        first = self._awards(self.decision)
        if key not in first:
            return 0
        there = {"points": self.decision.points, "stamps": self.decision.stamps}
        back = {"points": self.clawback_due - self.shortfall, "stamps": self.stamp_clawback_due}
        for clause in self.terms.clauses:
            if clause.key not in first or clause.key not in self.terms.required_facts.clauses_with_stored_uses:
                continue
            unit, amount, times = first[clause.key]
            amount = min(amount, there[unit])
            _, gives, times_still = self._awards(self.current_decision).get(clause.key, (unit, 0, 0))
            taken = min(max(0, amount - gives), back[unit])
            there[unit] -= amount
            back[unit] -= taken
            if clause.key == key:
                lost = times * taken // amount if amount else times
                return max(times - lost, times_still)
        raise AssertionError(key)

    def budget_usage(self) -> dict[str, int]:
        """The points of each budget that are held: each clawed-back point reduces the first clause that gives less now."""
        held, still = dict(self.decision.budget_usage), dict(self.current_decision.budget_usage)
        for _ in range(self.clawback_due - self.shortfall):
            for clause in self.terms.clauses:
                if held.get(clause.key, 0) > still.get(clause.key, 0):
                    held[clause.key] -= 1
                    break
        return held

    def _awards(self, decision: Decision) -> dict[str, tuple[str, int, int]]:
        """Unit, amount and number of awards of each clause that gave something."""
        codes = {ReasonCode.POINTS_EARNED: "points", ReasonCode.STAMPS_EARNED: "stamps"}
        gave = {
            reason.clause_key: (codes[reason.finding.code], int(str(reason.finding.observed)))
            for reason in decision.reasons
            if reason.condition is None and reason.finding.code in codes
        }
        return {key: (*award, self._award_count(key, award[1])) for key, award in gave.items()}

    def _award_count(self, key: str, amount: int) -> int:
        """How many awards an amount is: a clause on every nth item with a fixed award gives it for each such item."""
        clause = self.terms.clause_by_key[key]
        if not clause.counts_items:
            return 1
        effect = clause.effect
        return amount // (effect.points if isinstance(effect, BonusPoints) else getattr(effect, "stamps", amount))


@dataclass(slots=True)
class Customer:
    """A wallet holder: purchases, including those of merged customers, and the tier held, with the moment at which its
    grace ends."""

    enrolled_at: datetime
    purchases: list[Purchase] = field(default_factory=list)
    tier: str | None = None
    grace_ends_at: datetime | None = None
    tier_claims: list[tuple[str, datetime | None]] = field(default_factory=list)
    """Every tier that may be held, and to when; None as long as the points are there."""

    def qualifying(self, terms: Terms, today: date, *, last_year: bool = False) -> int:
        window = (
            terms.policy_effect(TierPeriod).period if TierPeriod in terms.policy_clauses else TierWindow.SINCE_JOINING
        )

        def counts(purchase: Purchase) -> bool:
            if window is TierWindow.CALENDAR_YEAR:
                return purchase.day.year == today.year - last_year
            return window is TierWindow.SINCE_JOINING or today < add_months(purchase.day, months=12)

        return sum(purchase.base for purchase in self.purchases if counts(purchase))

    def with_rule_facts(self, facts: PurchaseFacts, terms: Terms) -> PurchaseFacts:
        """The purchase together with what was known of the customer before it."""

        def since(period: Period) -> list[Purchase]:
            zone = facts.zone if period is Period.DAY else terms.zone
            start = period_start(facts.occurred_at, zone_name=zone, period=period)
            return [purchase for purchase in self.purchases if start is None or purchase.facts.occurred_at >= start]

        required = terms.required_facts
        uses = {
            key: sum(purchase.counted_uses(key) for purchase in since(per))
            for key, per in required.limit_periods.items()
        }
        total_uses = {
            key: sum(purchase.counted_uses(key) for purchase in self.purchases) for key in required.total_use_clauses
        }
        items = {key: sum(self._items(purchase, key) for purchase in self.purchases) for key in required.item_clauses}
        rule_facts = RuleFacts(
            enrolled_at=self.enrolled_at,
            visits=sum(bool(purchase.counted_lines()) for purchase in self.purchases),
            uses=tuple(sorted(uses.items())),
            total_uses=tuple(sorted(total_uses.items())),
            items=tuple(sorted(items.items())),
            earned_by_period=tuple(
                (
                    period,
                    sum(
                        purchase.decision.points - purchase.clawback_due + purchase.shortfall
                        for purchase in since(period)
                    ),
                )
                for period in required.cap_periods
            ),
            tier=self.tier,
            common_budgets_left=facts.rule_facts.common_budgets_left,
            own_budget_shares=facts.rule_facts.own_budget_shares,
            common_budget_usage=facts.rule_facts.common_budget_usage,
            qualifying_points=self.qualifying(terms, local_date(facts.occurred_at, zone_name=terms.zone)),
        )
        return replace(facts, rule_facts=rule_facts)

    def _items(self, purchase: Purchase, key: str) -> int:
        """The items of the kept goods that a clause counts, by the terms of that purchase."""
        if key not in purchase.terms.required_facts.item_clauses:
            return 0
        selecting = purchase.terms.clause_by_key[key].selectors
        lines = [line for line in purchase.counted_lines() if all(value.selects(line) for value in selecting)]
        return sum(int(line.remaining_quantity()) for line in lines)

    def reevaluate_tier(self, terms: Terms, now: datetime) -> int:
        """Moves up at once; moves down when the days of grace are over, to the highest tier that is still held. Returns
        the qualifying points."""
        today = local_date(now, zone_name=terms.zone)
        points = self.qualifying(terms, today)
        if TierPeriod in terms.policy_clauses and terms.policy_effect(TierPeriod).period is TierWindow.CALENDAR_YEAR:
            points = max(points, self.qualifying(terms, today, last_year=True))
        reached = {tier.tier for tier in terms.tiers if tier.points <= points}
        self.tier_claims = [(tier, None) for tier in reached] + [
            (tier, until or self._end_of_grace(terms, now)) for tier, until in self.tier_claims if tier not in reached
        ]
        self.tier_claims = [(tier, until) for tier, until in self.tier_claims if until is None or until > now]
        heights = {tier.tier: tier.points for tier in terms.tiers}
        mine = [tier for tier, _ in self.tier_claims]
        mine.sort(key=lambda tier: (heights.get(tier, 0), tier == self.tier, tier))
        self.tier = mine[-1] if mine else None
        ends = [until for tier, until in self.tier_claims if tier == self.tier]
        self.grace_ends_at = None if None in ends else max((end for end in ends if end), default=None)
        return points

    def _end_of_grace(self, terms: Terms, now: datetime) -> datetime:
        """The end of the days of grace: whole days after the loss of a tier, with the rest of the first day on top."""
        days = terms.policy_effect(TierPeriod).grace_days if TierPeriod in terms.policy_clauses else 0
        midnights = (day_start(now.date() + n * DAY, zone_name=terms.zone) for n in range(-2, days + 4))
        return [midnight for midnight in midnights if midnight >= now][days] if days else now
