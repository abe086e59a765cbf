"""Requests take turns by caller: no caller starves, and none is slowed down by the number of another's requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from app.web.turns import Turns
from tests.soak_settings import property_settings
from tests.time_limits import HANGS

AT_ONCE, BESIDE_OTHERS = 6, 2


@dataclass(eq=False)
class Request:
    """A request that notes when it began."""

    caller: str
    log: list[Request] = field(repr=False)
    has_key: bool = True
    away: bool = False

    def begin(self) -> None:
        """Note it."""
        self.log.append(self)

    def turn_away(self) -> None:
        """Note it."""
        self.away = True


class Server:
    """Turns, the requests that have begun in this order, and those that ended."""

    def __init__(self, *, patience: float = HANGS, longest: float = HANGS) -> None:
        self.turns = Turns(at_once=AT_ONCE, beside_others=BESIDE_OTHERS, patience=patience, max_counted_time=longest)
        self.begun: list[Request] = []
        self.ended: list[Request] = []

    def send(self, caller: str, *, has_key: bool = True) -> Request:
        """A request arrives."""
        request = Request(caller, self.begun, has_key)
        self.turns.take(request)
        return request

    def end(self, request: Request) -> None:
        """A request is done."""
        self.ended.append(request)
        self.turns.end(request)

    @property
    def under_way(self) -> list[Request]:
        """What has begun and not ended."""
        return [request for request in self.begun if request not in self.ended]

    async def serve(self, requests: list[Request]) -> None:
        """End the oldest request under way again and again until all of these have begun."""
        async with asyncio.timeout(HANGS):
            while any(request not in self.begun for request in requests):
                if self.under_way:
                    self.end(self.under_way[0])
                await asyncio.sleep(0.0001)


async def test_a_caller_alone_has_all_places() -> None:
    server = Server()
    for _ in range(AT_ONCE + 3):
        server.send("greedy")
    assert len(server.begun) == AT_ONCE
    server.end(server.begun[0])
    assert len(server.under_way) == AT_ONCE


async def test_beside_others_a_caller_with_several_has_few_places() -> None:
    server = Server()
    server.send("till")
    for _ in range(AT_ONCE):
        server.send("greedy")
    assert Counter(request.caller for request in server.begun) == {"till": 1, "greedy": 1 + BESIDE_OTHERS}


async def test_a_caller_with_one_request_does_not_wait_for_a_thousand_of_another() -> None:
    server = Server()
    server.send("other")
    for _ in range(1_000):
        server.send("greedy")
    assert server.send("till") in server.begun


async def test_who_sends_without_a_key_takes_nothing_from_keys() -> None:
    server = Server()
    for _ in range(3):
        server.send("address", has_key=False)
    for _ in range(AT_ONCE - 3):
        assert server.send("key") in server.begun, "the key is alone"


async def test_slow_requests_of_one_caller_leave_a_place_to_the_others() -> None:
    server = Server()
    server.send("other")
    slow = [server.send("slow") for _ in range(10)]
    quick = [server.send("quick") for _ in range(5)]
    async with asyncio.timeout(HANGS):
        while any(request not in server.begun for request in quick):
            for request in server.under_way:
                if request.caller == "quick":
                    server.end(request)
            await asyncio.sleep(0.0001)
    assert slow[-1] not in server.begun


async def test_who_waits_too_long_is_turned_away_and_does_not_begin() -> None:
    server = Server(patience=0.01)
    requests = [server.send("greedy") for _ in range(AT_ONCE + 2)]
    async with asyncio.timeout(HANGS):
        while not all(request.away for request in requests[AT_ONCE:]):
            await asyncio.sleep(0.001)
    server.end(requests[0])
    assert requests[AT_ONCE] not in server.begun
    assert not any(request.away for request in requests[:AT_ONCE])


async def test_a_request_that_takes_long_no_longer_holds_a_place() -> None:
    server = Server(longest=0.01)
    requests = [server.send("greedy") for _ in range(AT_ONCE + 1)]
    async with asyncio.timeout(HANGS):
        while requests[-1] not in server.begun:
            await asyncio.sleep(0.001)
    for request in requests:
        server.end(request)
    assert len([server.send("greedy") for _ in range(AT_ONCE)]) == AT_ONCE
    assert len(server.under_way) == AT_ONCE, "each place counts once"


async def test_who_has_gone_takes_no_turn() -> None:
    server = Server()
    requests = [server.send("greedy") for _ in range(AT_ONCE + 2)]
    server.turns.stop_waiting(requests[AT_ONCE])
    server.end(requests[0])
    assert requests[AT_ONCE] not in server.begun
    assert requests[AT_ONCE + 1] in server.begun


@property_settings(50)
@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=60), st.integers(0, 4))
def test_no_caller_starves(arrivals: list[str], ended_each: int) -> None:
    """Whatever arrives in whatever order: all is served, within limits, and nobody overtakes by having more requests."""

    async def run() -> None:
        server = Server()
        requests, first = [], {}
        for number, caller in enumerate(arrivals):
            request = server.send(caller)
            requests.append(request)
            first[request] = len(server.begun)
            assert len(server.under_way) <= AT_ONCE
            for request in server.under_way[: ended_each if number % 3 == 0 else 0]:
                server.end(request)
        await server.serve(requests)
        assert sorted(server.begun, key=requests.index) == requests, "each began once"
        for request in requests:
            before = [other for other in requests[: requests.index(request)] if other.caller == request.caller]
            meanwhile = server.begun[first[request] : server.begun.index(request)]
            overtakers = Counter(other.caller for other in meanwhile)
            del overtakers[request.caller]
            waited_behind = len([other for other in before if other in meanwhile])
            assert all(times <= waited_behind + 1 + AT_ONCE for times in overtakers.values()), (request, overtakers)

    asyncio.run(run())
