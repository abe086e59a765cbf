"""Invariants of every wallet at every moment, for the engine and for stored accounts.

Each check returns the violations in words; an empty list means none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from app.domain.ledger.entries import Balance
from app.domain.ledger.lots import Lot
from app.domain.wallets.lot_inventory import DEBT
from app.domain.wallets.postings import Posting
from app.domain.wallets.wallet import Wallet


class EntryChanges(NamedTuple):
    """The signed changes of an entry: points of the wallet, points of each lot, and debt."""

    points: int
    lots: Mapping[str, int]
    owed: int


def entry_changes(posting: Posting) -> EntryChanges:
    """The changes that an entry for this posting would have."""
    lots: dict[str, int] = {}
    for draw in posting.draws:
        if draw.lot_id != DEBT:
            lots[draw.lot_id] = lots.get(draw.lot_id, 0) - draw.points
    return EntryChanges(posting.points, lots, posting.owed_change)


def violations(*, entries: Iterable[EntryChanges], lots: Iterable[Lot], balance: Balance) -> list[str]:
    """Violated invariants of a wallet: its entries in the order of booking, and its lots and balance after them."""
    return list(_violations(list(entries), {lot.id: lot for lot in lots}, balance))


def _violations(entries: list[EntryChanges], lots: Mapping[str, Lot], balance: Balance) -> Iterator[str]:
    remaining_by_lot: dict[str, int] = {}
    owed = points = 0
    for number, booked in enumerate(entries, start=1):
        points += booked.points
        owed += booked.owed
        if sum(booked.lots.values()) - booked.owed != booked.points:
            yield f"entry {number}: its movements do not sum to its points"
        if owed < 0:
            yield f"entry {number}: more was paid than was owed"
        for id, change in booked.lots.items():
            remaining_by_lot[id] = remaining_by_lot.get(id, 0) + change
            if not 0 <= remaining_by_lot[id] <= lots[id].points:
                yield f"entry {number}: lot {id} of {lots[id].points} points has {remaining_by_lot[id]}"
    for lot in lots.values():
        if remaining_by_lot.get(lot.id, 0) != lot.remaining:
            yield f"lot {lot.id}: has {lot.remaining}, by its movements {remaining_by_lot.get(lot.id, 0)}"
        if not 0 <= lot.held <= lot.remaining <= lot.points:
            yield f"lot {lot.id}: {lot.held} held of {lot.remaining} left of {lot.points}"
    yield from _balance_violations(balance, lots=lots.values(), owed=owed, points=points)


def _balance_violations(balance: Balance, *, lots: Collection[Lot], owed: int, points: int) -> Iterator[str]:
    there = sum(lot.remaining for lot in lots)
    if balance.available + balance.pending + balance.held != there:
        yield "the balance is not what the lots hold"
    if balance.held != sum(lot.held for lot in lots):
        yield "the balance holds what no lot holds"
    if owed != balance.owed or points != there - balance.owed:
        yield "the balance is not the sum of the entries"
    if min(balance.available, balance.pending, balance.held, balance.owed) < 0:
        yield "a part of the balance is below zero"
    if balance.available and balance.owed:
        yield "something is owed although there are points to pay it"


def refund_violations(wallet: Wallet) -> list[str]:
    """Violated invariants of clawbacks: never more than a purchase earned, and all of it when everything was returned."""
    faults = []
    for id, purchase in wallet.purchases.items():
        if not 0 <= purchase.clawback_due <= purchase.decision.points:
            faults.append(f"purchase {id}: {purchase.clawback_due} clawed back of {purchase.decision.points}")
        if not 0 <= purchase.stamp_clawback_due <= purchase.decision.stamps:
            faults.append(
                f"purchase {id}: {purchase.stamp_clawback_due} stamps clawed back of {purchase.decision.stamps}"
            )
        if not purchase.remaining().lines and purchase.stamp_clawback_due != purchase.decision.stamps:
            faults.append(
                f"purchase {id}: returned as a whole, and some of its {purchase.decision.stamps} stamps are left"
            )
        if not purchase.remaining().lines and (purchase.clawback_due, purchase.qualifying_points) != (
            purchase.decision.points,
            0,
        ):
            faults.append(
                f"purchase {id}: returned as a whole, and {purchase.decision.points - purchase.clawback_due} and {purchase.qualifying_points} are left of it"
            )
        if (
            not 0 <= purchase.shortfall <= purchase.clawback_due
            or not 0 <= purchase.expired_points <= purchase.clawback_due - purchase.shortfall
        ):
            faults.append(
                f"purchase {id}: of {purchase.clawback_due} points {purchase.shortfall} are short and {purchase.expired_points} had expired"
            )
    for id, receipt in wallet.receipts.items():
        if any(left < Decimal(0) for left in receipt.remaining_quantities.values()):
            faults.append(f"receipt {id}: more returned than bought")
    return faults
