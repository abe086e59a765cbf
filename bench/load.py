"""Load: a bounded number of clients, each with one connection on which it sends one request after another."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measurement:
    """The cost of a series of operations: seconds and CPU seconds of all together, and the seconds of each."""

    seconds: float
    cpu: float
    durations: list[float]

    @property
    def rate(self) -> float:
        """Operations per second."""
        return len(self.durations) / self.seconds

    @property
    def cpu_each(self) -> float:
        """CPU seconds of one operation."""
        return self.cpu / len(self.durations)


def graphql_request(*, token: str, query: str, variables: object) -> bytes:
    """A GraphQL request over HTTP/1.1 as bytes."""
    body = orjson.dumps({"query": query, "variables": variables})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


async def fetch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[bytes, bytes]:
    """The head and the body of the response to a request. Raises IncompleteReadError if the connection ends before."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def _send_in_turn(port: int, waiting: list[bytes], durations: list[float], expected: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while waiting:
            request = waiting.pop()
            began = time.perf_counter()
            head, body = await fetch(reader, writer, request)
            durations.append(time.perf_counter() - began)
            if expected not in body:
                raise RuntimeError(f"the server answered {head.splitlines()[0]!r} {body[:600]!r}")
    finally:
        writer.close()


async def send(port: int, *, pid: int, requests: Sequence[bytes], clients: int, expected: bytes) -> Measurement:
    """Send all requests with so many clients to the server process `pid`.

    Raises RuntimeError for a response without the `expected` bytes, and TimeoutError after 300 s.
    """
    waiting = list(reversed(requests))
    durations: list[float] = []
    cpu, began = cpu_of(pid), time.perf_counter()
    async with asyncio.timeout(300):
        await asyncio.gather(*(_send_in_turn(port, waiting, durations, expected) for _ in range(clients)))
    return Measurement(seconds=time.perf_counter() - began, cpu=cpu_of(pid) - cpu, durations=durations)
