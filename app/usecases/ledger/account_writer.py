"""Append entries to an account, and update its lots and balance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from app.domain.customers.customer import Customer
from app.domain.ledger.account import Account
from app.domain.ledger.entries import Balance, Entry, Movement, entry_hash
from app.domain.ledger.lots import Lot
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.lot_inventory import DEBT
from app.domain.wallets.postings import Posting
from app.store.database.row_digests import combine
from app.store.database.session import Session
from app.store.ledger import accounts, entries, lots
from app.store.terms import versions
from app.usecases.command import WriteContext


@dataclass(frozen=True, slots=True)
class EntryReferences:
    """The purchase, refund or redemption that an entry refers to, by id."""

    purchase_id: str | None = None
    refund_id: str | None = None
    redemption_id: str | None = None


NO_REFERENCES = EntryReferences()
"""For entries about no purchase, refund or redemption."""


def new_account(write_context: WriteContext, *, wallet_id: str, unit: Unit) -> Account:
    """An account in a unit that a wallet has not used yet."""
    return Account(id=write_context.new_id(), wallet_id=wallet_id, unit=unit)


async def accounts_of(
    session: Session, *, write_context: WriteContext, customer: Customer, terms: Terms
) -> dict[Unit, Account]:
    """The accounts of a wallet in all units of the terms; an account without entries may not be stored yet."""
    account = customer.account
    by_unit = {Unit.POINTS: account}
    units = (await versions.units_and_rules_up_to(session, terms=terms)).units
    if len(units) > 1:
        by_unit |= await accounts.other_accounts(session, wallet_id=account.wallet_id)
    return {
        unit: by_unit.get(unit) or new_account(write_context, wallet_id=account.wallet_id, unit=unit) for unit in units
    }


def stored_balances(by_unit: Mapping[Unit, Account]) -> dict[Unit, Balance]:
    """The stored balances of a wallet's accounts, by unit; units other than points only if their accounts have entries."""
    return {unit: account.balance for unit, account in by_unit.items() if unit is Unit.POINTS or account.entry_count}


@dataclass(slots=True)
class AccountWriter:
    """Appends entries to a locked account, one by one; `lots_before` are its lots (by id) before the first new entry."""

    session: Session
    write_context: WriteContext
    account: Account
    lots_before: Mapping[str, Lot]
    _opened_lot_ids: set[str] = field(default_factory=set, init=False)

    async def append(
        self,
        posting: Posting,
        *,
        lots_after: Mapping[str, Lot],
        references: EntryReferences = NO_REFERENCES,
        cause: str | None = None,
    ) -> Entry:
        """Append the entry of a posting, chained to the entry before it by its hash, and open its new lots.

        `lots_after` are the lots after all entries. An entry of 0 points is stored, too, so that the customer can see
        why nothing was earned.
        """
        account, write_context = self.account, self.write_context
        id = write_context.new_id()
        lot_draws = [draw for draw in posting.draws if draw.lot_id != DEBT]
        opened_lot_ids = {
            draw.lot_id for draw in lot_draws if draw.lot_id not in self.lots_before
        } - self._opened_lot_ids
        new_lots = tuple(lots_after[lot_id]._replace(entry_id=id) for lot_id in sorted(opened_lot_ids))
        entry = Entry(
            id=id,
            account_id=account.id,
            number=account.entry_count + 1,
            type=posting.key.type,
            subject=posting.key.id,
            points=posting.points,
            owed_change=posting.owed_change if len(lot_draws) < len(posting.draws) else 0,
            unit=account.unit,
            occurred_at=posting.at,
            recorded_at=write_context.now,
            purchase_id=references.purchase_id,
            refund_id=references.refund_id,
            redemption_id=references.redemption_id,
            decision=orjson.dumps(posting.decision.to_data()).decode(),
            movements=tuple(Movement(write_context.new_id(), draw.lot_id, -draw.points) for draw in lot_draws),
            new_lots=new_lots,
            previous_hash=account.last_hash,
            cause=cause,
        )
        own_hash = entry_hash(entry)
        await entries.append(self.session, entry=entry, own_hash=own_hash)
        self._opened_lot_ids |= opened_lot_ids
        self.account = account._replace(entry_count=entry.number, last_hash=own_hash)
        return entry

    def changed_lots(self, lots_after: Mapping[str, Lot]) -> list[Lot]:
        """Those of `lots_before` whose content has changed."""
        return [
            after
            for id, before in self.lots_before.items()
            # A purchase that no longer earns anything leaves an empty lot.
            for after in (lots_after.get(id) or before._replace(points=0, remaining=0, held=0),)
            # Most lots of a wallet do not change.
            if after is not before
            and (before.points, before.remaining, before.held) != (after.points, after.remaining, after.held)
        ]

    async def store(
        self,
        *,
        lots_after: Mapping[str, Lot],
        balance: Balance,
        replayed_through: datetime | None = None,
        next_change_at: datetime | None = None,
        next_notice_at: datetime | None = None,
        terms_version: int = 0,
        has_merges: bool = False,
        digests: Iterable[int] = (),
        replaced_digests: Iterable[int] = (),
    ) -> Account:
        """Write the lots and the account as they are after all entries; `digests` are those of the new events' rows,
        `replaced_digests` those of the rows that they replace.

        The state of replay, the terms version and the next due times are stored in the points account only.
        """
        if self.lots_before and (changed := self.changed_lots(lots_after)):
            await lots.set_lots(self.session, lots=changed)
        before = self.account
        after = before._replace(
            balance=balance,
            replayed_through=replayed_through,
            next_change_at=next_change_at,
            next_notice_at=next_notice_at,
            has_merges=before.has_merges or has_merges,
            terms_version=max(before.terms_version, terms_version),
        )
        events_digest = combine(
            before.events_digest,
            (*digests, accounts.row_digest(after)),
            removed=(*replaced_digests, accounts.row_digest(before)),
        )
        self.account = after._replace(events_digest=events_digest)
        await accounts.update(self.session, account=self.account)
        return self.account
