"""What the terms ask about a customer: visits, uses of a clause, points earned in a period, pieces bought, and who they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.calendar import Period, next_period, period_start
from app.domain.conditions.about_customer import answered
from app.domain.facts import PurchaseFacts
from app.domain.judging import pieces_counted
from app.domain.members import NOBODY, Member
from app.domain.terms import Terms
from app.domain.wallets.course import Course
from app.store import persons
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.store.values import instant

_OF_CUSTOMER = "FROM purchases WHERE program_id = $1 AND customer_id = $2"


async def known(
    session: Session, *, program_id: str, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> Member:
    """The customer as terms ask about them just before a purchase, whose place says where a day or month begins.

    Asks the database for nothing that the terms do not ask for.
    """
    asked = terms.asked
    if asked.nothing:
        return NOBODY
    of = (session, program_id, customer.id)
    visits = 0
    if asked.visits:
        row = await session.row(
            f"SELECT count(*) {_OF_CUSTOMER} AND occurred_at <= $3", program_id, customer.id, facts.occurred_at
        )
        visits = row[0] if row is not None else 0
    uses: dict[str, int] = {}
    for period in dict.fromkeys(asked.uses.values()):
        keys = frozenset(key for key, one in asked.uses.items() if one is period)
        uses |= await _uses(*of, keys=keys, period=period, facts=facts)
    earned = [(period, await _earned(*of, period=period, facts=facts)) for period in asked.earned]
    pieces = await _pieces(*of, keys=frozenset(asked.pieces), facts=facts) if asked.pieces else {}
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
        pieces=tuple(sorted(pieces.items())),
        tier=customer.standing.tier if asked.tier else None,
        qualifying=customer.account.balance.qualifying if asked.tier else 0,
        answers=answered(asked.about, person=person, at=facts.occurred_at, zone_name=facts.zone)
        if person is not None
        else (),
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


async def buy(
    session: Session, *, program_id: str, customer_id: str, pieces: Iterable[tuple[str, str, int]], at: datetime
) -> None:
    """Keep how many pieces clauses (each with a new id) counted in a purchase of a customer."""
    for id, clause, count in pieces:
        await session.later(
            "INSERT INTO clause_pieces (program_id, id, customer_id, clause, pieces, occurred_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            program_id,
            id,
            customer_id,
            clause,
            count,
            at,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """What clauses (by key) have counted of a customer: when each was applied, and how many pieces when; in order."""

    uses: tuple[tuple[str, datetime], ...] = ()
    pieces: tuple[tuple[str, datetime, int], ...] = ()

    @classmethod
    def of(cls, course: Course, *, customer_id: str) -> Counted:
        """What a history told from the beginning comes to."""
        sales = [one for one in course.sales.values() if one.bought.customer_id == customer_id]
        given = [one for one in course.redeemed.values() if one.customer_id == customer_id]
        applied = [(one.bought.terms, one.bought.at, one.decision.applied()) for one in sales]
        applied += [(one.terms, one.at, one.clauses) for one in given]
        uses = [(key, at) for terms, at, keys in applied for key in keys if key in terms.asked.uses]
        pieces = [
            (key, one.bought.at, count)
            for one in sales
            if one.bought.terms.asked.pieces
            for key, count in pieces_counted(one.bought.terms, facts=one.facts)
        ]
        return cls(tuple(sorted(uses)), tuple(sorted(pieces)))


async def counted(session: Session, *, program_id: str, customer_ids: Sequence[str]) -> dict[str, Counted]:
    """What is kept of the counts of customers, by id."""
    uses: dict[str, list[tuple[str, datetime]]] = {}
    for row in await session.rows(
        "SELECT customer_id, clause, occurred_at FROM clause_uses WHERE program_id = $1 AND customer_id = ANY($2)",
        program_id,
        list(customer_ids),
    ):
        uses.setdefault(row["customer_id"], []).append((row["clause"], instant(row["occurred_at"])))
    pieces: dict[str, list[tuple[str, datetime, int]]] = {}
    for row in await session.rows(
        "SELECT customer_id, clause, occurred_at, pieces FROM clause_pieces"
        " WHERE program_id = $1 AND customer_id = ANY($2)",
        program_id,
        list(customer_ids),
    ):
        one = row["clause"], instant(row["occurred_at"]), row["pieces"]
        pieces.setdefault(row["customer_id"], []).append(one)
    return {id: Counted(tuple(sorted(uses.get(id, ()))), tuple(sorted(pieces.get(id, ())))) for id in {*uses, *pieces}}


async def _uses(
    session: Session,
    program_id: str,
    customer_id: str,
    *,
    keys: frozenset[str],
    period: Period,
    facts: PurchaseFacts,
) -> dict[str, int]:
    within, bounds = _within(period, facts=facts)
    rows = await session.rows(
        f"SELECT clause, count(*) AS times FROM clause_uses WHERE program_id = $1 AND customer_id = $2{within}"
        " GROUP BY clause",
        program_id,
        customer_id,
        *bounds,
    )
    return {row["clause"]: row["times"] for row in rows if row["clause"] in keys}


async def _earned(session: Session, program_id: str, customer_id: str, *, period: Period, facts: PurchaseFacts) -> int:
    within, bounds = _within(period, facts=facts)
    row = await session.row(
        f"SELECT CAST(coalesce(sum(earned), 0) AS bigint) {_OF_CUSTOMER}{within}", program_id, customer_id, *bounds
    )
    return row[0] if row is not None else 0


async def _pieces(
    session: Session, program_id: str, customer_id: str, *, keys: frozenset[str], facts: PurchaseFacts
) -> dict[str, int]:
    rows = await session.rows(
        "SELECT clause, CAST(sum(pieces) AS bigint) AS pieces FROM clause_pieces"
        " WHERE program_id = $1 AND customer_id = $2 AND occurred_at <= $3 GROUP BY clause",
        program_id,
        customer_id,
        facts.occurred_at,
    )
    return {row["clause"]: row["pieces"] for row in rows if row["clause"] in keys}


def _within(period: Period, *, facts: PurchaseFacts) -> tuple[str, tuple[datetime, ...]]:
    """The condition that an event lies in the period that holds the purchase, by the calendar of its place."""
    first = period_start(facts.occurred_at, zone_name=facts.zone, period=period)
    after = next_period(facts.occurred_at, zone_name=facts.zone, period=period)
    if first is None or after is None:
        return "", ()
    return " AND occurred_at >= $3 AND occurred_at < $4", (first, after)
