"""Limits of manual actions by staff and tills over HTTP on both databases: a daily limit for each key, and none on their
own card."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.queries.customers.customers import customer_as_of as card_of
from app.store.database.connect import open_database
from app.usecases.application import Application
from tests.access_keys import issue_key
from tests.api.test_households import JOIN
from tests.api.test_merges import MERGE
from tests.shop import Clock, Shop, new_id, open_shop, real_now
from tests.verification import discrepancies_in

REFUSED = "userErrors { code path message detail }"
ADJUST = f"mutation($input: AdjustPointsInput!) {{ adjustPoints(input: $input) {{ entry {{ points }} {REFUSED} }} }}"
TRANSFER = (
    f"mutation($input: TransferPointsInput!) {{ transferPoints(input: $input) {{ entry {{ points }} {REFUSED} }} }}"
)
MOVE = f"mutation($input: MovePurchaseInput!) {{ movePurchase(input: $input) {{ entry {{ points }} {REFUSED} }} }}"
AMEND = f"mutation($input: AmendPurchaseInput!) {{ amendPurchase(input: $input) {{ entry {{ points }} {REFUSED} }} }}"
CANCEL = (
    f"mutation($input: CancelRedemptionInput!) {{ cancelRedemption(input: $input) {{ entry {{ points }} {REFUSED} }} }}"
)
HOLD = f"mutation($input: HoldRedemptionInput!) {{ holdRedemption(input: $input) {{ redemption {{ id }} {REFUSED} }} }}"
CAPTURE = f"mutation($input: CaptureRedemptionInput!) {{ captureRedemption(input: $input) {{ redemption {{ id }} {REFUSED} }} }}"
RELEASE = f"mutation($input: ReleaseRedemptionInput!) {{ releaseRedemption(input: $input) {{ redemption {{ id }} {REFUSED} }} }}"


class MorningClock(Clock):
    """A clock that starts at noon in London, so that an hour more or less is the same day."""

    def __init__(self) -> None:
        self.now = datetime(2090, 3, 6, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> MorningClock:
    """A clock that a test moves."""
    return MorningClock()


@pytest.fixture
def shop(database_url: str, clock: MorningClock) -> Iterator[Shop]:
    """A shop with a point a pound; its ledger is verified at the end."""
    with open_shop(database_url, clock=clock, template="points") as opened:
        yield opened
        assert discrepancies_in(opened.url) == []


def call(shop: Shop, query: str, *, role: Role = Role.STAFF, key: str | None = None, **given: Any) -> Any:
    """The payload of the one mutation of a document."""
    input = {"idempotencyKey": uuid.uuid4().hex, **given}
    (payload,) = shop.execute(query, role=role, key=key, input=input).values()
    return payload


def adjust(shop: Shop, card: str, points: int, **more: Any) -> Any:
    """Adjusts points by hand."""
    return call(shop, ADJUST, customer={"card": card}, points=points, reason="Goodwill.", **more)


def transfer(shop: Shop, sender: str, recipient: str, points: int, **more: Any) -> Any:
    """Transfers points."""
    return call(
        shop, TRANSFER, **{"from": {"card": sender}}, to={"card": recipient}, points=points, reason="Gift.", **more
    )


def move(shop: Shop, receipt: str, card: str, **more: Any) -> Any:
    """A purchase moved to the customer with a card."""
    return call(shop, MOVE, purchase={"externalId": receipt}, customer={"card": card}, reason="Wrong card.", **more)


def amend(shop: Shop, receipt: str, price: str, *, role: Role = Role.TILL, **more: Any) -> Any:
    """A receipt of one line that costs something else."""
    purchase = {"externalId": receipt, "lines": [{"sku": "thing", "quantity": "1", "unitPrice": price}]}
    return call(shop, AMEND, role=role, purchase=purchase, reason="Typed wrong.", **more)


def codes(payload: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in payload["userErrors"]]


def detail(payload: Any) -> str:
    """The detail of the one user error."""
    (error,) = payload["userErrors"]
    text: str = error["detail"]
    return text


def tied_key(shop: Shop, card: str, *, role: Role = Role.STAFF) -> str:
    """A key tied to the card of its holder."""

    async def run() -> str:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        program = shop.program.program.id
        row = await application.query(
            card_of, program_id=program, by=CustomerReference(card, IdentityKind.CARD), at=real_now()
        )
        assert row is not None
        new = await issue_key(application, program_id=program, role=role, label="Ana", customer_id=row.id)
        await database.stop()
        return new.token

    return asyncio.run(run())


def other_key(shop: Shop, *, role: Role = Role.STAFF) -> str:
    """Another key of a role."""

    async def run() -> str:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        new = await issue_key(application, program_id=shop.program.program.id, role=role, label="Ben")
        await database.stop()
        return new.token

    return asyncio.run(run())


def test_staff_adjust_5000_points_a_day_and_the_owner_any_number(shop: Shop) -> None:
    card = shop.enrol()
    for points in (1_000, 1_000, -1_000, 1_000, 1_000):
        assert codes(adjust(shop, card, points)) == []
    above = adjust(shop, shop.enrol(), 1)
    assert (codes(above), above["userErrors"][0]["path"], above["entry"]) == (
        ["ABOVE_LIMIT"],
        ["input", "points"],
        None,
    )
    assert "At most 5,000 a day, 0 left today, 1 asked for; the owner can do it" in detail(above)
    assert codes(adjust(shop, card, 1, role=Role.OWNER)) == []
    assert shop.available(card) == 3_001


def test_daily_limit_is_per_key_and_restarts_at_midnight_in_the_program_zone(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    for _ in range(5):
        assert codes(adjust(shop, card, 1_000)) == []
    assert codes(adjust(shop, card, -1)) == ["ABOVE_LIMIT"]
    assert codes(adjust(shop, card, 1_000, key=other_key(shop))) == []
    clock.now = datetime(2090, 3, 6, 23, 59, tzinfo=UTC)
    assert codes(adjust(shop, card, 1)) == ["ABOVE_LIMIT"]
    clock.now = datetime(2090, 3, 7, 0, 0, 1, tzinfo=UTC)
    assert codes(adjust(shop, card, 1_000)) == []


def test_rejection_names_the_rest_of_the_daily_limit(shop: Shop) -> None:
    card = shop.enrol()
    for points in (1_000, 1_000, 1_000, 1_000, 700):
        assert codes(adjust(shop, card, points)) == []
    above = adjust(shop, card, 301)
    assert codes(above) == ["ABOVE_LIMIT"]
    assert "300 left today, 301 asked for" in detail(above)
    assert codes(adjust(shop, card, 300)) == []


def test_repeated_call_counts_once_and_a_rejected_one_not_at_all(shop: Shop) -> None:
    card = shop.enrol()
    assert codes(adjust(shop, card, -1_000)) == ["NOT_ENOUGH_POINTS"]
    for _ in range(7):
        assert codes(adjust(shop, card, 1_000, idempotencyKey="same")) == []
    for _ in range(4):
        assert codes(adjust(shop, card, 1_000)) == []
    assert codes(adjust(shop, card, 1)) == ["ABOVE_LIMIT"]
    assert codes(adjust(shop, card, 1_000, idempotencyKey="same")) == []
    assert shop.available(card) == 5_000


def test_concurrent_calls_never_exceed_the_daily_limit(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(9)]
    answers = shop.in_parallel([lambda card=card: adjust(shop, card, 1_000) for card in cards])
    assert sorted(code for answer in answers for code in codes(answer)) == ["ABOVE_LIMIT"] * 4
    assert sum(shop.available(card) for card in cards) == 5_000


def test_staff_transfer_10000_points_a_day_including_moved_purchases(shop: Shop) -> None:
    rich, friend = shop.enrol(), shop.enrol()
    shop.buy(rich, "50000.00", receipt="BIG")
    shop.buy(rich, "3000.00", receipt="SMALL")
    assert codes(transfer(shop, rich, friend, 50_000)) == ["ABOVE_LIMIT"]
    assert codes(move(shop, "BIG", friend)) == ["ABOVE_LIMIT"]
    assert codes(transfer(shop, rich, friend, 7_500)) == []
    above = move(shop, "SMALL", friend)
    assert (codes(above), above["userErrors"][0]["path"]) == (["ABOVE_LIMIT"], ["input", "purchase"])
    assert "At most 10,000 a day, 2,500 left today, 3,000 asked for" in detail(above)
    assert codes(transfer(shop, friend, rich, 2_501)) == ["ABOVE_LIMIT"]
    assert codes(transfer(shop, rich, friend, 50_000, role=Role.OWNER)) == ["NOT_ENOUGH_POINTS"]
    assert codes(move(shop, "SMALL", friend, role=Role.OWNER)) == []
    assert codes(transfer(shop, friend, rich, 2_500)) == []


def test_concurrent_transfers_never_exceed_the_daily_limit(shop: Shop) -> None:
    givers = [shop.enrol() for _ in range(6)]
    for card in givers:
        shop.buy(card, "4000.00")
    friend = shop.enrol()
    answers = shop.in_parallel([lambda card=card: transfer(shop, card, friend, 4_000) for card in givers])
    assert sorted(code for answer in answers for code in codes(answer)) == ["ABOVE_LIMIT"] * 4
    assert shop.available(friend) == 8_000


def test_till_amends_recent_receipts_up_to_twice_their_total(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R")
    shop.buy(card, "200.00", receipt="L")
    clock.now += timedelta(days=3) - timedelta(minutes=1)
    above = amend(shop, "R", "110.01")
    assert (codes(above), above["userErrors"][0]["path"]) == (["ABOVE_LIMIT"], ["input", "purchase", "lines"])
    assert "at most £100 in all; £100 left" in detail(above)
    assert codes(amend(shop, "R", "60.00")) == []
    assert codes(amend(shop, "R", "20.00")) == []
    above = amend(shop, "R", "30.01")
    assert codes(above) == ["ABOVE_LIMIT"]
    assert "£10 left" in detail(above)
    assert codes(amend(shop, "R", "30.00")) == []
    assert codes(amend(shop, "L", "600.01")) == ["ABOVE_LIMIT"]
    assert codes(amend(shop, "L", "600.00")) == []
    clock.now += timedelta(minutes=2)
    above = amend(shop, "L", "599.00")
    assert (codes(above), above["userErrors"][0]["path"]) == (
        ["ABOVE_LIMIT"],
        ["input", "purchase", "externalId"],
    )
    assert "up to 3 days" in detail(above)
    assert codes(amend(shop, "R", "100000.00", role=Role.OWNER)) == []


def test_till_cannot_amend_an_old_receipt(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    clock.now = datetime(2090, 11, 29, 12, tzinfo=UTC)
    shop.buy(card, "10.00", receipt="R", occurredAt="2090-03-06T12:30:00Z")
    assert codes(amend(shop, "R", "100000.00")) == ["ABOVE_LIMIT"]
    assert codes(amend(shop, "R", "11.00")) == ["ABOVE_LIMIT"]
    assert shop.available(card) == 10


def test_amendments_and_undone_redemptions_count_towards_the_staff_limit(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R")
    clock.now += timedelta(days=40)
    assert codes(amend(shop, "R", "5010.01", role=Role.STAFF)) == []
    above = amend(shop, "R", "10.00", role=Role.STAFF)
    assert codes(above) == ["ABOVE_LIMIT"]
    assert "0 left today, 5,000 asked for" in detail(above)
    bought = shop.redeem(card)["redemption"]
    undone = call(shop, CANCEL, redemption=bought["id"], reason="Cold.")
    assert (codes(undone), undone["userErrors"][0]["path"]) == (["ABOVE_LIMIT"], ["input", "redemption"])
    assert codes(call(shop, CANCEL, role=Role.OWNER, redemption=bought["id"], reason="Cold.")) == []
    clock.now += timedelta(days=1)
    bought = shop.redeem(card)["redemption"]
    assert codes(call(shop, CANCEL, redemption=bought["id"], reason="Cold.")) == []
    assert "4,900 left today, 5,000 asked for" in detail(amend(shop, "R", "10.00", role=Role.STAFF))


def test_key_tied_to_a_card_cannot_act_on_that_card(shop: Shop) -> None:
    own, friend = shop.enrol(), shop.enrol()
    key = tied_key(shop, own)
    for card in (own, friend):
        shop.buy(card, "500.00", receipt=f"R-{card}")
    held = call(shop, HOLD, customer={"card": own}, reward={"key": "coffee"}, checkout="C", minutes=20)
    bought = shop.redeem(own)["redemption"]
    before = shop.available(own)
    tried = {
        "buy": shop.execute(
            f"mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ {REFUSED} }} }}",
            key=key,
            input={
                "idempotencyKey": "b",
                "customer": {"card": own},
                "purchase": {"externalId": "X", "lines": [{"sku": "a", "quantity": "1", "unitPrice": "9.00"}]},
            },
        )["recordPurchase"],
        "adjust": adjust(shop, own, 5, key=key),
        "give": transfer(shop, own, friend, 5, key=key),
        "take": transfer(shop, friend, own, 5, key=key),
        "move away": move(shop, f"R-{own}", friend, key=key),
        "move here": move(shop, f"R-{friend}", own, key=key),
        "amend": amend(shop, f"R-{own}", "501.00", key=key),
        "hold": call(shop, HOLD, key=key, customer={"card": own}, reward={"key": "coffee"}, checkout="D", minutes=20),
        "capture": call(shop, CAPTURE, key=key, hold={"id": held["redemption"]["id"]}),
        "cancel": call(shop, CANCEL, key=key, redemption=bought["id"], reason="Cold."),
        "merge": call(shop, MERGE, key=key, merged={"card": friend}, survivor={"card": own}, reason="Same."),
        "join": call(shop, JOIN, key=key, customer={"card": friend}, household={"card": own}, reason="Home."),
        "redeem": call(
            shop,
            f"mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ {REFUSED} }} }}",
            key=key,
            customer={"card": own},
            reward={"key": "coffee"},
        ),
    }
    assert {name: codes(payload) for name, payload in tried.items()} == {name: ["OWN_CARD"] for name in tried}
    assert shop.available(own) == before
    assert codes(adjust(shop, friend, 5, key=key)) == []
    assert codes(call(shop, RELEASE, key=key, hold={"id": held["redemption"]["id"]})) == []


def test_key_tied_to_a_card_gets_no_offers_for_it(shop: Shop) -> None:
    own, friend = shop.enrol(), shop.enrol()
    key = tied_key(shop, own)
    for card in (own, friend):
        shop.buy(card, "500.00")
    offered = """query($by: CustomerBy!) { rewards(for: $by) { nodes { available refusal { code path } decision { outcome } } }
      customer(by: $by) { wallet { balances { buysToday { key } } } } }"""

    def looked(card: str, *, by: str | None) -> tuple[Any, bool, bool]:
        data = shop.execute(offered, key=by, by={"card": card})
        offer, *_ = data["rewards"]["nodes"]
        return offer["refusal"], offer["available"], bool(data["customer"]["wallet"]["balances"][0]["buysToday"])

    assert looked(own, by=key) == ({"code": "OWN_CARD", "path": ["input", "customer"]}, False, False)
    assert looked(friend, by=key) == (None, True, True)
    assert looked(own, by=None) == (None, True, True)
    tried = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
      decision { outcome } } }"""
    basket = {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "9.00"}]}
    refused = shop.send(tried, key=key, by={"card": own}, basket=basket).json()["errors"][0]
    assert refused["extensions"]["code"] == "BAD_USER_INPUT"
    assert "OWN_CARD" in refused["message"]
    assert shop.execute(tried, key=key, by={"card": friend}, basket=basket)["basketCheck"] is not None


