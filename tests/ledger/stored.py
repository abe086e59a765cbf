"""What a database holds of a program's accounts, against the plain reference told from the facts in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.ledger import Balance
from app.domain.lots import Lot
from app.domain.units import Unit
from app.queries.books import FIRST
from app.store import accounts, budgets, ledger, lots, stories
from app.store.ledger import StoredEntry
from app.store.stories import Told, Versions
from app.store.unit import Session
from app.store.values import instant_or_none
from tests.ledger.comparing import of_reference, unlike
from tests.ledger.invariants import Booked, faults_of
from tests.ledger.reference import Wallet, tell


@dataclass(frozen=True, slots=True)
class Stored:
    """A wallet as it stands: its facts, the entries and lots of its accounts, and what its holders' rows say of their levels."""

    told: Told
    versions: Versions
    entries: Mapping[Unit, Sequence[StoredEntry]]
    lots: Mapping[Unit, Sequence[Lot]]
    levels: Mapping[str, tuple[str | None, datetime | None]]

    def faults(self) -> list[str]:
        """Where it is not as the reference tells it, or against what always holds."""
        return [f"account {self.told.account.id}: {one}" for one in self._faults()]

    def _faults(self) -> Iterator[str]:
        account = self.told.account
        for unit, one in self.told.accounts.items():
            yield from faults_of(entries=_booked(self.entries[unit]), lots=self.lots[unit], balance=one.balance)
        if account.settled_at is None:
            if any(self.entries.values()) or self.told.story.facts:
                yield "never told, with a history"
        elif self.told.gone is not None:
            if account.balance != Balance(lifetime=account.balance.lifetime, qualifying=account.balance.qualifying):
                yield "something is left of what went over"
        else:
            for where, (one, other) in self._unlike(account.settled_at).items():
                yield f"{where}: stored {one}, by the reference {other}"

    def held_of_budgets(self) -> Counter[str]:
        """The points of each clause's budget that its customers hold, by the reference; what went over is held elsewhere."""
        account = self.told.account
        if account.settled_at is None or self.told.gone is not None:
            return Counter()
        held: Counter[str] = Counter()
        for sale in self._reference(account.settled_at).sales.values():
            held.update(sale.of_budgets())
        return held

    def _reference(self, at: datetime) -> Wallet:
        # Of terms that start at the very moment up to which it was told, published since, whoever looks next tells it.
        last = self.told.account.terms_version
        known = [one for one in self.versions.standing if one.effective_from != at or one.version <= last]
        return tell(self.told.story, known, at)

    def _unlike(self, at: datetime) -> dict[str, tuple[Any, Any]]:
        wallet = self._reference(at)
        plain = of_reference(wallet, at)
        balance = self.told.account.balance
        stamps = self.told.others.get(Unit.STAMPS)
        card = stamps.balance if stamps is not None else Balance()
        stored: dict[str, Any] = {
            "lots": {
                lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at, lot.available_from, lot.valid_until)
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
            "tiers": {id: tier for id, (tier, _) in self.levels.items()},
            "falls": {id: falls_at for id, (_, falls_at) in self.levels.items()},
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
            plain[part] = {id: plain[part].get(id, "nobody") for id in self.levels}
        del plain["ends"]
        return unlike(stored, plain)


def _booked(entries: Sequence[StoredEntry]) -> list[Booked]:
    """What the entries book: one after the other where every fact came in its order, else all together."""
    booked = []
    for one in (stored.entry for stored in entries):
        moved: dict[str, int] = {}
        for movement in one.movements:
            moved[movement.lot_id] = moved.get(movement.lot_id, 0) + movement.points
        booked.append(Booked(one.points, moved, one.owed))
    moments = [one.entry.occurred_at for one in entries]
    if moments == sorted(moments) and all(one.entry.cause is None for one in entries):
        return booked
    together: dict[str, int] = {}
    for each in booked:
        for id, points in each.lots.items():
            together[id] = together.get(id, 0) + points
    return [Booked(sum(one.points for one in booked), together, sum(one.owed for one in booked))]


async def stored_accounts(session: Session, *, program_id: str) -> list[Stored]:
    """Every account of a small program."""
    found = await accounts.page(session, program_id=program_id, after=FIRST, limit=100)
    versions = await stories.versions_of(session, program_id=program_id)
    told = await stories.all_told(session, program_id=program_id, of=found, versions=versions)
    every = [account for one in told.values() for account in one.accounts.values()]
    written = await ledger.of_accounts(session, program_id=program_id, account_ids=[one.id for one in every])
    opened = {one.id: await lots.all_lots(session, program_id=program_id, account_id=one.id) for one in every}
    holders: dict[str, dict[str, tuple[str | None, datetime | None]]] = {}
    for row in await session.rows(
        "SELECT id, wallet_id, tier, tier_falls_at FROM customers WHERE program_id = $1 AND merged_into IS NULL",
        program_id,
    ):
        level = row["tier"], instant_or_none(row["tier_falls_at"])
        holders.setdefault(row["wallet_id"], {})[row["id"]] = level
    return [
        Stored(
            told=told[one.id],
            versions=versions,
            entries={unit: written.get(account.id, ()) for unit, account in told[one.id].accounts.items()},
            lots={unit: opened[account.id] for unit, account in told[one.id].accounts.items()},
            levels=holders.get(one.wallet_id, {}),
        )
        for one in found
    ]


async def given_of_budgets(session: Session, *, program_id: str) -> Counter[str]:
    """What customers should hold of each clause's budget: what it gave for all, less what is somebody's own share of it."""
    given = Counter(await budgets.counted(session, program_id=program_id))
    rows = await session.rows("SELECT clause, points FROM budget_shares WHERE program_id = $1", program_id)
    for row in rows:
        given[row["clause"]] -= row["points"]
    return given
