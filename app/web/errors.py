"""Answers to requests outside the API, in JSON with a code like those of the API."""

from __future__ import annotations

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.graphql_server.http.errors import BAD_INPUT, INTERNAL, masked_error
from app.web.request_ids import request_id

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

_MESSAGES = {
    404: "There is nothing at this address. The API is at /graphql.",
    405: "This address does not take this method.",
}


async def http_error_response(
    request: Request, error: Exception, *, not_found: Callable[[Request], Response]
) -> Response:
    """The answer to a request for an address or a method that does not exist; a browser gets the page of `not_found`."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return not_found(request)
    code = INTERNAL if error.status_code >= 500 else BAD_INPUT
    graphql_error = {"message": _MESSAGES.get(error.status_code, error.detail), "extensions": {"code": code}}
    headers = {**(error.headers or {}), **_HEADERS}
    return JSONResponse({"errors": [graphql_error]}, status_code=error.status_code, headers=headers)


async def unexpected_error_response(_: Request, fault: Exception) -> Response:
    """The answer to an unexpected exception outside the API, which is logged without its message."""
    # Starlette sends this answer outside of all middleware, so the request id is added here.
    headers = dict(_HEADERS)
    if (id := request_id()) is not None:
        headers["x-request-id"] = id
    return JSONResponse({"errors": [masked_error(fault, logged={})]}, status_code=500, headers=headers)
