"""How often the customers of a program come, and how much they earn, from the purchases recorded last."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from app.domain.terms.lint.finding import DAYS_OF_A_MONTH, MIN_VISITS, Visit, VisitStatistics
from app.store.database.codecs import instant, json_value
from app.store.database.session import Session

MAX_PURCHASES = 5_000
"""The most purchases that the statistics use: those recorded last."""

_ZONES = {"sqlite": "json_extract(facts, '$.zone')", "postgres": "facts ->> 'zone'"}
_RECENT = (
    "SELECT customer_id, occurred_at, earned, {zone} AS zone FROM purchases WHERE program_id = $1 ORDER BY id DESC"
    f" LIMIT {MAX_PURCHASES}"
)


MAX_RECEIPTS = 1_000
"""The most receipts that are read for their articles: those recorded last."""

_RECEIPTS = f"SELECT facts FROM purchases WHERE program_id = $1 ORDER BY id DESC LIMIT {MAX_RECEIPTS}"


async def latest_receipts(session: Session) -> tuple[str, ...]:
    """The receipts recorded last, as JSON texts. `sold_articles` parses them, which takes longer than reading them."""
    return tuple(row["facts"] for row in await session.rows(_RECEIPTS))


def sold_articles(stored_receipts: Iterable[str]) -> frozenset[tuple[str, str]]:
    """The articles sold: each stock code with its name on the receipt, "" if it had none."""
    lines = (line for receipt in stored_receipts for line in json_value(receipt)["lines"])
    return frozenset((line["sku"], line.get("name", "")) for line in lines)


async def recent(session: Session) -> VisitStatistics:
    """The visits, and the points in 30 days of the median customer among those who came more than once."""
    rows = await session.rows(_RECENT.format(zone=_ZONES[session.dialect]))
    purchases = [(row["customer_id"], instant(row["occurred_at"]), row["earned"]) for row in rows]
    visits = tuple(Visit(instant(row["occurred_at"]), row["zone"]) for row in rows)
    if len(purchases) < MIN_VISITS:
        return VisitStatistics(visits=visits)
    latest = max(at for _, at, _ in purchases)
    earned: dict[str, int] = {}
    first_visit = {customer: latest for customer, _, _ in purchases}
    visit_counts: dict[str, int] = {}
    for customer, at, points in purchases:
        earned[customer] = earned.get(customer, 0) + points
        first_visit[customer] = min(first_visit[customer], at)
        visit_counts[customer] = visit_counts.get(customer, 0) + 1
    points_per_month = [
        Fraction(earned[customer] * DAYS_OF_A_MONTH, max(DAYS_OF_A_MONTH, (latest - first_visit[customer]).days))
        for customer, count in visit_counts.items()
        if count > 1
    ]
    return VisitStatistics(
        visits=visits, median_points_per_month=_median(points_per_month) if points_per_month else None
    )


def _median(points_per_month: list[Fraction]) -> Fraction:
    """The median of a non-empty list."""
    ordered, middle = sorted(points_per_month), len(points_per_month) // 2
    return (ordered[middle] + ordered[~middle]) / Fraction(2)
