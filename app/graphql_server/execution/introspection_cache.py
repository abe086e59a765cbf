"""The cache of introspection results, which never change: each is computed once and cached as the bytes that are sent.

They are computed one at a time, because computing one takes much memory.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

from app.graphql_server.http.response import HttpResponse, cached_response
from app.graphql_server.limits.introspection_cost import INTROSPECTION_COST

MAX_CACHED = 64
MAX_CACHED_BYTES = 16_000_000
MAX_KEY_LENGTH = 16_000
"""Maximum number of characters of a document with its variables whose result is cached."""

Key: TypeAlias = tuple[str, str | None, bytes]
"""The text of a document, the name of its operation, and the variables as JSON."""


class _CachedResult(NamedTuple):
    """The body of a response, plain and compressed with gzip."""

    plain: bytes
    compressed: bytes


class IntrospectionCache:
    """The introspection results that were used most recently."""

    def __init__(self) -> None:
        self._cached: OrderedDict[Key, _CachedResult] = OrderedDict()
        self._cached_bytes = 0
        self._lock = asyncio.Lock()

    async def response(
        self,
        key: Key,
        *,
        execute: Callable[[], Awaitable[HttpResponse]],
        charge: Callable[[int], HttpResponse | None],
        cost: int,
        accept_encoding: str,
    ) -> HttpResponse:
        """The cached result, or the result of `execute`, which is then cached.

        `charge` takes a cost from the caller, or returns the rejection: `cost` if the result has to be computed,
        `INTROSPECTION_COST` if it is cached.
        """
        cached = self._find(key)
        if cached is None:
            async with self._lock:
                cached = self._find(key)
                if cached is None:
                    rejection = charge(cost)
                    if rejection is not None:
                        return rejection
                    response = await execute()
                    if isinstance(response.body, bytes) or "errors" in response.body:
                        return response
                    return cached_response(*self._store(key, response.body), accept_encoding=accept_encoding)
        return charge(INTROSPECTION_COST) or cached_response(*cached, accept_encoding=accept_encoding)

    def _find(self, key: Key) -> _CachedResult | None:
        result = self._cached.get(key)
        if result is not None:
            self._cached.move_to_end(key)
        return result

    def _store(self, key: Key, body: Mapping[str, Any]) -> _CachedResult:
        plain = orjson.dumps(body)
        result = _CachedResult(plain, gzip.compress(plain, compresslevel=6, mtime=0))
        if len(key[0]) + len(key[2]) <= MAX_KEY_LENGTH:
            self._cached[key] = result
            self._cached_bytes += _size(key, result)
            while len(self._cached) > MAX_CACHED or self._cached_bytes > MAX_CACHED_BYTES:
                self._cached_bytes -= _size(*self._cached.popitem(last=False))
        return result


def _size(key: Key, result: _CachedResult) -> int:
    # A character may take four bytes.
    return 4 * len(key[0]) + len(key[2]) + len(result.plain) + len(result.compressed)
