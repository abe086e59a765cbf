"""The ledger: entries, lots and what each entry moved; only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.ledger import Balance, Entry
from app.domain.lots import Lot
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands in the ledger, with its stored hash. Its lot is as it was made: `remaining` = `points`."""

    entry: Entry
    hash: str


async def append(
    session: Session, *, program_id: str, entry: Entry, seal: str, balance: Balance
) -> None:
    """Add an entry with its lot and movements, lower the lots it took from, and set the account after it.

    `seal` is the entry's own hash and becomes the account's head. The account must be locked (`customers.find`). The
    rows travel with the next statements (see `Session.later`); an account that has moved on since is an error.
    """
    raise NotImplementedError


async def open_lots(session: Session, *, program_id: str, account_id: str) -> tuple[Lot, ...]:
    """The lots of an account with points left, in no particular order."""
    raise NotImplementedError


async def lots_of_purchase(session: Session, *, program_id: str, purchase_id: str) -> tuple[Lot, ...]:
    """The lots, used up or not, that a purchase brought."""
    raise NotImplementedError


async def all_lots(session: Session, *, program_id: str, account_id: str) -> tuple[Lot, ...]:
    """Every lot of an account, used up ones too, in the order of their ids."""
    raise NotImplementedError


async def page(
    session: Session,
    *,
    program_id: str,
    account_id: str,
    after: int | None = None,
    before: int | None = None,
    limit: int = 20,
    newest_first: bool = True,
) -> tuple[StoredEntry, ...]:
    """Entries of an account by number, with lot and movements: those with `after` < number < `before`.

    At most `limit`, counted from the newest or from the oldest.
    """
    raise NotImplementedError


async def entries_by_ids(session: Session, *, program_id: str, entry_ids: Sequence[str]) -> dict[str, StoredEntry]:
    """Several entries by id; ids that are not there are left out."""
    raise NotImplementedError


async def of_purchase(session: Session, *, program_id: str, purchase_id: str) -> StoredEntry | None:
    """The entry with which a purchase earned, or None."""
    raise NotImplementedError


async def of_refund(session: Session, *, program_id: str, refund_id: str) -> StoredEntry | None:
    """The entry with which a refund took points back, or None."""
    raise NotImplementedError


async def of_redemption(session: Session, *, program_id: str, redemption_id: str) -> StoredEntry | None:
    """The entry with which a redemption was paid, or None."""
    raise NotImplementedError
