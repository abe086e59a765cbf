"""A thousand clients that hang up at random moments cost nobody else anything."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator

import pytest

from app.api.costs import Allowance
from app.domain.access import Role
from tests.faults.process import purchase
from tests.proving import faults_in
from tests.shop import BUY, Shop, open_shop

CLIENTS = 1000


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A shop whose tills may send as much as they like."""
    with open_shop(database_url, allowance=Allowance(restored=1_000_000)) as opened:
        yield opened


def test_clients_that_hang_up_leave_the_server_and_the_books_whole(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(5)]
    chance = random.Random(7)
    host, port = shop.address.removeprefix("http://").split(":")
    token = shop.program.token(Role.TILL)

    async def one(number: int) -> None:
        given = purchase(chance.choice(cards), f"hang-{number}")
        body = json.dumps({"query": BUY, "variables": {"input": given}}).encode()
        head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        whole = head.encode() + body
        reader, writer = await asyncio.open_connection(host, int(port))
        sent = chance.choice([len(whole), len(whole), chance.randrange(len(whole))])
        writer.write(whole[:sent])
        await writer.drain()
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01, 0.05]))
        writer.transport.abort()
        del reader

    async def all_of_them() -> None:
        for start in range(0, CLIENTS, 50):
            await asyncio.gather(*(one(number) for number in range(start, start + 50)))

    asyncio.run(all_of_them())
    begun = time.monotonic()
    card = shop.enrol()
    assert shop.buy(card, "10.00")["balances"][0]["available"] == 10
    assert time.monotonic() - begun < 5
    time.sleep(0.5)
    assert faults_in(shop.url) == []
    recorded = sum(len(shop.ledger(one)) for one in cards)
    assert 0 < recorded <= CLIENTS
