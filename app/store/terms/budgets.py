"""Budgets of clauses: how many points clauses have given of those that they may give to all customers together.

Points that come back, for example by a refund, become the customer's own share of the budget: for each purchase a row
has the points that it adds to the share or (below 0) uses of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.store.database.session import Session

_CUSTOMER_AND_MERGED = (
    "(customer_id = {0} OR customer_id IN (SELECT id FROM customers WHERE program_id = $1 AND merged_into = {0}))"
)
"""SQL: rows of a customer, or of customers merged into this one."""


async def start_counting(session: Session, *, clauses: Iterable[str]) -> None:
    """Start to count the points that these clauses (keys) give; clauses that are already counted are left as they are."""
    for clause in sorted(clauses):
        await session.execute(
            "INSERT INTO clause_budgets (program_id, clause, points_used) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
            clause,
        )


async def with_budgets(
    session: Session, *, customer_id: str, terms: Terms, facts: PurchaseFacts, lock: bool = False
) -> PurchaseFacts:
    """The facts together with what is left of each budget of the terms, and the customer's own share of it.

    For terms without budgets no statement is run. With `lock` the budgets are locked until the transaction ends, and
    every other purchase under such terms waits. Locking the account first, and then the budgets in the order of their
    keys, prevents deadlocks.
    """
    if not terms.budgets:
        return facts
    locking = session.locking if lock else ""
    rows = await session.rows(
        "SELECT clause, points_used, (SELECT CAST(coalesce(sum(points), 0) AS bigint) FROM budget_shares own"
        f" WHERE program_id = $1 AND own.clause = clause_budgets.clause AND {_CUSTOMER_AND_MERGED.format('$3')}) AS share"
        f" FROM clause_budgets WHERE program_id = $1 AND clause = ANY($2) ORDER BY clause{locking}",
        list(terms.budgets),
        customer_id,
    )
    used_by_clause = {row["clause"]: row["points_used"] for row in rows}
    own_share_by_clause = {row["clause"]: row["share"] for row in rows}
    if lock and len(used_by_clause) < len(terms.budgets):
        raise LookupError("a budget of the terms is not counted")
    budgets_left = tuple(
        (key, max(0, budget.points - used_by_clause.get(key, 0))) for key, budget in terms.budgets.items()
    )
    own_shares = tuple((key, own_share_by_clause.get(key, 0)) for key in terms.budgets)
    return replace(
        facts, rule_facts=replace(facts.rule_facts, common_budgets_left=budgets_left, own_budget_shares=own_shares)
    )


async def shares_without_purchase(session: Session, *, customer_id: str, purchase_id: str) -> dict[str, int]:
    """A customer's own shares of budgets, by clause key, without what one purchase adds to them."""
    rows = await session.rows(
        "SELECT clause, CAST(sum(points) AS bigint) AS points FROM budget_shares"
        f" WHERE program_id = $1 AND purchase_id <> $3 AND {_CUSTOMER_AND_MERGED.format('$2')} GROUP BY clause",
        customer_id,
        purchase_id,
    )
    return {row["clause"]: row["points"] for row in rows}


async def use(session: Session, *, usage: Sequence[tuple[str, int]]) -> None:
    """Store that points of budgets, which must be locked, are used (sent with the next statements: see `Session.enqueue`)."""
    for clause, points in usage:
        await session.enqueue(
            "UPDATE clause_budgets SET points_used = points_used + $3 WHERE program_id = $1 AND clause = $2",
            clause,
            points,
        )


async def set_share(session: Session, *, customer_id: str, purchase_id: str, clause: str, points: int) -> None:
    """Store what a purchase adds to a customer's own share of a budget (sent with the next statements: see `Session.enqueue`)."""
    key = purchase_id, clause, customer_id
    if not points:
        await session.enqueue(
            "DELETE FROM budget_shares WHERE program_id = $1 AND purchase_id = $2 AND clause = $3 AND customer_id = $4",
            *key,
        )
        return
    await session.enqueue(
        "INSERT INTO budget_shares (program_id, purchase_id, clause, customer_id, points) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (program_id, purchase_id, clause, customer_id) DO UPDATE SET points = excluded.points",
        *key,
        points,
    )


async def shares(session: Session, *, customer_ids: Sequence[str]) -> dict[str, Mapping[tuple[str, str], int]]:
    """The points that purchases add to the customers' own shares, by customer id, then by purchase id and clause key."""
    by_customer: dict[str, dict[tuple[str, str], int]] = {}
    for row in await session.rows(
        "SELECT customer_id, purchase_id, clause, points FROM budget_shares"
        " WHERE program_id = $1 AND customer_id = ANY($2)",
        list(customer_ids),
    ):
        by_customer.setdefault(row["customer_id"], {})[row["purchase_id"], row["clause"]] = row["points"]
    return dict(by_customer)


async def points_used_by_clause(session: Session) -> dict[str, int]:
    """The points that each clause with a budget has given, by clause key, for verification."""
    rows = await session.rows("SELECT clause, points_used FROM clause_budgets WHERE program_id = $1")
    return {row["clause"]: row["points_used"] for row in rows}
