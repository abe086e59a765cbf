"""Answers about the schema, which never change: each is worked out once and kept as the bytes that are sent.

One is worked out at a time, because each takes much memory while it is under way.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

from app.graphql_server.http.response import HttpResponse, kept_response
from app.graphql_server.limits.introspection_cost import INTROSPECTION_COST

MAX_KEPT_ANSWERS = 64
MAX_KEPT_BYTES = 16_000_000
MAX_KEY_LENGTH = 16_000
"""Characters of a document with its variables whose answer is kept."""

Key: TypeAlias = tuple[str, str | None, bytes]
"""The text of a document, the name of its operation, and the variables as JSON."""


class _KeptAnswer(NamedTuple):
    """The body of an answer, plain and compressed with gzip."""

    plain: bytes
    compressed: bytes


class KeptAnswers:
    """The answers that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, _KeptAnswer] = OrderedDict()
        self._bytes = 0
        self._working = asyncio.Lock()

    async def answer(
        self,
        key: Key,
        *,
        execute: Callable[[], Awaitable[HttpResponse]],
        charge: Callable[[int], HttpResponse | None],
        cost: int,
        accept_encoding: str,
    ) -> HttpResponse:
        """The kept answer, or that of `execute`, which is then kept.

        `charge` takes what it costs from the caller, or returns the rejection: `cost` where it has to be worked out.
        """
        kept = self._find(key)
        if kept is None:
            async with self._working:
                kept = self._find(key)
                if kept is None:
                    rejection = charge(cost)
                    if rejection is not None:
                        return rejection
                    response = await execute()
                    if isinstance(response.body, bytes) or "errors" in response.body:
                        return response
                    return kept_response(*self._keep(key, response.body), accept_encoding=accept_encoding)
        return charge(INTROSPECTION_COST) or kept_response(*kept, accept_encoding=accept_encoding)

    def _find(self, key: Key) -> _KeptAnswer | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: Key, body: Mapping[str, Any]) -> _KeptAnswer:
        plain = orjson.dumps(body)
        answer = _KeptAnswer(plain, gzip.compress(plain, compresslevel=6, mtime=0))
        if len(key[0]) + len(key[2]) <= MAX_KEY_LENGTH:
            self._kept[key] = answer
            self._bytes += _size(key, answer)
            while len(self._kept) > MAX_KEPT_ANSWERS or self._bytes > MAX_KEPT_BYTES:
                self._bytes -= _size(*self._kept.popitem(last=False))
        return answer


def _size(key: Key, answer: _KeptAnswer) -> int:
    # A character may take four bytes.
    return 4 * len(key[0]) + len(key[2]) + len(answer.plain) + len(answer.compressed)
