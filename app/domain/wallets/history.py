"""A wallet's story: all that is known to have happened to it, those of the wallets that went over into it inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from itertools import groupby
from typing import TypeAlias

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


class SameInstantOrder(IntEnum):
    """What comes first at one instant: another wallet that joins, then earning, spending, and what takes back.

    Whose wallet went over at an instant buys, from that instant on, in the wallet that took it over.
    """

    MERGE = -1
    EARN = 0
    REDEEM = 1
    REFUND = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class WalletMerged:
    """Another wallet with all that it holds went over into this one.

    `survivor` is the customer who goes on for a customer that was merged; None where all holders of the other wallet
    stay who they are.
    """

    id: str
    at: datetime
    history: EventHistory
    survivor: str | None = None


Event: TypeAlias = (
    PurchaseRecorded
    | RefundRecorded
    | ExchangeRecorded
    | RewardRedeemed
    | RedemptionReversed
    | HoldPlaced
    | PointsAdjusted
    | TransferSent
    | TransferReceived
    | ExpiryNoticeDelivered
    | WalletMerged
)


@dataclass(frozen=True, slots=True)
class EventHistory:
    """All facts of an account, in any order; `joined` says when each holder of the wallet enrolled.

    `corrections` say what was known before of receipts that had been recorded wrongly.
    """

    account_id: str
    enrolled_at: Mapping[str, datetime]
    events: tuple[Event, ...]
    corrections: tuple[ReceiptCorrected, ...] = ()

    def with_event(self, event: Event, *, customer_id: str | None = None) -> EventHistory:
        """The story with one more fact: a customer's own before the wallet went over stands in the story of that time."""
        return self.updated_in_owning_wallet(
            lambda history: replace(history, events=(*history.events, event)), at=event.at, customer_id=customer_id
        )

    def with_correction(
        self, correction: ReceiptCorrected, *, now: PurchaseRecorded | None, customer_id: str
    ) -> EventHistory:
        """The story with a receipt of a customer's as it is known now; None where it turned out to be somebody else's."""

        def change(history: EventHistory) -> EventHistory:
            events = _with_purchase(history.events, correction.purchase_id, now)
            return replace(history, events=events, corrections=(*history.corrections, correction))

        return self.updated_in_owning_wallet(change, at=correction.at, customer_id=customer_id)

    def updated_in_owning_wallet(
        self, change: Callable[[EventHistory], EventHistory], *, at: datetime, customer_id: str | None
    ) -> EventHistory:
        """The story changed where a customer's own facts of a moment stand: in that of the wallet they had then."""
        for place, event in enumerate(self.events):
            if isinstance(event, WalletMerged) and at < event.at and customer_id in event.history.customer_ids():
                within = replace(
                    event, history=event.history.updated_in_owning_wallet(change, at=at, customer_id=customer_id)
                )
                return replace(self, events=(*self.events[:place], within, *self.events[place + 1 :]))
        return change(self)

    def account_at(self, at: datetime, *, customer_id: str) -> str:
        """The account of the wallet that a customer had at a moment."""
        for event in self.events:
            if isinstance(event, WalletMerged) and at < event.at and customer_id in event.history.customer_ids():
                return event.history.account_at(at, customer_id=customer_id)
        return self.account_id

    def as_of(self, at: datetime, *, customer_id: str | None = None) -> EventHistory:
        """What had happened up to a moment, to the wallet that a customer had then."""
        for event in self.events:
            if isinstance(event, WalletMerged) and at < event.at and customer_id in event.history.customer_ids():
                return event.history.as_of(at, customer_id=customer_id)
        return replace(self, events=tuple(each_event for each_event in self.events if each_event.at <= at))

    def owning_account(self, id: str) -> str | None:
        """The account whose own fact something is: this one, or one that went over into it; None: of none of them."""
        if any(event.id == id for event in (*self.events, *self.corrections)):
            return self.account_id
        came = (event.history.owning_account(id) for event in self.events if isinstance(event, WalletMerged))
        return next((text for text in came if text is not None), None)

    def as_at(self, id: str) -> EventHistory:
        """The story as it was known when something got an id: ids are in the order of time."""
        known = self.events
        later = (each_correction for each_correction in self.corrections if each_correction.id > id)
        # Whose receipt went to somebody who shares the wallet has two corrections of one id: what it came to goes first.
        for correction in sorted(
            later, key=lambda each_correction: (each_correction.id, each_correction.before is None), reverse=True
        ):
            known = _with_purchase(known, correction.purchase_id, correction.before)
        events = (event for event in known if event.id <= id)
        then = (
            replace(event, history=event.history.as_at(id)) if isinstance(event, WalletMerged) else event
            for event in events
        )
        return replace(self, events=tuple(then))

    def in_valid_time_order(self) -> list[Event]:
        """The facts in business order, with what happened to a wallet that went over only after it had gone.

        A notice that was sent before and delivered after is such a fact.
        """
        return _after_the_events_they_name(sorted((*self.events, *self._events_after_merge()), key=valid_time_key))

    def before_event(self, id: str) -> EventHistory:
        """The story as it was just before one of its facts happened."""
        earlier: set[str] = set()
        for event in self.in_valid_time_order():
            if event.id == id:
                break
            earlier.add(event.id)
        return replace(self, events=tuple(event for event in self.events if event.id in earlier))

    def _events_after_merge(self) -> Iterator[Event]:
        for event in self.events:
            if isinstance(event, WalletMerged):
                yield from (late for late in event.history.in_valid_time_order() if late.at > event.at)

    def customer_ids(self) -> frozenset[str]:
        """Everybody whose facts can stand in it."""
        came = (event.history.customer_ids() for event in self.events if isinstance(event, WalletMerged))
        return frozenset(self.enrolled_at).union(*came)


