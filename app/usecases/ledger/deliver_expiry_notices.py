"""Record the delivery of expiry notices: points expire only after the delivery, and never sooner than the terms allow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.customers.customer import CustomerReference
from app.domain.ledger.account import Account
from app.domain.ledger.expiry_notice import Delivery, ExpiryNotice, NoticeChannel
from app.domain.problems import Problem, ProblemCode
from app.domain.wallets.events import ExpiryNoticeDelivered
from app.domain.wallets.wallet import Wallet
from app.store.customers import customers
from app.store.database.session import Session
from app.store.events.replay import NewEvent, ReplayedWallet, replay_recorded, replay_wallet
from app.store.ledger import accounts, expiry_notices
from app.usecases.command import CommandContext, WriteContext, use_case
from app.usecases.ledger.post_differences import post_differences
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class DeliverExpiryNotices:
    """The customer and the channel; `holder` is the customer (id) who confirms the delivery, None if staff do."""

    customer: CustomerReference
    channel: NoticeChannel
    holder: str | None


@stored_as("expiry_notices_delivered")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverExpiryNoticesResult(CommandResult):
    """The customer, and the notices (ids) that were delivered by this command."""

    customer_id: str
    notice_ids: tuple[str, ...]


@use_case(DeliverExpiryNoticesResult)
async def run(
    session: Session, *, context: CommandContext, command: DeliverExpiryNotices
) -> DeliverExpiryNoticesResult | Problem:
    """Record that all open notices of the customer are delivered now, through one channel.

    A notice is open while one of its lots still has the last day that the notice names and needs a delivery.
    """
    customer = await customers.find(session, by=command.customer, lock=True)
    if customer is None or command.holder not in (None, customer.id):
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    notice_ids = await _deliver(session, write_context=context, account=customer.account, channels={command.channel})
    return DeliverExpiryNoticesResult(customer_id=customer.id, notice_ids=notice_ids)


async def deliver_notice(session: Session, *, write_context: WriteContext, account_id: str, notice_id: str) -> bool:
    """Record the delivery of one notice at the time of the write context, through every channel its points require; False if it was not open."""
    by_id = await accounts.by_ids(session, account_ids=[account_id], lock=True)
    return bool(
        await _deliver(
            session, write_context=write_context, account=by_id[account_id], channels=None, notice_id=notice_id
        )
    )


async def _deliver(
    session: Session,
    *,
    write_context: WriteContext,
    account: Account,
    channels: Collection[NoticeChannel] | None,
    notice_id: str | None = None,
) -> tuple[str, ...]:
    """Record deliveries of the open notice `notice_id` (None: of all open notices); returns the ids of the delivered notices.

    They are delivered through `channels` (None: through each channel that their points require).
    """
    notices = await expiry_notices.of_accounts(session, account_ids=[account.id])
    notices = tuple(notice for notice in notices if notice_id in (None, notice.id))
    if not notices:
        return ()
    replayed = await replay_wallet(session, account=account, until=write_context.now)
    if replayed.recorded_history.ending_merger is not None:
        return ()
    earlier_deliveries = await expiry_notices.deliveries(session, notice_ids=[notice.id for notice in notices])
    delivered = {(delivery.notice_id, delivery.channel) for delivery in earlier_deliveries}
    wallet_then = replayed.wallet if replayed.until <= write_context.now else replayed.as_of(write_context.now)
    deliveries = [
        Delivery(
            write_context.new_id(), notice.id, channel, delivered_at=write_context.now, recorded_at=write_context.now
        )
        for notice in _open_notices(notices, wallet=wallet_then)
        for channel in (_required_channels(notice, wallet=wallet_then) if channels is None else channels)
        if (notice.id, channel) not in delivered
    ]
    if deliveries:
        await _record_deliveries(
            session,
            write_context=write_context,
            replayed=replayed,
            deliveries=deliveries,
            notices={notice.id: notice for notice in notices},
        )
    return tuple(dict.fromkeys(delivery.notice_id for delivery in deliveries))


async def _record_deliveries(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedWallet,
    deliveries: Sequence[Delivery],
    notices: dict[str, ExpiryNotice],
) -> None:
    events = []
    for delivery in deliveries:
        await expiry_notices.add_delivery(session, delivery=delivery)
        lots = frozenset(notified.lot_id for notified in notices[delivery.notice_id].lots)
        events.append(NewEvent(ExpiryNoticeDelivered(delivery.id, delivery.delivered_at, lots, delivery.channel)))
    replayed = replay_recorded(
        replayed.recorded_history, versions=replayed.versions, events=events, until=write_context.now
    )
    await post_differences(
        session,
        write_context=write_context,
        replayed=replayed,
        digests=[expiry_notices.delivery_digest(delivery) for delivery in deliveries],
        event_id=deliveries[0].id,
    )


def _open_notices(notices: Sequence[ExpiryNotice], *, wallet: Wallet) -> list[ExpiryNotice]:
    """Those of the notices in which a lot has its present last day and was not notified of it yet."""
    undelivered = {(notice.lot.id, notice.last_day) for notice in wallet.point_account.due_notices()}
    return [notice for notice in notices if any((lot.lot_id, lot.last_day) in undelivered for lot in notice.lots)]


def _required_channels(notice: ExpiryNotice, *, wallet: Wallet) -> list[NoticeChannel]:
    """The channels through which a notice has to be delivered to count for each of its lots, in a fixed order."""
    unit_account = wallet.point_account
    lots = [unit_account.inventory.lots[lot.lot_id] for lot in notice.lots if lot.lot_id in unit_account.inventory.lots]
    first_channels = {
        next(channel for channel in NoticeChannel if channel in unit_account.validity_of(lot).notice_by) for lot in lots
    }
    return [channel for channel in NoticeChannel if channel in first_channels]
