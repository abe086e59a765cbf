"""What applies to every response: ids of requests, access from pages of other origins, compression."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from app.web.client_address import ClientAddressMiddleware, Network
from app.web.request_ids import RequestIdMiddleware

COMPRESSED_FROM = 1_024
"""Bytes of the smallest body that is compressed: answers to tills are smaller."""

COMPRESSION = 4
"""zlib's level: with it the response to the usual introspection is compressed to a seventh in 3 ms."""


def middleware_layers(*, origins: Sequence[str] = (), trusted_proxies: Sequence[Network] = ()) -> list[Middleware]:
    """The middleware of a server, the outermost first.

    Pages of `origins` may call the server; `trusted_proxies` are believed about the address of a client.
    """
    layers = [Middleware(RequestIdMiddleware)]
    if trusted_proxies:
        layers.append(Middleware(ClientAddressMiddleware, trusted=trusted_proxies))
    if origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=[
                "Authorization",
                "Apollo-Require-Preflight",
                "GraphQL-Preflight",
                "X-Request-Id",
                "X-Requested-With",
            ],
            expose_headers=["Retry-After", "X-Request-Id"],
        )
        layers.append(cors)
    layers.append(Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=COMPRESSION))
    return layers
