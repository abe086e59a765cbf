"""Append entries to an account, and bring its lots and balance along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from app.domain.ledger import Balance, Entry, Movement, sealed
from app.domain.lots import Lot
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.holdings import OWED
from app.domain.wallets.postings import Posting
from app.store import accounts, ledger, lots
from app.store import terms as versions
from app.store.accounts import Account
from app.store.customers import CustomerRow
from app.store.evidence import added
from app.store.unit import Session
from app.usecases.call import Stamp


@dataclass(frozen=True, slots=True)
class Origin:
    """The records that an entry about a fact goes with."""

    purchase_id: str | None = None
    refund_id: str | None = None
    redemption_id: str | None = None


NOTHING = Origin()
"""Of an entry that goes with no purchase, refund or redemption."""


def new_account(stamp: Stamp, *, wallet_id: str, unit: Unit) -> Account:
    """An account that a wallet has had no use for so far."""
    return Account(id=stamp.new_id(), wallet_id=wallet_id, unit=unit)


async def accounts_of(session: Session, *, stamp: Stamp, customer: CustomerRow, terms: Terms) -> dict[Unit, Account]:
    """The accounts of a wallet in all units that terms know; one without entries may have to be opened."""
    account = customer.account
    found = {Unit.POINTS: account}
    units = await versions.units(session, program_id=stamp.program_id, terms=terms)
    if len(units) > 1:
        found |= await accounts.others(session, program_id=stamp.program_id, wallet_id=account.wallet_id)
    return {unit: found.get(unit) or new_account(stamp, wallet_id=account.wallet_id, unit=unit) for unit in units}


def held_in(wallet: Mapping[Unit, Account]) -> dict[Unit, Balance]:
    """What the accounts of a wallet hold, in each unit in which anything was ever booked."""
    return {unit: one.balance for unit, one in wallet.items() if unit is Unit.POINTS or one.entries}


@dataclass(slots=True)
class Book:
    """An account that is locked, with the lots (by id) that it had before; entries are added to it one by one."""

    session: Session
    stamp: Stamp
    account: Account
    known: dict[str, Lot]

    async def append(
        self, posting: Posting, *, lots_after: Mapping[str, Lot], origin: Origin = NOTHING, cause: str | None = None
    ) -> Entry:
        """Append the entry of a posting, sealed to the one before it; lots that it moves for the first time are opened.

        `lots_after` are the lots as they are when all is booked. An entry of 0 points still stands in the ledger, so
        that the customer can see why nothing came of it.
        """
        account, stamp = self.account, self.stamp
        id = stamp.new_id()
        moved = [draw for draw in posting.draws if draw.lot_id != OWED]
        opened = [draw.lot_id for draw in moved if draw.lot_id not in self.known]
        new_lots = tuple(lots_after[one]._replace(entry_id=id) for one in sorted(set(opened)))
        entry = Entry(
            id=id,
            account_id=account.id,
            number=account.entries + 1,
            type=posting.subject.type,
            subject=posting.subject.id,
            points=posting.points,
            owed=posting.owed,
            unit=account.unit,
            occurred_at=posting.at,
            recorded_at=stamp.now,
            purchase_id=origin.purchase_id,
            refund_id=origin.refund_id,
            redemption_id=origin.redemption_id,
            decision=orjson.dumps(posting.decision.to_data()).decode(),
            movements=tuple(Movement(stamp.new_id(), draw.lot_id, -draw.points) for draw in moved),
            new_lots=new_lots,
            previous=account.head,
            cause=cause,
        )
        seal = sealed(entry)
        await ledger.append(self.session, program_id=stamp.program_id, entry=entry, seal=seal)
        self.known |= {lot.id: lot for lot in new_lots}
        self.account = account._replace(entries=entry.number, head=seal)
        return entry

    def changed(self, lots_after: Mapping[str, Lot]) -> list[Lot]:
        """The lots in which something else is now than before."""
        return [
            after
            for id, before in self.known.items()
            # What earns nothing any more leaves an empty lot behind.
            for after in (lots_after.get(id) or before._replace(points=0, remaining=0, held=0),)
            # Most lots of a wallet are not touched.
            if after is not before
            and (before.points, before.remaining, before.held) != (after.points, after.remaining, after.held)
        ]

    async def close(
        self,
        *,
        lots_after: Mapping[str, Lot],
        balance: Balance,
        settled_at: datetime | None = None,
        due_at: datetime | None = None,
        notice_at: datetime | None = None,
        terms_version: int = 0,
        joined: bool = False,
        digests: Iterable[int] = (),
        gone: Iterable[int] = (),
    ) -> Account:
        """Set the lots and the account as they are after all entries; `digests` are those of the new facts.

        How far it was told and under which version of the terms, and what time brings to it, stand in the account of the
        wallet's points only.
        """
        await lots.set_lots(self.session, program_id=self.stamp.program_id, lots=self.changed(lots_after))
        before = self.account
        joined, terms_version = before.joined or joined, max(before.terms_version, terms_version)
        digest = accounts.evidence_when(before, settled_at=settled_at, joined=joined, terms_version=terms_version)
        self.account = before._replace(
            balance=balance,
            settled_at=settled_at,
            due_at=due_at,
            notice_at=notice_at,
            joined=joined,
            terms_version=terms_version,
            evidence=added(before.evidence, (*digests, digest), gone=(*gone, accounts.evidence(before))),
        )
        await accounts.keep(self.session, program_id=self.stamp.program_id, account=self.account)
        return self.account
