"""The sockets of a server."""

from __future__ import annotations

import errno
import socket

BACKLOG = 2048
"""Maximum number of connections that wait until the server accepts them: uvicorn's default."""


class CannotListen(Exception):
    """Nothing can listen on this address and port. The text says why and what to do."""


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of `host`. Raises CannotListen.

    Once they listen, no other process can take the port, and connections wait until the server accepts them.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotListen(f"{host!r} is no address of this machine: set TROTH_HOST.") from error
    sockets: list[socket.socket] = []
    try:
        for family, *_, address in dict.fromkeys(addresses):
            listener = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise CannotListen(_reason(error, host=host, port=port)) from error
    return sockets


def _reason(error: OSError, *, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} of {host} is in use: stop what uses it, or set PORT to another one."
        case errno.EACCES:
            return f"Port {port} needs more rights than this user has: set PORT to one above 1023."
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine: set TROTH_HOST."
        case _:
            return f"Nothing can listen on port {port} of {host}: {error.strerror}."
