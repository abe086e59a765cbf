"""The facts about a customer that the terms require, from stored rows: sums of them feed the customer's usage counters."""

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
from app.store.customers.customers import merged_into
from app.store.database.session import Session


async def with_rule_facts(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> PurchaseFacts:
    """The facts with those that the terms require about the customer just before a purchase.

    Its location says where a day or month begins. Nothing is read that the terms do not require, and no counters where
    only a replay of the wallet can decide, which counts again. The account must be locked where the facts are to be
    stored.
    """
    required, rule_facts = terms.required_facts, NO_RULE_FACTS
    if required.customer_conditions:
        profile = await profiles.of_customer(session, customer_id=customer.id, aspects=required.aspects)
        rule_facts = required.profile_facts(profile, purchase=facts)
    if rule_facts is not facts.rule_facts:
        facts = replace(facts, rule_facts=rule_facts)
    if required.is_empty or not customer.account.can_append(facts.occurred_at):
        return facts
    counters = await usage_counters(session, customer=customer, terms=terms, facts=facts)
    qualifying = customer.account.balance.qualifying
    return counters.with_rule_facts(facts, terms=terms, tier=customer.tier.tier, qualifying=qualifying)


async def usage_counters(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> UsageCounters:
    """The usage counters of a customer before a purchase, as far as its terms require them.

    The facts must have those about the profile. Purchases and uses of customers merged into this one count as well.
    """
    required, before, ids = terms.required_facts, facts.occurred_at, [customer.id]
    if customer.account.has_merges:
        ids += await merged_into(session, customer_ids=ids)
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
    """The purchases of customers before an instant that count as visits, by customer id."""
    within = "WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at < $3"
    rows = await session.rows(
        "SELECT customer_id, CAST(sum(visits) AS bigint) AS visits FROM ("
        f"SELECT customer_id, count(*) AS visits FROM purchases {within} GROUP BY customer_id UNION ALL"
        f" SELECT customer_id, -count(*) FROM purchase_reductions {within} AND no_visit = 1 GROUP BY customer_id"
        ") AS counted GROUP BY customer_id",
        list(customer_ids),
        before,
    )
    return {row["customer_id"]: row["visits"] for row in rows}


async def items(session: Session, *, customer_ids: Sequence[str], before: datetime) -> dict[str, Counter[str]]:
    """The items that clauses counted in purchases before an instant, by customer id and clause key."""
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
    """Add the uses of clauses before an instant to counters: what came since each start, at that start."""
    for row in await session.rows(
        f"SELECT clause, birthday_year, {_latest_of(starts)} AS start, count(*) AS times FROM clause_uses"
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
    """Add the points that purchases before an instant earned, less those clawed back, as they are in the ledger.

    A late event may have changed either since the purchase.
    """
    within = "program_id = $1 AND {0}.customer_id = ANY($2) AND {0}.occurred_at < $3 AND {0}.occurred_at >= $4"
    for row in await session.rows(
        "SELECT start, CAST(sum(points) AS bigint) AS points FROM ("
        f"SELECT {_latest_of(starts, of='p')} AS start, e.points FROM purchases p"
        " JOIN entries e ON e.program_id = p.program_id AND e.purchase_id = p.id AND e.type = 'EARN'"
        f" AND e.unit = 'points' WHERE p.{within.format('p')}"
        f" UNION ALL SELECT {_latest_of(starts, of='r')}, -r.points FROM purchase_reductions r"
        f" WHERE r.{within.format('r')}) AS counted GROUP BY start",
        list(customer_ids),
        before,
        *starts,
    ):
        counters.points_earned.add(row["points"], at=starts[row["start"]])


def _latest_of(starts: Sequence[datetime], *, of: str = "clause_uses") -> str:
    """SQL for the place of the latest start (`$4` and following) that a row is not before."""
    later = "".join(f" WHEN {of}.occurred_at >= ${place + 4} THEN {place}" for place in range(len(starts) - 1, 0, -1))
    return f"CASE{later} ELSE 0 END" if later else "0"
