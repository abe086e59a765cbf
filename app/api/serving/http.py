"""GraphQL over HTTP: one request in, one answer out, always JSON, always with codes.

Executes with graphql-core directly. What is refused is refused as early and as cheaply as possible: first by method and
media type, then by the size and shape of the body, then for a key that opens nothing, then by the size of the operation,
and only then is it validated and anything resolved. Whoever is refused pays for the look that was taken
(`app/api/serving/door.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import strawberry
from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from app.api.serving.answers import JSON, Answer, media_type, not_now, refused, request_errors, throttled
from app.api.serving.bodies import Asked, asked_in_address, asked_in_body
from app.api.serving.core_schema import core_schema
from app.api.serving.costs import Buckets
from app.api.serving.documents import Documents, InvalidError, Ready, Runnable
from app.api.serving.door import Door, NotYetError
from app.api.serving.executing import ShortExecutor
from app.api.serving.extents import excess
from app.api.serving.faults import (
    BAD_INPUT,
    RATE_LIMITED,
    Boundary,
    Overload,
    RefusedError,
    Told,
    field_error,
    masked,
    overload_of,
    request_error,
)
from app.api.serving.working import too_much_work

LONGEST_RUN = 10.0
"""Seconds that an operation may take."""

MISSPELT = 10
"""What an operation costs whose variables are not what it declares."""


class GraphQLEndpoint:
    """An ASGI application that answers GraphQL requests.

    `sign_in` says who asks; it may raise GraphQLError with a code, and NotYetError. `context_for` makes the context of one
    operation from the request, from whoever asks, and from the `Type.field`s that it can reach. `introspection` says
    whether the holder of a context may ask about the schema. `unavailable` says which exceptions mean "not now".
    `buckets` hold what each caller may spend, and `door` what looking at unknown documents may take; `caller` names who
    pays for a request. Without them nothing is counted.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        sign_in: Callable[[Request], Awaitable[Any]],
        context_for: Callable[[Request, Any, frozenset[str]], Any],
        introspection: Callable[[Any], bool],
        unavailable: Mapping[type[Exception], Overload] | None = None,
        buckets: Buckets | None = None,
        door: Door | None = None,
        caller: Callable[[Any, Request], str] = lambda _, __: "",
        longest_run: float = LONGEST_RUN,
    ):
        self._schema = core_schema(schema)
        self._documents = Documents(self._schema)
        self._sign_in = sign_in
        self._context_for = context_for
        self._introspection = introspection
        self._unavailable = dict(unavailable or {})
        self._buckets = buckets
        self._door = door
        self._caller = caller
        self._longest_run = longest_run

    def routes(self, path: str = "/graphql") -> list[BaseRoute]:
        """The endpoint at its path, WebSockets refused."""
        return [Route(path, self), WebSocketRoute(path, self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that went away is left alone."""
        if scope["type"] == "websocket":
            await refuse_socket(scope, receive, send)
            return
        request = Request(scope, receive)
        media = JSON
        try:
            media = media_type(request.headers.get("accept", ""))
            answer = await self._answer(request, media=media)
        except RefusedError as error:
            answer = refused(error, media=media)
        except ClientDisconnect:
            return
        await answer.send(send, media=media)

    async def _answer(self, request: Request, *, media: str) -> Answer:
        if request.method == "POST":
            asked = await asked_in_body(request)
        elif request.method == "GET":
            if request.headers.get("upgrade", "").lower() == "websocket":
                raise RefusedError(400, message=_NO_SOCKETS)
            asked = asked_in_address(request)
        else:
            raise _not_allowed("Use POST, or GET for a query.", allow="GET, POST")
        # The only place where any exception at all becomes an answer.
        with Boundary() as boundary:
            return await self._run(asked, request=request, media=media)
        return self._fault(boundary.fault)

    async def _run(self, asked: Asked, *, request: Request, media: str) -> Answer:
        try:
            signed_in = await self._sign_in(request)
            caller = self._caller(signed_in, request)
            operation = self._ready(asked.query, caller=caller).operation(asked.operation_name)
        except NotYetError as early:
            return throttled(early.wait, media=media)
        except InvalidError as invalid:
            errors = [request_error(one, otherwise="GRAPHQL_VALIDATION_FAILED") for one in invalid.errors]
            return request_errors(errors, media=media)
        except GraphQLError as error:
            if "code" not in (error.extensions or {}):
                raise
            return request_errors([{"message": error.message, "extensions": error.extensions}], media=media)
        if request.method == "GET" and operation.measured.node.operation is not OperationType.QUERY:
            no = _not_allowed("A mutation needs POST.", allow="POST")
            return refused(no, media=media)
        context = self._context_for(request, signed_in, operation.measured.needed)
        if operation.measured.introspects and not self._introspection(context):
            closed = {"message": "Introspection is not open to this caller.", "extensions": {"code": "FORBIDDEN"}}
            return request_errors([closed], media=media)
        variables = operation.variables.coerced(asked.variables)
        if isinstance(variables, list):
            return self._misspelt(variables, caller=caller, media=media)
        executor = ShortExecutor.of(
            operation.measured.node,
            schema=self._schema,
            fragments=operation.fragments,
            variables=variables,
            collected=operation.collected,
            ways=operation.ways,
            context=context,
        )
        try:
            if self._buckets is None:
                return await self._resolved(executor, media=media)
            return await self._paid(executor, self._buckets, operation, caller=caller, media=media)
        finally:
            executor.let_go()

    def _ready(self, text: str, *, caller: str) -> Ready:
        """The document of a text. Raises InvalidError, and NotYetError from a caller who has sent too many unknown ones."""
        found = self._documents.kept(text)
        if found is not None:
            return found
        if self._door is None:
            return self._documents.prepared(text)
        with self._door.looking(caller):
            return self._documents.prepared(text)

    def _misspelt(self, errors: list[GraphQLError], *, caller: str, media: str) -> Answer:
        """The answer to variables that are not what the operation declares."""
        spent = self._buckets.take(caller, MISSPELT) if self._buckets is not None else None
        if spent is not None and spent.wait is not None:
            return throttled(spent.wait, media=media)
        return request_errors([request_error(one, otherwise=BAD_INPUT) for one in errors], media=media)

    async def _paid(
        self, executor: ShortExecutor, buckets: Buckets, operation: Runnable, *, caller: str, media: str
    ) -> Answer:
        """The answer to an operation that its caller can pay for, with what it cost."""
        cost = operation.cost.of(executor.variable_values.coerced)
        most = buckets.allowance.most
        if cost > most:
            large = excess(f"The operation may cost at most {most:,}, and would cost {cost:,}: ask for smaller pages.")
            return request_errors([request_error(large, otherwise=BAD_INPUT)], media=media)
        spent = buckets.take(caller, cost)
        extensions = {"cost": buckets.told(spent)}
        if spent.wait is not None:
            return throttled(spent.wait, media=media, extensions=extensions)
        answer = await self._resolved(executor, media=media)
        if executor.work.over:
            # It was foreseen to be cheap, and was as dear as anything may be.
            buckets.charge(caller, most)
        return Answer(answer.status, {**answer.body, "extensions": extensions}, answer.headers)

    async def _resolved(self, executor: ShortExecutor, *, media: str) -> Answer:
        result = cast(ExecutionResult | Awaitable[ExecutionResult], executor.execute_operation())
        if not isinstance(result, ExecutionResult):
            try:
                async with asyncio.timeout(self._longest_run) as limit:
                    result = await result
            except TimeoutError:
                if not limit.expired():
                    raise
                return self._timed_out()
        if executor.work.over:
            return Answer(200, {"data": None, "errors": [request_error(too_much_work(), otherwise=BAD_INPUT)]})
        return self._executed(result, media=media)

    def _executed(self, result: ExecutionResult, *, media: str) -> Answer:
        if not result.errors:
            return Answer(200, {"data": result.data})
        if result.data is None and all(one.path is None for one in result.errors):
            return request_errors([request_error(one, otherwise=BAD_INPUT) for one in result.errors], media=media)
        shown: list[dict[str, Any]] = []
        waits: list[float] = []
        told: Told = {}
        for one in result.errors:
            error, retry_after = field_error(one, overloads=self._unavailable, told=told)
            shown.append(error)
            if retry_after is not None:
                waits.append(retry_after)
        body = {"data": result.data, "errors": shown}
        # With something to show, or something done, the answer is worth more than the status.
        if waits and not any(value is not None for value in (result.data or {}).values()):
            return not_now(body, retry_after=max(waits))
        return Answer(200, body)

    def _fault(self, fault: Exception | None) -> Answer:
        assert fault is not None
        overload = overload_of(fault, overloads=self._unavailable)
        if overload is None:
            return Answer(500, {"errors": [masked(fault, told={})]})
        error = {"message": overload.message, "extensions": {"code": overload.code}}
        return not_now({"errors": [error]}, retry_after=overload.retry_after(fault))

    def _timed_out(self) -> Answer:
        message = (
            f"The operation took longer than {self._longest_run:g} seconds. Repeat it with the same idempotencyKey."
        )
        return not_now({"errors": [{"message": message, "extensions": {"code": RATE_LIMITED}}]}, retry_after=1.0)


def _not_allowed(message: str, *, allow: str) -> RefusedError:
    return RefusedError(405, message=message, headers={"allow": allow})


_NO_SOCKETS = "Subscriptions over WebSocket are not offered: send queries and mutations with POST."


async def refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket before it opens, in JSON where the server can say so."""
    await receive()
    if "websocket.http.response" not in cast(Mapping[str, Any], scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1003, "reason": _NO_SOCKETS})
        return

    async def denying(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await refused(RefusedError(400, message=_NO_SOCKETS), media=JSON).send(denying, media=JSON)
