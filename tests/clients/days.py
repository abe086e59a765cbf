"""A till's day with a client: what `day.json` says that its answers are, and what the client printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.access import Role
from tests.shop import Shop
from tests.verification import discrepancies_in

HERE = Path(__file__).parent
DAY: list[dict[str, Any]] = json.loads((HERE / "day.json").read_text(encoding="utf-8"))
LEDGER = [("EARN", 60), ("EARN", 70), ("REDEEM", -100), ("CLAWBACK", -30), ("REVERSAL", 100), ("EARN", 10)]
"""The entries of the day that move points, in the order in which they were recorded."""


@dataclass(frozen=True)
class Spent:
    """What a client printed of its day."""

    steps: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    ledger: list[tuple[str, int]]


def read_day(printed: str) -> Spent:
    """The day in the lines that a client printed."""
    lines = [json.loads(line) for line in printed.splitlines()]
    named = {name: line[name] for line in lines for name in ("requests", "ledger") if name in line}
    steps = [line for line in lines if "step" in line]
    return Spent(steps, named.get("requests", []), [(type, points) for type, points in named.get("ledger", [])])


def arguments(shop: Shop) -> tuple[str, str]:
    """What each client is started with: the address of the API and a till's key."""
    return f"{shop.address}/graphql", shop.program.token(Role.TILL)


def assert_day_as_expected(printed: str, shop: Shop, *, asks_for_the_card: bool) -> Spent:
    """Every step had its answer, and the screen its balance. A client that `asks_for_the_card` to show it shows it from the
    start; any other shows what its cache has of it.
    """
    spent = read_day(printed)
    expected = [
        {
            "step": step["step"],
            "answered": step["answered"],
            "shown": 0 if step["shown"] is None and asks_for_the_card else step["shown"],
            "problems": [],
        }
        for step in DAY
    ]
    assert spent.steps == expected
    assert [entry for entry in shop.ledger("ANNA") if entry[1]] == LEDGER
    assert discrepancies_in(shop.url) == []
    return spent
