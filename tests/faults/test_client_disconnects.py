"""A thousand clients that disconnect at random moments do not affect anybody else."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import threading
import time

import pytest

from app.domain.access import Role
from app.graphql_server.endpoint import GraphQLEndpoint
from app.graphql_server.limits.rate_limits import RateLimit
from app.store.database.session import Session
from tests.faults.process import QUERIES, TYPES, Sent, lasting, ledger_of, purchase, redemption, refund
from tests.shop import Shop, open_shop
from tests.store.test_long_reads import ENDLESS
from tests.time_limits import HANGS, usual_seconds
from tests.verification import discrepancies_in

CLIENTS = 1000
SENT_AGAIN = 60


def test_disconnecting_clients_leave_server_and_ledger_intact(database_url: str) -> None:
    with open_shop(database_url, rate_limit=RateLimit(restored=1_000_000)) as shop:
        hang_up_on(shop)
    # Only now nothing is being written any more.
    assert discrepancies_in(database_url) == []


def requests_of(shop: Shop, cards: list[str], chance: random.Random) -> list[Sent]:
    """Purchases, redemptions, and refunds of earlier purchases."""
    found: list[Sent] = []
    bought: list[tuple[str, str]] = []
    for number in range(CLIENTS):
        card, key = chance.choice(cards), f"hang-{number}"
        verb = chance.choice(["recordPurchase", "recordPurchase", "redeemReward", "recordRefund"])
        if verb == "recordRefund" and bought:
            receipt, card = bought.pop(chance.randrange(len(bought)))
            found.append(Sent(verb, card, refund(receipt, key)))
        elif verb == "redeemReward":
            found.append(Sent(verb, card, redemption(card, key)))
        else:
            bought.append((key, card))
            found.append(Sent("recordPurchase", card, purchase(card, key, price="60.00")))
    return found


def hang_up_on(shop: Shop) -> None:
    """Send everything, hang up at random, then look at what is there."""
    cards = [shop.enrol() for _ in range(20)]
    usual = usual_seconds(lambda: shop.buy(shop.enrol(), "10.00"))
    chance = random.Random(7)
    host, port = shop.address.removeprefix("http://").split(":")
    token = shop.program.token(Role.TILL)
    everything = requests_of(shop, cards, chance)

    async def one(sent: Sent) -> None:
        body = json.dumps({"query": QUERIES[sent.verb], "variables": {"input": sent.given}}).encode()
        whole = request(token, body)
        reader, writer = await asyncio.open_connection(host, int(port))
        size = chance.choice([len(whole), len(whole), chance.randrange(len(whole))])
        writer.write(whole[:size])
        await writer.drain()
        await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01, 0.05]))
        writer.transport.abort()
        del reader

    async def all_of_them() -> None:
        for start in range(0, CLIENTS, 50):
            await asyncio.gather(*(one(sent) for sent in everything[start : start + 50]))

    asyncio.run(all_of_them())
    began = time.monotonic()
    card = shop.enrol()
    assert shop.buy(card, "10.00")["balances"][0]["available"] == 10
    # What the clients had sent may be carried out first, one after another, each in the time of a purchase.
    assert time.monotonic() - began < CLIENTS * usual
    entries = {value["id"]: value for card in cards for value in ledger_of(shop.address, shop.program, card)}
    assert 0 < len(entries) <= CLIENTS
    assert {entry["type"] for entry in entries.values()} == set(TYPES.values()), "every verb got through now and then"
    assert_done_once(shop, cards, [sent for sent in everything if sent.verb != "recordPurchase"][-SENT_AGAIN:])


def assert_done_once(shop: Shop, cards: list[str], some: list[Sent]) -> None:
    """Redemptions and refunds sent again with their keys: answered twice alike, and in the ledger once."""
    made: list[str] = []
    for sent in some:
        first, second = (shop.execute(QUERIES[sent.verb], input=sent.given)[sent.verb] for _ in range(2))
        assert lasting(first) == lasting(second)
        if first["entry"] is not None:
            made.append(first["entry"]["id"])
    assert made, "some of them were granted"
    assert len(made) == len(set(made))
    entries = [value for card in cards for value in ledger_of(shop.address, shop.program, card)]
    assert set(made) <= {entry["id"] for entry in entries}
    # A purchase that waited for a refund with a later time is late, and may correct what that had taken.
    booked = [entry for entry in entries if entry["cause"] is None]
    for kind in ("EARN", "CLAWBACK"):
        receipts = [entry["purchase"]["externalId"] for entry in booked if entry["type"] == kind]
        assert len(receipts) == len(set(receipts)), f"{kind} twice"


def test_long_read_of_a_disconnected_client_is_cancelled(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    async def endless(session: Session, **_: object) -> None:
        begun.set()
        try:
            await session.rows(ENDLESS[session.dialect])
        except asyncio.CancelledError:
            cancelled.set()
            raise

    monkeypatch.setattr("app.store.ledger.liability.flows", endless)
    # Otherwise the time limit of the operation would cancel the read, too.
    monkeypatch.setitem(GraphQLEndpoint.__init__.__kwdefaults__, "max_run_time", HANGS)
    with open_shop(database_url) as shop:
        body = json.dumps({"query": "{ liability { at } }"}).encode()
        host, port = shop.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(request(shop.program.token(Role.OWNER), body))
            assert begun.wait(HANGS)
            assert not cancelled.is_set()
        assert cancelled.wait(HANGS)
        assert shop.buy(shop.enrol(), "10.00")["balances"][0]["available"] == 10


def request(token: str, body: bytes) -> bytes:
    """A request for GraphQL as it is sent."""
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
