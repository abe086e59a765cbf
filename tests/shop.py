"""A program served over HTTP, its access keys, and the requests that tills send."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uuid_utils

from app.api.field_costs import COSTS
from app.api.schema import schema
from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.graphql_server.execution.document_cache import DocumentCache
from app.graphql_server.execution.persisted_documents import PersistedDocuments
from app.graphql_server.limits.admission import ADMISSION_LIMIT
from app.graphql_server.limits.rate_limits import RateLimit
from app.graphql_server.schema.core_schema import core_schema
from app.main import create_app
from app.pages.people import MadeUpPerson
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.programs.create_program import CreateProgram, NewProgram
from tests.graphql_client import GraphqlClient
from tests.live_server import serving
from tests.time_limits import HANGS

UNUSED_TLS = ssl.create_default_context()
"""Loading its certificates takes longer than most tests: httpx would do so for each client, though no test uses TLS."""


def real_now() -> datetime:
    """The real time in UTC."""
    return datetime.now(UTC)


PREPARED = DocumentCache(core_schema(schema), costs=COSTS)
"""The documents of all shops of this process: preparing one takes longer than running it."""

UNLIMITED_LOOKUPS = 1_000_000
"""Customers that a key of a shop may look up in a minute: more than a test asks for."""

START = datetime(2090, 3, 6, 12, tzinfo=UTC)
"""When a clock that is moved begins: no real clock gets near it."""


class Clock:
    """A clock that a test sets; each reading is a millisecond later than the one before."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def new_id() -> str:
    """A time-ordered id."""
    return str(uuid_utils.uuid7())


def create_program(
    url: str,
    *,
    template: str = "points",
    kind: ProgramKind = ProgramKind.SANDBOX,
    currency: str = "GBP",
    zone: str = "Europe/London",
    name: str = "Shop",
    slug: str | None = None,
    listed: bool | None = None,
    effective_from: datetime | None = None,
) -> NewProgram:
    """Creates a program in a migrated database."""

    async def run() -> NewProgram:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        command = CreateProgram(
            name=name,
            template=template,
            kind=kind,
            currency=currency,
            zone=zone,
            region="GB",
            effective_from=effective_from
            or (datetime(2020, 1, 1, tzinfo=UTC) if kind is ProgramKind.SANDBOX else None),
            slug=slug,
            listed=listed,
        )
        try:
            return await application.create_program(command)
        finally:
            await database.stop()

    return asyncio.run(run())


def is_busy(error: dict[str, Any]) -> bool:
    """Whether an error asks to repeat the request later, because the server is too busy for it or for all of its answer."""
    extensions = error["extensions"]
    return extensions["code"] in ("UNAVAILABLE", "ANSWER_INCOMPLETE") and "retryAfter" in extensions


