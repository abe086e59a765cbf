"""Access keys: looked up, cached for a few seconds, and limited per address when they are wrong."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import NamedTuple, TypeVar

from graphql import GraphQLError
from starlette.requests import Request

from app.api.conventions.context import Context
from app.domain.i18n import phrasebook_for
from app.domain.i18n.locales import Address
from app.domain.programs.program import ProgramKind
from app.graphql_server.limits.admission import INVALID_KEY_COST, Admission
from app.queries.programs.authentication import SignedIn, sign_in
from app.queries.programs.programs import own_program
from app.usecases.application import Application

V = TypeVar("V")

KEY_CACHE_SECONDS = 10.0
"""How long a key that was looked up is cached: a revoked key works that much longer.

The clock of a sandbox is not cached: the next request uses it, whichever server it was moved on. Changed settings of a
program are in force from the next request on this server, and after this time on others.
"""

MAX_CACHED_KEYS = 10_000


class _CachedKey(NamedTuple):
    """The holder of a key, until when that is cached (monotonic seconds), and the count of settings changes it includes."""

    until: float
    signed_in: SignedIn
    settings_changed: int


class Authenticator:
    """Authenticates callers, and makes the context of each operation."""

    def __init__(self, application: Application, *, admission: Admission) -> None:
        self._application = application
        self._admission = admission
        self._valid_keys: OrderedDict[bytes, _CachedKey] = OrderedDict()
        self._wrong_keys: OrderedDict[bytes, float] = OrderedDict()

    async def sign_in(self, request: Request) -> SignedIn | None:
        """The holder of the request's key; None without a key.

        Raises UNAUTHENTICATED for an unknown key, and RateLimited when one address sent too many of them. A key that
        worked before is looked up regardless of other requests from its address.
        """
        scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() in ("", "bearer") and not token:
            self._admission.take(host_of(request))
            return None
        if scheme.lower() != "bearer":
            self._admission.take(host_of(request))
            raise _unauthenticated("Send the key as `Authorization: Bearer <key>`.")
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        cached = self._valid_keys.get(digest)
        settings_changed = self._application.settings_changed
        if cached is not None and cached.until > time.monotonic():
            signed_in = cached.signed_in
            if cached.settings_changed == settings_changed and signed_in.program.kind is not ProgramKind.SANDBOX:
                return signed_in
            # The program's clock or settings may have changed.
            program = await self._application.query(own_program, program_id=signed_in.program.id)
            assert program is not None, "a program is never deleted"
            return replace(signed_in, program=program)
        if cached is not None:
            found = await self._application.query_across_programs(sign_in, token=token)
        else:
            found = await self._look_up_unknown(token, digest=digest, host=host_of(request))
        if found is None:
            self._valid_keys.pop(digest, None)
            _cache(self._wrong_keys, digest, time.monotonic() + KEY_CACHE_SECONDS)
            raise _unauthenticated("This key opens nothing.")
        _cache(self._valid_keys, digest, _CachedKey(time.monotonic() + KEY_CACHE_SECONDS, found, settings_changed))
        return found

    async def _look_up_unknown(self, token: str, *, digest: bytes, host: str) -> SignedIn | None:
        """Look up a key that is not cached; its address is charged unless the key is right."""
        self._admission.take(host, INVALID_KEY_COST)
        if self._wrong_keys.get(digest, 0.0) > time.monotonic():
            return None
        signed_in = await self._application.query_across_programs(sign_in, token=token)
        if signed_in is not None:
            self._admission.give_back(host, INVALID_KEY_COST)
        return signed_in

    def context_for(self, request: Request, signed_in: SignedIn | None, needed: frozenset[str]) -> Context:
        """The context of one operation."""
        program = signed_in.program if signed_in is not None else None
        return Context(
            application=self._application,
            signed_in=signed_in,
            phrasebook=phrasebook_for(
                request.headers.get("accept-language"),
                region=program.region if program is not None else None,
                address=program.address if program is not None else Address.FORMAL,
            ),
            disconnected=partial(_disconnected, request),
            reachable_fields=needed,
            accept_language=request.headers.get("accept-language"),
        )


def caller(signed_in: SignedIn | None, request: Request) -> str:
    """Whose rate limit an operation counts against: the key, or without one the address."""
    return f"key {signed_in.principal.key_id}" if signed_in is not None else host_of(request)


async def _disconnected(request: Request) -> None:
    """Return when the client has disconnected. The body of a request must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def host_of(request: Request) -> str:
    """The address of the client."""
    return f"host {request.client.host if request.client is not None else ''}"


def _cache(cache: OrderedDict[bytes, V], digest: bytes, value: V) -> None:
    """Add an entry, in place of the oldest one when the cache is full."""
    cache[digest] = value
    while len(cache) > MAX_CACHED_KEYS:
        cache.popitem(last=False)


def _unauthenticated(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "UNAUTHENTICATED"})
