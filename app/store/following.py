"""Whether what happens is decided by what stands: the balance and the counts, or by a look at all that happened before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.deciding.tiers import turning
from app.domain.terms import Terms
from app.store import holders, stories
from app.store.accounts import Account
from app.store.customers import CustomerRow
from app.store.unit import Session


async def follows(session: Session, *, program_id: str, customer: CustomerRow, terms: Terms, at: datetime) -> bool:
    """Whether what happens to a customer at a moment, under the terms in force then, can be decided by what stands.

    It comes after all that is known, nothing falls due before it, and levels are those of the terms the wallet was last
    told under.
    """
    account = customer.account
    if not account.is_followed_by(at):
        return False
    # Nobody may have looked at the account since these terms started.
    if 0 < account.terms_version < terms.version and await turned(
        session, program_id=program_id, account=account, at=at
    ):
        return False
    if not account.joined or not terms.tiers:
        return True
    # An account knows what its holders have towards a level together, and not what each of them has.
    return not await holders.shared(session, program_id=program_id, wallet_ids=[account.wallet_id])


async def turned(session: Session, *, program_id: str, account: Account, at: datetime) -> bool:
    """Whether terms with other levels than those that an account was told under have started by a moment."""
    standing = (await stories.versions_of(session, program_id=program_id)).standing
    return has_turned(account, standing=standing, at=at)


def has_turned(account: Account, *, standing: Sequence[Terms], at: datetime) -> bool:
    """The same with the versions that stand at hand; an account in which nothing has happened holds no level."""
    return account.settled_at is not None and any(
        one.version > account.terms_version and one.effective_from <= at for one in turning(standing)
    )


async def first_turn(session: Session, *, program_id: str, after: datetime) -> datetime | None:
    """When the next terms with other levels start after a moment, as far as it is known."""
    standing = (await stories.versions_of(session, program_id=program_id)).standing
    return next((one.effective_from for one in turning(standing) if one.effective_from > after), None)


async def is_as_it_was(
    session: Session, *, program_id: str, account_id: str, customer_id: str, purchase_id: str, occurred_at: datetime
) -> bool:
    """Whether a customer's purchase stands in an account, and nothing became known after it that happened before it.

    A receipt that was set right need not have left an entry, and changes what clauses count all the same.
    """
    row = await session.row(
        "SELECT NOT EXISTS (SELECT 1 FROM entries later WHERE later.program_id = $1 AND later.account_id = $2"
        " AND later.number > one.number AND later.occurred_at <= $4)"
        " AND NOT EXISTS (SELECT 1 FROM receipt_corrections c"
        " JOIN purchases p ON p.program_id = c.program_id AND p.id = c.purchase_id"
        " WHERE c.program_id = $1 AND (c.customer_id = $5 OR c.to_customer_id = $5)"
        " AND c.id > one.id AND p.occurred_at <= $4) AS it_is"
        " FROM entries one WHERE one.program_id = $1 AND one.account_id = $2 AND one.purchase_id = $3"
        " AND one.type = 'EARN' ORDER BY one.number LIMIT 1",
        program_id,
        account_id,
        purchase_id,
        occurred_at,
        customer_id,
    )
    return row is not None and bool(row["it_is"])
