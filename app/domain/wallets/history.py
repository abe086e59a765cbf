"""The event history of a wallet, with the histories of merged wallets inside it."""

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
    """The order of events at the same instant: merges, then earning, redeeming, refunds, and all others.

    A purchase at the instant of a merge therefore belongs to the surviving wallet.
    """

    MERGE = -1
    EARN = 0
    REDEEM = 1
    REFUND = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class WalletMerged:
    """Another wallet was merged into this one.

    `survivor` is the customer who replaces the merged customer; None if the wallets only became shared and every customer
    of the other wallet remains.
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
    """All events of one wallet in all units, not sorted by time.

    `enrolled_at` says by customer id when each of its customers enrolled. `corrections` hold the earlier versions of
    corrected receipts.
    """

    account_id: str
    enrolled_at: Mapping[str, datetime]
    events: tuple[Event, ...]
    corrections: tuple[ReceiptCorrected, ...] = ()

    def with_event(self, event: Event, *, customer_id: str | None = None) -> EventHistory:
        """The history with one more event; an event of `customer_id` before a merge goes into the merged wallet's history."""
        return self.updated_in_owning_wallet(
            lambda history: replace(history, events=(*history.events, event)), at=event.at, customer_id=customer_id
        )

    def with_correction(
        self, correction: ReceiptCorrected, *, current: PurchaseRecorded | None, customer_id: str
    ) -> EventHistory:
        """The history with a corrected receipt; `current` is None if the purchase belongs to another customer now."""

        def change(history: EventHistory) -> EventHistory:
            events = _with_purchase(history.events, correction.purchase_id, current)
            return replace(history, events=events, corrections=(*history.corrections, correction))

        return self.updated_in_owning_wallet(change, at=correction.at, customer_id=customer_id)

    def updated_in_owning_wallet(
        self, change: Callable[[EventHistory], EventHistory], *, at: datetime, customer_id: str | None
    ) -> EventHistory:
        """The history in which `change` was applied to the wallet that the customer had at an instant, merged or not."""
        for index, event in enumerate(self.events):
            if isinstance(event, WalletMerged) and at < event.at and customer_id in event.history.customer_ids():
                merge = replace(
                    event, history=event.history.updated_in_owning_wallet(change, at=at, customer_id=customer_id)
                )
                return replace(self, events=(*self.events[:index], merge, *self.events[index + 1 :]))
        return change(self)

    def account_id_at(self, at: datetime, *, customer_id: str) -> str:
        """The id of the account that a customer had at an instant."""
        for event in self.events:
            if isinstance(event, WalletMerged) and at < event.at and customer_id in event.history.customer_ids():
                return event.history.account_id_at(at, customer_id=customer_id)
        return self.account_id

    def as_of(self, at: datetime, *, customer_id: str | None = None) -> EventHistory:
        """The events up to an instant (business time), of the wallet that the customer had then."""
        for event in self.events:
            if isinstance(event, WalletMerged) and at < event.at and customer_id in event.history.customer_ids():
                return event.history.as_of(at, customer_id=customer_id)
        return replace(self, events=tuple(event for event in self.events if event.at <= at))

    def account_id_of_event(self, id: str) -> str | None:
        """The id of the account (this one or a merged one) of an event or correction; None if no event has this `id`."""
        if any(event.id == id for event in (*self.events, *self.corrections)):
            return self.account_id
        merged_accounts = (
            event.history.account_id_of_event(id) for event in self.events if isinstance(event, WalletMerged)
        )
        return next((account_id for account_id in merged_accounts if account_id is not None), None)

    def as_known_at(self, id: str) -> EventHistory:
        """The history as it was known when `id` was created (record time); ids increase with time."""
        events_as_known = self.events
        later_corrections = (correction for correction in self.corrections if correction.id > id)
        # A receipt moved between customers of one wallet has two corrections of one id: the new version is undone first.
        for correction in sorted(
            later_corrections, key=lambda correction: (correction.id, correction.earlier_purchase is None), reverse=True
        ):
            events_as_known = _with_purchase(events_as_known, correction.purchase_id, correction.earlier_purchase)
        events = (event for event in events_as_known if event.id <= id)
        with_merged = (
            replace(event, history=event.history.as_known_at(id)) if isinstance(event, WalletMerged) else event
            for event in events
        )
        return replace(self, events=tuple(with_merged))

    def in_business_time_order(self) -> list[Event]:
        """The events by business time, including events of merged wallets that happened after the merge.

        Only expiry notices do: a notice may be sent before the merge and delivered after it.
        """
        late_events = (
            event
            for merge in self.events
            if isinstance(merge, WalletMerged)
            for event in merge.history.in_business_time_order()
            if event.at > merge.at
        )
        return _after_referenced_events(sorted((*self.events, *late_events), key=business_time_key))

    def before_event(self, id: str) -> EventHistory:
        """The history up to, and without, one of its events."""
        earlier_ids: set[str] = set()
        for event in self.in_business_time_order():
            if event.id == id:
                break
            earlier_ids.add(event.id)
        return replace(self, events=tuple(event for event in self.events if event.id in earlier_ids))

    def customer_ids(self) -> frozenset[str]:
        """The customers who can have events in this history."""
        merged_customer_ids = (event.history.customer_ids() for event in self.events if isinstance(event, WalletMerged))
        return frozenset(self.enrolled_at).union(*merged_customer_ids)


