"""Silent and unfinished connections are ended in time, while others are served."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from app.web.callers import Callers
from app.web.connection_limits import MAX_HEAD_BYTES, bounded_protocol
from app.web.turns import Turns
from tests.api.minimal_schema import Edge
from tests.live_server import serving
from tests.time_limits import HANGS, seconds_of

PATIENCE = 1.0
SLOW = 50
HALF = b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Never: e"
WHOLE = b'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"query":"{ hello }"'


@pytest.fixture
def address() -> Iterator[str]:
    with serving(Edge().app, http=bounded_protocol(idle_timeout=PATIENCE, max_connections=SLOW + 10)) as address:
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


def ask(sock: socket.socket, key: str | None = None) -> bytes:
    """The answer to a request on a connection, perhaps with a key."""
    line = f"Authorization: Bearer {key}\r\n".encode() if key is not None else b""
    sock.sendall((WHOLE + b"}").replace(b"Host: x\r\n", b"Host: x\r\n" + line))
    answer = b""
    while not is_complete(answer) and (chunk := sock.recv(65536)):
        answer += chunk
    return answer


def is_complete(answer: bytes) -> bool:
    """Whether all of an answer has come: its head and as many bytes of its body as the head says."""
    head, end_of_head, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end_of_head) and (length is None or len(body) >= int(length[1]))


def ended(sock: socket.socket) -> bool:
    """Has the server ended a connection, or will it within a moment?"""
    sock.settimeout(0.3)
    try:
        return sock.recv(1) == b""
    except TimeoutError:
        return False
    finally:
        sock.settimeout(HANGS)


@contextmanager
def full_server(*keys: str | None, idle_timeout: float = HANGS, turns: Turns | None = None) -> Iterator[Full]:
    """A server that knows all keys; connections on which these were used have all places, None: without one."""
    callers = Callers(lambda header: header)
    http = bounded_protocol(callers=callers, max_connections=len(keys), idle_timeout=idle_timeout, turns=turns)
    with ExitStack() as stack:
        address = stack.enter_context(serving(Edge().app, http=http))
        sockets = [stack.enter_context(connect(address)) for _ in keys]
        for sock, key in zip(sockets, keys, strict=True):
            if key is not None:
                assert ask(sock, key).startswith(b"HTTP/1.1 200 ")
        yield Full(address, sockets)


class Full(NamedTuple):
    """A server all of whose places are taken, and the connections that have them."""

    address: str
    sockets: list[socket.socket]


def test_who_comes_when_silent_connections_have_all_places_is_answered_once() -> None:
    with full_server(None, None) as full, connect(full.address) as extra:
        answer = ask(extra)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in answer
        assert rest_of(extra) == b""
        for silent in full.sockets:
            assert ask(silent).startswith(b"HTTP/1.1 200 ")


def test_a_key_takes_the_place_of_a_connection_without_one_and_not_of_another_key() -> None:
    with full_server("till", None, "till") as full, connect(full.address) as late:
        answer = ask(late, "other till")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" not in answer
        assert [ended(sock) for sock in full.sockets] == [False, True, False]
        assert ask(late, "other till").startswith(b"HTTP/1.1 200 ")


def test_a_key_takes_the_place_of_the_key_with_the_most_and_that_one_cannot_take_it_back() -> None:
    full_of_greedy = full_server("till", "greedy", "greedy", "greedy")
    with full_of_greedy as full, connect(full.address) as late, connect(full.address) as more:
        assert b"connection: close" not in ask(late, "other till")
        assert [ended(sock) for sock in full.sockets] == [False, True, False, False], "the idle longest"
        assert b"connection: close" in ask(more, "greedy")
        assert not any(ended(sock) for sock in (full.sockets[0], *full.sockets[2:], late))


def test_a_till_between_two_receipts_stays_connected() -> None:
    with full_server("till", None, idle_timeout=PATIENCE) as full:
        till, silent = full.sockets
        assert rest_of(silent) == b"", "it is ended in time"
        assert ask(till, "till").startswith(b"HTTP/1.1 200 ")


def test_who_waits_too_long_for_a_turn_is_told_when_to_come_back() -> None:
    turns = Turns(at_once=1, patience=0.1, max_counted_time=HANGS)
    with full_server("till", "other till", turns=turns) as full:
        slow, waiting = full.sockets
        slow.sendall(WHOLE)  # its last byte is missing: a request under way
        time.sleep(0.2)
        answer = ask(waiting, "other till")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'{"code":"UNAVAILABLE","retryAfter":1}' in answer
        assert b"\r\nretry-after: 1\r\n" in answer
        slow.sendall(b"}")
        assert slow.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert ask(waiting, "other till").startswith(b"HTTP/1.1 200 "), "on the same connection"


def test_connection_beyond_the_limit_gets_503_with_retry_after() -> None:
    with serving(Edge().app, http=bounded_protocol(idle_timeout=10.0, max_connections=2)) as address:
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
