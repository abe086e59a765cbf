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


async def request_in_body(request: Request) -> GraphQLRequest:
    """The request in the body of a POST. Raises HttpError."""
    headers = request.headers
    media, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace('"', "").replace(" ", "")
    right = media.strip().lower() == "application/json" and charset in {"", "charset=utf-8", "charset=utf8"}
    if not right or headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpError(415, message="Send the body as application/json in UTF-8, not compressed.")
    body = await _body(request, length=headers.get("content-length"))
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HttpError(400, message="The body is not valid JSON in UTF-8.") from None
    if isinstance(sent, list):
        raise HttpError(400, message="Batches are not offered: send one operation in a request.")
    if not isinstance(sent, dict):
        raise HttpError(400, message="The body must be a JSON object with a `query`.")
    # In JSON a NUL can only be written as this escape: most bodies hold none and need no further look.
    if b"\\u0000" in body:
        _check_text(sent)
    # Nor can values be nested deeper than there are brackets, and most bodies hold few.
    return _graphql_request(sent, may_be_deep=body.count(b"{") + body.count(b"[") > MAX_VARIABLE_DEPTH)


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
        given = dict(parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20))
        sent: dict[str, Any] = {name: given[name] for name in ("query", "operationName", "documentId") if name in given}
        sent |= {name: orjson.loads(given[name]) for name in ("variables", "extensions") if given.get(name)}
    except ValueError:
        raise HttpError(400, message="The query string is malformed, or `variables` in it is not JSON.") from None
    _check_text(sent)
    return _graphql_request(sent)


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


def _graphql_request(sent: Mapping[str, Any], *, may_be_deep: bool = True) -> GraphQLRequest:
    query, name = sent.get("query"), sent.get("operationName")
    variables, extensions = sent.get("variables"), sent.get("extensions")
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
    if sent.get("documentId") is not None or (extensions and extensions.get("persistedQuery") is not None):
        digest = _digest(sent.get("documentId"), persisted=(extensions or {}).get("persistedQuery"))
        query = query or ""
    elif not isinstance(query, str) or not query.strip():
        raise HttpError(400, message="Send the text of the operation as `query`.")
    if not isinstance(query, str):
        raise HttpError(400, message="`query` must be text.")
    return GraphQLRequest(query, name or None, variables or {}, digest)


def _digest(document_id: object, *, persisted: object) -> str:
    """The hash that names the document, by `documentId` or by `persistedQuery` in the extensions. Raises HttpError."""
    named: set[object] = set()
    if document_id is not None:
        named.add(document_id.removeprefix("sha256:") if isinstance(document_id, str) else None)
    if persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise HttpError(400, message="`persistedQuery` must be an object with `version` 1 and `sha256Hash`.")
        digest = persisted.get("sha256Hash")
        named.add(digest if isinstance(digest, str) else None)
    (first, *others) = named
    if others or not isinstance(first, str) or not _SHA256.fullmatch(first):
        raise HttpError(
            400, message="Name a document by its SHA-256 in 64 lower-case digits: `documentId` is `sha256:…`."
        )
    return first


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_depth(value: object) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_VARIABLE_DEPTH):
        level = [inner for item in level for inner in _inside(item) if isinstance(inner, (dict, list))]
        if not level:
            return
    raise HttpError(400, message=f"`variables` may be nested at most {MAX_VARIABLE_DEPTH} times.")


def _check_text(value: object) -> None:
    """Raise HttpError for NUL, which no database stores; orjson rejects lone surrogates."""
    waiting: list[Any] = [value]
    while waiting:
        first = waiting.pop()
        if isinstance(first, str):
            if "\x00" in first:
                raise HttpError(400, message="Text may not hold the character NUL.")
        elif isinstance(first, dict):
            waiting.extend(first.keys())
            waiting.extend(first.values())
        elif isinstance(first, list):
            waiting.extend(first)
