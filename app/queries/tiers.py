"""The level of customers: read off where it is kept, told from the beginning where more is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.deciding.tiers import TierChange, TierStanding, kept
from app.domain.decisions import Reason
from app.domain.terms import Terms
from app.domain.wallets.course import Course
from app.domain.wallets.prospects import Prospect, prospect
from app.store import customers, following, holders, stories
from app.store.customers import CustomerRow
from app.store.stories import Versions
from app.store.telling import told_with
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class TierHistory:
    """What is known of a level only when the account is told from the beginning.

    `changes` are oldest first; `kept` is why a level is held that the points come to no more.
    """

    changes: tuple[TierChange, ...] = ()
    kept: Reason | None = None
    prospect: Prospect | None = None


@dataclass(frozen=True, slots=True)
class TierStatus:
    """The level that a customer holds at a moment, with the points that count then, by the terms in force (None: none yet).

    `named_by` are the latest terms that know the level.
    """

    standing: TierStanding
    qualifying: int
    terms: Terms | None
    named_by: Terms | None
    history: TierHistory


async def tier_statuses(
    session: Session, *, program_id: str, ids: Sequence[str], at: datetime, whole: bool
) -> list[TierStatus | None]:
    """The levels of customers (by id), in the order asked for; with their histories where the `whole` is wanted.

    What is kept of a customer is enough unless something has fallen due since, or others hold the same wallet.
    """
    versions = await stories.versions_of(session, program_id=program_id)
    rows = await customers.by_ids(session, program_id=program_id, customer_ids=ids)
    tiered = any(one.tiers for one in versions.standing)
    told: dict[str, Course] = {}
    if tiered:
        wallets = [one.account.wallet_id for one in rows.values()]
        shared = await holders.shared(session, program_id=program_id, wallet_ids=wallets)
        wanted = [
            one
            for one in rows.values()
            if whole
            or one.account.wallet_id in shared
            or not (one.account.due_at is None or at < one.account.due_at)
            or following.has_turned(one.account, standing=versions.standing, at=at)
        ]
        told = await _courses(session, program_id=program_id, of=wanted, versions=versions, at=at)
    return [
        _status(rows[id], course=told.get(rows[id].id), versions=versions, at=at, whole=whole) if id in rows else None
        for id in ids
    ]


async def _courses(
    session: Session, *, program_id: str, of: Sequence[CustomerRow], versions: Versions, at: datetime
) -> dict[str, Course]:
    """The accounts of customers told up to a moment, a course for each customer."""
    accounts = list({one.account.id: one.account for one in of}.values())
    told = await stories.all_told(session, program_id=program_id, of=accounts, versions=versions)
    return {one.id: told_with(told[one.account.id], versions=versions, facts=(), until=at).course for one in of}


def _status(row: CustomerRow, *, course: Course | None, versions: Versions, at: datetime, whole: bool) -> TierStatus:
    terms = next((one for one in reversed(versions.standing) if one.effective_from <= at), None)
    standing, qualifying, history = row.standing, row.account.balance.qualifying, TierHistory()
    holder = course.holders.get(row.id) if course is not None else None
    if course is not None and holder is not None and terms is not None:
        standing, qualifying = holder.standing, holder.qualifying.points(terms=terms, at=at)
        if whole:
            history = TierHistory(
                changes=tuple(_changes(course, customer_id=row.id)),
                kept=kept(standing, qualifying=holder.qualifying.most(terms=terms, at=at), terms=terms),
                prospect=prospect(course, customer_id=row.id),
            )
    knowing = (one for one in reversed(versions.standing) if one.effective_from <= at)
    named_by = next((one for one in knowing if any(tier.tier == standing.tier for tier in one.tiers)), None)
    return TierStatus(standing=standing, qualifying=qualifying, terms=terms, named_by=named_by, history=history)


def _changes(course: Course, *, customer_id: str) -> Iterator[TierChange]:
    """The changes of a customer's level, also those in wallets that went over into this one."""
    for other in course.absorbed:
        yield from _changes(other, customer_id=customer_id)
    yield from (one for one in course.tier_changes if one.customer_id == customer_id)
