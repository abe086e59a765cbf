"""A purchase of 5 lines decided under 12 clauses, beside a plain function that does only the arithmetic."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as clock
from decimal import Decimal

from app.domain.amounts import Money
from app.domain.calendar import WEEK, zone_info
from app.domain.engine.earning import earn
from app.domain.purchases.facts import Channel, PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.groups import ExceptWhen
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms

LIMIT = 30
"""The most CPU that a decision may take, as a multiple of the CPU of the plain function."""

WEEKDAYS = frozenset(WEEK[:5])


def pounds(minor: int) -> Money:
    """An amount of pence."""
    return Money(minor, "GBP")


CLAUSES: list[DraftedClause] = [
    ("base", (), PointsPerAmount(1, pounds(100))),
    ("double", (WeekdaysAndHours(WEEKDAYS, clock(9), clock(11)),), PointsPerAmount(2, pounds(100))),
    ("tea", (Categories(include=frozenset({"tea"})),), PointsPerAmount(3, pounds(100))),
    ("online", (Channels(frozenset({Channel.ONLINE})),), PointsPerAmount(2, pounds(100))),
    ("large", (MinimumSpend(pounds(5000)),), PointsPerAmount(2, pounds(100))),
    ("june", (Dates(last=None, first=datetime(2026, 6, 1, tzinfo=UTC).date()),), PointsPerAmount(2, pounds(100))),
    ("many", (MinimumQuantity(10),), BonusPoints(5)),
    ("mugs", (Products(include=frozenset({"mug"})),), BonusPoints(3)),
    ("cups", (Products(include=frozenset({"cup"})), MinimumQuantity(2)), BonusPoints(4)),
    ("late", (WeekdaysAndHours(WEEKDAYS, clock(17), clock(19)),), BonusPoints(2)),
    ("not-late", (ExceptWhen((WeekdaysAndHours(WEEKDAYS, clock(17), clock(19)),)),), BonusPoints(1)),
    ("spend", (MinimumSpend(pounds(2000)),), BonusPoints(2)),
]
FACTS = PurchaseFacts(
    occurred_at=datetime(2026, 3, 4, 10, 30, tzinfo=UTC),
    zone="Europe/London",
    currency="GBP",
    lines=tuple(
        Line(number, sku, Decimal(2), 550, categories=(category,))
        for number, (sku, category) in enumerate(
            [("mug", "china"), ("cup", "china"), ("green", "tea"), ("black", "tea"), ("cake", "food")], start=1
        )
    ),
    channel=Channel.STORE,
)


def plain_points(facts: PurchaseFacts) -> int:
    """The same arithmetic with plain ifs, without reasons or remedies."""
    local_time = facts.occurred_at.astimezone(zone_info(facts.zone))
    minute = local_time.hour * 60 + local_time.minute
    weekday = local_time.weekday() < 5
    total = tea = items = cups = 0
    mug = False
    for line in facts.lines:
        amount = int(line.quantity) * line.unit_price - line.discount
        total += amount
        items += int(line.quantity)
        if "tea" in line.categories:
            tea += amount
        mug = mug or line.sku == "mug"
        if line.sku == "cup":
            cups += int(line.quantity)
    best = total
    if weekday and 540 <= minute < 660:
        best = max(best, 2 * total)
    best = max(best, 3 * tea)
    if facts.channel is Channel.ONLINE or total >= 5000 or local_time.date() >= datetime(2026, 6, 1, tzinfo=UTC).date():
        best = max(best, 2 * total)
    bonus = (5 if items >= 10 else 0) + (3 if mug else 0) + (4 if cups >= 2 else 0) + (2 if total >= 2000 else 0)
    bonus += 2 if weekday and 1020 <= minute < 1140 else 1
    return (2 * best + 100) // 200 + bonus


def cpu_seconds(*functions: tuple[Callable[[], object], int], rounds: int) -> list[float]:
    """CPU seconds of one call of each function: the median of interleaved rounds. Each function comes with its number of calls in a round."""
    durations_by_function: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for durations, (function, calls) in zip(durations_by_function, functions, strict=True):
            began = time.process_time()
            for _ in range(calls):
                function()
            durations.append((time.process_time() - began) / calls)
    return [statistics.median(durations) for durations in durations_by_function]


def main() -> None:
    """Print the CPU of a decision and of the plain function, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", action="store_true", help="the smallest run")
    trial = parser.parse_args().trial
    terms = Terms.from_draft(
        version=1,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        currency="GBP",
        zone="Europe/London",
        clauses=CLAUSES,
    )
    decided, expected = earn(terms=terms, facts=FACTS).points, plain_points(FACTS)
    assert decided == expected, (decided, expected)
    floor, decision = cpu_seconds(
        (lambda: plain_points(FACTS), 500 if trial else 5_000),
        (lambda: earn(terms=terms, facts=FACTS), 100 if trial else 1_000),
        rounds=1 if trial else 7,
    )
    ratio = decision / floor
    verdict = "met" if ratio <= LIMIT else "MISSED"
    print(f"a purchase of 5 lines under 12 clauses: {decision * 1e6:.0f} us, plain function {floor * 1e6:.1f} us")
    print(f"  decision, x a plain function         {ratio:6.1f}   at most {LIMIT}   {verdict}")


if __name__ == "__main__":
    main()
