"""What a request asks for: its body or its query string, read within bounds and checked before anything uses it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from app.graphql_server.http.errors import HttpError

MAX_BODY = 100_000
MAX_VARIABLE_DEPTH = 20
MAX_OPERATION_NAME = 200
BODY_TIMEOUT = 10.0
"""Seconds that a body may take to arrive."""

_PREFLIGHT = ("authorization", "graphql-preflight", "x-requested-with", "apollo-require-preflight")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A well-formed request: the document's text or its SHA-256 or both, the operation to run and its variables."""

    query: str
    """Empty when the document is named by its hash only."""
    operation_name: str | None
    variables: dict[str, Any]
    digest: str | None = None
    """The SHA-256 that names the document, in hexadecimal; None if only its text was sent."""


async def request_in_body(request: Request) -> GraphQLRequest:
    """The request in the body of a POST. Raises HttpError."""
    headers = request.headers
    media, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace('"', "").replace(" ", "")
    is_json = media.strip().lower() == "application/json" and charset in {"", "charset=utf-8", "charset=utf8"}
    if not is_json or headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpError(415, message="Send the body as application/json in UTF-8, not compressed.")
    body = await _body(request, length=headers.get("content-length"))
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HttpError(400, message="The body is not valid JSON in UTF-8.") from None
    if isinstance(content, list):
        raise HttpError(400, message="Batches are not offered: send one operation in a request.")
    if not isinstance(content, dict):
        raise HttpError(400, message="The body must be a JSON object with a `query`.")
    # In JSON a NUL can only be written as this escape: most bodies do not have it and need no further check.
    if b"\\u0000" in body:
        _check_text(content)
    # Values cannot be nested deeper than there are opening brackets, and most bodies have few of them.
    return _graphql_request(content, may_be_deep=body.count(b"{") + body.count(b"[") > MAX_VARIABLE_DEPTH)


def request_in_query_string(request: Request) -> GraphQLRequest:
    """The request in the query string of a GET. Raises HttpError."""
    if not any(name in request.headers for name in _PREFLIGHT):
        raise HttpError(
            400,
            message="Send `Authorization`, `GraphQL-Preflight` or `X-Requested-With` with a GET, "
            "so that no other site can send it for you; or use POST.",
        )
    text = request.scope["query_string"]
    if len(text) > MAX_BODY:
        raise HttpError(413, message="The query string is too long.")
    try:
        parameters = dict(parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20))
        content: dict[str, Any] = {
            name: parameters[name] for name in ("query", "operationName", "documentId") if name in parameters
        }
        content |= {
            name: orjson.loads(parameters[name]) for name in ("variables", "extensions") if parameters.get(name)
        }
    except ValueError:
        raise HttpError(400, message="The query string is malformed, or `variables` in it is not JSON.") from None
    _check_text(content)
    return _graphql_request(content)


async def _body(request: Request, *, length: str | None) -> bytes:
    """The whole body. Raises HttpError as soon as it is too large or too slow, whatever Content-Length says."""
    too_large = f"The body may have at most {MAX_BODY:,} bytes."
    if length is not None:
        if not (length.isascii() and length.isdigit() and len(length) <= 18):
            raise HttpError(400, message="Content-Length is not a number.")
        if int(length) > MAX_BODY:
            raise HttpError(413, message=too_large)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BODY:
                    raise HttpError(413, message=too_large)
                chunks.append(chunk)
    except TimeoutError:
        message = f"The body did not come within {BODY_TIMEOUT:g} seconds."
        raise HttpError(408, message=message, headers={"connection": "close"}) from None
    return b"".join(chunks)


def _graphql_request(content: Mapping[str, Any], *, may_be_deep: bool = True) -> GraphQLRequest:
    query, name = content.get("query"), content.get("operationName")
    variables, extensions = content.get("variables"), content.get("extensions")
    if name is not None and (not isinstance(name, str) or len(name) > MAX_OPERATION_NAME):
        raise HttpError(
            400, message=f"`operationName` must be text of at most {MAX_OPERATION_NAME} characters, or null."
        )
    if variables is not None and not isinstance(variables, dict):
        raise HttpError(400, message="`variables` must be a JSON object or null.")
    if extensions is not None and not isinstance(extensions, dict):
        raise HttpError(400, message="`extensions` must be a JSON object or null.")
    if variables and may_be_deep:
        _check_depth(variables)
    digest = None
    if content.get("documentId") is not None or (extensions and extensions.get("persistedQuery") is not None):
        digest = _digest(content.get("documentId"), persisted_query=(extensions or {}).get("persistedQuery"))
        query = query or ""
    elif not isinstance(query, str) or not query.strip():
        raise HttpError(400, message="Send the text of the operation as `query`.")
    if not isinstance(query, str):
        raise HttpError(400, message="`query` must be text.")
    return GraphQLRequest(query, name or None, variables or {}, digest)


def _digest(document_id: object, *, persisted_query: object) -> str:
    """The hash that names the document, from `documentId`, from `persistedQuery` in the extensions, or from both.

    Raises HttpError if they differ or are no SHA-256.
    """
    digests: set[object] = set()
    if document_id is not None:
        digests.add(document_id.removeprefix("sha256:") if isinstance(document_id, str) else None)
    if persisted_query is not None:
        if not isinstance(persisted_query, dict) or persisted_query.get("version") != 1:
            raise HttpError(400, message="`persistedQuery` must be an object with `version` 1 and `sha256Hash`.")
        sha256_hash = persisted_query.get("sha256Hash")
        digests.add(sha256_hash if isinstance(sha256_hash, str) else None)
    (digest, *others) = digests
    if others or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise HttpError(
            400, message="Name a document by its SHA-256 in 64 lower-case digits: `documentId` is `sha256:…`."
        )
    return digest


def _values_inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_depth(value: object) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_VARIABLE_DEPTH):
        level = [inner for item in level for inner in _values_inside(item) if isinstance(inner, (dict, list))]
        if not level:
            return
    raise HttpError(400, message=f"`variables` may be nested at most {MAX_VARIABLE_DEPTH} times.")


def _check_text(value: object) -> None:
    """Raise HttpError for the character NUL, which PostgreSQL cannot store. Lone surrogates were rejected by orjson."""
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if "\x00" in item:
                raise HttpError(400, message="Text may not hold the character NUL.")
        elif isinstance(item, dict):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
