"""What the terms ask about a customer: visits, uses of a clause, points earned in a period, and who they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from app.domain.calendar import Period, next_period, period_start
from app.domain.conditions.about_customer import answered
from app.domain.facts import PurchaseFacts
from app.domain.members import NOBODY, Member
from app.domain.terms import Terms
from app.store import persons
from app.store.customers import CustomerRow
from app.store.unit import Session

_OF_CUSTOMER = "FROM purchases WHERE program_id = $1 AND customer_id = $2"


async def known(
    session: Session, *, program_id: str, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> Member:
    """The customer as terms ask about them for a purchase; asks the database for nothing that the terms do not."""
    asked, at = terms.asked, facts.occurred_at
    if asked.nothing:
        return NOBODY
    visits = 0
    if asked.visits:
        row = await session.row(f"SELECT count(*) {_OF_CUSTOMER} AND occurred_at <= $3", program_id, customer.id, at)
        visits = row[0] if row is not None else 0
    uses: dict[str, int] = {}
    for period in dict.fromkeys(asked.uses.values()):
        keys = frozenset(key for key, one in asked.uses.items() if one is period)
        uses |= await _uses(
            session, program_id=program_id, customer=customer, keys=keys, period=period, terms=terms, at=at
        )
    earned = [
        (period, await _earned(session, program_id=program_id, customer=customer, period=period, terms=terms, at=at))
        for period in asked.earned
    ]
    person = None
    if asked.about:
        person = await persons.of_customer(
            session, program_id=program_id, customer_id=customer.id, aspects=asked.aspects
        )
    return Member(
        enrolled_at=customer.enrolled_at if asked.enrolment else None,
        visits=visits,
        uses=tuple(sorted(uses.items())),
        earned=tuple(earned),
        answers=answered(asked.about, person=person, at=at, zone_name=facts.zone) if person is not None else (),
        person=person,
    )


async def seen(
    session: Session, *, program_id: str, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> PurchaseFacts:
    """The facts together with what the terms ask about the customer; the account is locked where they are to be kept."""
    member = await known(session, program_id=program_id, customer=customer, terms=terms, facts=facts)
    return facts if member == facts.member else replace(facts, member=member)


async def use(
    session: Session, *, program_id: str, customer_id: str, clauses: Iterable[tuple[str, str]], at: datetime
) -> None:
    """Keep that clauses (each with a new id) were applied for a customer."""
    for id, clause in clauses:
        await session.later(
            "INSERT INTO clause_uses (program_id, id, customer_id, clause, occurred_at) VALUES ($1, $2, $3, $4, $5)",
            program_id,
            id,
            customer_id,
            clause,
            at,
        )


async def _uses(
    session: Session,
    *,
    program_id: str,
    customer: CustomerRow,
    keys: frozenset[str],
    period: Period,
    terms: Terms,
    at: datetime,
) -> dict[str, int]:
    within, bounds = _within(period, terms=terms, at=at)
    rows = await session.rows(
        f"SELECT clause, count(*) AS times FROM clause_uses WHERE program_id = $1 AND customer_id = $2{within}"
        " GROUP BY clause",
        program_id,
        customer.id,
        *bounds,
    )
    return {row["clause"]: row["times"] for row in rows if row["clause"] in keys}


async def _earned(
    session: Session, *, program_id: str, customer: CustomerRow, period: Period, terms: Terms, at: datetime
) -> int:
    within, bounds = _within(period, terms=terms, at=at)
    row = await session.row(
        f"SELECT CAST(coalesce(sum(earned), 0) AS bigint) {_OF_CUSTOMER}{within}", program_id, customer.id, *bounds
    )
    return row[0] if row is not None else 0


def _within(period: Period, *, terms: Terms, at: datetime) -> tuple[str, tuple[datetime, ...]]:
    """The condition that an event lies in the period that holds `at`."""
    first = period_start(at, zone_name=terms.zone, period=period)
    after = next_period(at, zone_name=terms.zone, period=period)
    if first is None or after is None:
        return "", ()
    return " AND occurred_at >= $3 AND occurred_at < $4", (first, after)
