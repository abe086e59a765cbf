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

PAGE = 100
"""Accounts verified from one snapshot of the database."""


@dataclass(frozen=True, slots=True)
class VerifiedPage:
    """The discrepancies of some accounts, how many accounts and entries there are, and the last account's id (None: no more follow)."""

    discrepancies: tuple[Discrepancy, ...]
    accounts: int
    entries: int
    last: str | None


async def verify_page(session: Session, *, after: str = NIL_UUID, until: str | None = None) -> VerifiedPage:
    """Verify the next accounts in the order of their ids, up to and including `until`."""
    page = await accounts.page(session, after=after, limit=PAGE)
    in_range = tuple(account for account in page if until is None or account.id <= until)
    wallets, discrepancies = await _read_or_report(session, of=in_range)
    for stored in wallets:
        discrepancies.extend(_verify_wallet(stored))
    account_ids = [account.id for stored in wallets for account in stored.recorded.accounts.values()]
    for id in await lots.in_wrong_account(session, account_ids=account_ids):
        discrepancies.append(Discrepancy(f"lot {id}", "stands in another account than its entry"))
    discrepancies.extend(await verify_payment_links(session, of=[stored.recorded for stored in wallets]))
    return VerifiedPage(
        discrepancies=tuple(discrepancies),
        accounts=len(in_range),
        entries=sum(len(entries) for stored in wallets for entries in stored.entries.values()),
        last=None if len(in_range) < PAGE else in_range[-1].id,
    )


async def _read_or_report(session: Session, *, of: Sequence[Account]) -> tuple[list[StoredWallet], list[Discrepancy]]:
    """The stored wallets of accounts; when reading fails, each account is read alone, to find those that cannot be read."""
    try:
        return await stored_wallets.read(session, of=of), []
    except UNREADABLE as problem:
        if len(of) == 1:
            what = f"what is stored of it cannot be read: {type(problem).__name__} {problem}"
            return [], [Discrepancy(f"account {of[0].id}", what)]
    wallets: list[StoredWallet] = []
    discrepancies: list[Discrepancy] = []
    for account in of:
        readable, unreadable = await _read_or_report(session, of=[account])
        wallets.extend(readable)
        discrepancies.extend(unreadable)
    return wallets, discrepancies


def _verify_wallet(stored: StoredWallet) -> list[Discrepancy]:
    """The discrepancies of one wallet."""
    try:
        chains = [
            discrepancy
            for unit, account in stored.recorded.accounts.items()
            for discrepancy in _verify_chain(account, stored.entries[unit])
        ]
        return [*chains, *verify_replay(stored)]
    except UNREADABLE as problem:
        what = f"its events make no sense: {type(problem).__name__} {problem}"
        return [Discrepancy(f"account {stored.account.id}", what)]


def _verify_chain(account: Account, entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """The entries of an account form one chain of hashes that ends at its last hash, and each entry adds up."""
    last_hash = FIRST_HASH
    for number, stored in enumerate(entries, start=1):
        entry = stored.entry
        place = f"entry {entry.id}"
        if entry.number != number or entry.previous_hash != last_hash:
            yield Discrepancy(place, "does not follow the entry before it")
        if entry_hash(entry) != stored.hash:
            yield Discrepancy(place, "does not match its hash")
        if stored.counter_account != COUNTER_ACCOUNT[entry.type].value:
            yield Discrepancy(place, "has the wrong counter account")
        if sum(movement.points for movement in entry.movements) - entry.owed_change != entry.points:
            yield Discrepancy(place, "its movements do not add up to its points")
        last_hash = stored.hash
    if account.last_hash != last_hash or account.entry_count != len(entries):
        yield Discrepancy(f"account {account.id}", "its last hash or its number of entries is not that of its ledger")
