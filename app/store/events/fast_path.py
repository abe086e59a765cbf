"""Whether what happens is decided by what stands: the balance and the counts, or by a look at all that happened before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.engine.tiers import tier_changing_versions
from app.domain.terms.version import Terms
from app.store.customers import wallet_members
from app.store.customers.customers import CustomerRow
from app.store.database.session import Session
from app.store.ledger.accounts import Account
from app.store.terms import in_force


async def can_apply_to_snapshot(session: Session, *, customer: CustomerRow, terms: Terms, at: datetime) -> bool:
    """Whether what happens to a customer at a moment, under the terms in force then, can be decided by what stands.

    It comes after all that is known, nothing falls due before it, and tiers are those of the terms the wallet was last
    told under.
    """
    account = customer.account
    if not account.is_followed_by(at):
        return False
    # Nobody may have looked at the account since these terms started.
    if 0 < account.terms_version < terms.version and await tier_terms_started(session, account=account, at=at):
        return False
    if not account.has_merges or not terms.tiers:
        return True
    # An account knows what its holders have towards a tier together, and not what each of them has.
    return not await wallet_members.shared(session, wallet_ids=[account.wallet_id])


async def tier_terms_started(session: Session, *, account: Account, at: datetime) -> bool:
    """Whether terms with other tiers than those that an account was told under have started by a moment."""
    standing = (await in_force.versions_of(session)).standing
    return has_turned(account, standing=standing, at=at)


def has_turned(account: Account, *, standing: Sequence[Terms], at: datetime) -> bool:
    """The same with the versions that stand at hand; an account in which nothing has happened holds no tier."""
    return account.replayed_through is not None and any(
        version.version > account.terms_version and version.effective_from <= at
        for version in tier_changing_versions(standing)
    )


async def next_tier_terms_start(session: Session, *, after: datetime) -> datetime | None:
    """When the next terms with other tiers start after a moment, as far as it is known."""
    standing = (await in_force.versions_of(session)).standing
    return next(
        (version.effective_from for version in tier_changing_versions(standing) if version.effective_from > after), None
    )


async def unchanged_since(
    session: Session, *, account_id: str, customer_id: str, purchase_id: str, occurred_at: datetime
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
        account_id,
        purchase_id,
        occurred_at,
        customer_id,
    )
    return row is not None and bool(row["it_is"])
