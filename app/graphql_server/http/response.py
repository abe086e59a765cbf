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
"""The status of a request that was not carried out for a reason outside GraphQL, by the error's code; under every media type."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A status, a body, and headers in addition to those of every response."""

    status: int
    body: Mapping[str, Any] | bytes
    """Bytes are sent as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, asgi_send: Send, *, media: str) -> None:
        """Write the answer. uvicorn begins the connection's next request when the client has read all but 64 KiB of this answer."""
        content = self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)
        headers = [*_HEADERS[media], (b"content-length", b"%d" % len(content))]
        headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items())
        await asgi_send({"type": "http.response.start", "status": self.status, "headers": headers})
        await asgi_send({"type": "http.response.body", "body": content})


def cached_response(plain: bytes, compressed: bytes, *, accept_encoding: str) -> HttpResponse:
    """The response with a cached body, compressed if the client accepts gzip."""
    if accepts_gzip(accept_encoding):
        return HttpResponse(200, compressed, {"content-encoding": "gzip"})
    return HttpResponse(200, plain)


def error_response(error: HttpError, *, media: str) -> HttpResponse:
    """The response to an invalid request. An error with status 200 is one of GraphQL: its status depends on the media type."""
    if error.status == 200:
        return request_errors_response([error.formatted()], media=media)
    return HttpResponse(error.status, {"errors": [error.formatted()]}, error.headers)


def request_errors_response(errors: list[dict[str, Any]], *, media: str) -> HttpResponse:
    """The answer, without data, to a request of which nothing was executed.

    If the request is invalid GraphQL, the status depends on the media type: 200 or 400.
    """
    status = _STATUS.get(errors[0]["extensions"]["code"]) or (200 if media == JSON else 400)
    return HttpResponse(status, {"errors": errors}, _error_headers(status, errors))


def field_errors_response(data: Mapping[str, Any] | None, errors: list[dict[str, Any]]) -> HttpResponse:
    """The answer of an operation in which fields failed.

    If any root field has a value, the status is 200, even if other fields have to be requested again. If none has one,
    and all failed for the same reason outside GraphQL, or some have to be requested again, the status says so.
    """
    root_values = data or {}
    status = 200
    if all(value is None for value in root_values.values()):
        statuses = {_STATUS.get(error["extensions"]["code"], 200) for error in errors}
        if len(statuses) == 1 and root_values.keys() <= {error["path"][0] for error in errors if error.get("path")}:
            status = statuses.pop()
        retry_codes = {error["extensions"]["code"] for error in errors if "retryAfter" in error["extensions"]}
        if status == 200 and retry_codes:
            status = 429 if retry_codes == {RATE_LIMITED} else 503
    body = {"errors": errors} if status != 200 else {"data": data, "errors": errors}
    return HttpResponse(status, body, _error_headers(status, errors))


def _error_headers(status: int, errors: list[dict[str, Any]]) -> dict[str, str]:
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    waits = [error["extensions"]["retryAfter"] for error in errors if "retryAfter" in error["extensions"]]
    if waits:
        headers["retry-after"] = str(max(waits))
    return headers


def rate_limited_response(wait: float, *, extensions: Mapping[str, Any] | None = None) -> HttpResponse:
    """The answer to a caller whose rate limit is used up; `wait` is in seconds."""
    seconds = whole_seconds(wait)
    error = {
        "message": f"Too much at once. Try again in {seconds} s.",
        "extensions": {"code": RATE_LIMITED, "retryAfter": seconds},
    }
    body = {"errors": [error]} if extensions is None else {"errors": [error], "extensions": extensions}
    return HttpResponse(429, body, _error_headers(429, [error]))


def try_later_response(error: Mapping[str, Any]) -> HttpResponse:
    """The answer with status 503 and an error whose `retryAfter` says after how many seconds to try again."""
    return HttpResponse(503, {"errors": [error]}, _error_headers(503, [dict(error)]))


@lru_cache(maxsize=256)
def media_type(accept: str) -> str:
    """The media type of the answer, `JSON` or `GRAPHQL_JSON`. Raises HttpError 406 when the client accepts neither."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (text.strip() for text in part.split(";"))
        weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    if not accept.strip():
        return JSON
    any_weight = max(weights.get("*/*", 0.0), weights.get("application/*", 0.0))
    graphql_weight = weights.get(GRAPHQL_JSON, 0.0)
    json_weight = weights.get(JSON, any_weight)
    if graphql_weight > 0 and graphql_weight >= json_weight:
        return GRAPHQL_JSON
    if json_weight > 0:
        return JSON
    if any_weight > 0:
        return GRAPHQL_JSON
    streams = "text/event-stream" in weights or "multipart/mixed" in weights
    message = "Subscriptions and other streams are not offered. " if streams else ""
    raise HttpError(406, message=f"{message}Accept {GRAPHQL_JSON} or {JSON}.")


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: str) -> bool:
    """Does a client accept responses that are compressed with gzip?"""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *parameters = (text.strip() for text in part.split(";"))
        weights[name] = _weight(parameters)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(parameters: list[str]) -> float:
    """The weight q among the parameters of a media type or an encoding: 1 if it is not there, 0 if it is invalid."""
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
