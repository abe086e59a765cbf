"""Load: clients that keep a connection open and send one request after the other, bounded in number."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """What some requests took: seconds in all, CPU seconds of the server, and each request's seconds."""

    seconds: float
    cpu: float
    each: list[float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.each) / self.seconds


def request(*, key: str, query: str, variables: object, path: str = "/graphql") -> bytes:
    """One request as bytes."""
    body = orjson.dumps({"query": query, "variables": variables})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _client(port: int, todo: list[bytes], each: list[float], must_hold: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while todo:
            sent = todo.pop()
            start = time.perf_counter()
            writer.write(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            each.append(time.perf_counter() - start)
            if must_hold not in body:
                raise RuntimeError(f"the server answered {head.splitlines()[0]!r} {body[:600]!r}")
    finally:
        writer.close()


async def run(port: int, *, pid: int, requests: Sequence[bytes], clients: int, must_hold: bytes) -> Run:
    """Send all requests over some connections; every answer must contain `must_hold`."""
    todo = list(reversed(requests))
    each: list[float] = []
    before, start = cpu_of(pid), time.perf_counter()
    async with asyncio.timeout(300):
        await asyncio.gather(*(_client(port, todo, each, must_hold) for _ in range(clients)))
    return Run(seconds=time.perf_counter() - start, cpu=cpu_of(pid) - before, each=each)