def test_tied_key_covers_shared_wallets_and_surviving_cards(shop: Shop) -> None:
    own, partner, survivor = shop.enrol(), shop.enrol(), shop.enrol()
    key = tied_key(shop, own)
    assert codes(adjust(shop, partner, 5, key=key)) == []
    joined = call(shop, JOIN, role=Role.OWNER, customer={"card": partner}, household={"card": own}, reason="Home.")
    assert joined["userErrors"] == []
    assert codes(adjust(shop, partner, 5, key=key)) == ["OWN_CARD"]
    other = shop.enrol()
    second = tied_key(shop, other)
    call(shop, MERGE, role=Role.OWNER, merged={"card": other}, survivor={"card": survivor}, reason="Same person.")
    assert codes(adjust(shop, survivor, 5, key=second)) == ["OWN_CARD"]
    assert codes(adjust(shop, other, 5, key=second)) == ["OWN_CARD"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.TILL])
def test_keys_of_other_roles_can_be_tied_to_a_card(shop: Shop, role: Role) -> None:
    own = shop.enrol()
    shop.buy(own, "100.00")
    bought = call(
        shop,
        f"mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ {REFUSED} }} }}",
        key=tied_key(shop, own, role=role),
        customer={"card": own},
        reward={"key": "coffee"},
    )
    assert codes(bought) == ["OWN_CARD"]


