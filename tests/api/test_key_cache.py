"""What a server keeps of a key that it has looked up, and whom it lets wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request

from app.api import authentication
from app.api.authentication import host_of
from app.domain.access import Role
from app.graphql_server.limits.admission import RateLimited
from app.graphql_server.limits.slow_lane import SlowLane
from tests.api.test_access_keys import created, opens, revoke
from tests.shop import Shop, open_shop


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Shop]:
    """A shop on SQLite."""
    with open_shop(sqlite_url) as opened:
        yield opened


def test_key_that_is_revoked_while_it_is_looked_up_is_not_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    id, token = created(shop, role=Role.TILL.value)
    plain = authentication.authenticate
    revoked: list[Any] = []

    async def revoking(session: Any, *, token: str, at: Any) -> Any:
        found = await plain(session, token=token, at=at)
        if not revoked and isinstance(found, authentication.Caller) and found.principal.role is Role.TILL:
            # The look-up has read the key; now another request revokes it.
            revoked.append(None)
            loop = asyncio.get_running_loop()
            revoked.append(await loop.run_in_executor(None, lambda: revoke(shop, id)))
        return found

    monkeypatch.setattr(authentication, "authenticate", revoking)
    assert opens(shop, token), "it was right when it was read"
    assert revoked[1]["userErrors"] == []
    assert not opens(shop, token)


async def test_slow_lane_serves_callers_round_robin() -> None:
    lane, order = SlowLane(pause=0.0), list[str]()

    async def wait(caller: str) -> None:
        await lane.wait_for_turn(caller)
        order.append(caller)

    waiting = [asyncio.ensure_future(wait("greedy")) for _ in range(20)]
    await asyncio.sleep(0)
    waiting += [asyncio.ensure_future(wait(caller)) for caller in ("a", "b")]
    await asyncio.gather(*waiting)
    assert len(order) == 22
    assert {"a", "b"} <= set(order[:5])


async def test_slow_lane_queue_is_bounded() -> None:
    lane = SlowLane(pause=0.0, max_waiting=5, max_waiting_of_caller=3)
    waiting = [asyncio.ensure_future(lane.wait_for_turn(caller)) for caller in ("a", "a", "a", "a", "b", "c", "d")]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, RateLimited) for result in results] == [False, False, False, True, False, False, True]
    await lane.wait_for_turn("a")


async def test_turn_of_a_disconnected_client_is_skipped() -> None:
    lane = SlowLane(pause=0.0)
    gone, stays = asyncio.ensure_future(lane.wait_for_turn("a")), asyncio.ensure_future(lane.wait_for_turn("a"))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert gone.cancelled()


@pytest.mark.parametrize(
    ("address", "charged"),
    [
        ("203.0.113.9", "host 203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "host 2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "host 203.0.113.9"),
        ("testclient", "host testclient"),
    ],
)
def test_an_ipv6_client_is_charged_for_its_network(address: str, charged: str) -> None:
    assert host_of(Request({"type": "http", "client": (address, 1), "headers": []})) == charged
