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
    wallets = {one.wallet_id: one.id for one in into}

    def behind(id: str) -> Passing | None:
        entry = found[id].entry
        transfer, merger = passed.get(entry.subject), merged.get(entry.subject)
        if transfer is not None:
            received = entry.account_id == transfer.to_account_id
            return Passing(transfer.reason, owners[transfer.from_account_id if received else transfer.to_account_id])
        if merger is not None:
            came = entry.account_id == wallets[merger.to_wallet_id]
            return Passing(merger.reason, _others(merger, came=came, owners=owners[wallets[merger.to_wallet_id]]))
        return None

    return [behind(id) if id in found else None for id in ids]


def _others(merger: Merger, *, came: bool, owners: tuple[str, ...]) -> tuple[str, ...]:
    """Whose wallet it was or, seen from there, who had the one that took it over."""
    if came:
        return (merger.customer_id,)
    if merger.survivor_id is not None:
        return (merger.survivor_id,)
    return tuple(one for one in owners if one != merger.customer_id)