LIMITS = "staffLimits { adjustmentsPerDay transfersPerDay amendmentDays amendmentAmount { amount currencyCode } }"
UPDATE = (
    f"mutation($input: UpdateProgramInput!) {{ updateProgram(input: $input) {{ program {{ {LIMITS} }} {REFUSED} }} }}"
)


def test_owner_sets_staff_limits_and_staff_can_read_them(shop: Shop) -> None:
    read = f"{{ program {{ {LIMITS} }} }}"
    assert shop.execute(read, role=Role.STAFF)["program"]["staffLimits"] == {
        "adjustmentsPerDay": 5_000,
        "transfersPerDay": 10_000,
        "amendmentDays": 3,
        "amendmentAmount": {"amount": "100.00", "currencyCode": "GBP"},
    }
    assert shop.execute(read, role=Role.TILL)["program"]["staffLimits"] is None
    payload = call(shop, UPDATE, role=Role.OWNER, staffLimits={"adjustmentsPerDay": 7, "amendmentAmount": "1.50"})
    assert (codes(payload), payload["program"]["staffLimits"]["transfersPerDay"]) == ([], 10_000)
    card = shop.enrol()
    assert codes(adjust(shop, card, 8)) == ["ABOVE_LIMIT"]
    assert codes(adjust(shop, card, 7)) == []
    shop.buy(card, "0.50", receipt="R")
    assert codes(amend(shop, "R", "2.01")) == ["ABOVE_LIMIT"]
    assert codes(amend(shop, "R", "2.00")) == []
    call(shop, UPDATE, role=Role.OWNER, staffLimits={"amendmentDays": 0})
    assert codes(amend(shop, "R", "1.90")) == ["ABOVE_LIMIT"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("adjustmentsPerDay", -1),
        ("transfersPerDay", -1),
        ("amendmentDays", 3_651),
        ("amendmentAmount", "-0.01"),
        ("amendmentAmount", "1.001"),
        ("amendmentAmount", "1000000000.01"),
    ],
)
def test_invalid_limit_is_rejected_with_its_path(shop: Shop, field: str, value: object) -> None:
    refused = call(shop, UPDATE, role=Role.OWNER, staffLimits={field: value})
    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [
        ("INVALID_INPUT", ["input", "staffLimits", field])
    ]
