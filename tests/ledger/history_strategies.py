"""Random events of a wallet into which other wallets may be merged. Small numbers, so that everything collides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

from hypothesis import strategies as st

from app.domain.calendar import day_start, local_date
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import Lot, last_day_of_validity
from app.domain.purchases.facts import Payment, PaymentKind
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import (
    ExchangeRecorded,
    ExpiryNoticeDelivered,
    HoldPlaced,
    PointsAdjusted,
    PurchaseRecorded,
    RedemptionReversed,
    RefundRecorded,
    RewardRedeemed,
    TransferReceived,
    TransferSent,
)
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from tests.builders import a_line, a_purchase
from tests.ledger.terms_strategies import LONDON, LUNCH, SPECIAL_VERSIONS, START, VERSIONS

AUCKLAND = "Pacific/Auckland"
ANN, BOB, CARL = "ann", "bob", "carl"
KINDS = ("purchase", "purchase", "purchase", "refund", "refund", "exchange", "redemption", "redemption", "reversal", "hold", "capture", "expiry notice", "expiry notice", "expiry notice", "adjustment", "transfer out", "transfer in")  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventDraft:
    """A random event before it is known what it refers to: `pick` selects a customer, purchase, redemption or lot."""

    kind: str
    day: int
    hour: int
    pick: int
    amount: int

    @property
    def at(self) -> datetime:
        """One of a few hours, so that many events fall on the same instant."""
        return START + timedelta(days=self.day, hours=self.hour)


DAYS = st.integers(0, 30) | st.integers(0, 900) | st.sampled_from([0, 1, 40, 355, 356, 400, 720])
EVENT_DRAFTS = st.builds(
    EventDraft, st.sampled_from(KINDS), DAYS, st.sampled_from([0, 4, 15]), st.integers(0, 999), st.integers(1, 12)
)


@dataclass(frozen=True, slots=True)
class MergePlan:
    """When Bob's wallet is merged into Ann's, and Carl's into Bob's before; with `merged` they become one customer, else
    a household."""

    bob: int | None
    carl: int | None
    merged: bool

    def history(self) -> EventHistory:
        """The history of the merges alone."""
        own = EventHistory(ANN, {ANN: START - timedelta(days=10)}, ())
        if self.bob is None:
            return own
        bob = EventHistory(BOB, {BOB: START - timedelta(days=20)}, ())
        if self.carl is not None and self.carl < self.bob:
            carl = EventHistory(CARL, {CARL: START - timedelta(days=5)}, ())
            survivor = BOB if self.merged else None
            bob = replace(bob, events=(WalletMerged(stable_id("carl"), _day(self.carl), carl, survivor),))
        survivor = ANN if self.merged else None
        return replace(own, events=(WalletMerged(stable_id("bob"), _day(self.bob), bob, survivor),))


MERGE_PLANS = st.builds(MergePlan, st.none() | st.none() | DAYS, st.none() | DAYS, st.booleans())


def _day(day: int) -> datetime:
    return START + timedelta(days=day)


def stable_id(of: object) -> str:
    """An id that depends only on its argument, so that ids do not grow with time."""
    return str(uuid5(NAMESPACE_OID, str(of)))


@dataclass(slots=True)
class HistoryBuilder:
    """Makes events that a server would accept, and keeps track of what can be refunded or reversed."""

    versions: Sequence[Terms]
    base: EventHistory
    """The merges alone: which customers the wallet has, and from when."""
    events: list[tuple[Event, str]] = field(default_factory=list)
    """Each with the id of its customer."""
    remaining_quantities: dict[str, dict[int, Decimal]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The policies, merges and events in short, for a failing example."""
        policies = [clause.effect for terms in self.versions for clause in terms.clauses]
        joins = [
            (event.at, sorted(event.history.customer_ids()), event.survivor)
            for event in self.base.events
            if isinstance(event, WalletMerged)
        ]
        return "\n".join(map(repr, (*policies, *joins, *((_summary(event), who) for event, who in self.events))))

    def add(self, draft: EventDraft) -> bool:
        """Adds the event if what it refers to exists; whether it was added."""
        customers = sorted(self.base.customer_ids())
        event = self._event(draft, who=customers[draft.pick % len(customers)])
        if event is not None:
            self.events.append(event)
        return event is not None

    @property
    def history(self) -> EventHistory:
        """The history of all events."""
        return self.history_of(self.events)

    def history_of(self, events: Sequence[tuple[Event, str]], *, until: datetime | None = None) -> EventHistory:
        """The history of some events, without those whose subject is unknown and without holds that were captured."""
        known = {event.id for event, _ in events if isinstance(event, PurchaseRecorded | RewardRedeemed)}
        handed_out = {event.purchase.id: event for event, _ in events if isinstance(event, ExchangeRecorded)}
        # What was handed out in an exchange is known once that is, and what came back for it.
        while more := {id for id, event in handed_out.items() if event.purchase_id in known} - known:
            known |= more
        history = self.base
        if until is not None:
            history = replace(history, events=tuple(event for event in history.events if event.at <= until))
        for event, who in events:
            waits = isinstance(event, RefundRecorded | ExchangeRecorded) and event.purchase_id not in known
            waits = waits or (isinstance(event, RedemptionReversed) and event.redemption_id not in known)
            captured = isinstance(event, HoldPlaced) and event.id in known
            if not waits and not captured and (until is None or event.at <= until) and who in history.customer_ids():
                history = history.with_event(event, customer_id=who)
        return history

    def events_of(self, *kinds: type) -> list[tuple[Event, str]]:
        """The events of some kinds."""
        return [event for event in self.events if isinstance(event[0], kinds)]

    def in_force(self, at: datetime) -> Terms:
        """The terms in force at a moment."""
        return [version for version in self.versions if version.effective_from <= at][-1]

    def lot_ids(self) -> list[str]:
        """The ids of the lots that the events may have opened."""
        own = [event.id for event, _ in self.events_of(PurchaseRecorded, PointsAdjusted)]
        return own + [
            lot.id
            for event, _ in self.events_of(TransferReceived)
            if isinstance(event, TransferReceived)
            for lot in event.lots
        ]

    def _event(self, draft: EventDraft, *, who: str) -> tuple[Event, str] | None:
        id, at, terms = stable_id(len(self.events)), draft.at, self.in_force(draft.at)
        match draft.kind:
            case "purchase":
                return self._purchase(draft, id=id, who=who), who
            case "refund" | "exchange":
                return self._refund(draft, id=id) if draft.kind == "refund" else self._exchange(draft, id=id)
            case "redemption":
                return RewardRedeemed(id, who, a_purchase(at=at), terms, *_cost(draft, terms=terms)), who
            case "reversal":
                return self._reversal(draft, id=id)
            case "hold":
                until = at + timedelta(hours=draft.pick % 5 + 1, days=draft.pick % 50)
                ended = at + timedelta(hours=draft.pick % 7 + 1) if draft.pick % 3 == 0 else None
                points, reward = _cost(draft, terms=terms)
                return HoldPlaced(id, at, points, until, ended, terms, reward), who
            case "capture":
                redeemed_ids = {event.id for event, _ in self.events_of(RewardRedeemed)}
                open_holds = [
                    (f, w)
                    for f, w in self.events_of(HoldPlaced)
                    if isinstance(f, HoldPlaced) and not f.ended_at and f.id not in redeemed_ids
                ]
                if not open_holds:
                    return None
                held, holder = open_holds[draft.pick % len(open_holds)]
                terms = self.in_force(held.at)
                return RewardRedeemed(held.id, holder, a_purchase(at=held.at), terms, held.points, held.reward), holder
            case "adjustment":
                unit = Unit.STAMPS if draft.pick % 4 == 2 and Unit.STAMPS in terms.units else Unit.POINTS
                return PointsAdjusted(id, at, draft.amount if draft.pick % 3 else -draft.amount, terms, unit), who
            case "expiry notice":
                return self._expiry_notice(draft, id=id), who
            case "transfer out":
                known = self.lot_ids()
                draws = {known[(draft.pick + n) % len(known)]: draft.amount + n for n in range(2)} if known else {}
                return TransferSent(id, at, draws), who
            case "transfer in":
                return TransferReceived(id, at, (self._lot(draft, id=id),)), who
        raise AssertionError(draft.kind)

    def _purchase(self, draft: EventDraft, *, id: str, who: str) -> PurchaseRecorded:
        lines = (a_line(1, price=f"{draft.amount * 5}.00", quantity="3"), a_line(2, price="4.00", quantity="3"))
        facts = a_purchase(*lines, at=draft.at, zone=AUCKLAND if draft.pick % 4 == 3 else LONDON)
        if draft.pick % 3 == 0 and draft.amount > 1:
            facts = replace(facts, payments=self._points_payment())
        self.remaining_quantities[id] = {1: Decimal(3), 2: Decimal(3)}
        return PurchaseRecorded(id, who, f"r{draft.pick % 5}", facts, self.in_force(draft.at))

    def _points_payment(self) -> tuple[Payment, ...]:
        """A payment of £10 with the latest redemption that has not paid for anything yet."""
        used = {payment.redemption_id for bought, _ in self.purchases() for payment in bought.facts.payments}
        free = [event.id for event, _ in self.events_of(RewardRedeemed) if event.id not in used]
        return tuple(Payment(PaymentKind.POINTS, 1000, id) for id in free[-1:])

    def _refund(self, draft: EventDraft, *, id: str) -> tuple[Event, str] | None:
        purchases = [value for value in self.purchases() if any(self.remaining_quantities[value[0].id].values())]
        if not purchases:
            return None
        purchase, who = purchases[draft.pick % len(purchases)]
        left = self.remaining_quantities[purchase.id]
        parts = (
            left
            if draft.amount > 6
            else {number: min(Decimal(draft.amount // number), n) for number, n in left.items()}
        )
        lines = {number: n for number, n in parts.items() if n}
        for number, n in lines.items():
            left[number] -= n
        amounts = {1: draft.amount * 300} if draft.pick % 4 == 1 else {}
        return RefundRecorded(id, purchase.id, max(purchase.at, draft.at), lines, f"b{draft.pick % 3}", amounts), who

    def purchases(self) -> list[tuple[PurchaseRecorded, str]]:
        """The purchases, including those of exchanges, each with its customer."""
        sold = [(event, who) for event, who in self.events if isinstance(event, PurchaseRecorded)]
        return sold + [(event.purchase, who) for event, who in self.events if isinstance(event, ExchangeRecorded)]

    def _exchange(self, draft: EventDraft, *, id: str) -> tuple[Event, str] | None:
        """An exchange of goods of a purchase for others of the same, a lower or a higher price."""
        returned = self._refund(draft, id=id)
        if returned is None or not isinstance(returned[0], RefundRecorded) or not returned[0].quantities:
            return None
        back, who = returned
        assert isinstance(back, RefundRecorded)
        purchase = next(purchase for purchase, _ in self.purchases() if purchase.id == back.purchase_id)
        prices = {line.number: line.unit_price for line in purchase.facts.lines}
        value = sum(int(n * prices[number]) for number, n in back.quantities.items())
        even = draft.pick % 3 == 0 and not value % 300
        price = f"{value // 300}.00" if even else f"{draft.amount * 4}.00"
        facts = a_purchase(a_line(1, price=price, quantity="3"), at=back.at, zone=LONDON)
        if draft.pick % 5 == 2 and facts.total().minor > 1000:
            facts = replace(facts, payments=self._points_payment())
        new = stable_id(f"{id} new")
        self.remaining_quantities[new] = {1: Decimal(3)}
        bought = PurchaseRecorded(new, who, f"x{draft.pick % 5}", facts, self.in_force(back.at))
        return ExchangeRecorded(
            id, back.purchase_id, back.at, back.quantities, bought, back.tie_breaker, back.amounts
        ), who

    def _reversal(self, draft: EventDraft, *, id: str) -> tuple[Event, str] | None:
        reversed_ids = {
            event.redemption_id
            for event, _ in self.events_of(RedemptionReversed)
            if isinstance(event, RedemptionReversed)
        }
        redemptions = [value for value in self.events_of(RewardRedeemed) if value[0].id not in reversed_ids]
        if not redemptions:
            return None
        redeemed, who = redemptions[draft.pick % len(redemptions)]
        at = max(redeemed.at, draft.at)
        day = local_date(at, zone_name=LONDON) + timedelta(days=15)
        return RedemptionReversed(
            id, redeemed.id, at, day_start(day, zone_name=LONDON) if draft.amount % 2 else None
        ), who

    def _expiry_notice(self, draft: EventDraft, *, id: str) -> ExpiryNoticeDelivered:
        """A notice about some lots; usually around the last day on which it is in time, through a channel that counts."""
        known = self.lot_ids()
        lots = frozenset(text for index, text in enumerate(known) if (draft.pick >> index % 4) % 2)
        earned = [
            event
            for event, _ in self.events_of(PurchaseRecorded, PointsAdjusted)
            if isinstance(event, PurchaseRecorded | PointsAdjusted)
        ]
        if not earned or draft.pick % 5 == 0:
            return ExpiryNoticeDelivered(id, draft.at, lots, tuple(NoticeChannel)[draft.amount % 3])
        event = earned[draft.pick % len(earned)]
        rule, waits = (
            event.terms.validity,
            isinstance(event, PurchaseRecorded) and PendingPeriod in event.terms.policy_clauses,
        )
        since = event.at + timedelta(days=event.terms.policy_effect(PendingPeriod).days + 1 if waits else 0)
        last = last_day_of_validity(
            since=since, zone_name=LONDON, months=rule.months, days=rule.days, ends_with=rule.until
        ) or local_date(draft.at, zone_name=LONDON)
        day = last - timedelta(days=rule.notice_until + draft.amount - 3)
        at = max(event.at, day_start(day, zone_name=LONDON) + timedelta(hours=draft.hour))
        return ExpiryNoticeDelivered(id, at, lots | {event.id}, min(rule.notice_by))

    def _lot(self, draft: EventDraft, *, id: str) -> Lot:
        """A received lot: earned elsewhere in the program some days before, perhaps pending."""
        terms = self.in_force(draft.at)
        rule = terms.validity
        earned_at = draft.at - timedelta(days=draft.pick % 30)
        available_from = earned_at + timedelta(days=draft.pick % 40 if PendingPeriod in terms.policy_clauses else 0)
        last = last_day_of_validity(
            since=available_from, zone_name=LONDON, months=rule.months, days=rule.days, ends_with=rule.until
        )
        lot = Lot(stable_id(id), draft.amount, draft.amount, earned_at, available_from, last)
        return lot._replace(terms_version=terms.version, zone=LONDON)


def _cost(draft: EventDraft, *, terms: Terms) -> tuple[int, str]:
    """The points and the reward of a redemption: a reward without a price for points or, where the terms have a lunch,
    that for stamps."""
    if draft.pick % 3 == 1 and terms.clause_of_reward(LUNCH) is not None:
        return draft.amount % 4 + 1, LUNCH
    return draft.amount * 2, ""


def _summary(event: Event) -> Event | tuple[object, ...]:
    if isinstance(event, PurchaseRecorded):
        return ("Bought", event.id, event.at, event.terms.version, event.facts.zone, event.facts.lines[0].unit_price)
    if isinstance(event, ExchangeRecorded):
        new = event.purchase
        return (
            "Exchanged",
            event.id,
            event.purchase_id,
            event.at,
            dict(event.quantities),
            new.id,
            new.facts.payments,
            new.facts.lines[0].unit_price,
        )
    if isinstance(event, RewardRedeemed):
        return ("Redeemed", event.id, event.at, event.points, event.unit)
    if isinstance(event, HoldPlaced):
        return ("Held", event.id, event.at, event.points, event.unit, event.expires_at, event.ended_at)
    return ("Adjusted", event.id, event.at, event.points, event.unit) if isinstance(event, PointsAdjusted) else event


def build_history(versions: Sequence[Terms], plan: MergePlan, drafts: Sequence[EventDraft]) -> HistoryBuilder:
    """A history of all drafts that found a subject."""
    builder = HistoryBuilder(versions, plan.history())
    for draft in drafts:
        builder.add(draft)
    return builder


HISTORIES_WITH_MANY_RETURNS = st.builds(
    build_history,
    SPECIAL_VERSIONS,
    MERGE_PLANS,
    st.lists(
        st.builds(
            EventDraft,
            st.sampled_from(("purchase", "refund", "refund", "refund", "exchange", "redemption", "expiry notice")),
            st.integers(0, 30) | st.sampled_from([0, 400]),
            st.sampled_from([0, 4, 15]),
            st.integers(0, 999),
            st.integers(1, 12),
        ),
        min_size=6,
        max_size=14,
    ),
)
"""A few purchases of which much comes back, little by little, or is exchanged."""

HISTORIES = st.builds(
    build_history,
    VERSIONS,
    MERGE_PLANS,
    st.lists(EVENT_DRAFTS, min_size=1, max_size=4) | st.lists(EVENT_DRAFTS, min_size=8, max_size=16),
)
