"""One unit of a wallet: its lots, postings, holds, pending points, and expiry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from app.domain.calendar import local_date
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.engine.expiry import (
    activation_decision,
    current_last_day,
    expires_at,
    expiry_decision,
    notice_window_start,
    receipt_is_notice,
)
from app.domain.ledger.entries import EntryType
from app.domain.ledger.lots import Draw, Lot
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import ExpiryNoticeDelivered, HoldPlaced
from app.domain.wallets.lot_inventory import DEBT, LotInventory
from app.domain.wallets.postings import Posting, PostingKey


class DueKind(IntEnum):
    """Kinds of scheduled changes, in the order they are processed at the same instant.

    RELEASE: pending points become available, or a hold ends.
    """

    RELEASE = 0
    EXPIRY = 1
    TIER = 2


class ScheduledChange(NamedTuple):
    """A lot that becomes available or expires, a hold that ends, or a tier review.

    `id` is the id of the lot, of the hold, or of the customer whose tier is reviewed; empty if all tiers are reviewed.
    """

    at: datetime
    kind: DueKind
    id: str
    unit: Unit = Unit.POINTS


class DueExpiryNotice(NamedTuple):
    """A lot whose expiry needs a notice, the first instant `at` which the notice counts, and the lot's current last day."""

    at: datetime
    lot: Lot
    last_day: date


_MICROSECOND = timedelta(microseconds=1)

_FOR_EVER = PointsValidity()
"""The validity of stamps: no clause can make them expire."""


def terms_at(versions: Sequence[Terms], *, at: datetime) -> Terms:
    """The version (of `versions`, oldest first) in force at an instant; the first one if it is before all of them."""
    return next((version for version in reversed(versions) if version.effective_from <= at), versions[0])


