"""Merge a wallet, with everything in it, into another one."""

from __future__ import annotations

from dataclasses import replace

from app.domain.amounts import MAX_POINTS
from app.domain.customers.customer import Customer
from app.domain.customers.merger import Merger
from app.domain.ledger.entries import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.wallets.history import WalletMerged
from app.domain.wallets.postings import PostingKey
from app.store.customers import mergers, wallet_members
from app.store.database.session import Session
from app.store.events import event_log
from app.store.events.replay import NewEvent, ReplayedWallet, replay_recorded
from app.store.terms import known_versions
from app.usecases.command import CommandContext
from app.usecases.ledger.instant_after import instant_after
from app.usecases.ledger.post_differences import post_differences


async def absorb_wallet(
    session: Session,
    *,
    context: CommandContext,
    customer: Customer,
    host: Customer,
    customer_replaced: bool,
    reason: str,
) -> tuple[ReplayedWallet, Entry] | Problem:
    """Merge a customer's wallet into that of another customer, the `host`; both accounts must be locked.

    `customer_replaced`: the host replaces the customer; otherwise both stay. Returns the host's wallet with what it
    absorbed, and its entry for the merger.
    """
    merger = Merger(
        id=context.new_id(),
        customer_id=customer.id,
        survivor_id=host.id if customer_replaced else None,
        from_wallet_id=customer.account.wallet_id,
        to_wallet_id=host.account.wallet_id,
        occurred_at=instant_after(customer.account, host.account, now=context.now),
        recorded_at=context.now,
        reason=reason,
        actor=context.actor,
    )
    versions = await known_versions.load(session)
    if not versions.not_withdrawn:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=())
    recorded_histories = await event_log.load_many(
        session, points_accounts=[customer.account, host.account], versions=versions
    )
    absorbed_history, host_history = recorded_histories[customer.account.id], recorded_histories[host.account.id]
    event = WalletMerged(merger.id, merger.occurred_at, absorbed_history.history, merger.survivor_id)
    host_history = replace(host_history, absorbed_histories=(*host_history.absorbed_histories, absorbed_history))
    replayed = replay_recorded(host_history, versions=versions, events=[NewEvent(event)], until=event.at)
    if any(balance.lifetime > MAX_POINTS for balance in replayed.balances.values()):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=())
    await mergers.add(session, merger=merger)
    await wallet_members.move_to_wallet(session, merger=merger)
    new_entries = await post_differences(
        session,
        write_context=context,
        replayed=replayed,
        digests=(mergers.row_digest(merger),),
        event_id=merger.id,
    )
    return replayed, new_entries[PostingKey(EntryType.MERGE, merger.id)]
