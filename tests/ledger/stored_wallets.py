"""The accounts stored in a database, compared with the reference wallet replayed from their events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.ledger.entries import Balance, StoredEntry
from app.domain.ledger.lots import Lot
from app.domain.units import Unit
from app.store.database.codecs import NIL_UUID, instant_or_none
from app.store.database.session import Session
from app.store.events import event_log
from app.store.events.recorded_history import RecordedHistory
from app.store.ledger import accounts, entries, lots
from app.store.terms import budgets, known_versions
from app.store.terms.known_versions import Versions
from tests.ledger.invariants import EntryChanges, violations
from tests.ledger.reference import ReferenceWallet, replay_reference
from tests.ledger.wallet_summaries import differences, reference_summary


@dataclass(frozen=True, slots=True)
class StoredWallet:
    """A stored wallet: its events, the entries and lots of its accounts, and the tiers of its holders."""

    recorded: RecordedHistory
    versions: Versions
    entries: Mapping[Unit, Sequence[StoredEntry]]
    lots: Mapping[Unit, Sequence[Lot]]
    tiers: Mapping[str, tuple[str | None, datetime | None]]

    def violations(self) -> list[str]:
        """Differences from the reference, and violated invariants."""
        return [f"account {self.recorded.account.id}: {fault}" for fault in self._violations()]

    def _violations(self) -> Iterator[str]:
        account = self.recorded.account
        for unit, unit_account in self.recorded.accounts.items():
            yield from violations(
                entries=_entry_changes(self.entries[unit]), lots=self.lots[unit], balance=unit_account.balance
            )
        if account.replayed_through is None:
            if any(self.entries.values()) or self.recorded.history.events:
                yield "never replayed, with a history"
        elif self.recorded.ending_merger is not None:
            if account.balance != Balance(lifetime=account.balance.lifetime, qualifying=account.balance.qualifying):
                yield "a merged wallet still has a balance"
        else:
            for where, (stored, expected) in self._differences(account.replayed_through).items():
                yield f"{where}: stored {stored}, by the reference {expected}"

    def expected_budget_usage(self) -> Counter[str]:
        """The points of each clause's budget that its customers hold by the reference; none for a wallet that was merged
        away."""
        account = self.recorded.account
        if account.replayed_through is None or self.recorded.ending_merger is not None:
            return Counter()
        held: Counter[str] = Counter()
        for purchase in self._reference(account.replayed_through).purchases.values():
            held.update(purchase.budget_usage())
        return held

    def _reference(self, at: datetime) -> ReferenceWallet:
        # Terms that start at the very moment of the last replay and were published since apply from the next replay on.
        last = self.recorded.account.terms_version
        known = [
            version
            for version in self.versions.not_withdrawn
            if version.effective_from != at or version.version <= last
        ]
        return replay_reference(self.recorded.history, known, at)

    def _differences(self, at: datetime) -> dict[str, tuple[Any, Any]]:
        wallet = self._reference(at)
        plain = reference_summary(wallet, at)
        balance = self.recorded.account.balance
        stamps = self.recorded.other_accounts.get(Unit.STAMPS)
        card = stamps.balance if stamps is not None else Balance()
        stored: dict[str, Any] = {
            "lots": {
                lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at, lot.available_from, lot.promised_last_day)
                for lot in self.lots[Unit.POINTS]
                if lot.points
            },
            "stamps": {
                lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at)
                for lot in self.lots.get(Unit.STAMPS, ())
                if lot.points
            }
            | {"owed": card.owed, "lifetime": card.lifetime},
            "balance": balance.to_data(),
            "tiers": {id: tier for id, (tier, _) in self.tiers.items()},
            "falls": {id: falls_at for id, (_, falls_at) in self.tiers.items()},
        }
        # A lot that was used up in a wallet that went over comes into the tables when something comes back into it.
        for part in ("lots", "stamps"):
            here = stored[part]
            plain[part] = {
                id: lot
                for id, lot in plain[part].items()
                if id in here or not isinstance(lot, tuple) or lot[1] or lot[2]
            }
        for part in ("tiers", "falls"):
            plain[part] = {id: plain[part].get(id, "nobody") for id in self.tiers}
        del plain["ends"]
        return differences(stored, plain)


def _entry_changes(entries: Sequence[StoredEntry]) -> list[EntryChanges]:
    """The changes of the entries: one by one where all events arrived in order, else their sum."""
    booked = []
    for entry in (stored.entry for stored in entries):
        moved: dict[str, int] = {}
        for movement in entry.movements:
            moved[movement.lot_id] = moved.get(movement.lot_id, 0) + movement.points
        booked.append(EntryChanges(entry.points, moved, entry.owed_change))
    moments = [stored.entry.occurred_at for stored in entries]
    if moments == sorted(moments) and all(stored.entry.cause is None for stored in entries):
        return booked
    together: dict[str, int] = {}
    for each in booked:
        for id, points in each.lots.items():
            together[id] = together.get(id, 0) + points
    return [EntryChanges(sum(value.points for value in booked), together, sum(item.owed for item in booked))]


async def load_stored_wallets(session: Session) -> list[StoredWallet]:
    """Every account of a small program."""
    found = await accounts.page(session, after=NIL_UUID, limit=100)
    versions = await known_versions.load(session)
    histories = await event_log.load_many(session, points_accounts=found, versions=versions)
    every = [account for history in histories.values() for account in history.accounts.values()]
    written = await entries.of_accounts(session, account_ids=[account.id for account in every])
    opened = {account.id: await lots.all_lots(session, account_id=account.id) for account in every}
    holders: dict[str, dict[str, tuple[str | None, datetime | None]]] = {}
    for row in await session.across_programs.rows(
        "SELECT id, wallet_id, tier, tier_grace_ends_at FROM customers WHERE program_id = $1 AND merged_into IS NULL",
        session.program_id,
    ):
        tier = row["tier"], instant_or_none(row["tier_grace_ends_at"])
        holders.setdefault(row["wallet_id"], {})[row["id"]] = tier
    return [
        StoredWallet(
            recorded=histories[wallet_account.id],
            versions=versions,
            entries={
                unit: written.get(account.id, ()) for unit, account in histories[wallet_account.id].accounts.items()
            },
            lots={unit: opened[account.id] for unit, account in histories[wallet_account.id].accounts.items()},
            tiers=holders.get(wallet_account.wallet_id, {}),
        )
        for wallet_account in found
    ]


async def stored_budget_usage(session: Session) -> Counter[str]:
    """The stored points of each clause's budget that customers hold: usage less their own shares of it."""
    usage = Counter(await budgets.points_used_by_clause(session))
    rows = await session.rows("SELECT clause, points FROM budget_shares WHERE program_id = $1")
    for row in rows:
        usage[row["clause"]] -= row["points"]
    return usage