class UnitAccount:
    """The lots of one unit with their state, and the postings that the ledger must have booked."""

    def __init__(self, unit: Unit, *, versions: Sequence[Terms]) -> None:
        """`versions` are all terms that have come or will come into force, oldest first."""
        self.unit = unit
        self.inventory = LotInventory(last_day_of=self.current_last_day)
        self.postings: list[Posting] = []
        self.lot_id_map: dict[str, str] = {}
        """The ids that absorbed lots have here, by their ids in the other wallet."""
        self.last_activity_at: datetime | None = None
        """The time of the last purchase or redemption; it extends points whose validity counts from activity."""
        self._versions = versions
        self._terms_by_version = {version.version: version for version in versions}
        self._holds: dict[str, tuple[HoldPlaced, tuple[Draw, ...]]] = {}
        self._pending_lots: set[str] = set()
        """Ids of lots that cannot be spent yet."""
        self._announced_lots: dict[str, None] = {}
        """Ids of lots whose expiry was announced, by a notice or by the receipt; used as an ordered set."""
        self._notified_at: dict[str, list[datetime]] = {}
        self._grace_until: dict[str, datetime] = {}
        self._expired_points: dict[str, int] = {}
        """How many points have expired unspent, by lot id."""
        self._lots_without_receipt: set[str] = set()
        """Ids of lots without a receipt: received from another customer, or added by staff."""

    def process(self, change: ScheduledChange, *, at: datetime) -> None:
        """Process a change due at `at` or before."""
        if change.kind is DueKind.RELEASE:
            self._activate_and_end_holds(at)
        else:
            self._expire(change.id, at=at, after_hold=change.at < at)

    def next_change(self) -> datetime | None:
        """When the next scheduled change is due; None if there is none."""
        return min((due.at for due in self.scheduled_changes()), default=None)

    def due_notices(self) -> Iterator[DueExpiryNotice]:
        """Lots whose expiry needs a notice that has not been delivered yet."""
        for lot in self.inventory.free_lots():
            if lot.promised_last_day is None:
                continue
            validity, activity_at = self.validity_of(lot), self.last_activity_at
            last_day = current_last_day(lot, validity=validity, last_activity_at=activity_at)
            has_receipt = lot.id not in self._lots_without_receipt
            at = notice_window_start(lot, validity=validity, last_activity_at=activity_at, has_receipt=has_receipt)
            if at is not None and last_day is not None and self._expiry_without_grace(lot) is None:
                yield DueExpiryNotice(at, lot, last_day)

    def validity_of(self, lot: Lot) -> PointsValidity:
        """The validity rule of the terms a lot was earned under."""
        if self.unit is not Unit.POINTS:
            return _FOR_EVER
        return self._terms_by_version[lot.terms_version].validity

    def current_last_day(self, lot: Lot) -> date | None:
        """The current last day of a lot, extended by activity; None if it never expires."""
        validity, activity_at = self.validity_of(lot), self.last_activity_at
        return current_last_day(lot, validity=validity, last_activity_at=activity_at) if validity.expires else None

    def expires_at(self, lot: Lot) -> datetime | None:
        """When the lot expires; None while it cannot expire, for instance without a notice."""
        at, grace_until = self._expiry_without_grace(lot), self._grace_until.get(lot.id)
        return at if at is None or grace_until is None else max(at, grace_until)

    def _expiry_without_grace(self, lot: Lot) -> datetime | None:
        """When the lot expires, or expired before a grace period was granted; None while it cannot expire."""
        return expires_at(
            lot,
            validity=self.validity_of(lot),
            last_activity_at=self.last_activity_at,
            notified_at=self._notified_at.get(lot.id, ()),
            has_receipt=lot.id not in self._lots_without_receipt,
        )

    def has_expired(self, lot_id: str, *, at: datetime) -> bool:
        """Whether a lot has expired at an instant, so that points restored to it expire too."""
        lot_expires_at = self.expires_at(self.inventory.lots[lot_id])
        return lot_expires_at is not None and lot_expires_at <= at

    def open(self, lot: Lot, *, at: datetime, earned: bool = True, has_receipt: bool = True) -> tuple[Draw, ...]:
        """Add a new lot. `earned` points count as lifetime points; without `has_receipt` its expiry needs a notice."""
        if not has_receipt:
            self._lots_without_receipt.add(lot.id)
        if lot.available_from > at:
            self._pending_lots.add(lot.id)
        if lot.promised_last_day is not None and self._receipt_announces_expiry(lot):
            self._announced_lots[lot.id] = None
        return self.inventory.open(lot, at=at, earned=earned)

    def reschedule_expiry(self, lot_ids: Iterable[str]) -> None:
        """Schedule the expiry of lots that points were restored to, if their expiry was announced."""
        for lot_id in lot_ids:
            lot = self.inventory.lots.get(lot_id)
            if (
                lot is not None
                and lot_id not in self._announced_lots
                and (lot_id in self._notified_at or self._receipt_announces_expiry(lot))
            ):
                self._announced_lots[lot_id] = None

    def _receipt_announces_expiry(self, lot: Lot) -> bool:
        """Whether the customer has a receipt of the lot that serves as the expiry notice."""
        validity = self.validity_of(lot)
        last_day = current_last_day(lot, validity=validity, last_activity_at=None) if validity.expires else None
        receipt_suffices = last_day is not None and receipt_is_notice(lot, validity=validity, last_day=last_day)
        return receipt_suffices and lot.id not in self._lots_without_receipt

    def hold(self, event: HoldPlaced, *, rank: Callable[[Lot], int] | None = None) -> None:
        """Hold the cost of a reward, from the lots with the lowest `rank` first."""
        self._holds[event.id] = event, self.inventory.hold(event.points, at=event.at, rank=rank)

    def mark_notified(self, event: ExpiryNoticeDelivered) -> None:
        """Record a delivered expiry notice; a notice from before a merge counts for the absorbed lots."""
        for lot_id in event.lot_ids:
            lot = self.inventory.lots.get(self.lot_id_map.get(lot_id, lot_id))
            if lot is not None and event.channel in self.validity_of(lot).notice_by:
                self._notified_at.setdefault(lot.id, []).append(event.at)
                self._announced_lots[lot.id] = None

    def expired_points(self, lot_ids: Iterable[str]) -> int:
        """How many unspent points of these lots have expired."""
        return sum(self._expired_points.get(id, 0) for id in lot_ids)

    def grant_grace(self, lot_ids: Collection[str], *, until: datetime) -> None:
        """Let expired lots be spent until an instant."""
        for lot_id in lot_ids:
            self._grace_until[lot_id] = max(until, self._grace_until.get(lot_id, until))

    def absorb(self, other: UnitAccount, *, new_lot_ids: Mapping[str, str], at: datetime) -> tuple[Draw, ...]:
        """Take over the lots of another account with their state; `new_lot_ids` gives each of its lots an id here."""
        activity_times = [self.last_activity_at, other.last_activity_at]
        self.last_activity_at = max((time for time in activity_times if time is not None), default=None)
        draws = self.inventory.absorb(other.inventory, new_lot_ids=new_lot_ids, at=at)
        self.lot_id_map |= new_lot_ids
        self.lot_id_map |= {earlier_id: new_lot_ids[later_id] for earlier_id, later_id in other.lot_id_map.items()}
        self._pending_lots |= {new_lot_ids[id] for id in other._pending_lots}
        self._announced_lots |= {new_lot_ids[id]: None for id in other._announced_lots}
        self._lots_without_receipt |= {new_lot_ids[id] for id in other._lots_without_receipt}
        self._notified_at |= {new_lot_ids.get(id, id): list(notified) for id, notified in other._notified_at.items()}
        self._grace_until |= {new_lot_ids[id]: until for id, until in other._grace_until.items()}
        self._expired_points |= {new_lot_ids[id]: points for id, points in other._expired_points.items()}
        for id, (event, held_draws) in other._holds.items():
            self._holds[id] = event, tuple(draw._replace(lot_id=new_lot_ids[draw.lot_id]) for draw in held_draws)
        return draws

    def close(self, id: str, *, at: datetime) -> None:
        """Post all lots and debts out of this account, because another one has absorbed it with the merge `id`."""
        lots = self.inventory.lots.values()
        draws = [Draw(lot.id, lot.remaining) for lot in lots if lot.remaining]
        if owed := self.inventory.owed:
            draws.append(Draw(DEBT, -owed))
        self.post(EntryType.MERGE, id, at=at, draws=tuple(draws))
        self.inventory = LotInventory(
            lifetime=self.inventory.lifetime,
            lots={lot.id: lot._replace(remaining=0, held=0) for lot in lots},
            last_day_of=self.current_last_day,
        )
        self._pending_lots, self._holds, self._announced_lots = set(), {}, {}

    def post(
        self, type: EntryType, id: str, *, at: datetime, draws: tuple[Draw, ...] = (), decision: Decision | None = None
    ) -> None:
        """Add a posting with the key (`type`, `id`). Without `decision`, no clause decided it: see `posting_without_clause`."""
        if decision is None:
            self.postings.append(self.posting_without_clause(PostingKey(type, id), at=at, draws=draws))
        else:
            self.postings.append(Posting(PostingKey(type, id), at, draws, decision))

    def posting_without_clause(self, key: PostingKey, *, at: datetime, draws: tuple[Draw, ...]) -> Posting:
        """A posting of points moved by people instead of a clause."""
        amount, in_points = abs(sum(draw.points for draw in draws)), self.unit is Unit.POINTS
        decision = Decision(
            outcome=DecisionOutcome.GRANTED,
            points=amount if in_points else 0,
            terms_version=terms_at(self._versions, at=at).version,
            decided_for=at,
            reasons=(),
            stamps=0 if in_points else amount,
        )
        return Posting(key, at, draws, decision)

    def _activate_and_end_holds(self, at: datetime) -> None:
        """Activate pending lots and end holds. The freed points then repay debts: first lot in consumption order, oldest debt."""
        freed_lots = {id for id in self._pending_lots if self.inventory.lots[id].available_from <= at}
        activated_lots = frozenset(freed_lots)
        self._pending_lots -= activated_lots
        for id in [id for id, (event, _) in self._holds.items() if event.ends_at <= at]:
            _, draws = self._holds.pop(id)
            self.inventory.release(draws)
            freed_lots |= {draw.lot_id for draw in draws}
        for lot in self.inventory.in_consumption_order(self.inventory.lots[id] for id in freed_lots):
            draws = self.inventory.repay_debt(lot.id)
            # A lot all of whose points were clawed back has nothing to make available.
            if lot.id in activated_lots and lot.remaining:
                debt_repaid = sum(draw.points for draw in draws if draw.lot_id == lot.id)
                decision = activation_decision(
                    lot, debt_repaid=debt_repaid, terms=self._terms_by_version[lot.terms_version], at=at
                )
                self.post(EntryType.ACTIVATE, lot.id, at=at, draws=draws, decision=decision)
            elif draws:
                self.post(EntryType.ACTIVATE, lot.id, at=at, draws=draws)

    def _expire(self, lot_id: str, *, at: datetime, after_hold: bool) -> None:
        lot = self.inventory.lots[lot_id]
        # A late notice or a grace period makes the expiry later than the promised last day.
        lot_expires_at = self.expires_at(lot)
        last_day = local_date(lot_expires_at - _MICROSECOND, zone_name=lot.zone) if lot_expires_at is not None else None
        draws = self.inventory.drain(lot_id)
        self._expired_points[lot_id] = self._expired_points.get(lot_id, 0) + sum(draw.points for draw in draws)
        terms = self._terms_by_version[lot.terms_version]
        decision = expiry_decision(
            points=draws[0].points, last_day=last_day, terms=terms, at=at, zone=lot.zone, after_hold=after_hold
        )
        self.post(EntryType.EXPIRE, lot_id, at=at, draws=draws, decision=decision)

    def scheduled_changes(self) -> Iterator[ScheduledChange]:
        """Activations, ends of holds, and expiries."""
        for lot_id in self._pending_lots:
            yield ScheduledChange(self.inventory.lots[lot_id].available_from, DueKind.RELEASE, lot_id, self.unit)
        for id, (event, _) in self._holds.items():
            yield ScheduledChange(event.ends_at, DueKind.RELEASE, id, self.unit)
        # Empty lots are dropped; `reschedule_expiry` adds them again when points are restored.
        for lot_id in [id for id in self._announced_lots if not self.inventory.lots[id].remaining]:
            del self._announced_lots[lot_id]
        for lot_id in self._announced_lots:
            if self.inventory.lots[lot_id].free and (at := self.expires_at(self.inventory.lots[lot_id])) is not None:
                yield ScheduledChange(at, DueKind.EXPIRY, lot_id, self.unit)
