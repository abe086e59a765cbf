"""What an entry of points that went over says beside its numbers: why, and who is on the other side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.store import accounts, holders, ledger, mergers, transfers
from app.store.mergers import Merger
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Passing:
    """Why points went over, and the customers (ids) on the other side."""

    reason: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CameFrom:
    """The account (id) that went over by an entry, and the customers (ids) who may read its ledger: whose it was."""

    account_id: str
    owners: tuple[str, ...]


async def came_from(session: Session, *, program_id: str, ids: Sequence[str]) -> list[CameFrom | None]:
    """The accounts that brought points along by entries (by id), in the order asked for; None for all other entries."""
    found = await ledger.entries_by_ids(session, program_id=program_id, entry_ids=ids)
    subjects = sorted({one.entry.subject for one in found.values()})
    merged = await mergers.by_ids(session, program_id=program_id, merger_ids=subjects)
    wallets = sorted({id for one in merged.values() for id in (one.from_wallet_id, one.to_wallet_id)})
    known = await accounts.of_wallets(session, program_id=program_id, wallet_ids=wallets)
    places = {one.id: one for one in known}
    owners = await holders.of_accounts(session, program_id=program_id, account_ids=sorted(places))

    def behind(id: str) -> CameFrom | None:
        merger = merged.get(found[id].entry.subject) if id in found else None
        if merger is None:
            return None
        here = places[found[id].entry.account_id]
        if here.wallet_id != merger.to_wallet_id:
            return None
        there = next(one for one in known if (one.wallet_id, one.unit) == (merger.from_wallet_id, here.unit))
        return CameFrom(there.id, owners[there.id])

    return [behind(id) for id in ids]


async def passings(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Passing | None]:
    """What stands behind entries (by id) of transfers and mergers, in the order asked for; None for all others."""
    found = await ledger.entries_by_ids(session, program_id=program_id, entry_ids=ids)
    subjects = sorted({one.entry.subject for one in found.values()})
    passed = await transfers.by_ids(session, program_id=program_id, transfer_ids=subjects)
    merged = await mergers.by_ids(session, program_id=program_id, merger_ids=subjects)
    into = await accounts.of_wallets(
        session, program_id=program_id, wallet_ids=sorted({one.to_wallet_id for one in merged.values()})
    )
    wanted = {one.id for one in into}.union(*({one.from_account_id, one.to_account_id} for one in passed.values()))
    owners = await holders.of_accounts(session, program_id=program_id, account_ids=sorted(wanted))
    # The accounts of a wallet, one for each unit, have the same owners.
    now = {one.wallet_id: owners[one.id] for one in into}
    wallets = {one.id: one.wallet_id for one in into}

    def behind(id: str) -> Passing | None:
        entry = found[id].entry
        transfer, merger = passed.get(entry.subject), merged.get(entry.subject)
        if transfer is not None:
            received = entry.account_id == transfer.to_account_id
            return Passing(transfer.reason, owners[transfer.from_account_id if received else transfer.to_account_id])
        if merger is not None:
            came = wallets.get(entry.account_id) == merger.to_wallet_id
            return Passing(merger.reason, _others(merger, came=came, owners=now[merger.to_wallet_id]))
        return None

    return [behind(id) if id in found else None for id in ids]


def _others(merger: Merger, *, came: bool, owners: tuple[str, ...]) -> tuple[str, ...]:
    """Whose wallet it was or, seen from there, who had the one that took it over."""
    if came:
        return (merger.customer_id,)
    if merger.survivor_id is not None:
        return (merger.survivor_id,)
    return tuple(one for one in owners if one != merger.customer_id)
