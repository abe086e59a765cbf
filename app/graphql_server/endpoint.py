"""GraphQL over HTTP: every answer is JSON, every error has a code.

Requests are executed with graphql-core directly, and rejected as early and as cheaply as possible: first by method and
media type, then by the size and form of the body, then for a wrong key, then by the size of the operation. Only then is
the document validated and executed. Callers are charged for this work (`app/graphql_server/limits/admission.py`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution.values import VariableValues
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from app.graphql_server.execution.document_cache import (
    DocumentCache,
    InvalidDocumentError,
    PreparedDocument,
    PreparedOperation,
)
from app.graphql_server.execution.executor import CompiledExecutor
from app.graphql_server.execution.introspection_cache import IntrospectionCache
from app.graphql_server.execution.persisted_documents import PersistedDocuments
from app.graphql_server.http.errors import (
    BAD_INPUT,
    UNAVAILABLE,
    HttpError,
    LoggedFaults,
    Overload,
    field_error,
    masked_error,
    overload_error,
    overload_of,
    request_error,
)
from app.graphql_server.http.request import GraphQLRequest, request_in_body, request_in_query_string
from app.graphql_server.http.response import (
    JSON,
    HttpResponse,
    error_response,
    field_errors_response,
    media_type,
    rate_limited_response,
    request_errors_response,
    try_later_response,
)
from app.graphql_server.limits.admission import Admission, RateLimited
from app.graphql_server.limits.cost_analysis import FieldCosts
from app.graphql_server.limits.cost_limit import charge_introspection, run_within_limit
from app.graphql_server.limits.rate_limits import TokenBuckets
from app.graphql_server.limits.time_budget import TimeBudget, too_much_work
from app.graphql_server.schema.core_schema import core_schema

MAX_RUN_TIME = 10.0
"""Maximum number of seconds that an operation may take."""

INVALID_VARIABLES_COST = 10
"""The cost of an operation whose variables are invalid."""


class GraphQLEndpoint:
    """An ASGI application that answers GraphQL requests.

    `authenticate` finds the caller; it may raise GraphQLError with a code, and RateLimited. `context_for` makes the
    context of one operation from the request, the caller and the `Type.field`s that the operation can reach.
    `introspection` decides whether the caller may query the schema. `unavailable` lists the exceptions that mean "try
    later". `buckets` limit the cost of operations, `costs` declares the costs of fields, and `admission` limits the
    work before execution; `rate_limit_key` names whose limits apply. Without them nothing is limited. `documents` is a cache of
    documents of this schema and these costs; by default it starts empty. `persisted` are the documents that can be
    requested by their hash.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        authenticate: Callable[[Request], Awaitable[Any]],
        context_for: Callable[[Request, Any, frozenset[str]], Any],
        introspection: Callable[[Any], bool],
        unavailable: Mapping[type[Exception], Overload] | None = None,
        buckets: TokenBuckets | None = None,
        admission: Admission | None = None,
        rate_limit_key: Callable[[Any, Request], str] = lambda _, __: "",
        max_run_time: float = MAX_RUN_TIME,
        costs: FieldCosts | None = None,
        documents: DocumentCache | None = None,
        persisted: PersistedDocuments | None = None,
    ) -> None:
        self._schema = core_schema(schema)
        self._documents = documents or DocumentCache(self._schema, costs=costs)
        self._persisted = persisted or PersistedDocuments()
        self._introspection_cache = IntrospectionCache()
        self._persisted.prepare_trusted(self._documents)
        self._authenticate = authenticate
        self._context_for = context_for
        self._introspection = introspection
        self._unavailable = dict(unavailable or {})
        self._buckets = buckets
        self._admission = admission
        self._rate_limit_key = rate_limit_key
        self._max_run_time = max_run_time

    def routes(self, path: str = "/graphql") -> list[BaseRoute]:
        """The routes of the endpoint at its path; WebSockets are rejected."""
        return [Route(path, self), WebSocketRoute(path, self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing is sent to a client that has disconnected."""
        if scope["type"] == "websocket":
            await reject_socket(scope, receive, send)
            return
        request = Request(scope, receive)
        media = JSON
        try:
            media = media_type(request.headers.get("accept", ""))
            is_post = request.method == "POST"
            graphql_request = await request_in_body(request) if is_post else _request_without_body(request)
            answer = await self._run(graphql_request, request=request, media=media)
        except HttpError as error:
            answer = error_response(error, media=media)
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 - the only place where unexpected exceptions become answers
            answer = self._unexpected_error_response(fault)
        await answer.send(send, media=media)

    async def _run(self, graphql_request: GraphQLRequest, *, request: Request, media: str) -> HttpResponse:
        try:
            caller = await self._authenticate(request)
            rate_limit_key = self._rate_limit_key(caller, request)
            text, digest = graphql_request.query, graphql_request.digest
            if digest is not None or not self._persisted.runs_any_text:
                text = self._persisted.text_of(text, digest=digest)
            document = self._documents.cached(text) or self._prepare(text, rate_limit_key=rate_limit_key)
            if digest is not None:
                self._persisted.register(text, digest=digest)
            operation = document.operation(graphql_request.operation_name)
        except RateLimited as error:
            return rate_limited_response(error.wait)
        except InvalidDocumentError as invalid:
            errors = [request_error(error, default_code="GRAPHQL_VALIDATION_FAILED") for error in invalid.errors]
            return request_errors_response(errors, media=media)
        except GraphQLError as error:
            if "code" not in (error.extensions or {}):
                raise
            return request_errors_response([{"message": error.message, "extensions": error.extensions}], media=media)
        if request.method == "GET" and operation.measured.node.operation is not OperationType.QUERY:
            return error_response(_method_not_allowed("A mutation needs POST.", allow="POST"), media=media)
        context = self._context_for(request, caller, operation.measured.reachable_fields)
        if operation.measured.introspects and not self._introspection(context):
            return request_errors_response([_NO_INTROSPECTION], media=media)
        variables = operation.variables.coerce(graphql_request.variables)
        if isinstance(variables, list):
            return self._invalid_variables_response(variables, rate_limit_key=rate_limit_key, media=media)
        only_introspects = operation.measured.only_introspects
        # The work of introspection is limited by its cost alone.
        time_budget = TimeBudget(math.inf if only_introspects else None)
        execute = partial(self._execute, operation, variables, context=context, time_budget=time_budget, media=media)
        cost = operation.cost.total(variables.coerced)
        if only_introspects:
            return await self._introspection_cache.response(
                (text, graphql_request.operation_name, orjson.dumps(variables.coerced)),
                execute=execute,
                charge=partial(charge_introspection, caller=rate_limit_key, buckets=self._buckets, media=media),
                cost=cost,
                accept_encoding=request.headers.get("accept-encoding", ""),
            )
        return await run_within_limit(
            execute, cost=cost, caller=rate_limit_key, buckets=self._buckets, time_budget=time_budget, media=media
        )

    def _prepare(self, text: str, *, rate_limit_key: str) -> PreparedDocument:
        """The document of a new text. Raises InvalidDocumentError, and RateLimited when the caller sent too many new texts."""
        if self._admission is None:
            return self._documents.prepare(text)
        with self._admission.charging_time(rate_limit_key):
            return self._documents.prepare(text)

    def _invalid_variables_response(
        self, errors: list[GraphQLError], *, rate_limit_key: str, media: str
    ) -> HttpResponse:
        """The answer to invalid variables, for which the caller is charged."""
        charge = self._buckets.take(rate_limit_key, INVALID_VARIABLES_COST) if self._buckets is not None else None
        if charge is not None and charge.wait is not None:
            return rate_limited_response(charge.wait)
        return request_errors_response([request_error(error, default_code=BAD_INPUT) for error in errors], media=media)

    async def _execute(
        self,
        operation: PreparedOperation,
        variables: VariableValues,
        *,
        context: Any,
        time_budget: TimeBudget,
        media: str,
    ) -> HttpResponse:
        executor = CompiledExecutor.of(
            operation.measured.node,
            schema=self._schema,
            fragments=operation.fragments,
            variables=variables,
            collected_cache=operation.collected_cache,
            compiled_cache=operation.compiled_cache,
            context=context,
            time_budget=time_budget,
        )
        timeout = asyncio.timeout(self._max_run_time)
        try:
            result = cast(ExecutionResult | Awaitable[ExecutionResult], executor.execute_operation())
            if not isinstance(result, ExecutionResult):
                async with timeout:
                    result = await result
        except TimeoutError:
            if not timeout.expired():
                raise
            return self._timeout_response()
        finally:
            # Breaks the executor's reference cycle, so that its memory is freed at once: the cycle collector stops all
            # requests.
            del executor.async_helpers
        if time_budget.exhausted:
            return HttpResponse(200, {"data": None, "errors": [request_error(too_much_work(), default_code=BAD_INPUT)]})
        if result.errors:
            mutates = operation.measured.node.operation is OperationType.MUTATION
            return self._response_with_errors(result, result.errors, mutates=mutates, media=media)
        return HttpResponse(200, {"data": result.data})

    def _response_with_errors(
        self, result: ExecutionResult, errors: list[GraphQLError], *, mutates: bool, media: str
    ) -> HttpResponse:
        if result.data is None and all(error.path is None for error in errors):
            return request_errors_response(
                [request_error(error, default_code=BAD_INPUT) for error in errors], media=media
            )
        logged: LoggedFaults = {}
        formatted = [
            field_error(error, overloads=self._unavailable, logged=logged, mutates=mutates) for error in errors
        ]
        return field_errors_response(result.data, formatted)

    def _unexpected_error_response(self, fault: Exception) -> HttpResponse:
        overload = overload_of(fault, overloads=self._unavailable)
        if overload is None:
            return HttpResponse(500, {"errors": [masked_error(fault, logged={})]})
        return try_later_response(overload_error(overload, fault))

    def _timeout_response(self) -> HttpResponse:
        message = (
            f"The operation took longer than {self._max_run_time:g} seconds. Repeat it with the same idempotencyKey."
        )
        return try_later_response({"message": message, "extensions": {"code": UNAVAILABLE, "retryAfter": 1}})


def _request_without_body(request: Request) -> GraphQLRequest:
    """The request of a GET. Raises HttpError."""
    if request.method != "GET":
        raise _method_not_allowed("Use POST, or GET for a query.", allow="GET, POST")
    if request.headers.get("upgrade", "").lower() == "websocket":
        raise HttpError(400, message=_NO_SOCKETS)
    return request_in_query_string(request)


def _method_not_allowed(message: str, *, allow: str) -> HttpError:
    return HttpError(405, message=message, headers={"allow": allow})


_NO_INTROSPECTION = {"message": "Introspection is not open to this caller.", "extensions": {"code": "FORBIDDEN"}}

_NO_SOCKETS = "Subscriptions over WebSocket are not offered: send queries and mutations with POST."


async def reject_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Reject a WebSocket before it opens, in JSON where the server can say so."""
    await receive()
    if "websocket.http.response" not in cast(Mapping[str, Any], scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1003, "reason": _NO_SOCKETS})
        return

    async def send_denial(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await error_response(HttpError(400, message=_NO_SOCKETS), media=JSON).send(send_denial, media=JSON)
