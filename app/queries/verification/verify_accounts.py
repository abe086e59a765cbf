"""Verification of accounts: every balance, lot, hold, tier and hash is worked out again from the recorded events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.ledger.account import Account
from app.domain.ledger.entries import COUNTER_ACCOUNT, FIRST_HASH, StoredEntry, entry_hash
from app.queries.verification import stored_wallets
from app.queries.verification.discrepancies import UNREADABLE, Discrepancy
from app.queries.verification.stored_wallets import StoredWallet
from app.queries.verification.verify_payments import verify_payment_links
from app.queries.verification.verify_replay import verify_replay
from app.store.database.codecs import NIL_UUID
from app.store.database.session import Session
from app.store.ledger import accounts, lots

PAGE_SIZE = 100
"""The number of accounts that are verified against one state of the database."""


@dataclass(frozen=True, slots=True)
class VerifiedPage:
    """The discrepancies of some accounts, how many accounts and entries were verified, and the last account's id.

    `last_id` is None if no more accounts follow.
    """

    discrepancies: tuple[Discrepancy, ...]
    account_count: int
    entry_count: int
    last_id: str | None


async def verify_page(session: Session, *, after: str = NIL_UUID, until: str | None = None) -> VerifiedPage:
    """Verify the next accounts in the order of their ids, up to and including `until`."""
    page = await accounts.page(session, after=after, limit=PAGE_SIZE)
    in_range = tuple(account for account in page if until is None or account.id <= until)
    wallets, discrepancies = await _read_or_report(session, points_accounts=in_range)
    for wallet in wallets:
        discrepancies.extend(_verify_wallet(wallet))
    account_ids = [account.id for wallet in wallets for account in wallet.recorded_history.accounts.values()]
    for id in await lots.in_wrong_account(session, account_ids=account_ids):
        discrepancies.append(Discrepancy(f"lot {id}", "stands in another account than its entry"))
    discrepancies.extend(
        await verify_payment_links(session, recorded_histories=[wallet.recorded_history for wallet in wallets])
    )
    return VerifiedPage(
        discrepancies=tuple(discrepancies),
        account_count=len(in_range),
        entry_count=sum(len(entries) for wallet in wallets for entries in wallet.entries.values()),
        last_id=None if len(in_range) < PAGE_SIZE else in_range[-1].id,
    )


async def _read_or_report(
    session: Session, *, points_accounts: Sequence[Account]
) -> tuple[list[StoredWallet], list[Discrepancy]]:
    """The wallets of accounts, and a discrepancy for each account that cannot be read.

    If reading all together fails, each account is read alone.
    """
    try:
        return await stored_wallets.read(session, points_accounts=points_accounts), []
    except UNREADABLE as error:
        if len(points_accounts) == 1:
            problem = f"what is stored of it cannot be read: {type(error).__name__} {error}"
            return [], [Discrepancy(f"account {points_accounts[0].id}", problem)]
    wallets: list[StoredWallet] = []
    discrepancies: list[Discrepancy] = []
    for account in points_accounts:
        wallets_of_account, discrepancies_of_account = await _read_or_report(session, points_accounts=[account])
        wallets.extend(wallets_of_account)
        discrepancies.extend(discrepancies_of_account)
    return wallets, discrepancies


def _verify_wallet(stored_wallet: StoredWallet) -> list[Discrepancy]:
    """The discrepancies of one wallet."""
    try:
        chain_discrepancies = [
            discrepancy
            for unit, account in stored_wallet.recorded_history.accounts.items()
            for discrepancy in _verify_chain(account, stored_wallet.entries[unit])
        ]
        return [*chain_discrepancies, *verify_replay(stored_wallet)]
    except UNREADABLE as error:
        problem = f"its events make no sense: {type(error).__name__} {error}"
        return [Discrepancy(f"account {stored_wallet.account.id}", problem)]


def _verify_chain(account: Account, entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """The entries of an account form one chain of hashes that ends at its last hash, and each entry adds up."""
    last_hash = FIRST_HASH
    for number, stored_entry in enumerate(entries, start=1):
        entry = stored_entry.entry
        place = f"entry {entry.id}"
        if entry.number != number or entry.previous_hash != last_hash:
            yield Discrepancy(place, "does not follow the entry before it")
        if entry_hash(entry) != stored_entry.hash:
            yield Discrepancy(place, "does not match its hash")
        if stored_entry.counter_account != COUNTER_ACCOUNT[entry.type].value:
            yield Discrepancy(place, "has the wrong counter account")
        if sum(movement.points for movement in entry.movements) - entry.owed_change != entry.points:
            yield Discrepancy(place, "its movements do not add up to its points")
        last_hash = stored_entry.hash
    if account.last_hash != last_hash or account.entry_count != len(entries):
        yield Discrepancy(f"account {account.id}", "its last hash or its number of entries is not that of its ledger")
