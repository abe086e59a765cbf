"""The address of a client behind reverse proxies, from the headers of those that are trusted.

A client may send such a header itself, so only what a trusted proxy has added counts: hops are read from the right, up to
the first one that is not trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_HOPS = 20
"""Maximum number of hops that are read; no real chain of proxies is longer."""

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))\s*(?:;|$)', re.IGNORECASE)


def trusted_networks(text: str) -> tuple[Network, ...]:
    """Networks and addresses separated by commas, such as `10.0.0.0/8, ::1`. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


class ClientAddressMiddleware:
    """ASGI middleware that sets `client` to the address that called the outermost trusted proxy."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with the address of its client in the scope."""
        if scope["type"] != "lifespan" and scope.get("client") is not None:
            host, port = scope["client"]
            address = client_address(host, headers=scope["headers"], trusted=self._trusted)
            scope = {**scope, "client": (address, port if address == host else 0)}
        await self._app(scope, receive, send)


def client_address(peer: str, *, headers: Iterable[tuple[bytes, bytes]], trusted: Sequence[Network]) -> str:
    """The address of the client of a request that came from `peer`.

    If a request has both headers, one may be forged by the client: the result is `peer`. If a hop is no address, the result
    is the hop to its right, which for the last hop is `peer`.
    """
    if not _is_trusted(_address(peer), trusted):
        return peer
    values: dict[bytes, list[str]] = {b"x-forwarded-for": [], b"forwarded": []}
    for name, value in headers:
        if name in values:
            values[name].append(value.decode("latin-1"))
    x_forwarded_for, forwarded = values.values()
    if bool(x_forwarded_for) == bool(forwarded):
        return peer
    hops = ",".join(x_forwarded_for or forwarded).rsplit(",", MAX_HOPS)[-MAX_HOPS:]
    client = peer
    for hop in reversed(hops):
        address = _address(hop if x_forwarded_for else _for_parameter(hop))
        if address is None:
            return client
        client = str(address)
        if not _is_trusted(address, trusted):
            return client
    return client


def _is_trusted(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)


def _for_parameter(hop: str) -> str:
    """The value of for= in an element of Forwarded (RFC 7239); empty if there is none."""
    match = _FOR.search(hop)
    return (match[1] or match[2] or "") if match is not None else ""


def _address(text: str) -> Address | None:
    """The address in a text, with or without brackets and port; None for any other text, such as the word unknown."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
