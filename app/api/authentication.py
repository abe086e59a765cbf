"""Access keys: looked up, cached for a few seconds, and limited per address when they are wrong."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple, TypeVar

from graphql import GraphQLError
from starlette.requests import Request

from app.api.conventions.context import Context
from app.api.customer_lookups import CustomerLookups
from app.api.rejected_keys import RejectedKeys
from app.domain.i18n import phrasebook_for
from app.domain.i18n.locales import FormOfAddress
from app.domain.programs.key_tokens import parse_token
from app.domain.programs.program import ProgramKind
from app.graphql_server.limits.admission import INVALID_KEY_COST, Admission, RateLimited
from app.graphql_server.limits.rate_limits import RateLimit
from app.graphql_server.limits.slow_lane import SlowLane
from app.jobs.key_uses import KeyUses
from app.queries.programs.authentication import Caller, KeyRejection, RejectedKey, authenticate
from app.queries.programs.programs import own_program
from app.usecases.application import Application

V = TypeVar("V")

KEY_CACHE_SECONDS = 8.0
"""How long a key that was looked up is cached: a key that another process has ended works that much longer.

It counts from the beginning of the look-up, and SECURITY.md promises ten seconds. A key that this process has ended is
forgotten at once. The clock of a sandbox is not cached: the next request uses it, whichever server it was moved on.
Changed settings of a program are in force from the next request on this server, and after this time on others.
"""

MAX_CACHED_KEYS = 10_000

ALL_ADDRESSES = RateLimit(capacity=100_000, restored=20_000)
"""The limit on look-ups of unknown keys from all addresses together, in the units of `ADMISSION_LIMIT`: 2,000, then 400 a second."""

_REJECTIONS = {
    KeyRejection.MALFORMED: "This access key is incomplete: copy it again.",
    KeyRejection.UNKNOWN: "Unknown access key.",
    KeyRejection.EXPIRED: "This access key has expired.",
    KeyRejection.REVOKED: "This access key was revoked.",
}


class _CachedKey(NamedTuple):
    """The holder of a key, until when it is cached (monotonic seconds), and the count of settings changes when it was read."""

    until: float
    caller: Caller
    settings_changed: int


class Authenticator:
    """Authenticates callers, and makes the context of each operation."""

    def __init__(
        self,
        application: Application,
        admission: Admission,
        *,
        uses: KeyUses | None = None,
        lookups: CustomerLookups | None = None,
    ) -> None:
        self._application = application
        self._admission = admission
        self._all_addresses = Admission(ALL_ADDRESSES)
        self._slow_lane = SlowLane()
        self._uses = uses or KeyUses(application)
        self._lookups = lookups or CustomerLookups()
        self._valid_keys: OrderedDict[bytes, _CachedKey] = OrderedDict()
        self._wrong_keys: OrderedDict[bytes, tuple[float, RejectedKey]] = OrderedDict()
        self._keys_ended = 0
        self.rejected_keys = RejectedKeys()
        application.on_key_ended.append(self._forget)

    async def authenticate(self, request: Request) -> Caller | None:
        """The holder of the request's key; None without a key.

        Raises UNAUTHENTICATED for an unknown or ended key, and RateLimited when one address sent too many of them. A
        valid key is accepted whatever else its address sends.
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
            caller = cached.caller
            if cached.settings_changed == settings_changed and caller.program.kind is not ProgramKind.SANDBOX:
                return caller
            # The program's clock or settings may have changed.
            program = await self._application.query(own_program, program_id=caller.program.id)
            assert program is not None, "a program is never deleted"
            return replace(caller, program=program)
        started_at, keys_ended = time.monotonic(), self._keys_ended
        if cached is not None:
            result = await self._look_up(token)
        else:
            result = await self._look_up_unknown(token, digest=digest, host=host_of(request))
        if isinstance(result, RejectedKey):
            self._valid_keys.pop(digest, None)
            _cache(self._wrong_keys, digest, (started_at + KEY_CACHE_SECONDS, result))
            self.rejected_keys.note(token, result)
            raise _unauthenticated(_REJECTIONS[result.rejection])
        self._uses.note(program_id=result.program.id, access_key_id=result.principal.key_id)
        # What was read before a key ended must not be cached after that.
        if keys_ended == self._keys_ended:
            _cache(
                self._valid_keys, digest, _CachedKey(self._cached_until(result, started_at), result, settings_changed)
            )
        return result

    def known_key(self, authorization: bytes) -> bytes | None:
        """The digest of the key in an Authorization header, if it was valid when it was last used; None for any other key."""
        digest = sha256(authorization.partition(b" ")[2].strip()).digest()
        return digest if digest in self._valid_keys else None

    async def _look_up_unknown(self, token: str, *, digest: bytes, host: str) -> Caller | RejectedKey:
        """Look up a key that is not cached; its address is charged unless the key is valid.

        If an address has used up its limit, cached wrong keys and malformed keys raise RateLimited; all other keys wait for
        their turn, because a valid one may be among them.
        """
        rejected_until, rejected_key = self._wrong_keys.get(digest, (0.0, None))
        if rejected_key is not None and rejected_until > time.monotonic():
            self._admission.take(host, INVALID_KEY_COST)
            return rejected_key
        if parse_token(token) is None:
            self._admission.take(host)
            return RejectedKey(KeyRejection.MALFORMED)
        is_charged = self._try_charge(host)
        if not is_charged:
            await self._slow_lane.wait_for_turn(host)
        result = await self._look_up(token)
        if is_charged and isinstance(result, Caller):
            self._admission.give_back(host, INVALID_KEY_COST)
            self._all_addresses.give_back("all", INVALID_KEY_COST)
        return result

    def _try_charge(self, host: str) -> bool:
        """Charge an address, and all addresses together, for a look-up; False if one of the two limits is used up."""
        try:
            self._admission.take(host, INVALID_KEY_COST)
            self._all_addresses.take("all", INVALID_KEY_COST)
        except RateLimited:
            return False
        return True

    async def _look_up(self, token: str) -> Caller | RejectedKey:
        return await self._application.query_across_programs(
            authenticate, token=token, at=self._application.server_now()
        )

    def _cached_until(self, caller: Caller, started_at: float) -> float:
        """When a key has to be looked up again (monotonic seconds): after a while, and when it expires."""
        if caller.expires_at is None:
            return started_at + KEY_CACHE_SECONDS
        seconds_left = (caller.expires_at - self._application.server_now()).total_seconds()
        return min(started_at + KEY_CACHE_SECONDS, time.monotonic() + seconds_left)

    def _forget(self, access_key_id: str) -> None:
        """Make sure that a key that was ended is looked up again before it is used again."""
        self._keys_ended += 1
        for digest, cached in list(self._valid_keys.items()):
            if cached.caller.principal.key_id == access_key_id:
                # The entry stays: a key that was right once is looked up without waiting.
                self._valid_keys[digest] = cached._replace(until=0.0)

    def context_for(self, request: Request, caller: Caller | None, reachable_fields: frozenset[str]) -> Context:
        """The context of one operation."""
        program = caller.program if caller is not None else None
        return Context(
            application=self._application,
            caller=caller,
            phrasebook=phrasebook_for(
                request.headers.get("accept-language"),
                region=program.region if program is not None else None,
                form_of_address=program.form_of_address if program is not None else FormOfAddress.FORMAL,
            ),
            wait_for_disconnect=partial(_wait_for_disconnect, request),
            reachable_fields=reachable_fields,
            accept_language=request.headers.get("accept-language"),
            lookups=self._lookups,
        )


def rate_limit_key(caller: Caller | None, request: Request) -> str:
    """Whose rate limit an operation counts against: the key, or without one the address."""
    return f"key {caller.principal.key_id}" if caller is not None else host_of(request)


async def _wait_for_disconnect(request: Request) -> None:
    """Return when the client has disconnected. The body of a request must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def host_of(request: Request) -> str:
    """The address of the client, as limits count it (`host_name`)."""
    return host_name(request.client.host if request.client is not None else "")


def host_name(host: str) -> str:
    """An address as limits count it; for an IPv6 address the /64 network, because one client is given all of that."""
    if ":" in host:
        try:
            address = ip_address(host)
        except ValueError:
            return f"host {host}"
        if isinstance(address, IPv6Address):
            return f"host {address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64)}"
    return f"host {host}"


def _cache(cache: OrderedDict[bytes, V], digest: bytes, value: V) -> None:
    """Add an entry; the oldest one is dropped when the cache is full."""
    cache[digest] = value
    while len(cache) > MAX_CACHED_KEYS:
        cache.popitem(last=False)


def _unauthenticated(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "UNAUTHENTICATED"})
