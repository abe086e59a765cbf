"""Replay of accounts: their rows are read and their events applied from the beginning. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.amounts import Money
from app.domain.ledger.account import Account
from app.domain.ledger.entries import Balance
from app.domain.units import Unit
from app.domain.wallets.events import PurchaseRecorded, ReceiptCorrected
from app.domain.wallets.history import Event, EventHistory
from app.domain.wallets.unit_account import DueExpiryNotice, terms_at
from app.domain.wallets.wallet import Wallet, replay
from app.store.database.session import Session
from app.store.events import event_log
from app.store.events.recorded_history import RecordedHistory
from app.store.terms import known_versions
from app.store.terms.known_versions import Versions


@dataclass(frozen=True, slots=True)
class ReplayedWallet:
    """An account replayed up to `until`: its recorded history, its events with the new ones, and the resulting wallet."""

    account: Account
    recorded_history: RecordedHistory
    versions: Versions
    history: EventHistory
    wallet: Wallet
    until: datetime

    def as_of(self, at: datetime, *, customer_id: str | None = None) -> Wallet:
        """The wallet of a customer as it was at an instant, by all events until then that are known today."""
        history = self.history.as_of(at, customer_id=customer_id)
        return replay(history, versions=self.versions.not_withdrawn, until=at)

    def money_due(self, return_id: str) -> Money:
        """The money to pay out for a refund of a purchase that is part of a chain of exchanges.

        That is the money due, as is known now, for all refunds since the first purchase of the chain, less the money
        already paid out for them, and never less than zero.
        """
        outcomes = self.wallet.return_outcomes
        new_outcome = outcomes[return_id]
        due_by_refund = {
            id: outcome.refund_outcome.money
            for id, outcome in outcomes.items()
            if outcome.original_purchase_id == new_outcome.original_purchase_id
        }
        total = sum(due.minor for due in due_by_refund.values())
        paid_out = sum(refund.money for id, refund in self.recorded_history.refunds.items() if id in due_by_refund)
        return Money(max(0, total - paid_out), new_outcome.refund_outcome.money.currency)

    @property
    def balances(self) -> dict[Unit, Balance]:
        """The balances at `until`, in each unit that was ever booked."""
        return {
            unit: balance_of(self.wallet, at=self.until, unit=unit)
            for unit, unit_account in self.wallet.unit_accounts.items()
            if unit is Unit.POINTS or unit_account.postings or unit in self.recorded_history.other_accounts
        }


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to add to a history; `customer_id` is the customer that it belongs to, None if it belongs to none."""

    event: Event
    customer_id: str | None = None

    @property
    def at(self) -> datetime:
        """The business time of the event."""
        return self.event.at

    def added_to(self, history: EventHistory) -> EventHistory:
        """The history with the event."""
        return history.with_event(self.event, customer_id=self.customer_id)


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """A correction to add to a history, with the purchase as it is known now (None: it is in another wallet).

    `customer_id` is the customer whom the purchase belonged to, or belongs to now.
    """

    correction: ReceiptCorrected
    current: PurchaseRecorded | None
    customer_id: str

    @property
    def at(self) -> datetime:
        """The business time of the purchase."""
        return self.correction.at

    def added_to(self, history: EventHistory) -> EventHistory:
        """The history with the correction."""
        return history.with_correction(self.correction, current=self.current, customer_id=self.customer_id)


async def replay_wallet(
    session: Session, *, account: Account, until: datetime, events: Sequence[NewEvent | NewCorrection] = ()
) -> ReplayedWallet:
    """Replay an account with new events, at least as far as it was replayed before. Writes nothing."""
    versions = await known_versions.load(session)
    recorded_history = await event_log.load(session, account=account, versions=versions)
    return replay_recorded(recorded_history, versions=versions, events=events, until=until)


def replay_recorded(
    recorded_history: RecordedHistory,
    *,
    versions: Versions,
    events: Sequence[NewEvent | NewCorrection],
    until: datetime,
) -> ReplayedWallet:
    """The replay of a recorded history that has already been read: see `replay_wallet`."""
    if recorded_history.ending_merger is not None:
        return _replay_until_merger(recorded_history, versions=versions, at=recorded_history.ending_merger.occurred_at)
    history = recorded_history.history
    for event in events:
        history = event.added_to(history)
    replayed_through = recorded_history.account.replayed_through
    end = max([until, *(event.at for event in events), *([replayed_through] if replayed_through is not None else [])])
    wallet = replay(history, versions=versions.not_withdrawn, until=end)
    return ReplayedWallet(recorded_history.account, recorded_history, versions, history, wallet, end)


def _replay_until_merger(recorded_history: RecordedHistory, *, versions: Versions, at: datetime) -> ReplayedWallet:
    """The replay of an account that was merged into another one, up to the merger, after which nothing happens in it."""
    assert recorded_history.ending_merger is not None, "the account was merged into another one"
    wallet = replay(recorded_history.history, versions=versions.not_withdrawn, until=at)
    wallet.close(recorded_history.ending_merger.id, at=at)
    return ReplayedWallet(recorded_history.account, recorded_history, versions, recorded_history.history, wallet, at)


def balance_of(wallet: Wallet, *, at: datetime, unit: Unit = Unit.POINTS) -> Balance:
    """The balance of a wallet in a unit at an instant; for points with the qualifying points of its customers."""
    inventory = wallet.unit_accounts[unit].inventory
    if unit is not Unit.POINTS:
        return inventory.balance(at=at)
    terms = terms_at(wallet.versions, at=at)
    memberships = {id(membership): membership for membership in wallet.memberships.values()}.values()
    return inventory.balance(
        at=at,
        qualifying=sum(membership.qualifying_points.counting_points(terms=terms, at=at) for membership in memberships),
    )


def notices_due(wallet: Wallet, *, recorded_history: RecordedHistory) -> list[DueExpiryNotice]:
    """The expiry notices of the points that were not given yet: none was given for the lot with its present last day."""
    notified = {(lot.lot_id, lot.last_day) for notice in recorded_history.notices for lot in notice.lots}
    return [notice for notice in wallet.point_account.due_notices() if (notice.lot.id, notice.last_day) not in notified]


def next_notice(wallet: Wallet, *, recorded_history: RecordedHistory) -> datetime | None:
    """The instant at which the next expiry notice is due; None if none is."""
    if not any(version.validity.expires for version in wallet.versions):
        return None
    return min((notice.at for notice in notices_due(wallet, recorded_history=recorded_history)), default=None)
