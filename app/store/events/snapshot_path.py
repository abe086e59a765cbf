"""The snapshot path: may an event be applied to the stored balance and counters, or must the history be replayed?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.customers.customer import Customer
from app.domain.engine.tiers import tier_changing_versions
from app.domain.ledger.account import Account
from app.domain.terms.version import Terms
from app.store.customers import wallet_members
from app.store.database.session import Session
from app.store.terms import known_versions


async def can_apply_to_snapshot(session: Session, *, customer: Customer, terms: Terms, at: datetime) -> bool:
    """Can an event of a customer, under the terms in force at its time, be applied to the stored balance and counters?

    It can if it is later than all known events, nothing falls due before it, and no terms with other tiers have started
    since the last replay.
    """
    account = customer.account
    if not account.can_append(at):
        return False
    # The account may not have been replayed since these terms started.
    if 0 < account.terms_version < terms.version and await tier_terms_started(session, account=account, at=at):
        return False
    if not account.has_merges or not terms.tiers:
        return True
    # An account stores the sum of its customers' qualifying points, not those of each.
    return not await wallet_members.shared_wallets(session, wallet_ids=[account.wallet_id])


async def tier_terms_started(session: Session, *, account: Account, at: datetime) -> bool:
    """Did terms with other tiers than those of the account's last replay start by an instant?"""
    versions = (await known_versions.load(session)).not_withdrawn
    return tier_terms_started_in(account, versions=versions, at=at)


def tier_terms_started_in(account: Account, *, versions: Sequence[Terms], at: datetime) -> bool:
    """`tier_terms_started` for versions that have already been read. An account without events holds no tier."""
    return account.replayed_through is not None and any(
        version.version > account.terms_version and version.effective_from <= at
        for version in tier_changing_versions(versions)
    )


async def next_tier_terms_start(session: Session, *, after: datetime) -> datetime | None:
    """The next start after an instant of published terms with other tiers; None if there are none."""
    versions = (await known_versions.load(session)).not_withdrawn
    return next(
        (version.effective_from for version in tier_changing_versions(versions) if version.effective_from > after), None
    )


async def unchanged_since(
    session: Session, *, account_id: str, customer_id: str, purchase_id: str, occurred_at: datetime
) -> bool:
    """Has nothing been recorded in the account since a purchase was booked that happened before the purchase?

    That may be an entry or a correction of a receipt, which changes usage counters even if it makes no entry.
    """
    row = await session.row(
        "SELECT NOT EXISTS (SELECT 1 FROM entries later WHERE later.program_id = $1 AND later.account_id = $2"
        " AND later.number > earned.number AND later.occurred_at <= $4)"
        " AND NOT EXISTS (SELECT 1 FROM receipt_corrections c"
        " JOIN purchases p ON p.program_id = c.program_id AND p.id = c.purchase_id"
        " WHERE c.program_id = $1 AND (c.customer_id = $5 OR c.to_customer_id = $5)"
        " AND c.id > earned.id AND p.occurred_at <= $4)  AS unchanged"
        " FROM entries earned WHERE earned.program_id = $1 AND earned.account_id = $2 AND earned.purchase_id = $3"
        " AND earned.type = 'EARN' ORDER BY earned.number LIMIT 1",
        account_id,
        purchase_id,
        occurred_at,
        customer_id,
    )
    return row is not None and bool(row["unchanged"])
