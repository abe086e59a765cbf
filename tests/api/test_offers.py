"""An offer predicts the decision of the till and its price. On both databases."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.graphql_server.limits.rate_limits import RateLimit
from app.queries.customers import current_state as standings
from tests.shop import DECISION, Clock, Shop, open_shop
from tests.transfers import MERGE

OFFER = f"""reward {{ key stock variants }} cost listCost unit {{ code }} available missingPoints
    refusal {{ __typename code message path }} {DECISION.partition("userErrors")[0]}"""
OFFERS = (
    f"query($by: CustomerBy!, $basket: BasketInput) {{ rewards(for: $by, basket: $basket) {{ nodes {{ {OFFER} }} }} }}"
)
CATALOGUE = """{ rewards { nodes { reward { key } cost listCost available missingPoints refusal { code } decision { outcome } } } }"""
CHECK = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) { clauses {
    clause { key } applies appliesFrom points unit { code } refusal { code path } almostMet { code } reasons { code } } } }"""
BUYS = """query($by: CustomerBy!) { customer(by: $by) { wallet { balances { unit { code } available buysToday { key } } } } }"""
REWARD = """mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code path } } }"""
PUBLISH = """mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version } userErrors { code path } } }"""
TAKE = f"""mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ {DECISION}
    balances {{ unit {{ code }} available }} redemption {{ id points }} }} }}"""
HOLD = f"""mutation($input: HoldRedemptionInput!) {{ holdRedemption(input: $input) {{ {DECISION}
    balances {{ unit {{ code }} available held }} redemption {{ id points state }} }} }}"""
RELEASE = """mutation($input: ReleaseRedemptionInput!) { releaseRedemption(input: $input) { redemption { state } userErrors { code } } }"""
CAPTURE = """mutation($input: CaptureRedemptionInput!) { captureRedemption(input: $input) { redemption { state points } userErrors { code } } }"""

SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
VISIT = {"key": "visit", "effect": {"stamps": {"stamps": 1}}}
AT_ONCE = {"key": "notice", "effect": {"noticePeriod": {"days": 0}}}


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A sandbox without terms, in pounds."""
    with open_shop(database_url, template="blank", clock=clock, rate_limit=RateLimit(10_000_000, 10_000_000)) as opened:
        yield opened


def key() -> str:
    """An unused idempotency key."""
    return uuid.uuid4().hex


def create(shop: Shop, name: str, **more: object) -> None:
    """Creates a reward."""
    input = {"idempotencyKey": key(), "key": name, "name": name.title(), "description": f"A {name}.", **more}
    assert shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []


def publish(shop: Shop, clock: Clock, *clauses: object, **costs: int) -> None:
    """Publishes the price of each reward in points, at once."""
    priced = [{"key": name, "effect": {"rewardCost": {"reward": name, "points": cost}}} for name, cost in costs.items()]
    input = {
        "idempotencyKey": key(),
        "clauses": [SPEND, AT_ONCE, *clauses, *priced],
        "effectiveFrom": (clock.now + timedelta(seconds=1)).isoformat(),
    }
    assert shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"] == []
    clock.now += timedelta(minutes=1)


SMALL = {"lines": [{"sku": "thing", "quantity": "1", "unitPrice": "1.00"}]}


def offers(shop: Shop, card: str, *, basket: Any = None) -> dict[str, Any]:
    """The offers for a card, by reward."""
    rewards = shop.execute(OFFERS, by={"card": card}, basket=basket)["rewards"]["nodes"]
    return {value["reward"]["key"]: value for value in rewards}


def reward_clauses(shop: Shop, card: str, *, basket: Any = None) -> dict[str, Any]:
    """The clauses about rewards in a basket check, by key."""
    clauses = shop.execute(CHECK, by={"card": card}, basket=basket or SMALL)["basketCheck"]["clauses"]
    return {value["clause"]["key"]: value for value in clauses}


def redeem(shop: Shop, card: str, reward: str, *, basket: Any = None) -> Any:
    """Redeems a reward."""
    input = {"idempotencyKey": key(), "customer": {"card": card}, "reward": {"key": reward}, "basket": basket}
    return shop.execute(TAKE, input=input)["redeemReward"]


def hold(shop: Shop, card: str, reward: str, *, checkout: str | None = None, minutes: int = 60) -> Any:
    """Holds a reward."""
    input = {
        "idempotencyKey": key(),
        "customer": {"card": card},
        "reward": {"key": reward},
        "checkout": checkout or key(),
        "minutes": minutes,
    }
    return shop.execute(HOLD, input=input)["holdRedemption"]


def test_offer_has_the_price_of_old_points_and_the_list_price(shop: Shop, clock: Clock) -> None:
    create(shop, "coffee")
    publish(shop, clock, coffee=75)
    card = shop.enrol()
    shop.buy(card, "75.00")
    publish(shop, clock, coffee=100)
    offer = offers(shop, card)["coffee"]
    assert (offer["cost"], offer["listCost"], offer["missingPoints"], offer["available"]) == (75, 100, 0, True)
    assert offer["refusal"] is None
    qualification = reward_clauses(shop, card)["coffee"]
    assert (qualification["applies"], qualification["points"]) == (True, 75)
    assert shop.execute(BUYS, by={"card": card})["customer"]["wallet"]["balances"][0]["buysToday"] == [
        {"key": "coffee"}
    ]
    payload = redeem(shop, card, "coffee")
    assert (payload["decision"]["outcome"], payload["redemption"]["points"]) == ("GRANTED", 75)
    fresh = offers(shop, card)["coffee"]
    assert (fresh["cost"], fresh["listCost"], fresh["missingPoints"], fresh["available"]) == (100, 100, 100, False)


def test_offer_prices_mixed_points_in_proportion(shop: Shop, clock: Clock) -> None:
    create(shop, "coffee")
    publish(shop, clock, coffee=80)
    card = shop.enrol()
    shop.buy(card, "40.00")
    publish(shop, clock, coffee=100)
    # 40 of 80 pay half of it; the other half costs 50 of 100.
    offer = offers(shop, card)["coffee"]
    assert (offer["cost"], offer["missingPoints"], offer["available"]) == (90, 50, False)
    qualification = reward_clauses(shop, card)["coffee"]
    assert (qualification["applies"], qualification["points"]) == (False, 90)
    shop.buy(card, "50.00")
    offer = offers(shop, card)["coffee"]
    assert (offer["cost"], offer["missingPoints"], offer["available"]) == (90, 0, True)
    assert redeem(shop, card, "coffee")["redemption"]["points"] == 90


def test_offer_out_of_stock_says_so(shop: Shop, clock: Clock) -> None:
    create(shop, "mug", stock=1)
    publish(shop, clock, mug=10)
    card, poor = shop.enrol(), shop.enrol()
    shop.buy(card, "50.00")
    assert offers(shop, card)["mug"]["refusal"] is None
    redeem(shop, card, "mug")
    offer = offers(shop, card)["mug"]
    assert (offer["available"], offer["decision"]["outcome"]) == (False, "GRANTED")
    assert (offer["refusal"]["__typename"], offer["refusal"]["code"]) == ("TechnicalError", "OUT_OF_STOCK")
    refused = redeem(shop, card, "mug")["userErrors"][0]
    assert refused == {name: offer["refusal"][name] for name in ("code", "message", "path")}
    assert hold(shop, card, "mug")["userErrors"][0]["code"] == "OUT_OF_STOCK"
    qualification = reward_clauses(shop, card)["mug"]
    assert (qualification["applies"], qualification["refusal"]["code"], qualification["appliesFrom"]) == (
        False,
        "OUT_OF_STOCK",
        None,
    )
    balances = shop.execute(BUYS, by={"card": card})["customer"]["wallet"]["balances"]
    assert (balances[0]["available"], balances[0]["buysToday"]) == (40, [])
    # Missing points are a refusal by the terms, here and at the till.
    assert (offers(shop, poor)["mug"]["refusal"], reward_clauses(shop, poor)["mug"]["refusal"]) == (None, None)
    assert redeem(shop, poor, "mug")["userErrors"] == []


def test_reward_with_variants_needs_a_choice(shop: Shop, clock: Clock) -> None:
    create(shop, "shirt", variants=["red", "blue"], stock=3)
    publish(shop, clock, shirt=10)
    card, poor = shop.enrol(), shop.enrol()
    shop.buy(card, "50.00")
    for who in (card, poor):
        offer = offers(shop, who)["shirt"]
        assert (offer["available"], offer["refusal"]["code"]) == (False, "VARIANT_REQUIRED")
        qualification = reward_clauses(shop, who)["shirt"]
        assert (qualification["applies"], qualification["refusal"]) == (
            False,
            {"code": "VARIANT_REQUIRED", "path": ["input", "reward"]},
        )
        for done in (redeem(shop, who, "shirt"), hold(shop, who, "shirt")):
            assert (done["decision"], done["redemption"], done["balances"]) == (None, None, [])
            (refused,) = done["userErrors"]
            assert refused == {name: offer["refusal"][name] for name in ("code", "message", "path")}
    offer = offers(shop, card)["shirt"]
    assert (offer["decision"]["outcome"], offer["reward"]["stock"]) == ("GRANTED", 3)
    balances = shop.execute(BUYS, by={"card": card})["customer"]["wallet"]["balances"]
    assert (balances[0]["available"], balances[0]["buysToday"]) == (50, []), "it never costs points"


@pytest.mark.parametrize("language", ["en", "de", "zh-Hans", "zh-Hant"])
def test_missing_variant_is_explained_in_every_language(shop: Shop, clock: Clock, language: str) -> None:
    create(shop, "shirt", variants=["red", "blue"])
    publish(shop, clock, shirt=10)
    card = shop.enrol()
    refusal = shop.execute(OFFERS, by={"card": card}, language=language)["rewards"]["nodes"][0]["refusal"]
    payload = shop.redeem(card, "shirt", language=language)
    assert payload["userErrors"][0]["message"] == refusal["message"] != ""
    marks = {"en": "variants", "de": "Ausführungen", "zh-Hans": "款式", "zh-Hant": "款式"}
    assert marks[language] in refusal["message"]


def test_offer_without_a_customer_shows_the_list_price(shop: Shop, clock: Clock) -> None:
    create(shop, "shirt", variants=["red", "blue"], stock=0)
    publish(shop, clock, shirt=10)
    (offer,) = shop.execute(CATALOGUE)["rewards"]["nodes"]
    assert offer == {
        "reward": {"key": "shirt"},
        "cost": 10,
        "listCost": 10,
        "available": False,
        "missingPoints": None,
        "refusal": None,
        "decision": None,
    }


def test_holds_count_as_used_in_offers_and_basket_checks(shop: Shop, clock: Clock) -> None:
    create(shop, "coffee")
    once = {
        "key": "coffee",
        "conditions": [{"timesPerPeriod": {"times": 1, "period": "MONTH"}}],
        "effect": {"rewardCost": {"reward": "coffee", "points": 10}},
    }
    publish(shop, clock, once)
    card = shop.enrol()
    shop.buy(card, "50.00")
    placed = hold(shop, card, "coffee")["redemption"]["id"]
    offer, qualification, done = (
        offers(shop, card)["coffee"],
        reward_clauses(shop, card)["coffee"],
        redeem(shop, card, "coffee"),
    )
    codes = [reason["code"] for reason in done["decision"]["reasons"]]
    assert "USED_UP" in codes
    assert [reason["code"] for reason in offer["decision"]["reasons"]] == codes
    assert [reason["code"] for reason in qualification["reasons"]] == codes
    assert (offer["available"], qualification["applies"], done["decision"]["outcome"]) == (False, False, "REFUSED")
    shop.execute(RELEASE, input={"idempotencyKey": key(), "hold": {"id": placed}})
    assert offers(shop, card)["coffee"]["available"]
    assert redeem(shop, card, "coffee")["decision"]["outcome"] == "GRANTED"


@pytest.mark.parametrize("lasting", [True, False], ids=["for ever", "expiring"])
def test_offers_on_pending_points_are_the_same_from_snapshot_and_history(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch, lasting: bool
) -> None:
    create(shop, "coffee")
    create(shop, "cake")
    wait = {"key": "pending", "effect": {"pendingPeriod": {"days": 5}}}
    ends = {"key": "valid", "effect": {"pointsValidity": {"months": 6, "expires": True}}}
    more = [] if lasting else [ends]
    publish(shop, clock, wait, *more, coffee=20, cake=90)
    card = shop.enrol()
    for price in ("30.00", "50.00"):
        shop.buy(card, price)
        clock.now += timedelta(days=2)
    publish(shop, clock, wait, *more, coffee=90, cake=200)
    shop.buy(card, "70.00")

    def present_offers() -> dict[str, Any]:
        """What is offered, but for the moment at which it was asked."""
        return {
            key: {**value, "decision": {**value["decision"], "decidedFor": None}}
            for key, value in offers(shop, card).items()
        }

    kept = present_offers()
    assert [value["available"] for value in kept.values()] == [False, False]
    assert "STILL_PENDING" in str(kept), kept

    async def nothing(*_: Any, **__: Any) -> None:
        """As if what is kept said nothing."""

    history = standings.replay_wallet
    with monkeypatch.context() as patch:
        patch.setattr(standings, "_state_from_snapshot", nothing)
        assert present_offers() == kept
    looked: list[Any] = []

    async def noted(*given: Any, **more: Any) -> Any:
        looked.append(given)
        return await history(*given, **more)

    monkeypatch.setattr(standings, "replay_wallet", noted)
    assert present_offers() == kept
    assert bool(looked) is not lasting


def assert_agrees(offer: Any, qualification: Any, done: Any, *, before: int | None) -> None:
    """The decision equals the offer and the basket check; `before` is the balance then, None for a late one."""
    unit = offer["unit"]["code"]
    assert qualification["points"] == offer["cost"]
    assert qualification["applies"] == offer["available"]
    if offer["refusal"] is not None:
        assert done["userErrors"] == [{name: offer["refusal"][name] for name in ("code", "message", "path")}]
        assert (done["decision"], done["redemption"], offer["available"]) == (None, None, False)
        return
    assert done["userErrors"] == []
    said, answered = offer["decision"], done["decision"]
    assert (said["outcome"], said["points"]) == (answered["outcome"], answered["points"])
    assert [reason["code"] for reason in said["reasons"]] == [reason["code"] for reason in answered["reasons"]]
    assert [reason["remedies"] for reason in said["reasons"]] == [reason["remedies"] for reason in answered["reasons"]]
    assert offer["available"] == (answered["outcome"] == "GRANTED")
    if offer["available"]:
        assert (done["redemption"]["points"], offer["missingPoints"]) == (offer["cost"], 0)
    else:
        assert done["redemption"] is None
    if before is not None:
        after = next((balance["available"] for balance in done["balances"] if balance["unit"]["code"] == unit), 0)
        assert before - after == (offer["cost"] if offer["available"] else 0)


@pytest.mark.parametrize("seed", range(3))
def test_redemption_costs_what_the_offer_said_after_any_history(shop: Shop, clock: Clock, seed: int) -> None:
    """Random histories with dearer and cheaper prices, refunds, holds and waits; every offer is then taken at its word."""
    chance = random.Random(seed)
    names = ("coffee", "cake", "mug", "shirt", "meal")
    for name, more in zip(names, ({}, {}, {"stock": 2}, {"variants": ["s", "m"]}, {}), strict=True):
        create(shop, name, **more)

    def change_prices() -> None:
        meal = {"rewardCost": {"reward": "meal", "points": chance.randint(1, 3), "unit": "STAMPS"}}
        limited = {
            "key": "cake",
            "conditions": [{"timesPerPeriod": {"times": 2, "period": "MONTH"}}],
            "effect": {"rewardCost": {"reward": "cake", "points": chance.randint(5, 40)}},
        }
        costs = {name: chance.randint(20, 60) for name in ("coffee", "mug", "shirt")}
        old = {"key": "old", "effect": {"grandfathering": {"days": chance.choice([0, 30, 180])}}}
        owing = {
            "key": "owing",
            "effect": {"refundPolicy": {"mode": chance.choice(["CLAMP_TO_ZERO", "ALLOW_NEGATIVE"])}},
        }
        pending = [{"key": "pending", "effect": {"pendingPeriod": {"days": 5}}}] * chance.choice([0, 0, 1])
        publish(shop, clock, VISIT, limited, old, owing, *pending, {"key": "meal", "effect": meal}, **costs)

    change_prices()
    card = shop.enrol()
    receipts: list[str] = []
    granted: list[bool] = []
    for step in range(24):
        action = chance.choice(["buy", "buy", "buy", "refund", "hold", "wait", "prices"])
        if action == "buy":
            receipts.append(f"r{step}")
            shop.buy(card, f"{chance.randint(5, 60)}.00", receipt=receipts[-1])
        elif action == "refund" and receipts:
            shop.refund(receipts.pop(chance.randrange(len(receipts))))
        elif action == "hold":
            hold(shop, card, chance.choice(names), minutes=chance.choice([30, 1440]))
        elif action == "wait":
            clock.now += timedelta(hours=chance.choice([1, 30, 400]))
        elif action == "prices":
            change_prices()
        name = chance.choice(names)
        offer, qualification = offers(shop, card)[name], reward_clauses(shop, card)[name]
        balances = shop.execute(BUYS, by={"card": card})["customer"]["wallet"]["balances"]
        mine = [balance for balance in balances if balance["unit"]["code"] == offer["unit"]["code"]]
        bought = {value["key"] for unit in mine for value in unit["buysToday"]}
        assert (name in bought) == offer["available"]
        payload = redeem(shop, card, name)
        assert_agrees(offer, qualification, payload, before=mine[0]["available"] if mine else 0)
        granted.append(offer["available"])
    assert True in granted
    assert False in granted


def some_basket(chance: random.Random, *, now: datetime, since: datetime) -> Any:
    """A basket of now or of an earlier time, with or without what the clauses ask for."""
    line = {"sku": chance.choice(["tea", "pot"]), "quantity": "1", "unitPrice": f"{chance.randint(1, 12)}.00"}
    late = chance.choice([None, None, since + (now - since) * chance.random()])
    return {
        "lines": [{**line, "taxRate": chance.choice([None, "0.2"])}],
        "channel": chance.choice([None, "STORE", "ONLINE"]),
        "payments": [{"kind": chance.choice(["CARD", "CASH"]), "amount": "1.00"}],
        "occurredAt": late.isoformat() if late is not None else None,
    }


@pytest.mark.parametrize("seed", range(3))
def test_redemption_agrees_with_the_offer_for_any_basket(shop: Shop, clock: Clock, seed: int) -> None:
    """Conditions on the basket, late tills, and a customer who is merged into another one half-way."""
    chance = random.Random(seed)
    asks: dict[str, list[dict[str, object]]] = {
        "coffee": [{"minimumSpend": {"amount": "6.00", "basis": "GROSS"}}],
        "cake": [{"minimumSpend": {"amount": "6.00", "basis": "NET"}}, {"channels": {"channels": ["STORE"]}}],
        "mug": [{"products": {"include": ["tea"]}}, {"timesPerPeriod": {"times": 2, "period": "DAY"}}],
        "shirt": [{"paymentMethods": {"methods": ["CARD"]}}],
        "meal": [{"weekdaysAndHours": {"days": ["MONDAY", "FRIDAY"], "start": "08:00", "end": "18:00"}}],
    }
    for name in asks:
        create(shop, name, **({"stock": 3} if name == "mug" else {}))

    def change_prices() -> None:
        clauses = [
            {
                "key": name,
                "conditions": given,
                "effect": {"rewardCost": {"reward": name, "points": chance.randint(5, 40)}},
            }
            for name, given in asks.items()
        ]
        pending = [{"key": "pending", "effect": {"pendingPeriod": {"days": 2}}}] * chance.choice([0, 1])
        publish(shop, clock, *pending, *clauses)

    change_prices()
    since = clock.now
    cards = [shop.enrol(), shop.enrol()]
    granted: list[bool] = []
    for step in range(24):
        if step == 14:
            merge = {
                "idempotencyKey": key(),
                "merged": {"card": cards[1]},
                "survivor": {"card": cards[0]},
                "reason": "One.",
            }
            assert shop.execute(MERGE, role=Role.STAFF, input=merge)["mergeCustomers"]["userErrors"] == []
        card = chance.choice(cards)
        action = chance.choice(["buy", "buy", "wait", "prices"])
        if action == "buy":
            shop.buy(card, f"{chance.randint(20, 60)}.00")
        elif action == "wait":
            clock.now += timedelta(hours=chance.choice([1, 5, 30, 200]))
        else:
            change_prices()
        name = chance.choice(list(asks))
        basket = some_basket(chance, now=clock.now, since=since)
        offer, qualification = offers(shop, card, basket=basket)[name], reward_clauses(shop, card, basket=basket)[name]
        assert_agrees(offer, qualification, redeem(shop, card, name, basket=basket), before=None)
        granted.append(offer["available"])
    assert True in granted
    assert False in granted
