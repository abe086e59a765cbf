"""HTTP responses: the media type that a client accepts, the status that belongs to it, and the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import Send

from app.graphql_server.http.errors import RATE_LIMITED, HttpError, whole_seconds

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

_STATUS = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, RATE_LIMITED: 429}
"""The statuses of requests that were not carried out for a reason outside GraphQL, under every media type."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A status, a body, and headers in addition to those of every response."""

    status: int
    body: Mapping[str, Any] | bytes
    """Bytes are sent as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, send: Send, *, media: str) -> None:
        """Write the answer. uvicorn begins the next one of a connection when the client has read all but 64 KiB of it."""
        content = self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)
        headers = [*_HEADERS[media], (b"content-length", b"%d" % len(content))]
        headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items())
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def cached_response(plain: bytes, compressed: bytes, *, accept_encoding: str) -> HttpResponse:
    """The response with a cached body, compressed where the client takes gzip."""
    if accepts_gzip(accept_encoding):
        return HttpResponse(200, compressed, {"content-encoding": "gzip"})
    return HttpResponse(200, plain)


def error_response(error: HttpError, *, media: str) -> HttpResponse:
    """The response to an invalid request; with status 200 it is a GraphQL request error."""
    if error.status == 200:
        return request_errors([error.formatted()], media=media)
    return HttpResponse(error.status, {"errors": [error.formatted()]}, error.headers)


def request_errors(errors: list[dict[str, Any]], *, media: str) -> HttpResponse:
    """The answer when nothing was executed, without data.

    For a request that is invalid as GraphQL the status depends on the media type.
    """
    status = _STATUS.get(errors[0]["extensions"]["code"]) or (200 if media == JSON else 400)
    return HttpResponse(status, {"errors": errors}, _headers(status, errors))


def field_errors(data: Mapping[str, Any] | None, errors: list[dict[str, Any]]) -> HttpResponse:
    """The answer of an operation in which fields failed.

    An answer with data is sent as such, even if parts of it have to be tried again. If no root field has a value and all
    failed for the same reason outside GraphQL, or some have to be tried again, the status says so.
    """
    roots = data or {}
    status = 200
    if all(value is None for value in roots.values()):
        statuses = {_STATUS.get(error["extensions"]["code"], 200) for error in errors}
        if len(statuses) == 1 and roots.keys() <= {error["path"][0] for error in errors if error.get("path")}:
            status = statuses.pop()
        later = {error["extensions"]["code"] for error in errors if "retryAfter" in error["extensions"]}
        if status == 200 and later:
            status = 429 if later == {RATE_LIMITED} else 503
    body = {"errors": errors} if status != 200 else {"data": data, "errors": errors}
    return HttpResponse(status, body, _headers(status, errors))


def _headers(status: int, errors: list[dict[str, Any]]) -> dict[str, str]:
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    waits = [error["extensions"]["retryAfter"] for error in errors if "retryAfter" in error["extensions"]]
    if waits:
        headers["retry-after"] = str(max(waits))
    return headers


def rate_limited(wait: float, *, extensions: Mapping[str, Any] | None = None) -> HttpResponse:
    """The answer to a caller whose rate limit is used up, with the seconds to wait."""
    seconds = whole_seconds(wait)
    error = {
        "message": f"Too much at once. Try again in {seconds} s.",
        "extensions": {"code": RATE_LIMITED, "retryAfter": seconds},
    }
    body = {"errors": [error]} if extensions is None else {"errors": [error], "extensions": extensions}
    return HttpResponse(429, body, _headers(429, [error]))


def try_later(error: Mapping[str, Any]) -> HttpResponse:
    """The answer 503 with an error that says in `retryAfter` after how many seconds to try again."""
    return HttpResponse(503, {"errors": [error]}, _headers(503, [dict(error)]))


@lru_cache(maxsize=256)
def media_type(accept: str) -> str:
    """The media type of the answer. Raises HttpError 406 when the client accepts neither of the two."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (text.strip() for text in part.split(";"))
        weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    if not accept.strip():
        return JSON
    anything = max(weights.get("*/*", 0.0), weights.get("application/*", 0.0))
    graphql = weights.get(GRAPHQL_JSON, 0.0)
    plain = weights.get(JSON, anything)
    if graphql > 0 and graphql >= plain:
        return GRAPHQL_JSON
    if plain > 0:
        return JSON
    if anything > 0:
        return GRAPHQL_JSON
    streams = "text/event-stream" in weights or "multipart/mixed" in weights
    message = "Subscriptions and other streams are not offered. " if streams else ""
    raise HttpError(406, message=f"{message}Accept {GRAPHQL_JSON} or {JSON}.")


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Does a client take responses that are compressed with gzip?"""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *parameters = (text.strip() for text in part.split(";"))
        weights[name] = _weight(parameters)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0


_HEADERS: Mapping[str, list[tuple[bytes, bytes]]] = {
    media: [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept, Accept-Encoding, Accept-Language, Authorization"),
        (b"x-content-type-options", b"nosniff"),
    ]
    for media in (JSON, GRAPHQL_JSON)
}
