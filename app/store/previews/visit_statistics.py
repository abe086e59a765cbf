"""How the customers of a program behave, from its most recent purchases."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from app.domain.terms.lint.finding import DAYS_OF_A_MONTH, MIN_VISITS, Visit, VisitStatistics
from app.store.database.codecs import instant, json_value
from app.store.database.session import Session

MAX_PURCHASES = 5_000
"""Maximum number of purchases, the latest recorded ones."""

_ZONES = {"sqlite": "json_extract(facts, '$.zone')", "postgres": "facts ->> 'zone'"}
_RECENT = (
    "SELECT customer_id, occurred_at, earned, {zone} AS zone FROM purchases WHERE program_id = $1 ORDER BY id DESC"
    f" LIMIT {MAX_PURCHASES}"
)


MAX_RECEIPTS = 1_000
"""Maximum number of receipts that are read for their items, the latest recorded ones."""

_RECEIPTS = f"SELECT facts FROM purchases WHERE program_id = $1 ORDER BY id DESC LIMIT {MAX_RECEIPTS}"


async def receipts(session: Session) -> tuple[str, ...]:
    """The latest receipts as they are stored; `sold_articles` parses them, which takes longer than reading them."""
    return tuple(row["facts"] for row in await session.rows(_RECEIPTS))


def sold_articles(stored_receipts: Iterable[str]) -> frozenset[tuple[str, str]]:
    """The items bought: each stock code with its name on the receipt, empty where there was none."""
    lines = (line for receipt in stored_receipts for line in json_value(receipt)["lines"])
    return frozenset((line["sku"], line.get("name", "")) for line in lines)


async def recent(session: Session) -> VisitStatistics:
    """Visits, and the points that the median customer who came more than once earns in 30 days."""
    found = await session.rows(_RECENT.format(zone=_ZONES[session.dialect]))
    rows = [(row["customer_id"], instant(row["occurred_at"]), row["earned"]) for row in found]
    visits = tuple(Visit(instant(row["occurred_at"]), row["zone"]) for row in found)
    if len(rows) < MIN_VISITS:
        return VisitStatistics(visits=visits)
    latest = max(at for _, at, _ in rows)
    earned: dict[str, int] = {}
    since = {customer: latest for customer, _, _ in rows}
    times: dict[str, int] = {}
    for customer, at, points in rows:
        earned[customer] = earned.get(customer, 0) + points
        since[customer] = min(since[customer], at)
        times[customer] = times.get(customer, 0) + 1
    points_per_month = [
        Fraction(earned[customer] * DAYS_OF_A_MONTH, max(DAYS_OF_A_MONTH, (latest - since[customer]).days))
        for customer, count in times.items()
        if count > 1
    ]
    return VisitStatistics(
        visits=visits, median_points_per_month=_median(points_per_month) if points_per_month else None
    )


def _median(points_per_month: list[Fraction]) -> Fraction:
    """The median of a non-empty list."""
    ordered, middle = sorted(points_per_month), len(points_per_month) // 2
    return (ordered[middle] + ordered[~middle]) / Fraction(2)
