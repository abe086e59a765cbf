"""Transfers and mergers behind entries: the reason, and the customers on the other side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.customers.merger import Merger
from app.store.customers import mergers, wallet_members
from app.store.database.session import Session
from app.store.ledger import accounts, entries, transfers


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The reason of a transfer or merger, and the customers (ids) on the other side."""

    reason: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergedAccount:
    """The account (id) merged by an entry, and its former customers (ids), who may read its ledger."""

    account_id: str
    owners: tuple[str, ...]


async def merged_accounts(session: Session, *, ids: Sequence[str]) -> list[MergedAccount | None]:
    """The accounts merged by entries (by id), in the order requested; None for all other entries."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    subjects = sorted({stored.entry.subject for stored in by_id.values()})
    merged = await mergers.by_ids(session, merger_ids=subjects)
    wallets = sorted({id for merger in merged.values() for id in (merger.from_wallet_id, merger.to_wallet_id)})
    known = await accounts.of_wallets(session, wallet_ids=wallets)
    places = {account.id: account for account in known}
    owners = await wallet_members.of_accounts(session, account_ids=sorted(places))

    def behind(id: str) -> MergedAccount | None:
        merger = merged.get(by_id[id].entry.subject) if id in by_id else None
        if merger is None:
            return None
        here = places[by_id[id].entry.account_id]
        if here.wallet_id != merger.to_wallet_id:
            return None
        there = next(
            account for account in known if (account.wallet_id, account.unit) == (merger.from_wallet_id, here.unit)
        )
        return MergedAccount(there.id, owners[there.id])

    return [behind(id) for id in ids]


async def counterparties(session: Session, *, ids: Sequence[str]) -> list[Counterparty | None]:
    """The other side of entries (by id) of transfers and mergers, in the order requested; None for all others."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    subjects = sorted({stored.entry.subject for stored in by_id.values()})
    passed = await transfers.by_ids(session, transfer_ids=subjects)
    merged = await mergers.by_ids(session, merger_ids=subjects)
    into = await accounts.of_wallets(session, wallet_ids=sorted({merger.to_wallet_id for merger in merged.values()}))
    account_ids = {account.id for account in into}.union(
        *({transfer.from_account_id, transfer.to_account_id} for transfer in passed.values())
    )
    owners = await wallet_members.of_accounts(session, account_ids=sorted(account_ids))
    # All accounts of a wallet have the same customers.
    now = {account.wallet_id: owners[account.id] for account in into}
    wallets = {account.id: account.wallet_id for account in into}

    def behind(id: str) -> Counterparty | None:
        entry = by_id[id].entry
        transfer, merger = passed.get(entry.subject), merged.get(entry.subject)
        if transfer is not None:
            received = entry.account_id == transfer.to_account_id
            return Counterparty(
                transfer.reason, owners[transfer.from_account_id if received else transfer.to_account_id]
            )
        if merger is not None:
            came = wallets.get(entry.account_id) == merger.to_wallet_id
            return Counterparty(merger.reason, _others(merger, came=came, owners=now[merger.to_wallet_id]))
        return None

    return [behind(id) if id in by_id else None for id in ids]


def _others(merger: Merger, *, came: bool, owners: tuple[str, ...]) -> tuple[str, ...]:
    """The customers on the other side of a merger.

    For the wallet that absorbed the other one (`came`) that is the customer whose wallet was merged. For the merged
    wallet it is the surviving customer or, in a household, the `owners` of the absorbing wallet without that customer.
    """
    if came:
        return (merger.customer_id,)
    if merger.survivor_id is not None:
        return (merger.survivor_id,)
    return tuple(owner for owner in owners if owner != merger.customer_id)
