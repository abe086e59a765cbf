"""Facts about a customer that the terms require: visits, clause uses, points earned in a period, items bought, and the profile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime

from app.domain.calendar import Period, next_period, period_start
from app.domain.customers.customer import Customer
from app.domain.customers.rule_facts import NO_FACTS, CustomerFacts
from app.domain.engine.usage import Use
from app.domain.purchases.eligible import period_zone
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.conditions.about_customer import answered
from app.domain.terms.conditions.birthday_window import birthdays_around
from app.domain.terms.version import Terms
from app.store.customers import profiles
from app.store.customers.customers import merged_into
from app.store.database.session import Session


async def load(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> CustomerFacts:
    """The required facts about a customer just before a purchase, whose location says where a day or month begins.

    Reads nothing from the database that the terms do not require.
    """
    required = terms.required_facts
    if required.is_empty:
        return NO_FACTS
    of = (session, await _customer_ids(session, customer=customer))
    visits = await _visits(*of, facts=facts) if required.visits else 0
    uses: dict[str, int] = {}
    for period in dict.fromkeys(required.uses.values()):
        keys = frozenset(key for key, of_clause in required.uses.items() if of_clause is period)
        uses |= await _uses(*of, keys=keys, period=period, facts=facts, terms=terms)
    held = (
        await _uses(*of, keys=required.held_uses, period=Period.EVER, facts=facts, terms=terms)
        if required.held_uses
        else {}
    )
    earned = [
        (period, await _earned(*of, period=period, facts=facts, terms=terms)) for period in required.earned_periods
    ]
    items = await _items(*of, keys=frozenset(required.items), facts=facts) if required.items else {}
    person = None
    if required.customer_conditions:
        person = await profiles.of_customer(session, customer_id=customer.id, aspects=required.aspects)
    birthdays = birthdays_around(
        required.customer_conditions, person=person, at=facts.occurred_at, zone_name=facts.zone
    )
    return CustomerFacts(
        enrolled_at=customer.enrolled_at if required.enrolment else None,
        visits=visits,
        uses=tuple(sorted(uses.items())),
        earned=tuple(earned),
        items=tuple(sorted(items.items())),
        tier=customer.tier.tier if required.tier else None,
        qualifying=customer.account.balance.qualifying if required.tier else 0,
        condition_answers=answered(
            required.customer_conditions, person=person, at=facts.occurred_at, zone_name=facts.zone
        )
        if person is not None
        else (),
        person=person,
        held_uses=tuple(sorted(held.items())),
        birthdays=birthdays,
        birthday_uses=await _birthday_uses(
            *of, keys=frozenset(required.birthdays), years={year for _, year in birthdays}
        ),
    )


async def with_rule_facts(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> PurchaseFacts:
    """The facts with those that the terms require about the customer; the account must be locked where they are to be stored."""
    customer_facts = await load(session, customer=customer, terms=terms, facts=facts)
    return facts if customer_facts == facts.customer_facts else replace(facts, customer_facts=customer_facts)


async def add_use(
    session: Session, *, customer_id: str, uses: Iterable[Use], new_id: Callable[[], str], at: datetime
) -> None:
    """Store that clauses were applied for a customer, a row for each time."""
    for use in uses:
        for _ in range(use.times):
            await session.enqueue(
                "INSERT INTO clause_uses (program_id, id, customer_id, clause, occurred_at, birthday_year)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                new_id(),
                customer_id,
                use.clause,
                at,
                use.birthday,
            )


async def add_items(session: Session, *, customer_id: str, items: Iterable[tuple[str, str, int]], at: datetime) -> None:
    """Store how many items clauses (each with a new id) counted in a purchase of a customer."""
    for id, clause, count in items:
        await session.enqueue(
            "INSERT INTO clause_items (program_id, id, customer_id, clause, items, occurred_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            id,
            customer_id,
            clause,
            count,
            at,
        )


async def _customer_ids(session: Session, *, customer: Customer) -> list[str]:
    """The customer (id) and those merged into this one, whose purchases and uses count for the surviving one."""
    if not customer.account.has_merges:
        return [customer.id]
    return [customer.id, *(await merged_into(session, customer_ids=[customer.id]))]


async def _visits(session: Session, customer_ids: list[str], *, facts: PurchaseFacts) -> int:
    """The earlier purchases that count as visits."""
    within = "WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at <= $3"
    row = await session.row(
        f"SELECT (SELECT count(*) FROM purchases {within})"
        f" - (SELECT count(*) FROM purchase_reductions {within} AND no_visit = 1)",
        customer_ids,
        facts.occurred_at,
    )
    return row[0] if row is not None else 0


async def _uses(
    session: Session,
    customer_ids: list[str],
    *,
    keys: frozenset[str],
    period: Period,
    facts: PurchaseFacts,
    terms: Terms,
) -> dict[str, int]:
    within, bounds = _within(period, facts=facts, terms=terms)
    rows = await session.rows(
        "SELECT clause, count(*) AS times FROM clause_uses WHERE program_id = $1 AND customer_id = ANY($2)"
        f"{within} GROUP BY clause",
        customer_ids,
        *bounds,
    )
    return {row["clause"]: row["times"] for row in rows if row["clause"] in keys}


async def _birthday_uses(
    session: Session, customer_ids: list[str], *, keys: frozenset[str], years: Collection[int]
) -> tuple[tuple[str, int], ...]:
    """The clauses used for the birthday of one of these calendar years."""
    if not years:
        return ()
    rows = await session.rows(
        "SELECT DISTINCT clause, birthday_year FROM clause_uses WHERE program_id = $1 AND customer_id = ANY($2)"
        " AND birthday_year = ANY($3)",
        customer_ids,
        sorted(years),
    )
    return tuple(sorted((row["clause"], row["birthday_year"]) for row in rows if row["clause"] in keys))


async def _earned(
    session: Session, customer_ids: list[str], *, period: Period, facts: PurchaseFacts, terms: Terms
) -> int:
    """The points that purchases earned, as they are in the ledger, less those clawed back.

    A late event may have changed either since.
    """
    within, bounds = _within(period, facts=facts, terms=terms)
    row = await session.row(
        "SELECT CAST((SELECT coalesce(sum(e.points), 0) FROM purchases p"
        " JOIN entries e ON e.program_id = p.program_id AND e.purchase_id = p.id AND e.type = 'EARN'"
        " AND e.unit = 'points'"
        f" WHERE p.program_id = $1 AND p.customer_id = ANY($2){within.replace(' occurred_at', ' p.occurred_at')})"
        " - (SELECT coalesce(sum(points), 0) FROM purchase_reductions"
        f" WHERE program_id = $1 AND customer_id = ANY($2){within}) AS bigint)",
        customer_ids,
        *bounds,
    )
    return row[0] if row is not None else 0


async def _items(
    session: Session, customer_ids: list[str], *, keys: frozenset[str], facts: PurchaseFacts
) -> dict[str, int]:
    rows = await session.rows(
        "SELECT clause, CAST(sum(items) AS bigint) AS items FROM clause_items"
        " WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at <= $3 GROUP BY clause",
        customer_ids,
        facts.occurred_at,
    )
    return {row["clause"]: row["items"] for row in rows if row["clause"] in keys}


def _within(period: Period, *, facts: PurchaseFacts, terms: Terms) -> tuple[str, tuple[datetime, ...]]:
    """The condition that an event lies in the same period as the purchase: a day by its location, a longer one by the program."""
    zone = period_zone(period, location=facts.zone, program=terms.zone)
    first = period_start(facts.occurred_at, zone_name=zone, period=period)
    after = next_period(facts.occurred_at, zone_name=zone, period=period)
    if first is None or after is None:
        return "", ()
    return " AND occurred_at >= $3 AND occurred_at < $4", (first, after)
