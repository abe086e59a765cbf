"""A proxy on the loopback address that, now and then, rejects a request itself, or loses it or its answer."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

_HTML = b"<html><body>An answer that is not Troth's</body></html>"


def _response(status: str, body: bytes, *headers: str, media: str = "application/json") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"content-type: {media}", f"content-length: {len(body)}", *headers)
    return "\r\n".join((*lines, "connection: close", "", "")).encode() + body


def _rejection(status: str, code: str) -> bytes:
    body = f'{{"errors":[{{"message":"Not now.","extensions":{{"code":"{code}","retryAfter":1}}}}]}}'
    return _response(status, body.encode(), "retry-after: 1")


ANSWERS = {
    "429": _rejection("429 Too Many Requests", "RATE_LIMITED"),
    "429 of a proxy": _response("429 Too Many Requests", _HTML, media="text/html"),
    "503": _rejection("503 Service Unavailable", "UNAVAILABLE"),
    "503 of a proxy": _response("503 Service Unavailable", _HTML, "retry-after: 1", media="text/html"),
    "502": _response("502 Bad Gateway", _HTML, media="text/html"),
    "504": _response("504 Gateway Timeout", _HTML, media="text/html"),
    "sign-in page": _response("200 OK", _HTML, media="text/html"),
}
"""What it answers itself. A 504 comes after the server has carried the request out, everything else before."""

CUTS = ("cut before", "cut after", "cut within")
"""The connection is cut before the server has the request, after it has answered, and within its answer."""

CHANCE = 0.2
"""How often something goes wrong."""


class FaultyProxy:
    """The proxy of the server on a port; `faults` counts what it did."""

    def __init__(self, port: int, *, seed: int) -> None:
        self._server_port = port
        self._chance = random.Random(seed)
        self._next_faults = cycle(self._chance.sample((*ANSWERS, *CUTS), len(ANSWERS) + len(CUTS)))
        self.port = 0
        self.faults: Counter[str] = Counter()

    @property
    def address(self) -> str:
        """Where tills reach it."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The requests of one connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._serve_one(reader, writer):
                pass
        writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass on one request, or not; returns whether the connection stays."""
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        body = await reader.readexactly(length)
        fault = next(self._next_faults) if self._chance.random() < CHANCE else ""
        self.faults.update([fault] if fault else [])
        answer = b""
        if not fault or fault in ("504", "cut after", "cut within"):
            answer = await self._of_the_server(head, body) or ANSWERS["502"]
        if fault in ("cut before", "cut after"):
            return False
        if fault == "cut within":
            answer = answer[: self._chance.randrange(1, len(answer))]
        elif fault:
            answer = ANSWERS[fault]
        writer.write(answer)
        await writer.drain()
        return not fault

    async def _of_the_server(self, head: bytes, body: bytes) -> bytes:
        """The server's answer; empty where it does not listen or breaks off."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            return b""
        try:
            writer.write(head + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            lines = answered.lower().split(b"\r\n")
            (length,) = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
            return answered + await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            return b""
        finally:
            writer.transport.abort()


@contextmanager
def faulty_proxy(port: int, *, seed: int) -> Iterator[FaultyProxy]:
    """A proxy before the server on `port`, in a thread of its own."""
    proxy, loop = FaultyProxy(port, seed=seed), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(proxy.serve, "127.0.0.1", 0))
    proxy.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
