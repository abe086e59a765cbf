"""The facts about a customer that the terms require, from stored rows: usage counters are sums over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.customers.customer import Customer
from app.domain.customers.rule_facts import NO_RULE_FACTS
from app.domain.engine.usage import Use
from app.domain.engine.usage_counters import UsageCounters, points_period_starts, use_period_starts
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.store.customers import profiles
from app.store.customers.customers import survivor_by_merged_id
from app.store.database.session import Session


async def with_rule_facts(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> PurchaseFacts:
    """The facts of a purchase, with those that the terms require about the customer just before it.

    The zone of the purchase says when a day or month begins. Only what the terms require is read, and no counters if the
    wallet must be replayed, because a replay counts again. The account must be locked if the facts are to be stored.
    """
    required, rule_facts = terms.required_facts, NO_RULE_FACTS
    if required.profile_conditions:
        profile = await profiles.of_customer(session, customer_id=customer.id, aspects=required.aspects)
        rule_facts = required.profile_facts(profile, purchase=facts)
    if rule_facts is not facts.rule_facts:
        facts = replace(facts, rule_facts=rule_facts)
    if required.is_empty or not customer.account.can_append(facts.occurred_at):
        return facts
    counters = await usage_counters(session, customer=customer, terms=terms, facts=facts)
    qualifying = customer.account.balance.qualifying
    return counters.with_rule_facts(facts, terms=terms, tier=customer.tier.key, qualifying_points=qualifying)


async def usage_counters(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> UsageCounters:
    """The usage counters of a customer before a purchase, as far as the terms require them.

    `facts` must contain the facts about the profile. Purchases and uses of customers merged into this one count as well.
    """
    required, before, ids = terms.required_facts, facts.occurred_at, [customer.id]
    if customer.account.has_merges:
        ids += list(await survivor_by_merged_id(session, customer_ids=ids))
    counters = UsageCounters(customer.enrolled_at)
    if required.visits:
        counters.visits = sum((await visits(session, customer_ids=ids, before=before)).values())
    if required.item_clauses:
        counters.items = sum((await items(session, customer_ids=ids, before=before)).values(), Counter[str]())
    if starts := use_period_starts(facts, terms=terms):
        await _count_uses(session, counters=counters, customer_ids=ids, starts=starts, before=before)
    if starts := points_period_starts(facts, terms=terms):
        await _count_points(session, counters=counters, customer_ids=ids, starts=starts, before=before)
    return counters


async def visits(session: Session, *, customer_ids: Sequence[str], before: datetime) -> dict[str, int]:
    """The number of purchases before an instant that count as visits, by customer id."""
    where = "WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at < $3"
    rows = await session.rows(
        "SELECT customer_id, CAST(sum(visits) AS bigint) AS visits FROM ("
        f"SELECT customer_id, count(*) AS visits FROM purchases {where} GROUP BY customer_id UNION ALL"
        f" SELECT customer_id, -count(*) FROM purchase_reductions {where} AND no_visit = 1 GROUP BY customer_id"
        ") AS counted GROUP BY customer_id",
        list(customer_ids),
        before,
    )
    return {row["customer_id"]: row["visits"] for row in rows}


async def items(session: Session, *, customer_ids: Sequence[str], before: datetime) -> dict[str, Counter[str]]:
    """The numbers of items that clauses counted in purchases before an instant, by customer id and clause key."""
    by_customer: dict[str, Counter[str]] = {}
    for row in await session.rows(
        "SELECT customer_id, clause, CAST(sum(items) AS bigint) AS items FROM clause_items"
        " WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at < $3 GROUP BY customer_id, clause",
        list(customer_ids),
        before,
    ):
        by_customer.setdefault(row["customer_id"], Counter())[row["clause"]] = row["items"]
    return by_customer


async def _count_uses(
    session: Session,
    *,
    counters: UsageCounters,
    customer_ids: Sequence[str],
    starts: Sequence[datetime],
    before: datetime,
) -> None:
    """Add the uses of clauses before an instant to counters; each counts at the latest of the `starts` that it is not before."""
    for row in await session.rows(
        f"SELECT clause, birthday_year, {_start_index(starts)} AS start, count(*) AS times FROM clause_uses"
        " WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at < $3 AND occurred_at >= $4"
        " GROUP BY clause, birthday_year, start",
        list(customer_ids),
        before,
        *starts,
    ):
        counters.count_use(Use(row["clause"], row["times"], row["birthday_year"]), at=starts[row["start"]])


async def _count_points(
    session: Session,
    *,
    counters: UsageCounters,
    customer_ids: Sequence[str],
    starts: Sequence[datetime],
    before: datetime,
) -> None:
    """Add the points that purchases before an instant earned, less those clawed back, to counters.

    Both are what the ledger has now: a late event may have changed them since the purchase.
    """
    where = "program_id = $1 AND {0}.customer_id = ANY($2) AND {0}.occurred_at < $3 AND {0}.occurred_at >= $4"
    for row in await session.rows(
        "SELECT start, CAST(sum(points) AS bigint) AS points FROM ("
        f"SELECT {_start_index(starts, table='p')} AS start, e.points FROM purchases p"
        " JOIN entries e ON e.program_id = p.program_id AND e.purchase_id = p.id AND e.type = 'EARN'"
        f" AND e.unit = 'points' WHERE p.{where.format('p')}"
        f" UNION ALL SELECT {_start_index(starts, table='r')}, -r.points FROM purchase_reductions r"
        f" WHERE r.{where.format('r')}) AS counted GROUP BY start",
        list(customer_ids),
        before,
        *starts,
    ):
        counters.points_earned.add(row["points"], at=starts[row["start"]])


def _start_index(starts: Sequence[datetime], *, table: str = "clause_uses") -> str:
    """SQL for the index of the latest of the `starts` (the parameters from `$4` on) that a row of the table is not before."""
    cases = "".join(
        f" WHEN {table}.occurred_at >= ${index + 4} THEN {index}" for index in range(len(starts) - 1, 0, -1)
    )
    return f"CASE{cases} ELSE 0 END" if cases else "0"
