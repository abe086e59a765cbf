"""What a database holds of a program's accounts, against the plain reference told from the facts in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.ledger import Balance
from app.domain.lots import Lot
from app.queries.books import FIRST
from app.store import accounts, ledger, lots, stories
from app.store.ledger import StoredEntry
from app.store.stories import Told, Versions
from app.store.unit import Session
from app.store.values import instant_or_none
from tests.ledger.comparing import of_reference, unlike
from tests.ledger.invariants import Booked, faults_of
from tests.ledger.reference import tell


@dataclass(frozen=True, slots=True)
class Stored:
    """An account as it stands: its facts, entries, lots, and what its holders' rows say of their levels."""

    told: Told
    versions: Versions
    entries: Sequence[StoredEntry]
    lots: Sequence[Lot]
    levels: Mapping[str, tuple[str | None, datetime | None]]

    def faults(self) -> list[str]:
        """Where it is not as the reference tells it, or against what always holds."""
        return [f"account {self.told.account.id}: {one}" for one in self._faults()]

    def _faults(self) -> Iterator[str]:
        account = self.told.account
        yield from faults_of(entries=self._booked(), lots=self.lots, balance=account.balance)
        if account.settled_at is None:
            if self.entries or self.told.story.facts:
                yield "never told, with a history"
        elif self.told.gone is not None:
            if account.balance != Balance(lifetime=account.balance.lifetime, qualifying=account.balance.qualifying):
                yield "something is left of what went over"
        else:
            for where, (one, other) in self._unlike(account.settled_at).items():
                yield f"{where}: stored {one}, by the reference {other}"

    def _unlike(self, at: datetime) -> dict[str, tuple[Any, Any]]:
        wallet = tell(self.told.story, self.versions.standing, at)
        plain = of_reference(wallet, at)
        balance = self.told.account.balance
        stored: dict[str, Any] = {
            "lots": {
                lot.id: (lot.points, lot.remaining, lot.held, lot.earned_at, lot.available_from, lot.valid_until)
                for lot in self.lots
                if lot.points
            },
            "balance": balance.to_data(),
            "tiers": {id: tier for id, (tier, _) in self.levels.items()},
            "falls": {id: falls_at for id, (_, falls_at) in self.levels.items()},
        }
        # A lot that was used up in a wallet that went over comes into the tables when something comes back into it.
        here = stored["lots"]
        plain["lots"] = {id: lot for id, lot in plain["lots"].items() if id in here or lot[1] or lot[2]}
        for part in ("tiers", "falls"):
            plain[part] = {id: plain[part].get(id, "nobody") for id in self.levels}
        del plain["ends"]
        return unlike(stored, plain)

    def _booked(self) -> list[Booked]:
        """What the entries book: one after the other where every fact came in its order, else all together."""
        booked = []
        for one in (stored.entry for stored in self.entries):
            moved: dict[str, int] = {}
            for movement in one.movements:
                moved[movement.lot_id] = moved.get(movement.lot_id, 0) + movement.points
            booked.append(Booked(one.points, moved, one.owed))
        moments = [one.entry.occurred_at for one in self.entries]
        if moments == sorted(moments) and all(one.entry.cause is None for one in self.entries):
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
    written = await ledger.of_accounts(session, program_id=program_id, account_ids=[one.id for one in found])
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
            entries=written.get(one.id, ()),
            lots=await lots.all_lots(session, program_id=program_id, account_id=one.id),
            levels=holders.get(one.wallet_id, {}),
        )
        for one in found
    ]
