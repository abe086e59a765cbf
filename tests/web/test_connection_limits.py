"""Silent and unfinished connections are ended in time, while others are served."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from app.web.connection_limits import MAX_HEAD_BYTES, bounded
from tests.api.minimal_schema import Edge
from tests.live_server import serving
from tests.time_limits import HANGS, seconds_of

PATIENCE = 1.0
SLOW = 50
HALF = b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Never: e"
WHOLE = b'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"query":"{ hello }"'


@pytest.fixture
def address() -> Iterator[str]:
    with serving(Edge().app, http=bounded(idle_timeout=PATIENCE, max_connections=SLOW + 10)) as address:
        yield address


def connect(address: str) -> socket.socket:
    """A connection of our own."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=HANGS)


def rest_of(sock: socket.socket) -> bytes:
    """Everything until the server ends the connection."""
    found = b""
    while chunk := sock.recv(65536):
        found += chunk
    return found


def seconds_until_ended(address: str) -> float:
    """How long the server here and now takes to end one connection that does not finish its request."""
    with connect(address) as sock:
        sock.sendall(HALF)
        return seconds_of(lambda: rest_of(sock))


def hello(address: str) -> None:
    """Somebody else is served."""
    response = httpx.post(f"{address}/graphql", json={"query": "{ hello }"}, timeout=HANGS)
    assert response.json() == {"data": {"hello": "Hello world"}}


@pytest.mark.parametrize(("sent", "status"), [(HALF, b"HTTP/1.1 408 "), (b"P", b"HTTP/1.1 408 "), (b"", b"")])
def test_fifty_unfinished_requests_are_ended_while_others_are_served(address: str, sent: bytes, status: bytes) -> None:
    alone = seconds_until_ended(address)
    begun = time.monotonic()
    slow = [connect(address) for _ in range(SLOW)]
    for sock in slow:
        sock.sendall(sent)
    for _ in range(5):
        hello(address)
    for sock in slow:
        answer = rest_of(sock)
        assert answer[: len(status)] == status
        assert (b'"BAD_USER_INPUT"' in answer) is bool(status)
        sock.close()
    assert PATIENCE * 0.9 <= time.monotonic() - begun < 10 * alone
    hello(address)


def test_dripping_header_is_ended_like_a_silent_one(address: str) -> None:
    alone = seconds_until_ended(address)
    begun = time.monotonic()
    with connect(address) as sock:
        sock.sendall(HALF)
        sock.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - begun < HANGS:
            try:
                sock.sendall(b"e")
                answer = sock.recv(65536)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - begun < 4 * alone


def test_endless_headers_are_rejected_at_the_limit(address: str) -> None:
    with connect(address) as sock:
        sock.sendall(HALF + b"e" * MAX_HEAD_BYTES)
        assert rest_of(sock).startswith(b"HTTP/1.1 431 ")
    hello(address)


def test_unfinished_second_request_is_ended(address: str) -> None:
    alone = seconds_until_ended(address)
    with connect(address) as sock:
        sock.sendall(WHOLE + b"}")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
        begun = time.monotonic()
        sock.sendall(HALF)
        assert rest_of(sock).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun < 4 * alone


def test_request_under_way_is_never_ended(address: str) -> None:
    with connect(address) as sock:
        sock.sendall(WHOLE)
        time.sleep(PATIENCE * 2)
        sock.sendall(b"}")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_new_connection_replaces_the_longest_silent_one(address: str) -> None:
    silent = [connect(address) for _ in range(SLOW + 10)]
    time.sleep(0.1)
    hello(address)
    assert silent[0].recv(1) == b"", "the first is gone"
    silent[-1].sendall(WHOLE + b"}")
    assert silent[-1].recv(65536).startswith(b"HTTP/1.1 200 ")
    for sock in silent:
        sock.close()


def test_connection_beyond_the_limit_gets_503_with_retry_after() -> None:
    with serving(Edge().app, http=bounded(idle_timeout=10.0, max_connections=2)) as address:
        busy = [connect(address) for _ in range(2)]
        for sock in busy:
            sock.sendall(WHOLE)  # its last byte is missing: a request under way
        time.sleep(0.2)
        with connect(address) as late:
            answer = rest_of(late)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'{"code":"UNAVAILABLE","retryAfter":1}' in answer
        assert b"retry-after: 1\r\n" in answer
        for sock in busy:
            sock.sendall(b"}")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
            sock.close()
        hello(address)


def test_invalid_http_is_rejected_in_json(address: str) -> None:
    with connect(address) as sock:
        sock.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        answer = rest_of(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in answer
    assert b'"BAD_USER_INPUT"' in answer
