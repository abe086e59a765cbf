"""schemathesis over every operation of the API: every response is documented and the ledger verifies afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import graphql
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from app.domain.access import Role
from app.graphql_server.limits.rate_limits import RateLimit
from app.queries.verification.verify_accounts import verify_page
from app.queries.verification.verify_program import verify_program
from app.store.database.connect import open_database
from app.usecases.application import Application
from tests.errors_page import read_errors_page
from tests.shop import Shop, new_id, open_shop, real_now
from tests.soak_settings import STEPS

OPEN_DOOR = RateLimit(capacity=1_000_000_000, restored=1_000_000_000)
"""Every case is a document that nobody has seen before."""

EXAMPLES = {"sqlite": STEPS or 4, "postgresql": STEPS or 2}
"""Of each operation; what a request can be is the same on both databases, which differ in what is stored."""

CLOSED = read_errors_page().codes.keys() - {"INTERNAL_SERVER_ERROR"}


def _texts(*typical: str) -> st.SearchStrategy[graphql.ValueNode]:
    """Typical texts of a scalar, and texts that it refuses."""
    return (st.sampled_from(typical) | st.text(max_size=20)).map(lambda text: graphql.StringValueNode(value=text))


for name, typical in {
    "BigInt": ("0", "-1", "9223372036854775807"),
    "CurrencyCode": ("GBP", "EUR", "XXX"),
    "Date": ("2026-01-31", "2026-02-30", "0000-00-00"),
    "DateTime": ("2026-01-31T12:00:00Z", "2026-03-29T01:30:00+00:00", "2026-01-31T12:00:00", "9999-12-31T23:59:59Z"),
    "Decimal": ("0", "1", "-1", "12.50", "0.001", "1E+999999", "NaN", "999999999999999999999999999999"),
    "Locale": ("en", "zh-Hant", "de-AT", "xx"),
    "Time": ("00:00", "23:59", "24:00"),
}.items():
    schemathesis.graphql.scalar(name, _texts(*typical))


@pytest.fixture(scope="module")
def fuzzed(module_database_url: str) -> Iterator[Shop]:
    """One shop for all generated requests."""
    with open_shop(module_database_url, admission_limit=OPEN_DOOR) as shop:
        yield shop


def headers(shop: Shop) -> dict[str, str]:
    """The owner's headers: nothing is hidden from the fuzzer."""
    return {"Authorization": f"Bearer {shop.program.token(Role.OWNER)}"}


def test_generated_requests_get_documented_errors(fuzzed: Shop) -> None:
    api = schemathesis.graphql.from_url(f"{fuzzed.address}/graphql", headers=headers(fuzzed))
    examples = EXAMPLES[urlsplit(fuzzed.url).scheme]
    tried: dict[str, int] = {}
    for found in api.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Case) -> None:
            tried[operation.label] = tried.get(operation.label, 0) + 1  # noqa: B023 - run before the next round
            payload = case.call(headers=headers(fuzzed))
            assert payload.status_code < 500, payload.text
            codes = {value["extensions"]["code"] for value in payload.json().get("errors", [])}
            assert codes <= CLOSED, payload.text

        ask()
    assert set(tried) == every_operation()
    assert all(
        count >= examples * 3 // 4 for label, count in tried.items() if "input" in label or "customer" in label
    ), tried


def every_operation() -> set[str]:
    """Every query and mutation of the schema, by the labels of schemathesis."""
    shown = graphql.build_schema((Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8"))
    roots = (shown.query_type, shown.mutation_type)
    return {f"{root.name}.{name}" for root in roots if root is not None for name in root.fields}


def test_ledger_verifies_after_generated_requests(fuzzed: Shop) -> None:
    card = fuzzed.enrol()
    assert fuzzed.buy(card, "10.00")["balances"][0]["available"] == 10

    async def prove() -> list[object]:
        database = open_database(fuzzed.url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        program = fuzzed.program.program.id
        page = await application.query(verify_page, program_id=program)
        whole = await application.query(verify_program, program_id=program)
        await database.stop()
        return [*page.discrepancies, *whole]

    assert asyncio.run(prove()) == []
