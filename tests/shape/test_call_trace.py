"""How far a request traces: the functions of `app` that somebody follows who steps through it with a debugger.

The limits are the present numbers. A change that needs more functions says why in its commit, or removes others.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.store.database.connect import open_database
from bench.workload import RECORD_PURCHASE
from tests.live_server import serving
from tests.shape.call_trace import CallTrace, RequestTrace, tracing
from tests.shop import START, Clock, Shop, create_program, new_id
from tests.time_limits import HANGS


@contextmanager
def traced_shop(url: str) -> Iterator[tuple[Shop, CallTrace]]:
    """A shop without background jobs, served in this process, and the trace of its threads."""
    program = create_program(url)
    app = create_app(open_database(url, serving=True), clock=Clock(), new_id=new_id)
    with tracing() as trace, serving(app) as address, httpx.Client(timeout=HANGS) as client:
        yield Shop(address=address, program=program, client=client, url=url), trace


def buy(shop: Shop, card: str, *, price: str = "9.00", hours: float | None = None) -> Any:
    """A purchase of one line, now or some hours after the start of the clock."""
    lines = [{"sku": "thing", "quantity": "1", "unitPrice": price}]
    receipt: dict[str, Any] = {"externalId": uuid.uuid4().hex, "lines": lines}
    if hours is not None:
        receipt["occurredAt"] = (START + timedelta(hours=hours)).isoformat()
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": receipt}
    bought = shop.execute(RECORD_PURCHASE, input=input)["recordPurchase"]
    assert bought["userErrors"] == []
    return bought


@pytest.fixture(scope="module")
def traces(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RequestTrace]:
    """Traces of warm requests of a till, by name."""
    file = tmp_path_factory.mktemp("traces") / "shop.db"
    file.write_bytes(sqlite_template.read_bytes())
    with traced_shop(f"sqlite:///{file}") as (shop, trace):
        card, minutes = shop.enrol("WALK0001"), itertools.count(1)
        requests: dict[str, tuple[str, Callable[[], Any]]] = {
            "purchase": ("purchases/record_purchase", lambda: buy(shop, card)),
            "late purchase": ("purchases/record_purchase", lambda: buy(shop, card, hours=next(minutes) / 60 - 1)),
            "redemption": ("rewards/redeem_reward", lambda: shop.redeem(card)),
        }
        buy(shop, card, price="900.00", hours=-2)
        found = {}
        for name, (resolver, request) in requests.items():
            for _ in range(3):
                request()
            found[name] = trace.of_request(request, resolver=f"api/mutations/{resolver}.py")
        return found


MOST_FUNCTIONS = {"purchase": 199, "late purchase": 295, "redemption": 261}
MOST_FILES = 4
"""From the resolver to the first statement."""


@pytest.mark.parametrize("name", MOST_FUNCTIONS)
def test_a_request_enters_few_functions(traces: dict[str, RequestTrace], name: str) -> None:
    entered, most = traces[name].functions, MOST_FUNCTIONS[name]
    assert len(entered) <= most, "\n".join((f"{len(entered)} functions, at most {most}:", *entered))


@pytest.mark.parametrize("name", MOST_FUNCTIONS)
def test_the_first_statement_is_a_few_files_behind_the_resolver(traces: dict[str, RequestTrace], name: str) -> None:
    assert len(traces[name].to_sql) <= MOST_FILES, traces[name].to_sql


def test_the_architecture_names_these_figures() -> None:
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
    assert [most for most in MOST_FUNCTIONS.values() if str(most) not in text] == []