@dataclass
class Shop:
    """A served program; `execute` sends one GraphQL request with the key of a role."""

    address: str
    program: NewProgram
    client: httpx.Client
    url: str = ""
    graphql: GraphqlClient = field(init=False)

    def __post_init__(self) -> None:
        """`graphql` sends to the same address."""
        self.graphql = GraphqlClient(self.address)

    def send(
        self,
        query: str,
        *,
        role: Role | None = Role.TILL,
        key: str | None = None,
        language: str = "en",
        **variables: Any,
    ) -> httpx.Response:
        """Sends a request; returns the HTTP response."""
        headers = self._headers(role=role, key=key, language=language)
        return self.client.post(
            f"{self.address}/graphql", json={"query": query, "variables": variables}, headers=headers
        )

    def _headers(self, *, role: Role | None, key: str | None, language: str) -> dict[str, str]:
        token = key or (self.program.token(role) if role is not None else None)
        return {"Accept-Language": language, **({"Authorization": f"Bearer {token}"} if token is not None else {})}

    def execute(
        self,
        query: str,
        *,
        role: Role | None = Role.TILL,
        key: str | None = None,
        language: str = "en",
        **variables: Any,
    ) -> Any:
        """Sends a request and returns its data; fails on errors. Sent again, as a till does, while the server is too busy."""
        began = time.monotonic()
        headers = self._headers(role=role, key=key, language=language)
        while True:
            body = self.graphql.send(query, variables, headers)
            waits = [error["extensions"].get("retryAfter") for error in body.get("errors", []) if is_busy(error)]
            if not waits or time.monotonic() - began > HANGS:
                break
            time.sleep(max(waits))
        assert "errors" not in body, body["errors"]
        return body["data"]

    def enrol(self, card: str | None = None) -> str:
        """Enrols a customer; returns the card number."""
        card = card or uuid.uuid4().hex[:12].upper()
        payload = self.execute(ENROL, input={"idempotencyKey": f"enrol-{card}", "identities": [{"card": card}]})
        assert payload["enrolCustomer"]["userErrors"] == []
        return card

    def buy(self, card: str, price: str, *, key: str | None = None, receipt: str | None = None, **more: Any) -> Any:
        """Records a purchase, of one line unless lines are given."""
        lines = more.pop("lines", [{"sku": "thing", "quantity": "1", "unitPrice": price}])
        purchase = {"externalId": receipt or uuid.uuid4().hex, "lines": lines, **more}
        input = {"idempotencyKey": key or uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
        return self.execute(BUY, input=input)["recordPurchase"]

    def redeem(
        self, card: str, reward: str = "coffee", *, key: str | None = None, language: str = "en", **more: Any
    ) -> Any:
        """Redeems a reward."""
        input = {
            "idempotencyKey": key or uuid.uuid4().hex,
            "customer": {"card": card},
            "reward": {"key": reward},
            **more,
        }
        return self.execute(REDEEM, input=input, language=language)["redeemReward"]

    def refund(self, receipt: str, *, key: str | None = None, **more: Any) -> Any:
        """Refunds a purchase."""
        input = {"idempotencyKey": key or uuid.uuid4().hex, "purchase": {"externalId": receipt}, **more}
        return self.execute(REFUND, input=input)["recordRefund"]

    def available(self, card: str) -> int:
        """The available points of a card."""
        data = self.execute(
            "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { available } } } }", by={"card": card}
        )
        points: int = data["customer"]["wallet"]["balances"][0]["available"]
        return points

    def ledger(self, card: str) -> list[tuple[str, int]]:
        """Types and points of all entries, oldest first."""
        query = """query($by: CustomerBy!, $after: String) { customer(by: $by) { ledger(first: 100, after: $after) {
            nodes { type points } pageInfo { hasNextPage endCursor } } } }"""
        found: list[tuple[str, int]] = []
        after = None
        while True:
            page = self.execute(query, by={"card": card}, after=after)["customer"]["ledger"]
            found += [(node["type"], node["points"]) for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found[::-1]

    def in_parallel(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Runs calls in parallel, each over a connection of its own; their results in order."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(calls)) as pool:
            return [value.result() for value in [pool.submit(call) for call in calls]]


DECISION = """decision { outcome decidedFor points { points unit { code } } terms { version }
  reasons { clause { key number statement } verdict code statement observed required
    remedies { code statement from points amount { amount currencyCode } choices } } }
  userErrors { code message path }"""
ENROL = "mutation($input: EnrolCustomerInput!) { enrolCustomer(input: $input) { customer { id } userErrors { code message path } } }"
BUY = f"mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ {DECISION} balances {{ available lifetime }} purchase {{ id points }} entry {{ id type points }} }} }}"
REDEEM = f"mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ {DECISION} balances {{ available }} redemption {{ id points state }} entry {{ id points }} reward {{ key stock }} }} }}"
REFUND = f"mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ {DECISION} balances {{ available }} cash {{ amount currencyCode }} shortfall entry {{ id type points }} }} }}"


@contextmanager
def open_shop(
    url: str,
    *,
    program: NewProgram | None = None,
    clock: Callable[[], datetime] = real_now,
    template: str = "points",
    kind: ProgramKind = ProgramKind.SANDBOX,
    currency: str = "GBP",
    rate_limit: RateLimit | None = None,
    admission_limit: RateLimit = ADMISSION_LIMIT,
    people: Sequence[MadeUpPerson] = (),
    lookups_per_minute: int = UNLIMITED_LOOKUPS,
    persisted: PersistedDocuments | None = None,
) -> Iterator[Shop]:
    """Serves a program of a migrated database over HTTP."""
    program = program or create_program(url, template=template, kind=kind, currency=currency)
    # Where the work before execution is limited, what a document costs is what it costs a server that has not seen it.
    limited = rate_limit is not None and rate_limit.capacity < RateLimit().capacity
    app = create_app(
        open_database(url),
        clock=clock,
        new_id=new_id,
        rate_limit=rate_limit or RateLimit(),
        admission_limit=admission_limit,
        lookups_per_minute=lookups_per_minute,
        url=url,
        documents=None if limited or admission_limit is not ADMISSION_LIMIT else PREPARED,
        persisted=persisted,
        people=people,
    )
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    with serving(app) as address, httpx.Client(timeout=HANGS, limits=limits, verify=UNUSED_TLS) as client:
        shop = Shop(address=address, program=program, client=client, url=url)
        yield shop
        shop.graphql.close()
