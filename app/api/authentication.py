"""Who asks: keys looked up, remembered for a moment, and counted at the door when they open nothing."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple, TypeVar

from graphql import GraphQLError
from starlette.requests import Request

from app.api.conventions.context import Context
from app.domain.i18n import Address, wording_for
from app.graphql_server.admission import WRONG_KEY, Admission
from app.queries.programs.authentication import SignedIn, sign_in
from app.queries.programs.programs import one_program
from app.queries.records import ProgramKind
from app.usecases.application import Application

V = TypeVar("V")

KEY_REMEMBERED = 10.0
"""Seconds for which a key that was looked up is not looked up again: a revoked one stops working after this.

The clock of a sandbox is not remembered, so that the very next request goes by it wherever it was moved. Settings of a
program that are changed on this server hold from the next request on, on others after this time.
"""

MOST_KEYS_REMEMBERED = 10_000


class _Remembered(NamedTuple):
    """A holder, until when (monotonic seconds) they need not be looked up, and how often settings had been changed."""

    until: float
    signed_in: SignedIn
    changes: int


class Authenticator:
    """Signs callers in, and makes the context of each operation: who asks, and in which language."""

    def __init__(self, application: Application, *, admission: Admission) -> None:
        self._desk = application
        self._door = admission
        self._known: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()

    async def sign_in(self, request: Request) -> SignedIn | None:
        """The holder of the key; None without one.

        Raises UNAUTHENTICATED for a key that opens nothing, and NotYetError when too many came from the same address. A
        key that has opened before is looked up whatever else its address sends.
        """
        scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() in ("", "bearer") and not token:
            self._door.charge(host_of(request))
            return None
        if scheme.lower() != "bearer":
            self._door.charge(host_of(request))
            raise _unauthenticated("Send the key as `Authorization: Bearer <key>`.")
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        remembered = self._known.get(digest)
        if remembered is not None and remembered.until > time.monotonic():
            return await self._as_it_is(remembered)
        changes = self._desk.settings_changed
        if remembered is not None:
            found = await self._desk.query_across_programs(sign_in, token=token)
        else:
            found = await self._first_seen(token, digest=digest, host=host_of(request))
        if found is None:
            self._known.pop(digest, None)
            _keep(self._wrong, digest, time.monotonic() + KEY_REMEMBERED)
            raise _unauthenticated("This key opens nothing.")
        _keep(self._known, digest, _Remembered(time.monotonic() + KEY_REMEMBERED, found, changes))
        return found

    async def _as_it_is(self, remembered: _Remembered) -> SignedIn:
        """The holder with the program as it is.

        The clock of a sandbox may have been moved, by any server, and settings may have been changed here.
        """
        signed_in = remembered.signed_in
        settled = remembered.changes == self._desk.settings_changed
        if settled and signed_in.program.kind is not ProgramKind.SANDBOX:
            return signed_in
        program = await self._desk.query(one_program, program_id=signed_in.program.id)
        assert program is not None, "a program is never deleted"
        return replace(signed_in, program=program)

    async def _first_seen(self, token: str, *, digest: bytes, host: str) -> SignedIn | None:
        """Look up a key that has not opened anything yet; who sent it pays unless it does."""
        self._door.charge(host, WRONG_KEY)
        if self._wrong.get(digest, 0.0) > time.monotonic():
            return None
        found = await self._desk.query_across_programs(sign_in, token=token)
        if found is not None:
            self._door.refund(host, WRONG_KEY)
        return found

    def context_for(self, request: Request, signed_in: SignedIn | None, needed: frozenset[str]) -> Context:
        """The context of one operation."""
        program = signed_in.program if signed_in is not None else None
        return Context(
            application=self._desk,
            signed_in=signed_in,
            language=wording_for(
                request.headers.get("accept-language"),
                region=program.region if program is not None else None,
                address=program.address if program is not None else Address.FORMAL,
            ),
            needed=needed,
        )


def caller(signed_in: SignedIn | None, request: Request) -> str:
    """Who pays for an operation: the holder of the key, or whoever is at the other end of the line."""
    return f"key {signed_in.principal.key_id}" if signed_in is not None else host_of(request)


def host_of(request: Request) -> str:
    """Whoever is at the other end of the line."""
    return f"host {request.client.host if request.client is not None else ''}"


def _keep(kept: OrderedDict[bytes, V], digest: bytes, value: V) -> None:
    kept[digest] = value
    while len(kept) > MOST_KEYS_REMEMBERED:
        kept.popitem(last=False)


def _unauthenticated(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "UNAUTHENTICATED"})
