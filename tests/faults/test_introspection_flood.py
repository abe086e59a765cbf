"""A server that many connections ask for its schema goes on serving others, and holds little for those who do not read."""

from __future__ import annotations

import socket
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import orjson
import pytest
from graphql import get_introspection_query

from tests.faults.process import ServerProcess
from tests.shop import UNUSED_TLS
from tests.time_limits import HANGS, seconds_of

CONNECTIONS = 100
TIMES = 10
BODY = orjson.dumps({"query": get_introspection_query()})
ASK = (
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY
HELD = 500_000
"""Bytes of memory for a connection: less than two answers, of the ten that it asks for."""

AT_MOST = 300
"""How many times longer /readyz takes than usual, which is about a millisecond: the answer is written to a hundred connections."""


@pytest.fixture
def server(sqlite_url: str) -> Iterator[ServerProcess]:
    process = ServerProcess(sqlite_url)
    process.start()
    yield process
    process.stop()


def memory(server: ServerProcess) -> int:
    """Bytes that the server holds in memory."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def ready_times(server: ServerProcess, client: httpx.Client, *, times: int) -> list[float]:
    """The seconds that /readyz takes, again and again."""

    def ask() -> None:
        assert client.get(f"{server.address}/readyz").status_code == 200

    return [seconds_of(ask) for _ in range(times)]


def received(sock: socket.socket, *, size: int) -> int:
    """The bytes that a connection receives until there are more than `size`, or it ends."""
    found = 0
    while found <= size and (chunk := sock.recv(1_000_000)):
        found += len(chunk)
    return found


def test_readiness_is_answered_while_a_hundred_connections_ask_for_the_schema(server: ServerProcess) -> None:
    with httpx.Client(timeout=HANGS, verify=UNUSED_TLS) as client, ExitStack() as stack:
        size = len(client.post(f"{server.address}/graphql", json={"query": get_introspection_query()}).content)
        ready_times(server, client, times=5)
        usual = statistics.median(ready_times(server, client, times=50))
        before = memory(server)
        sockets = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=HANGS))
            for _ in range(CONNECTIONS)
        ]
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            sock.sendall(ASK * TIMES)
        times = ready_times(server, client, times=30)
        # Nobody reads: each connection has one answer under way, and nine requests that wait.
        assert statistics.median(times) < AT_MOST * usual
        held = memory(server) - before
        assert held < CONNECTIONS * HELD < CONNECTIONS * 2 * size, f"{held:,} bytes are held"
        assert received(sockets[0], size=TIMES * size) > TIMES * size, "who reads in the end gets everything"
        assert client.get(f"{server.address}/readyz").status_code == 200
