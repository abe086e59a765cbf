"""The histories of customers since an instant, read for many customers at once; impact previews replay them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.domain.customers.profile import ProfilePart
from app.domain.purchases.facts import PurchaseFacts
from app.domain.simulation.customer_replay import CustomerHistory, PastRedemption, PurchaseWithReturns
from app.domain.units import Unit
from app.store.customers import profiles, rule_facts
from app.store.customers.customers import survivor_by_merged_id
from app.store.database.codecs import instant, json_value
from app.store.database.session import Row, Session
from app.store.terms import versions

PAGE_SIZE = 500
"""The most customers in a page."""

_CUSTOMERS = f"""
SELECT c.id, c.enrolled_at FROM customers c
WHERE c.program_id = $1 AND c.id > $2 AND c.merged_into IS NULL ORDER BY c.id LIMIT {PAGE_SIZE}
"""
_ACCOUNTS = """
SELECT c.id, a.id AS account_id, a.available + a.pending + a.held - a.owed AS total, EXISTS (
    SELECT 1 FROM customers o
    WHERE o.program_id = c.program_id AND o.wallet_id = c.wallet_id AND o.id < c.id AND o.merged_into IS NULL
) AS is_not_first_holder
FROM customers c JOIN accounts a ON a.program_id = c.program_id AND a.wallet_id = c.wallet_id AND a.unit = $3
WHERE c.program_id = $1 AND c.id = ANY($2)
"""
_MERGED_ACCOUNTS = """
SELECT m.customer_id, a.id AS account_id
FROM mergers m JOIN accounts a ON a.program_id = m.program_id AND a.wallet_id = m.from_wallet_id AND a.unit = $3
WHERE m.program_id = $1 AND m.customer_id = ANY($2)
"""
_PURCHASES = """
SELECT id, customer_id, occurred_at, facts FROM purchases
WHERE program_id = $1 AND customer_id = ANY($2) AND occurred_at >= $3
"""
_REFUNDS = """
SELECT r.purchase_id, r.lines FROM refunds r JOIN purchases p ON p.program_id = r.program_id AND p.id = r.purchase_id
WHERE p.program_id = $1 AND p.customer_id = ANY($2) AND p.occurred_at >= $3
"""
_REDEMPTIONS = """
SELECT d.id, d.customer_id, d.occurred_at, d.facts, w.key AS reward
FROM redemptions d JOIN rewards w ON w.program_id = d.program_id AND w.id = d.reward_id
WHERE d.program_id = $1 AND d.customer_id = ANY($2) AND d.occurred_at >= $3
"""
_BUDGET_SHARES = """
SELECT s.customer_id, s.clause, CAST(sum(s.points) AS bigint) AS points FROM budget_shares s
JOIN purchases p ON p.program_id = s.program_id AND p.id = s.purchase_id
WHERE s.program_id = $1 AND s.customer_id = ANY($2) AND p.occurred_at < $3 GROUP BY s.customer_id, s.clause
"""
_FIRST_PURCHASE = """
SELECT facts, terms_version FROM purchases WHERE program_id = $1 AND occurred_at >= $2 ORDER BY id LIMIT 1
"""
_POINTS_SINCE = """
SELECT account_id, sum(points) AS points FROM entries
WHERE program_id = $1 AND account_id = ANY($2) AND occurred_at >= $3 GROUP BY account_id
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some customers in the order of their ids. The next page begins after `last_id`; None for a page without customers."""

    histories: tuple[CustomerHistory, ...]
    last_id: str | None


async def customer_count(session: Session) -> int:
    """The number of customers, without those merged into others."""
    row = await session.row("SELECT count(*) AS n FROM customers WHERE program_id = $1 AND merged_into IS NULL")
    return int(row["n"]) if row is not None else 0


async def budget_usage_before(session: Session, *, since: datetime) -> dict[str, int]:
    """The points that clauses had given of their budgets when the first purchase since an instant was recorded, by clause key.

    They follow from the facts of that purchase. A budget that is not in the facts began later, and is left out.
    """
    row = await session.row(_FIRST_PURCHASE, since)
    if row is None:
        return {}
    budgets_left = PurchaseFacts.from_data(json_value(row["facts"])).rule_facts.common_budgets_left
    deciding_terms = await versions.version(session, number=row["terms_version"]) if budgets_left else None
    budgets = deciding_terms.budgets if deciding_terms is not None else {}
    return {key: budgets[key].points - points for key, points in budgets_left if key in budgets}


async def page(session: Session, *, after: str, since: datetime, aspects: Collection[ProfilePart] = ()) -> Page:
    """The customers after an id, with everything that they did from `since` on, and these aspects of their profiles."""
    rows = await session.rows(_CUSTOMERS, after)
    if not rows:
        return Page((), None)
    customer_ids = [row["id"] for row in rows]
    # The events of a merged customer count for the surviving one.
    present_customer = dict(zip(customer_ids, customer_ids, strict=True)) | await survivor_by_merged_id(
        session, customer_ids=customer_ids
    )
    ids = list(present_customer)
    visits: Counter[str] = Counter()
    for id, count in (await rule_facts.visits(session, customer_ids=ids, before=since)).items():
        visits[present_customer[id]] += count
    items: dict[str, Counter[str]] = {}
    for id, item_counts in (await rule_facts.items(session, customer_ids=ids, before=since)).items():
        items.setdefault(present_customer[id], Counter()).update(item_counts)
    budget_shares: dict[str, Counter[str]] = {}
    for row in await session.rows(_BUDGET_SHARES, ids, since):
        budget_shares.setdefault(present_customer[row["customer_id"]], Counter())[row["clause"]] += row["points"]
    points = await _opening_balances(session, present_customer=present_customer, unit=Unit.POINTS, since=since)
    stamps = await _opening_balances(session, present_customer=present_customer, unit=Unit.STAMPS, since=since)
    events = await _events(session, present_customer=present_customer, since=since)
    profile_by_customer = await profiles.of_customers(session, customer_ids=customer_ids, aspects=aspects)
    histories = tuple(
        CustomerHistory(
            customer_id=row["id"],
            enrolled_at=instant(row["enrolled_at"]),
            opening_points=max(0, points.get(row["id"], 0)),
            opening_stamps=max(0, stamps.get(row["id"], 0)),
            prior_visits=visits[row["id"]],
            events=tuple(event for _, event in sorted(events.get(row["id"], ()), key=lambda value: value[0])),
            profile=profile_by_customer[row["id"]],
            prior_items=items.get(row["id"], {}),
            own_budget_shares=budget_shares.get(row["id"], {}),
        )
        for row in rows
    )
    return Page(histories, rows[-1]["id"])


async def _opening_balances(
    session: Session, *, present_customer: Mapping[str, str], unit: Unit, since: datetime
) -> dict[str, int]:
    """The balances of customers in a unit just before an instant.

    In a shared wallet, points that no merger brought count for its first customer. `present_customer` is, for each customer
    and each one merged into them, the customer (id) today.
    """
    customer_ids = sorted(set(present_customer.values()))
    account_rows = await session.rows(_ACCOUNTS, customer_ids, unit)
    customer_by_merged_account = {
        row["account_id"]: present_customer[row["customer_id"]]
        for row in await session.rows(_MERGED_ACCOUNTS, list(present_customer), unit)
    }
    account_ids = [*(row["account_id"] for row in account_rows), *customer_by_merged_account]
    points_since = {
        row["account_id"]: int(row["points"]) for row in await session.rows(_POINTS_SINCE, account_ids, since)
    }
    openings = {
        row["id"]: 0 if row["is_not_first_holder"] else row["total"] - points_since.get(row["account_id"], 0)
        for row in account_rows
    }
    for account_id, customer in customer_by_merged_account.items():
        openings[customer] = openings.get(customer, 0) - points_since.get(account_id, 0)
    return openings


_When = tuple[datetime, str]
_Event = PurchaseFacts | PurchaseWithReturns | PastRedemption


async def _events(
    session: Session, *, present_customer: Mapping[str, str], since: datetime
) -> dict[str, list[tuple[_When, _Event]]]:
    """Purchases without their returned goods, and redemptions, by customer id, each with its time and id."""
    ids = list(present_customer)
    returned_lines: dict[str, dict[int, Decimal]] = {}
    for row in await session.rows(_REFUNDS, ids, since):
        lines = returned_lines.setdefault(row["purchase_id"], {})
        for line, quantity in json_value(row["lines"]).items():
            lines[int(line)] = lines.get(int(line), Decimal(0)) + Decimal(quantity)
    by_customer: dict[str, list[tuple[_When, _Event]]] = {}
    for row in await session.rows(_PURCHASES, ids, since):
        when = instant(row["occurred_at"]), row["id"]
        by_customer.setdefault(present_customer[row["customer_id"]], []).append(
            (when, _past_purchase(row, returned=returned_lines.get(row["id"])))
        )
    for row in await session.rows(_REDEMPTIONS, ids, since):
        facts = PurchaseFacts.from_data(json_value(row["facts"]))
        redemption = PastRedemption(reward=row["reward"], facts=facts)
        by_customer.setdefault(present_customer[row["customer_id"]], []).append(
            ((instant(row["occurred_at"]), row["id"]), redemption)
        )
    return by_customer


def _past_purchase(row: Row, *, returned: dict[int, Decimal] | None) -> PurchaseFacts | PurchaseWithReturns:
    # The new goods of an exchange count at their full price, because the goods that they replaced count as returned.
    facts = replace(PurchaseFacts.from_data(json_value(row["facts"])), replaced_price=None)
    if returned is None:
        return facts
    remaining_quantities = {line.number: line.quantity - returned.get(line.number, Decimal(0)) for line in facts.lines}
    return PurchaseWithReturns(facts.with_remaining_quantities(remaining_quantities), before_returns=facts)
