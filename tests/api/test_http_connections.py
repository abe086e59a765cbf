"""The endpoint behind a real server: errors that only a connection can cause."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.minimal_schema import Edge
from tests.live_server import serving
from tests.time_limits import HANGS


@pytest.fixture(scope="module", params=["httptools", "h11"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(Edge().app, http=request.param) as address:
        yield address


def exchange(address: str, request: bytes) -> bytes:
    """Sends bytes, waits for a response, then reads until the server closes or is silent for a second."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=HANGS) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
                connection.settimeout(1)
        except TimeoutError:
            pass
        return answer


def test_a_query_is_answered_over_a_kept_connection(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        for _ in range(3):
            assert client.post("/graphql", json={"query": "{ hello }"}).json() == {"data": {"hello": "Hello world"}}


def test_a_body_in_chunks_is_read(address: str) -> None:
    chunks = [b'{"query":', b'"{ hello }"}']
    response = httpx.post(f"{address}/graphql", content=iter(chunks), headers={"content-type": "application/json"})
    assert response.json() == {"data": {"hello": "Hello world"}}


def test_endless_chunks_are_rejected_at_the_limit(address: str) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    payload = exchange(address, head + (b"2710\r\n" + b"x" * 10_000 + b"\r\n") * 11)
    assert payload.startswith(b"HTTP/1.1 413 ")
    assert b"100,000 bytes" in payload


def test_content_length_over_the_limit_is_rejected_before_the_body(address: str) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n"
    assert exchange(address, head).startswith(b"HTTP/1.1 413 ")


def test_aborted_body_does_not_harm_the_server(address: str) -> None:
    parts = urlsplit(address)
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    with socket.create_connection((parts.hostname, parts.port), timeout=HANGS) as connection:
        connection.sendall(head)
    assert httpx.post(f"{address}/graphql", json={"query": "{ hello }"}).status_code == 200


def test_websocket_is_rejected_with_a_message(address: str) -> None:
    handshake = (
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    payload = exchange(address, handshake)
    assert payload.startswith(b"HTTP/1.1 400 ")
    assert b"WebSocket are not offered" in payload
