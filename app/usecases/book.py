"""Append entries to an account, and bring its lots and balance along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from app.domain.ledger import Balance, Entry, Movement, sealed
from app.domain.lots import Lot
from app.domain.wallets.holdings import OWED
from app.domain.wallets.postings import Posting
from app.store import accounts, ledger, lots
from app.store.accounts import Account
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
        new_lots = tuple(replace(lots_after[one], entry_id=id) for one in sorted(set(opened)))
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
        self.account = replace(account, entries=entry.number, head=seal)
        return entry

    async def close(
        self,
        *,
        lots_after: Mapping[str, Lot],
        balance: Balance,
        settled_at: datetime,
        due_at: datetime | None,
        notice_at: datetime | None,
        terms_version: int,
        joined: bool = False,
        digests: Iterable[int] = (),
        gone: Iterable[int] = (),
    ) -> Account:
        """Set the lots and the account as they are after all entries; `digests` are those of the new facts.

        `terms_version` is the version in force at `settled_at`, as far as is known.
        """
        changed = [
            after
            for id, before in self.known.items()
            # What earns nothing any more leaves an empty lot behind.
            for after in (lots_after.get(id) or replace(before, points=0, remaining=0, held=0),)
            if (before.points, before.remaining, before.held) != (after.points, after.remaining, after.held)
        ]
        await lots.set_lots(self.session, program_id=self.stamp.program_id, lots=changed)
        before = self.account
        after = replace(
            before,
            balance=balance,
            settled_at=settled_at,
            due_at=due_at,
            notice_at=notice_at,
            joined=before.joined or joined,
            terms_version=max(before.terms_version, terms_version),
        )
        evidence = added(before.evidence, (*digests, accounts.evidence(after)), gone=(*gone, accounts.evidence(before)))
        self.account = replace(after, evidence=evidence)
        await accounts.keep(self.session, program_id=self.stamp.program_id, account=self.account)
        return self.account
