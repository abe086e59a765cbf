"""Transfers and mergers behind entries: the reason, and the customers on the other side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.customers.merger import Merger
from app.store.customers import mergers, wallet_members
from app.store.database.session import Session
from app.store.ledger import accounts, entries, transfers


@dataclass(frozen=True, slots=True)
class Counterparties:
    """The customers (ids) on the other side of a transfer or merger, and its reason."""

    reason: str
    customer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergedAccount:
    """The account (id) that an entry merged into its own, and the former account's customers (ids), who may read its ledger."""

    account_id: str
    holders: tuple[str, ...]


async def merged_accounts(session: Session, *, ids: Sequence[str]) -> list[MergedAccount | None]:
    """For each entry (by id) that merged an account into its own, the merged account; None for all other entries."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    subjects = sorted({stored_entry.entry.subject for stored_entry in by_id.values()})
    mergers_by_id = await mergers.by_ids(session, merger_ids=subjects)
    wallet_ids = sorted(
        {id for merger in mergers_by_id.values() for id in (merger.from_wallet_id, merger.to_wallet_id)}
    )
    both_wallets_accounts = await accounts.of_wallets(session, wallet_ids=wallet_ids)
    accounts_by_id = {account.id: account for account in both_wallets_accounts}
    holders = await wallet_members.of_accounts(session, account_ids=sorted(accounts_by_id))

    def merged_account_of(entry_id: str) -> MergedAccount | None:
        merger = mergers_by_id.get(by_id[entry_id].entry.subject) if entry_id in by_id else None
        if merger is None:
            return None
        entry_account = accounts_by_id[by_id[entry_id].entry.account_id]
        if entry_account.wallet_id != merger.to_wallet_id:
            return None
        merged_account = next(
            account
            for account in both_wallets_accounts
            if (account.wallet_id, account.unit) == (merger.from_wallet_id, entry_account.unit)
        )
        return MergedAccount(merged_account.id, holders[merged_account.id])

    return [merged_account_of(id) for id in ids]


async def counterparties(session: Session, *, ids: Sequence[str]) -> list[Counterparties | None]:
    """The other side of each entry (by id) of a transfer or a merger, in the order requested; None for all other entries."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    subjects = sorted({stored_entry.entry.subject for stored_entry in by_id.values()})
    transfers_by_id = await transfers.by_ids(session, transfer_ids=subjects)
    mergers_by_id = await mergers.by_ids(session, merger_ids=subjects)
    surviving_accounts = await accounts.of_wallets(
        session, wallet_ids=sorted({merger.to_wallet_id for merger in mergers_by_id.values()})
    )
    account_ids = {account.id for account in surviving_accounts}.union(
        *({transfer.from_account_id, transfer.to_account_id} for transfer in transfers_by_id.values())
    )
    holders = await wallet_members.of_accounts(session, account_ids=sorted(account_ids))
    # All accounts of a wallet have the same customers.
    holders_by_wallet = {account.wallet_id: holders[account.id] for account in surviving_accounts}
    wallet_id_by_account = {account.id: account.wallet_id for account in surviving_accounts}

    def counterparties_of(entry_id: str) -> Counterparties | None:
        entry = by_id[entry_id].entry
        transfer, merger = transfers_by_id.get(entry.subject), mergers_by_id.get(entry.subject)
        if transfer is not None:
            is_receiver = entry.account_id == transfer.to_account_id
            return Counterparties(
                transfer.reason, holders[transfer.from_account_id if is_receiver else transfer.to_account_id]
            )
        if merger is not None:
            is_survivor = wallet_id_by_account.get(entry.account_id) == merger.to_wallet_id
            return Counterparties(
                merger.reason,
                _customers_behind(merger, is_survivor=is_survivor, holders=holders_by_wallet[merger.to_wallet_id]),
            )
        return None

    return [counterparties_of(id) if id in by_id else None for id in ids]


def _customers_behind(merger: Merger, *, is_survivor: bool, holders: tuple[str, ...]) -> tuple[str, ...]:
    """The customers on the other side of a merger.

    In the ledger of the surviving wallet (`is_survivor`) that is the merged customer. In the ledger of the merged wallet
    it is the surviving customer or, if two wallets became a household, the `holders` of the surviving wallet other than
    the merged customer.
    """
    if is_survivor:
        return (merger.customer_id,)
    if merger.survivor_id is not None:
        return (merger.survivor_id,)
    return tuple(holder for holder in holders if holder != merger.customer_id)
