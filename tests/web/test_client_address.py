"""The address of a client behind proxies: what a client forges does not count."""

from __future__ import annotations

import httpx
import pytest

from app.config import Settings
from app.domain.access import Role
from app.domain.programs.key_tokens import format_token
from app.graphql_server.limits.rate_limits import RateLimit
from app.main import create_app
from app.store.database.connect import open_database
from app.web.client_address import client_address, trusted_networks
from tests.live_server import serving
from tests.shop import UNUSED_TLS, new_id, real_now
from tests.time_limits import HANGS

PROXIES = trusted_networks("10.0.0.0/8, 127.0.0.1, fd00::/8")
FOR = b"x-forwarded-for"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        pytest.param("198.51.100.7", [(FOR, b"203.0.113.1")], "198.51.100.7", id="no proxy: the header is forged"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="the proxy itself"),
        pytest.param("10.0.0.1", [(FOR, b"203.0.113.1")], "203.0.113.1", id="one proxy"),
        pytest.param("10.0.0.1", [(FOR, b"1.1.1.1, 203.0.113.1")], "203.0.113.1", id="forged on the left"),
        pytest.param("10.0.0.1", [(FOR, b"1.1.1.1"), (FOR, b"203.0.113.1")], "203.0.113.1", id="forged line before"),
        pytest.param("10.0.0.1", [(FOR, b"1.1.1.1, 203.0.113.1, 10.2.0.1")], "203.0.113.1", id="two proxies"),
        pytest.param("10.0.0.1", [(FOR, b"10.9.9.9, 10.2.0.1")], "10.9.9.9", id="a client within the networks"),
        pytest.param("10.0.0.1", [(FOR, b"127.0.0.1, 203.0.113.1")], "203.0.113.1", id="a forged trusted one"),
        pytest.param("10.0.0.1", [(FOR, b"203.0.113.1, unknown")], "10.0.0.1", id="the proxy does not know"),
        pytest.param("10.0.0.1", [(FOR, b"203.0.113.1, unknown, 10.2.0.1")], "10.2.0.1", id="the outer proxy does not"),
        pytest.param("10.0.0.1", [(FOR, b"203.0.113.1:4711")], "203.0.113.1", id="with a port"),
        pytest.param("10.0.0.1", [(FOR, b"[2001:db8::1]:4711")], "2001:db8::1", id="IPv6 with a port"),
        pytest.param("fd00::1", [(FOR, b"2001:db8::1")], "2001:db8::1", id="IPv6"),
        pytest.param("::ffff:10.0.0.1", [(FOR, b"::ffff:203.0.113.1")], "203.0.113.1", id="IPv4 as IPv6"),
        pytest.param("10.0.0.1", [(FOR, b"")], "10.0.0.1", id="empty"),
        pytest.param("10.0.0.1", [(FOR, b"\xff\xfe")], "10.0.0.1", id="no text"),
        pytest.param("10.0.0.1", [(FOR, b"203.0.113.1," * 5_000)], "10.0.0.1", id="very long"),
        pytest.param("10.0.0.1", [(b"forwarded", b"for=203.0.113.1;proto=https")], "203.0.113.1", id="Forwarded"),
        pytest.param(
            "10.0.0.1", [(b"forwarded", b'for=1.1.1.1, proto=https;For="[2001:db8::1]:80"')], "2001:db8::1", id="quoted"
        ),
        pytest.param("10.0.0.1", [(b"forwarded", b"for=1.1.1.1, for=_hidden")], "10.0.0.1", id="hidden"),
        pytest.param("10.0.0.1", [(b"forwarded", b"by=203.0.113.1")], "10.0.0.1", id="by is not for"),
        pytest.param(
            "10.0.0.1", [(b"forwarded", b"for=1.1.1.1"), (FOR, b"203.0.113.1")], "10.0.0.1", id="one of both is forged"
        ),
    ],
)
def test_client_is_the_rightmost_hop_that_is_not_trusted(
    peer: str, headers: list[tuple[bytes, bytes]], client: str
) -> None:
    assert client_address(peer, headers=headers, trusted=PROXIES) == client


def test_setting_lists_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROTH_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert [str(network) for network in trusted_networks(Settings().trusted_proxies)] == ["10.0.0.0/8", "::1/128"]
    monkeypatch.setenv("TROTH_TRUSTED_PROXIES", "10.0.0.1/8")
    with pytest.raises(ValueError, match="list networks"):
        Settings()


@pytest.mark.parametrize(("trusted", "same"), [("127.0.0.1", False), ("", True)], ids=["a proxy", "no proxy"])
def test_wrong_keys_are_charged_to_the_client_behind_a_trusted_proxy(sqlite_url: str, trusted: str, same: bool) -> None:
    app = create_app(
        open_database(sqlite_url),
        clock=real_now,
        new_id=new_id,
        admission_limit=RateLimit(capacity=100, restored=1),
        trusted_proxies=trusted_networks(trusted),
    )
    wrong = format_token(Role.TILL, access_key_id=new_id(), secret="w" * 43)

    def code(client: httpx.Client, address: str, of: str) -> str:
        headers = {"Authorization": f"Bearer {wrong}", "X-Forwarded-For": of}
        answer = client.post(f"{address}/graphql", json={"query": "{ __typename }"}, headers=headers).json()
        found: str = answer["errors"][0]["extensions"]["code"]
        return found

    with serving(app) as address, httpx.Client(timeout=HANGS, verify=UNUSED_TLS) as client:
        found = [code(client, address, "203.0.113.1") for _ in range(3)]
        assert found == ["UNAUTHENTICATED", "UNAUTHENTICATED", "RATE_LIMITED"]
        assert code(client, address, "1.1.1.1, 203.0.113.1") == "RATE_LIMITED"
        assert code(client, address, "203.0.113.2") == ("RATE_LIMITED" if same else "UNAUTHENTICATED")