def _with_purchase(events: tuple[Event, ...], purchase_id: str, now: PurchaseRecorded | None) -> tuple[Event, ...]:
    """Facts with a purchase as it is known now; None where it is somebody else's.

    A purchase that was made in an exchange is always somebody's.
    """
    others: list[Event] = []
    for event in events:
        if isinstance(event, ExchangeRecorded) and event.purchase.id == purchase_id and now is not None:
            others.append(replace(event, purchase=now))
            now = None
        elif event.id != purchase_id:
            others.append(event)
    return (*others, now) if now is not None else tuple(others)


def _after_the_events_they_name(events: list[Event]) -> list[Event]:
    """Facts in business order, of which none comes before another one of its instant that it names.

    A purchase comes after the redemption that paid it, and goods come back after the exchange in which they were handed
    out: as soon as that has happened, and all else of that instant stays where it is.
    """
    ordered: list[Event] = []
    for _, moment in groupby(events, key=lambda event: event.at):
        at_once = list(moment)
        ordered += at_once if len(at_once) == 1 else _each_after_what_it_names(at_once)
    return ordered


def _each_after_what_it_names(at_once: list[Event]) -> Iterator[Event]:
    """The facts of one instant, each as soon as those that it names have happened."""
    to_come = {event.purchase.id if isinstance(event, ExchangeRecorded) else event.id for event in at_once}
    held_back: list[Event] = []
    for event in at_once:
        held_back.append(event)
        # What was held back stands before all that follows, and comes first once nothing that it names is to come.
        while (
            ready := next((each_event for each_event in held_back if to_come.isdisjoint(_names(each_event))), None)
        ) is not None:
            held_back.remove(ready)
            to_come.discard(ready.purchase.id if isinstance(ready, ExchangeRecorded) else ready.id)
            yield ready
    yield from held_back


def _names(event: Event) -> frozenset[str]:
    """The purchases that a fact gives goods back of, and the redemptions that paid for what was bought in it (ids)."""
    match event:
        case PurchaseRecorded():
            return event.facts.redemptions()
        case RefundRecorded():
            return frozenset((event.purchase_id,))
        case ExchangeRecorded():
            return event.purchase.facts.redemptions() | {event.purchase_id}
        case _:
            return frozenset()


_ORDER: Mapping[type, SameInstantOrder] = {
    WalletMerged: SameInstantOrder.MERGE,
    PurchaseRecorded: SameInstantOrder.EARN,
    HoldPlaced: SameInstantOrder.REDEEM,
    RewardRedeemed: SameInstantOrder.REDEEM,
    RefundRecorded: SameInstantOrder.REFUND,
    ExchangeRecorded: SameInstantOrder.REFUND,
}


def valid_time_key(event: Event) -> tuple[datetime, SameInstantOrder, str, str]:
    """Where it stands among all that happened: by time; at one instant join, earn, redeem, refund, the rest; then by receipt."""
    return (event.at, _ORDER.get(type(event), SameInstantOrder.OTHER), getattr(event, "external_id", ""), event.id)