def _with_purchase(events: tuple[Event, ...], purchase_id: str, current: PurchaseRecorded | None) -> tuple[Event, ...]:
    """The events with the current version of a purchase, or without the purchase if `current` is None.

    The purchase of an exchange is replaced inside its exchange and never removed.
    """
    updated_events: list[Event] = []
    for event in events:
        if isinstance(event, ExchangeRecorded) and event.purchase.id == purchase_id and current is not None:
            updated_events.append(replace(event, purchase=current))
            current = None
        elif event.id != purchase_id:
            updated_events.append(event)
    return (*updated_events, current) if current is not None else tuple(updated_events)


def _after_referenced_events(events: list[Event]) -> list[Event]:
    """The events in their order, except that an event follows the events of the same instant to which it refers.
    A purchase follows the redemption that paid for it, and a refund of exchanged goods follows the exchange. All other
    events of the instant keep their order.
    """
    ordered: list[Event] = []
    for _, group in groupby(events, key=lambda event: event.at):
        same_instant = list(group)
        ordered += same_instant if len(same_instant) == 1 else _each_after_referenced_events(same_instant)
    return ordered


def _each_after_referenced_events(same_instant: list[Event]) -> Iterator[Event]:
    """The events of one instant, each as soon as the events it refers to have been yielded."""
    outstanding = {event.purchase.id if isinstance(event, ExchangeRecorded) else event.id for event in same_instant}
    deferred: list[Event] = []
    for event in same_instant:
        deferred.append(event)
        # A deferred event precedes all later ones as soon as no event it refers to is outstanding.
        while (
            ready := next(
                (candidate for candidate in deferred if outstanding.isdisjoint(_referenced_ids(candidate))), None
            )
        ) is not None:
            deferred.remove(ready)
            outstanding.discard(ready.purchase.id if isinstance(ready, ExchangeRecorded) else ready.id)
            yield ready
    yield from deferred


def _referenced_ids(event: Event) -> frozenset[str]:
    """The ids of the purchase whose goods the event returns, and of the redemptions that paid for the event's own purchase."""
    match event:
        case PurchaseRecorded():
            return event.facts.redemption_ids()
        case RefundRecorded():
            return frozenset((event.purchase_id,))
        case ExchangeRecorded():
            return event.purchase.facts.redemption_ids() | {event.purchase_id}
        case _:
            return frozenset()


_ORDER_BY_TYPE: Mapping[type, SameInstantOrder] = {
    WalletMerged: SameInstantOrder.MERGE,
    PurchaseRecorded: SameInstantOrder.EARN,
    HoldPlaced: SameInstantOrder.REDEEM,
    RewardRedeemed: SameInstantOrder.REDEEM,
    RefundRecorded: SameInstantOrder.REFUND,
    ExchangeRecorded: SameInstantOrder.REFUND,
}


def business_time_key(event: Event) -> tuple[datetime, SameInstantOrder, str, str]:
    """Sort key: business time, then `SameInstantOrder`, tie-breaker, and id."""
    return (
        event.at,
        _ORDER_BY_TYPE.get(type(event), SameInstantOrder.OTHER),
        getattr(event, "tie_breaker", ""),
        event.id,
    )
