"""The sentences expected about a wallet's history: their figures, worked out from the reference's changes and the terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from app.domain.calendar import Period, add_months, day_start, local_date
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.text import TextFormat, render
from app.domain.terms.version import Terms
from tests.ledger.reference import ReferenceWallet
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
from tests.ledger.reference_customers import Customer
from tests.ledger.reference_lots import FREE
from tests.sentence_reader import Figure, day_and_time

PENNIES = 100


class ExpectedSentence(NamedTuple):
    """The figures of a sentence and of the remedies that follow it."""

    clause: str
    figures: tuple[Figure, ...] = ()
    remedies: tuple[tuple[Figure, ...], ...] = ()


Condition: TypeAlias = tuple[tuple[Figure, ...], tuple[tuple[Figure, ...], ...], bool]
"""The figures of a condition, those of what would help, and whether it holds."""


class ReceiptSentences(NamedTuple):
    """The sentences about a purchase, and what it earns; `limits` are those about caps."""

    sentences: list[ExpectedSentence]
    points: int
    stamps: int
    limits: list[ExpectedSentence]


class ExpectedExplanation(NamedTuple):
    """The sentences about an entry, its day, and the figures of its summary (None: the summary is not checked)."""

    sentences: list[ExpectedSentence]
    today: date
    summary: list[tuple[Figure, ...]] | None = None


def numbers_of(terms: Terms) -> dict[str, int]:
    """The number of each clause in the printed terms, by its key."""
    phrasebook = phrasebook_in(Locale.EN)
    lines = render(terms, format=TextFormat.PLAIN, phrasebook=phrasebook).splitlines()
    found = {text: int(number) for number, _, text in (line.partition(". ") for line in lines) if number.isdigit()}
    return {clause.key: found[clause.statement(phrasebook)] for clause in terms.printed_clauses}


def money(minor: int) -> Figure:
    """An amount in pounds."""
    return Decimal(minor) / PENNIES if minor % PENNIES else minor // PENNIES


def _half_up(exact: Fraction) -> int:
    return (exact + Fraction(1, 2)).__floor__()


@dataclass(frozen=True, slots=True)
class ReceiptReading:
    """A purchase, or the kept part of one, under the clauses of the tests' terms, without help from the engine."""

    facts: PurchaseFacts
    terms: Terms

    @property
    def amount(self) -> Fraction:
        """The eligible amount in pennies: the price less what was paid with points."""
        whole = sum((Fraction(line.amount_due()) for line in self.facts.lines), Fraction(0))
        return max(Fraction(0), whole - Fraction(self.facts.paid_with_points()))

    @property
    def items(self) -> int:
        """Whole items, if any money was paid for the purchase."""
        return (
            sum(int(line.remaining_quantity()) for line in self.facts.lines if line.amount_due()) if self.amount else 0
        )

    def sentences(self) -> ReceiptSentences:
        """Every sentence, of earning clauses, bonuses, caps and stamps; and the points and stamps earned."""
        numbers = numbers_of(self.terms)
        by_kind: dict[type, list[Clause]] = {kind: [] for kind in (PointsPerAmount, BonusPoints, Stamps, PointsCap)}
        for clause in self.terms.clauses:
            by_kind.get(type(clause.effect), []).append(clause)
        found, total = self._earning_clauses(by_kind[PointsPerAmount], numbers)
        for clause in by_kind[BonusPoints]:
            sentences, points = self._bonus(clause, numbers)
            found += sentences
            total += points
        limits = [said for clause in by_kind[PointsCap] for said in self._capped(clause, total)]
        points = min([total, *(self._room(clause) for clause in by_kind[PointsCap])])
        stamps = sum(map(self.stamps_of, by_kind[Stamps]))
        found += limits
        for clause in by_kind[Stamps]:
            found += self._stamped(clause, numbers)
        return ReceiptSentences(found, points, stamps, limits)

    def _bonus(self, clause: Clause, numbers: Mapping[str, int]) -> tuple[list[ExpectedSentence], int]:
        """A bonus and its points; nothing for what is paid on top in an exchange."""
        if self.facts.amount_only:
            return [ExpectedSentence(clause.key)], 0
        found, fits = self._conditions(clause)
        if not fits:
            return found, 0
        assert isinstance(clause.effect, BonusPoints)
        points = clause.effect.points * self._times(clause) if self.amount else 0
        number = numbers[clause.key]
        return [*found, ExpectedSentence(clause.key, (points, number) if points else (number,))], points

    def _earning_clauses(
        self, clauses: Sequence[Clause], numbers: Mapping[str, int]
    ) -> tuple[list[ExpectedSentence], int]:
        """The first clause whose conditions hold counts."""
        found: list[ExpectedSentence] = []
        winner: Clause | None = None
        total = 0
        for clause in clauses:
            sentences, fits = self._conditions(clause)
            found += sentences
            if not fits:
                continue
            effect = clause.effect
            assert isinstance(effect, PointsPerAmount)
            points = _half_up(self.amount * effect.points / effect.per.minor)
            number = numbers[clause.key]
            if not points:
                found.append(ExpectedSentence(clause.key, (number,)))
            elif winner is None:
                found.append(ExpectedSentence(clause.key, (points, number)))
                total = points
            else:
                found.append(ExpectedSentence(clause.key, (number, points, numbers[winner.key])))
            winner = winner or clause
        return found, total

    def _conditions(self, clause: Clause) -> tuple[list[ExpectedSentence], bool]:
        found, fits = [], True
        for condition in clause.conditions:
            figures, ways, met = self._condition(clause.key, condition)
            found.append(ExpectedSentence(clause.key, figures, ways))
            fits = fits and met
        return found, fits

    def _condition(self, key: str, condition: object) -> Condition:
        """The figures of a condition, its remedies, and whether it holds."""
        match condition:
            case MinimumSpend():
                asked = condition.amount.minor
                if self.amount >= asked:
                    return (money(asked),), (), True
                short = (asked - self.amount).__ceil__()
                return (money(int(self.amount)), money(asked)), ((money(short),),), False
            case TimesPerPeriod():
                if dict(self.facts.rule_facts.uses).get(key, 0) < condition.times:
                    return (condition.times,), (), True
                return (condition.times,), (self._from(self._next(condition.period)),), False
            case TierAtLeast():
                return self._tier_condition(condition)
        return self._occasion(key, condition)

    def _tier_condition(self, condition: TierAtLeast) -> Condition:
        tiers = {
            clause.effect.tier: clause.effect.points for clause in self.terms.clauses if isinstance(clause.effect, Tier)
        }
        asked, has, held = tiers[condition.tier], self.facts.rule_facts.qualifying_points, self.facts.rule_facts.tier
        if has >= asked or tiers.get(held or "", 0) >= asked:
            return (), (), True
        return (asked, has), ((asked - has,),), False

    def _occasion(self, key: str, condition: object) -> Condition:
        """A first purchase, an nth visit or item: it holds while fewer awards are held than there were such occasions."""
        rule_facts = self.facts.rule_facts
        total_uses = dict(rule_facts.total_uses).get(key, 0)
        match condition:
            case FirstPurchase() if rule_facts.visits:
                return (rule_facts.visits + 1,), ((),), False
            case FirstPurchase():
                return (), ((),) if total_uses else (), not total_uses
            case EveryNthVisit():
                now, nth = rule_facts.visits + 1, condition.nth
                met = now % nth == 0 and total_uses < now // nth
            case EveryNthItem():
                now, nth = dict(rule_facts.items).get(key, 0) + self.items, condition.nth
                met = self._items(key, nth) > 0
            case _:
                raise AssertionError(condition)
        if met:
            return (nth,), (), True
        then = next(k for k in range(now + 1, now + 10_000) if k % nth == 0 and total_uses < k // nth)
        return (now, then), ((then - now,),), False

    def _items(self, key: str, nth: int) -> int:
        """How many items of this purchase are an nth one for which no award is held yet."""
        rule_facts = self.facts.rule_facts
        before, total_uses, given = dict(rule_facts.items).get(key, 0), dict(rule_facts.total_uses).get(key, 0), 0
        for place in range(before + 1, before + self.items + 1):
            if place % nth == 0 and total_uses + given < place // nth:
                given += 1
        return given

    def _times(self, clause: Clause) -> int:
        nth = [condition.nth for condition in clause.conditions if isinstance(condition, EveryNthItem)]
        return self._items(clause.key, nth[0]) if nth else 1

    def _next(self, period: Period) -> datetime:
        """The beginning of the next day in the zone of the location, or of the next month or year in that of the
        program."""
        zone = self.facts.zone if period is Period.DAY else self.terms.zone
        today = self.facts.occurred_at.astimezone(ZoneInfo(zone)).date()
        first = {
            Period.DAY: lambda: date.fromordinal(today.toordinal() + 1),
            Period.MONTH: lambda: add_months(today.replace(day=1), months=1),
            Period.YEAR: lambda: date(today.year + 1, 1, 1),
        }[period]()
        return day_start(first, zone_name=zone)

    def _room(self, clause: Clause) -> int:
        """What a cap allows for this purchase."""
        cap = clause.effect
        assert isinstance(cap, PointsCap)
        if cap.scope is CapScope.PURCHASE:
            return cap.points
        return max(0, cap.points - dict(self.facts.rule_facts.earned_by_period).get(Period(cap.scope.value), 0))

    def _capped(self, clause: Clause, total: int) -> Iterator[ExpectedSentence]:
        cap, room = clause.effect, self._room(clause)
        assert isinstance(cap, PointsCap)
        if total <= room:
            return
        figures = (cap.points, total) if room == cap.points else ((cap.points, room) if room else (cap.points,))
        again = () if cap.scope is CapScope.PURCHASE else (self._from(self._next(Period(cap.scope.value))),)
        yield ExpectedSentence(clause.key, figures, again)

    def _from(self, at: datetime) -> tuple[Figure, ...]:
        return tuple(day_and_time(at, zone=self.facts.zone))

    def stamps_of(self, clause: Clause) -> int:
        """The stamps of a clause."""
        effect = clause.effect
        assert isinstance(effect, Stamps)
        if self.facts.amount_only or not self._conditions(clause)[1] or not self.amount:
            return 0
        return effect.stamps * (self.items if effect.per is StampOccasion.ITEM else self._times(clause))

    def _stamped(self, clause: Clause, numbers: Mapping[str, int]) -> Iterator[ExpectedSentence]:
        if self.facts.amount_only:
            yield ExpectedSentence(clause.key)
            return
        sentences, fits = self._conditions(clause)
        yield from sentences
        if fits:
            stamps = self.stamps_of(clause)
            yield ExpectedSentence(clause.key, (stamps, numbers[clause.key]) if stamps else (numbers[clause.key],))


def expected_explanation(change: WalletChange) -> ExpectedExplanation:
    """The sentences expected about a change that the reference recorded."""
    match change:
        case PurchaseEarned():
            return _purchase_explanation(change)
        case PointsClawedBack():
            return ExpectedExplanation(
                [*_refund_sentences(change), *ReceiptReading(change.kept, change.terms).sentences().sentences],
                _day(change.at, change.kept.zone),
            )
        case PaymentRestored():
            clause = change.terms.policy_clauses[RefundPolicy].key
            return ExpectedExplanation(
                [ExpectedSentence(clause, (change.amount,))], _day(change.at, change.terms.zone), [(change.amount,)]
            )
        case RedemptionUndone():
            return _cancellation_explanation(change)
        case PointsActivated():
            clause, paid = change.terms.policy_clauses[PendingPeriod].key, change.points - change.activated
            figures = (change.activated, change.points) if paid and change.activated else (change.points,)
            return ExpectedExplanation([ExpectedSentence(clause, figures)], _day(change.at, change.zone), [figures])
        case PointsExpired():
            clause, gone = change.terms.policy_clauses[PointsValidity].key, (change.points, change.last_day)
            return ExpectedExplanation([ExpectedSentence(clause, gone)], _day(change.at, change.zone), [gone])
        case PointsMoved():
            return ExpectedExplanation([], _day(change.at, "UTC"), [(change.amount,) if change.amount else ()])
        case TierChanged():
            return _tier_explanation(change)


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _purchase_explanation(change: PurchaseEarned) -> ExpectedExplanation:
    reading = ReceiptReading(change.facts.exchange_difference(), change.terms).sentences()
    short = None
    if reading.points or reading.stamps:
        earned = tuple(amount for amount in (reading.points, reading.stamps) if amount)
        limits = [limit.figures for limit in reading.limits] + [
            remedy for limit in reading.limits for remedy in limit.remedies
        ]
        short = [earned, *limits][:3]
    return ExpectedExplanation(reading.sentences, _day(change.at, change.facts.zone), short)


def _refund_sentences(change: PointsClawedBack) -> Iterator[ExpectedSentence]:
    """What the refund policy did with the points, and which clauses take stamps back."""
    clause = change.terms.policy_clauses[RefundPolicy].key
    for amount in (change.restored, change.stamps_restored, change.expired):
        if amount:
            yield ExpectedSentence(clause, (amount,))
    asked = change.due - change.expired
    given_up = change.restored or change.forgiven or change.stamps_restored
    if not (change.expired and not asked) and not (not change.due and (change.stamps or given_up)):
        taken: tuple[Figure, ...] = (change.taken,) if change.taken else ()
        if change.owed:
            taken = (*taken, change.debt)
        elif change.short:
            taken = (*taken, asked)
        yield ExpectedSentence(clause, taken)
    yield from _stamp_sentences(change)


def _stamp_sentences(change: PointsClawedBack) -> Iterator[ExpectedSentence]:
    before, kept = ReceiptReading(change.before, change.terms), ReceiptReading(change.kept, change.terms)
    left, last = change.stamps, ""
    for clause in change.terms.clauses:
        less = before.stamps_of(clause) - kept.stamps_of(clause) if isinstance(clause.effect, Stamps) else 0
        if left and less > 0:
            yield ExpectedSentence(clause.key, (min(left, less),))
            left, last = left - min(left, less), clause.key
    assert not left, f"{left} stamps went back for which no clause says why"
    if change.stamps_owed:
        there = change.stamps - change.stamps_owed
        yield ExpectedSentence(last, (there, change.stamp_debt) if there else (change.stamp_debt,))


def _cancellation_explanation(change: RedemptionUndone) -> ExpectedExplanation:
    price, sentences = change.terms.clause_of_reward(change.reward), []
    if price is not None:
        sentences.append(ExpectedSentence(price.key, (change.amount,)))
    if change.overdue and change.usable_until is not None:
        until = day_and_time(change.usable_until, zone=change.zone, midnight=True)
        sentences.append(ExpectedSentence(change.terms.policy_clauses[PointsValidity].key, (change.overdue, *until)))
    moved: tuple[Figure, ...] = (change.amount,) if change.amount else ()
    short = [value.figures for value in sentences] if sentences else [moved]
    return ExpectedExplanation(sentences, _day(change.at, change.zone), short)


def _tier_explanation(change: TierChanged) -> ExpectedExplanation:
    tiers = {
        clause.effect.tier: (clause.effect.points, clause.key)
        for clause in change.terms.clauses
        if isinstance(clause.effect, Tier)
    }
    heights = {tier: points for tier, (points, _) in tiers.items()}
    up = heights.get(change.after or "", 0) > heights.get(change.before or "", 0)
    about = change.after if up else change.before
    if about not in tiers:
        return ExpectedExplanation([], _day(change.at, change.terms.zone), [()])
    begins, clause = tiers[about]
    if up and change.points < begins:
        # Who was merged brought it along, in its days of grace.
        assert change.grace_ends_at is not None, f"{change} is no reason"
        kept = (change.points, *day_and_time(change.grace_ends_at, zone=change.terms.zone, midnight=True))
        return ExpectedExplanation([ExpectedSentence(clause, kept)], _day(change.at, change.terms.zone), [kept])
    assert (change.points >= begins) is up, f"{change} is no reason"
    return ExpectedExplanation(
        [ExpectedSentence(clause, (change.points, begins))],
        _day(change.at, change.terms.zone),
        [(change.points, begins)],
    )


def price_explanation(wallet: ReferenceWallet, *, terms: Terms, key: str, at: datetime) -> ExpectedExplanation:
    """The sentences expected about a price in points: balance, debt, and whether pending points will pay it, and when."""
    effect = terms.clause_by_key[key].effect
    assert isinstance(effect, RewardCost)
    cost, available, owed = effect.points, wallet.free(pending=False), len(wallet.debts)
    missing = cost + owed - available
    about, figures = (terms.policy_clauses[RefundPolicy].key, (owed, owed + cost)) if owed else (key, (cost, available))
    if missing <= 0 and not owed:
        return ExpectedExplanation([ExpectedSentence(key, figures)], _day(at, terms.zone))
    ends = wallet.expiry_times()
    best: tuple[int, datetime, int] | None = None
    for then in sorted({lot.available_from for lot in wallet.lots if lot.available_from > at and lot.count(FREE)}):
        lots = [lot for lot in wallet.lots if lot.available_from <= then]
        there = sum(lot.count(FREE) for lot in lots if (end := ends[lot.id]) is None or end > then) - owed
        waiting = sum(lot.count(FREE) for lot in lots if lot.available_from > at)
        if best is None or cost - there < best[0]:
            best = cost - there, then, waiting
        if cost <= there:
            break
    if best is None or best[0] >= missing:
        return ExpectedExplanation([ExpectedSentence(about, figures, ((missing,),))], _day(at, terms.zone))
    left, then, waiting = best
    come = tuple(day_and_time(then, zone=terms.zone))
    pending_sentence = ExpectedSentence(_pending_clause(terms, about), (waiting, *come), (come,))
    if left > 0:
        return ExpectedExplanation(
            [ExpectedSentence(about, figures, ((left,),)), pending_sentence], _day(at, terms.zone)
        )
    return ExpectedExplanation(
        [ExpectedSentence(about, figures, (come,)), pending_sentence] if owed else [pending_sentence],
        _day(at, terms.zone),
    )


def _pending_clause(terms: Terms, otherwise: str) -> str:
    return terms.policy_clauses[PendingPeriod].key if PendingPeriod in terms.policy_clauses else otherwise


def kept_tier_figures(customer: Customer, *, terms: Terms, at: datetime) -> tuple[Figure, ...] | None:
    """The figures expected about a tier held in its grace period: the qualifying points, and when it is lost."""
    known = {clause.effect.tier for clause in terms.clauses if isinstance(clause.effect, Tier)}
    if customer.grace_ends_at is None or customer.tier not in known:
        return None
    today = local_date(at, zone_name=terms.zone)
    points = customer.qualifying(terms, today)
    if TierPeriod in terms.policy_clauses and terms.policy_effect(TierPeriod).period is TierWindow.CALENDAR_YEAR:
        points = max(points, customer.qualifying(terms, today, last_year=True))
    return (points, *day_and_time(customer.grace_ends_at, zone=terms.zone, midnight=True))
