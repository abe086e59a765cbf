"""A schema of a few fields, to test the HTTP endpoint without the rest of the API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import httpx
import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.requests import Request
from strawberry.schema.config import StrawberryConfig

from app.api.conventions.pagination import PageInfo
from app.api.conventions.scalars import SCALARS, BigInt, CurrencyCode, Locale
from app.graphql_server.endpoint import GraphQLEndpoint
from app.graphql_server.execution.persisted_documents import PersistedDocuments
from app.graphql_server.http.errors import Overload, ReadingFailed


class FullHouse(Exception):
    """Not now."""


SECRET = "hunter2-of-the-database"


@dataclass
class Seen:
    """What a request brought along."""

    authorization: str | None
    needed: frozenset[str]


@strawberry.interface
class Thing:
    id: strawberry.ID


@strawberry.type
class Shop(Thing):
    name: str

    @strawberry.field
    def next(self) -> Shop:
        return Shop(id=strawberry.ID("2"), name="Next")

    @strawberry.field
    def others(self) -> list[Shop]:
        return [self]


@strawberry.input(one_of=True)
class ShopBy:
    id: strawberry.ID | None = strawberry.UNSET
    name: str | None = strawberry.UNSET


@strawberry.input
class Order:
    words: list[str]
    inner: Order | None = None


@strawberry.type
class Brittle:
    @strawberry.field
    def bit(self) -> str:
        raise RuntimeError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello {name}"

    @strawberry.field
    def number(self, of: int = 5) -> int | None:
        return of

    @strawberry.field
    def shop(self, by: ShopBy | None = None) -> Shop | None:
        return Shop(id=strawberry.ID("1"), name=by.name if by and by.name else "Corner")

    @strawberry.field
    def thing(self) -> Thing | None:
        return Shop(id=strawberry.ID("1"), name="Corner")

    @strawberry.field
    def ordered(self, order: Order) -> str:
        return " ".join(order.words)

    @strawberry.field
    def needed(self, info: strawberry.Info[Seen, None]) -> list[str]:
        return sorted(info.context.needed)

    @strawberry.field
    async def slow(self) -> str | None:
        await asyncio.sleep(30)
        return "late"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def brittle(self) -> list[Brittle | None]:
        return [Brittle() for _ in range(50)]

    @strawberry.field
    def careless(self) -> str | None:
        raise GraphQLError(SECRET)

    @strawberry.field
    def forbidden(self) -> str | None:
        raise GraphQLError("Tills may not do this.", extensions={"code": "FORBIDDEN"})

    @strawberry.field
    def nothing(self) -> str | None:
        return None

    @strawberry.field
    def private(self) -> str | None:
        raise GraphQLError("Send a key.", extensions={"code": "UNAUTHENTICATED"})

    @strawberry.field
    def counted(self) -> str | None:
        raise GraphQLError("Too many.", extensions={"code": "RATE_LIMITED", "retryAfter": 7})

    @strawberry.field
    async def full(self) -> str | None:
        raise FullHouse

    @strawberry.field
    def moment(self, of: datetime) -> datetime:
        return of

    @strawberry.field
    def day(self, of: date) -> date:
        return of

    @strawberry.field
    def hour(self, of: time) -> time:
        return of

    @strawberry.field
    def decimal(self, of: Decimal) -> Decimal:
        return of

    @strawberry.field
    def currency(self, of: CurrencyCode) -> CurrencyCode:
        return of

    @strawberry.field
    def locale(self, of: Locale) -> Locale:
        return of

    @strawberry.field
    def big(self, of: BigInt) -> BigInt:
        return of

    @strawberry.field
    def page(self) -> PageInfo:
        return PageInfo(has_next_page=False, has_previous_page=False, start_cursor=None, end_cursor=None)


@strawberry.type
class Recorded:
    @strawberry.field
    async def balance(self) -> int | None:
        raise FullHouse


@strawberry.type
class Mutation:
    @strawberry.mutation
    def shout(self, word: str) -> str:
        return word.upper()

    @strawberry.mutation
    async def crowd(self) -> str | None:
        raise FullHouse

    @strawberry.mutation
    def recorded(self) -> Recorded | None:
        return Recorded()

    @strawberry.mutation
    def recorded_unread(self) -> str | None:
        raise ReadingFailed from FullHouse()

    @strawberry.mutation
    def recorded_broken(self) -> str | None:
        try:
            raise RuntimeError(SECRET)
        except RuntimeError as fault:
            raise ReadingFailed from fault


schema = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))


async def authenticate(request: Request) -> str | None:
    """Authentication as the real one might do it."""
    authorization = request.headers.get("authorization")
    if authorization == "Bearer wrong":
        raise GraphQLError("No such key.", extensions={"code": "UNAUTHENTICATED"})
    if authorization == "Bearer broken":
        raise RuntimeError(SECRET)
    if authorization == "Bearer full":
        raise FullHouse
    return authorization


def context_for(request: Request, caller: str | None, needed: frozenset[str]) -> Seen:
    """Records what a context is made of."""
    return Seen(caller, needed)


@dataclass
class Edge:
    """The endpoint with a client of its own."""

    max_run_time: float = 10.0
    persisted: PersistedDocuments | None = None
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        endpoint = GraphQLEndpoint(
            schema,
            authenticate=authenticate,
            context_for=context_for,
            introspection=lambda context: context.authorization == "Bearer owner",
            unavailable={FullHouse: Overload("TRY_AGAIN", "Too many at once.", retry_after=lambda _: 2.5)},
            max_run_time=self.max_run_time,
            persisted=self.persisted,
        )
        self.app = Starlette(routes=endpoint.routes())
        transport = httpx.ASGITransport(app=self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://shop.example")

    async def execute(self, query: str, *, headers: dict[str, str] | None = None, **parts: Any) -> httpx.Response:
        """Posts an operation."""
        return await self.client.post("/graphql", json={"query": query, **parts}, headers=headers)

    async def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Posts bytes as application/json."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/graphql", content=body, headers={"content-type": "application/json", **named})


def code(answer: httpx.Response) -> str:
    """The code of the only error."""
    (error,) = answer.json()["errors"]
    found: str = error["extensions"]["code"]
    return found
