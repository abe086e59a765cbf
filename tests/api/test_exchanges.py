"""An exchange is a refund and a purchase in one call: both or neither, on both databases."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import pytest

from app.domain.access import Role
from app.graphql_server.limits.rate_limits import RateLimit
from app.store.database.session import Session
from app.store.purchases import purchases
from tests.api.test_access import code_of, customer_key
from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_foreign_ids import all_rows
from tests.api.test_late_events import REWARD, at, entries_and_balance
from tests.api.test_refunds_by_amount_and_payment import CUPS
from tests.shop import DECISION, Shop, open_shop
from tests.time_limits import HANGS
from tests.transfers import error_codes, find_customer, join, merge
from tests.verification import discrepancies_in

EXCHANGE = f"""mutation($input: RecordExchangeInput!) {{ recordExchange(input: $input) {{
  {DECISION} toPay {{ amount currencyCode }} balances {{ available owed unit {{ code }} }} customer {{ id }}
  purchase {{ id externalId occurredAt }} entry {{ id type points }}
  refund {{ decision {{ outcome decidedFor points {{ points unit {{ code }} }} reasons {{ code statement }} }} shortfall pointsRestored
    cash {{ amount currencyCode }} purchase {{ externalId }} entry {{ id type points }} }} }} }}"""
SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
BIG = {"key": "big", "conditions": [{"minimumSpend": {"amount": "40.00"}}], "effect": {"bonusPoints": {"points": 10}}}
FIVE = {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 30}}}
STAMP = {"key": "visit", "effect": {"stamps": {"stamps": 1}}}
SILVER = [
    {"key": "silver", "effect": {"tier": {"tier": "silver", "name": "Silver", "points": 100}}},
    {"key": "kept", "effect": {"tierPeriod": {"period": "CALENDAR_YEAR", "graceDays": 0}}},
    {
        "key": "extra",
        "conditions": [{"tierAtLeast": {"tier": "silver"}}],
        "effect": {"bonusPoints": {"points": 5}},
    },
]

Opening = Callable[..., Shop]


@pytest.fixture
def opening(database_url: str) -> Iterator[Opening]:
    """Opens a sandbox with a reward worth five pounds under the clauses given; its ledger is verified at the end."""
    with open_shop(database_url, template="blank", rate_limit=RateLimit(10_000_000, 10_000_000)) as shop:
        input = {"idempotencyKey": "five", "key": "five", "name": "Five pounds off", "description": "Five pounds"}
        assert shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []

        def opened(*clauses: Any) -> Shop:
            publish(shop, *(clauses or (SPEND, BIG, FIVE)), effectiveFrom="2020-01-01T00:00:00Z")
            return shop

        yield opened
        assert discrepancies_in(database_url) == []


def exchange_input(
    price: str, back: Any, *, receipt: str | None = None, key: str | None = None, **more: Any
) -> dict[str, Any]:
    """The input of an exchange for one article; `back` is a receipt, or the whole refund input."""
    customer = {"customer": more.pop("customer")} if "customer" in more else {}
    lines = [{"sku": "thing", "quantity": "1", "unitPrice": price}]
    return {
        "idempotencyKey": key or uuid.uuid4().hex,
        "refund": {"purchase": {"externalId": back}} if isinstance(back, str) else back,
        "purchase": {"externalId": receipt or uuid.uuid4().hex, "lines": lines, **more},
        **customer,
    }


def exchange(shop: Shop, price: str, back: Any, **more: Any) -> Any:
    """Exchanges returned goods for one article."""
    return shop.execute(EXCHANGE, input=exchange_input(price, back, **more))["recordExchange"]


def balances(answer: Any) -> dict[str, tuple[int, int]]:
    """Available and owed amounts by unit."""
    return {balance["unit"]["code"]: (balance["available"], balance["owed"]) for balance in answer["balances"]}


def points(decided: Any) -> int:
    """The points of a decision."""
    found: int = decided["decision"]["points"][0]["points"]
    return found


def test_exchange_records_the_refund_and_the_purchase_in_one_call(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R-1")
    payload = exchange(shop, "50.00", "R-1", receipt="R-2")
    assert error_codes(payload) == []
    # 30.00 of it take the place of what came back; 20.00 are a purchase of the moment.
    assert (points(payload), points(payload["refund"])) == (20, 0)
    assert (payload["entry"]["type"], payload["entry"]["points"]) == ("EARN", 20)
    assert (payload["refund"]["entry"]["type"], payload["refund"]["entry"]["points"]) == ("CLAWBACK", 0)
    assert balances(payload) == {"points": (50, 0)}
    assert payload["refund"]["cash"] == {"amount": "0.00", "currencyCode": "GBP"}
    assert payload["toPay"] == {"amount": "20.00", "currencyCode": "GBP"}
    assert (payload["refund"]["shortfall"], payload["refund"]["pointsRestored"]) == (0, 0)
    assert (payload["purchase"]["externalId"], payload["refund"]["purchase"]["externalId"]) == ("R-2", "R-1")
    assert payload["customer"]["id"] == find_customer(shop, card)["id"]
    assert (
        payload["decision"]["decidedFor"]
        == payload["refund"]["decision"]["decidedFor"]
        == payload["purchase"]["occurredAt"]
    )
    cheaper = exchange(shop, "12.50", "R-2", occurredAt=payload["purchase"]["occurredAt"])
    assert (cheaper["toPay"]["amount"], balances(cheaper)) == ("-37.50", {"points": (13, 0)})
    assert entries_and_balance(shop, card)[0] == [
        ("EARN", 30),
        ("EARN", 20),
        ("CLAWBACK", 0),
        ("EARN", 0),
        ("CLAWBACK", -37),
    ]


def test_some_of_the_lines_can_be_exchanged(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "", receipt="R", lines=CUPS)
    back = {
        "purchase": {"externalId": "R"},
        "lines": [{"line": 1, "quantity": "3"}],
        "externalId": "F",
        "reason": "blue",
    }
    payload = exchange(shop, "12.00", back)
    # 42.00 are kept of 60.00, which is as much as the bonus asks for.
    assert (points(payload), points(payload["refund"]), balances(payload)) == (0, 18, {"points": (52, 0)})
    assert (payload["refund"]["cash"]["amount"], payload["toPay"]["amount"]) == ("18.00", "-18.00")
    money = exchange(shop, "4.00", {"purchase": {"externalId": "R"}, "amount": "5.00"})
    assert (money["refund"]["cash"]["amount"], balances(money)) == ("1.00", {"points": (51, 0)})


REFUSED: list[tuple[Any, Any, str, list[str]]] = [
    ({"lines": [{"line": 9}]}, {}, "NOTHING_TO_REFUND", ["refund", "lines"]),
    ({"lines": [{"line": 1, "quantity": "7"}]}, {}, "NOTHING_TO_REFUND", ["refund", "lines"]),
    ({"lines": [{"line": 1, "quantity": "0"}]}, {}, "INVALID_INPUT", ["refund", "lines", "0", "quantity"]),
    ({"lines": []}, {}, "INVALID_INPUT", ["refund", "lines"]),
    ({"amount": "70.00"}, {}, "NOTHING_TO_REFUND", ["refund", "amount"]),
    ({"amount": "1.001"}, {}, "INVALID_INPUT", ["refund", "amount"]),
    ({"externalId": "F"}, {}, "RECEIPT_DIFFERS", ["refund", "externalId"]),
    ({"reason": "x" * 201}, {}, "INVALID_INPUT", ["refund", "reason"]),
    ({"purchase": {"id": "nonsense"}}, {}, "PURCHASE_NOT_FOUND", ["refund", "purchase"]),
    ({}, {"occurredAt": at(days=-1)}, "CLOCK_SKEW", ["purchase", "occurredAt"]),
    ({}, {"occurredAt": "2019-01-01T00:00:00Z"}, "CLOCK_SKEW", ["purchase", "occurredAt"]),
    ({}, {"externalId": "R-2"}, "RECEIPT_DIFFERS", ["purchase", "externalId"]),
    ({}, {"externalId": "x" * 201}, "INVALID_INPUT", ["purchase", "externalId"]),
    ({}, {"currencyCode": "EUR"}, "RATE_MISSING", ["purchase", "currencyCode"]),
    ({}, {"lines": []}, "INVALID_INPUT", ["purchase", "lines"]),
    ({}, {"locationId": "nonsense"}, "LOCATION_NOT_FOUND", ["purchase", "locationId"]),
]
"""What is wrong with what comes back, or with what is bought; the code and the path of the refusal."""


@pytest.mark.parametrize("more", [[], SILVER], ids=["plain", "tiers"])
def test_exchange_with_one_rejected_part_writes_nothing(opening: Opening, more: list[Any]) -> None:
    shop = opening(SPEND, BIG, FIVE, STAMP, *more)
    card = shop.enrol()
    shop.buy(card, "", receipt="R", lines=CUPS, occurredAt=at())
    shop.buy(card, "5.00", receipt="R-2", occurredAt=at(hours=1))
    assert error_codes(shop.refund("R-2", externalId="F", occurredAt=at(hours=2))) == []
    before = all_rows(shop)
    for back, bought, code, path in REFUSED:
        given = exchange_input("50.00", {"purchase": {"externalId": "R"}, **back}, key="k", occurredAt=at(days=1))
        given["purchase"] |= bought
        payload = shop.execute(EXCHANGE, input=given)["recordExchange"]
        assert error_codes(payload) == [(code, path)]
        assert [payload[name] for name in ("decision", "refund", "toPay", "purchase", "entry", "customer")] == [
            None
        ] * 6
        assert payload["balances"] == []
        assert all_rows(shop) == before, (code, path)
    right = exchange_input("50.00", "R", key="k", occurredAt=at(days=1))
    assert error_codes(shop.execute(EXCHANGE, input=right)["recordExchange"]) == [], "no refusal is kept under the key"


def test_same_key_gets_the_same_response_and_is_executed_once(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R-1")
    given = exchange_input("50.00", "R-1", key="k", occurredAt=None)
    at_once = shop.in_parallel([lambda: shop.execute(EXCHANGE, input=given)["recordExchange"]] * 10)
    assert all(value == at_once[0] for value in at_once)
    assert error_codes(at_once[0]) == []
    shop.buy(card, "7.00")
    assert shop.execute(EXCHANGE, input=given)["recordExchange"] == at_once[0]
    entries = entries_and_balance(shop, card)[0]
    assert entries == [("EARN", 30), ("EARN", 20), ("CLAWBACK", 0), ("EARN", 7)]
    for other in (exchange_input("50.01", "R-1", key="k"), given | {"customer": {"card": card}}):
        assert error_codes(shop.execute(EXCHANGE, input=other)["recordExchange"]) == [
            ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
        ]
    assert entries_and_balance(shop, card)[0] == entries


def test_known_exchange_is_answered_as_recorded_under_any_key(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "", receipt="R", lines=CUPS, occurredAt=at())
    back = {"purchase": {"externalId": "R"}, "lines": [{"line": 1, "quantity": "1"}], "externalId": "F"}
    given = {"receipt": "R-2", "occurredAt": at(days=1)}
    first = exchange(shop, "9.00", back, **given)
    entries = shop.ledger(card)
    again = exchange(shop, "9.00", back, **given)
    assert again | {"refund": again["refund"] | {"pointsRestored": 0}} == first
    assert error_codes(exchange(shop, "8.00", back, **given)) == [("RECEIPT_DIFFERS", ["purchase", "externalId"])]
    assert error_codes(exchange(shop, "9.00", back | {"lines": [{"line": 2}]}, **given)) == [
        ("RECEIPT_DIFFERS", ["refund", "externalId"])
    ]
    assert shop.ledger(card) == entries


def test_receipt_of_a_refund_alone_is_no_exchange(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "", receipt="R", lines=CUPS, occurredAt=at())
    one_cup = {"purchase": {"externalId": "R"}, "lines": [{"line": 1, "quantity": "1"}]}
    given = {"receipt": "R-2", "occurredAt": at(days=1)}
    assert error_codes(exchange(shop, "9.00", one_cup, **given)) == []
    numbered = one_cup | {"externalId": "F"}
    before = all_rows(shop)
    assert error_codes(exchange(shop, "9.00", one_cup, **given)) == [], (
        "it is known, also without a number of its refund"
    )
    assert error_codes(exchange(shop, "9.00", numbered, **given)) == [("RECEIPT_DIFFERS", ["refund", "externalId"])]
    assert all_rows(shop) | {"idempotency_keys": 0} == before | {"idempotency_keys": 0}
    alone = {"externalId": "F", "lines": [{"line": 1, "quantity": "1"}], "occurredAt": at(days=2)}
    assert error_codes(shop.refund("R", **alone)) == []
    before = all_rows(shop)
    assert error_codes(exchange(shop, "9.00", numbered, receipt="R-3", occurredAt=at(days=2))) == [
        ("RECEIPT_DIFFERS", ["refund", "externalId"])
    ]
    assert all_rows(shop) == before


def test_receipt_of_a_purchase_cannot_be_the_new_receipt_of_an_exchange(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R", occurredAt=at())
    shop.buy(card, "9.00", receipt="N", occurredAt=at(hours=1))
    before = all_rows(shop)
    assert error_codes(exchange(shop, "9.00", "R", receipt="N", occurredAt=at(hours=1))) == [
        ("RECEIPT_DIFFERS", ["purchase", "externalId"])
    ]
    assert all_rows(shop) == before


def test_only_the_buyer_can_exchange(opening: Opening) -> None:
    shop = opening()
    buyer, other = shop.enrol(), shop.enrol()
    bought = shop.buy(buyer, "30.00", receipt="R-1", occurredAt=at())
    before = all_rows(shop)
    refused = [
        ({"card": other}, ("OTHER_CUSTOMER", ["customer"])),
        ({"card": "NOBODY"}, ("CUSTOMER_NOT_FOUND", ["customer"])),
        ({"id": bought["purchase"]["id"]}, ("CUSTOMER_NOT_FOUND", ["customer", "id"])),
    ]
    for customer, refusal in refused:
        assert error_codes(exchange(shop, "9.00", "R-1", customer=customer)) == [refusal]
    assert all_rows(shop) == before
    back = {"purchase": {"id": bought["purchase"]["id"]}, "amount": "1.00"}
    by_id = {"id": find_customer(shop, buyer)["id"]}
    for number, who in enumerate(({"customer": {"card": buyer}}, {"customer": by_id}, {})):
        payload = exchange(shop, "9.00", back, occurredAt=at(hours=1 + number), **who)
        assert (error_codes(payload), payload["customer"]) == ([], by_id)
    assert shop.available(other) == 0


def test_exchange_of_a_merged_customer_goes_to_the_survivor(opening: Opening) -> None:
    shop = opening()
    merged, survivor, third = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(merged, "30.00", receipt="R-1")
    shop.buy(survivor, "20.00", receipt="R-2")
    assert error_codes(merge(shop, merged, survivor)) == []
    assert error_codes(join(shop, third, survivor)) == []
    assert error_codes(exchange(shop, "9.00", "R-1", customer={"card": third})) == [("OTHER_CUSTOMER", ["customer"])]
    some = {"purchase": {"externalId": "R-1"}, "amount": "1.00"}
    for who in ({}, {"customer": {"card": merged}}, {"customer": {"card": survivor}}):
        payload = exchange(shop, "2.00", some, **who)
        assert (error_codes(payload), payload["customer"]) == ([], {"id": find_customer(shop, survivor)["id"]})
    payload = exchange(shop, "2.00", {"purchase": {"externalId": "R-2"}, "amount": "1.00"}, customer={"card": merged})
    assert (error_codes(payload), balances(payload)) == ([], {"points": (54, 0)})


def test_exchange_moves_points_and_stamps_in_both_parts(opening: Opening) -> None:
    shop = opening(SPEND, STAMP)
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R-1", occurredAt=at())
    payload = exchange(shop, "20.00", "R-1", receipt="R-2", occurredAt=at(hours=1))
    assert balances(payload) == {"points": (20, 0), "stamps": (1, 0)}
    assert [point["points"] for point in payload["decision"]["points"]] == [0, 0]
    assert [point["points"] for point in payload["refund"]["decision"]["points"]] == [10, 0]
    query = "query($by: CustomerBy!) { customer(by: $by) { ledger(unit: STAMPS) { nodes { type points } } } }"
    stamps = shop.execute(query, by={"card": card})["customer"]["ledger"]["nodes"]
    assert [(stamp["type"], stamp["points"]) for stamp in stamps] == [("CLAWBACK", 0), ("EARN", 0), ("EARN", 1)]


def test_exchange_can_reach_and_lose_a_tier(opening: Opening) -> None:
    shop = opening(SPEND, *SILVER)
    card = shop.enrol()
    shop.buy(card, "90.00", receipt="R-1", occurredAt=at())
    up = exchange(shop, "110.00", "R-1", receipt="R-2", occurredAt=at(days=1))
    assert (points(up), points(up["refund"]), balances(up)) == (20, 0, {"points": (110, 0)})
    query = "query($by: CustomerBy!) { customer(by: $by) { tier { key } } }"
    assert shop.execute(query, by={"card": card})["customer"]["tier"]["key"] == "silver"
    down = exchange(shop, "10.00", "R-2", receipt="R-3", occurredAt=at(days=2))
    # Both purchases were made without a tier, so what is kept of them earns without one.
    assert (points(down), points(down["refund"]), balances(down)) == (0, 100, {"points": (10, 0)})
    assert shop.execute(query, by={"card": card})["customer"]["tier"]["key"] is None
    assert entries_and_balance(shop, card)[1]["available"] == 10


def test_late_exchange_is_applied_at_its_own_time(opening: Opening) -> None:
    shop = opening(SPEND, FIVE, {"key": "welcome", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 20}}})  # fmt: skip
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R-1", occurredAt=at())
    shop.redeem(card, "five", basket={"occurredAt": at(days=3), "lines": []})
    late = exchange(shop, "10.00", "R-1", occurredAt=at(days=1))
    # 10.00 are kept, and the first purchase is still one: the reward of the third day is paid for.
    assert (points(late), points(late["refund"])) == (0, 20)
    assert balances(late) == {"points": (0, 0)}


def test_payment_with_points_is_restored_as_points_and_not_charged_again(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "70.00", occurredAt=at())
    paid = [
        shop.redeem(card, "five", basket={"occurredAt": at(hours=hours), "lines": []})["redemption"]["id"]
        for hours in (1, 2)
    ]
    with_points = [[{"kind": "POINTS", "amount": "5.00", "redemptionId": value}] for value in paid]
    shop.buy(card, "20.00", receipt="R-1", payments=with_points[0], occurredAt=at(hours=3))
    payload = exchange(shop, "30.00", "R-1", payments=with_points[1], occurredAt=at(hours=4))
    # What points had paid stays paid for what is handed out.
    assert (
        payload["refund"]["pointsRestored"],
        payload["refund"]["cash"]["amount"],
        payload["toPay"]["amount"],
    ) == (
        0,
        "0.00",
        "5.00",
    )
    cheaper = exchange(shop, "10.00", payload["purchase"]["externalId"], occurredAt=at(hours=5))
    assert (cheaper["refund"]["pointsRestored"], cheaper["refund"]["cash"]["amount"]) == (40, "13.33")
    foreign = [{"kind": "POINTS", "amount": "5.00", "redemptionId": paid[0]}]
    other = shop.enrol()
    shop.buy(other, "5.00", receipt="R-9", occurredAt=at(hours=5))
    assert error_codes(exchange(shop, "9.00", "R-9", payments=foreign, occurredAt=at(hours=6))) == [
        ("REDEMPTION_NOT_FOUND", ["purchase", "payments"])
    ]


def test_exchange_amount_is_in_one_currency(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    euros = {"currencyCode": "EUR", "exchangeRate": "0.50"}
    shop.buy(card, "30.00", receipt="R-1", occurredAt=at(), **euros)
    same = exchange(shop, "50.00", {"purchase": {"externalId": "R-1"}, "amount": "10.00"}, occurredAt=at(hours=1), **euros)  # fmt: skip
    assert same["toPay"] == {"amount": "40.00", "currencyCode": "EUR"}
    mixed = exchange(shop, "50.00", {"purchase": {"externalId": "R-1"}}, occurredAt=at(hours=2))
    assert error_codes(mixed) == [("INVALID_INPUT", ["purchase", "currencyCode"])]


def test_exchange_needs_permission_for_refund_and_purchase(opening: Opening, database_url: str) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R-1")
    own = customer_key(database_url, shop, card)
    assert code_of(shop, EXCHANGE, key=own, input=exchange_input("9.00", "R-1")) == "FORBIDDEN"
    some = {"purchase": {"externalId": "R-1"}, "amount": "1.00"}
    for role in (Role.OWNER, Role.STAFF, Role.TILL):
        assert (
            error_codes(shop.execute(EXCHANGE, role=role, input=exchange_input("9.00", some))["recordExchange"]) == []
        )


def test_concurrent_exchanges_of_the_same_goods_succeed_once(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    bought = shop.buy(card, "30.00", receipt="R-1")
    ways = [{"externalId": "R-1"}, {"id": bought["purchase"]["id"]}] * 6
    answers = shop.in_parallel([lambda way=way: exchange(shop, "9.00", {"purchase": way}) for way in ways])
    assert Counter(str(error_codes(answer)) for answer in answers) == {
        "[]": 1,
        "[('NOTHING_TO_REFUND', ['refund', 'purchase'])]": 11,
    }
    assert Counter(kind for kind, _ in shop.ledger(card)) == {"EARN": 2, "CLAWBACK": 1}
    assert shop.available(card) == 9


def test_crossed_receipts_of_exchanges_do_not_deadlock(opening: Opening, database_url: str) -> None:
    """Each exchange wants the receipts of both, the one as refunded and the other as new."""
    shop = opening()
    card, other = shop.enrol(), shop.enrol()
    shop.buy(card, "30.00", receipt="A")
    shop.buy(other, "30.00", receipt="B")
    calls = [lambda: exchange(shop, "30.00", "A", receipt="B"), lambda: exchange(shop, "30.00", "B", receipt="A")]
    answers = shop.in_parallel(calls * 12)
    assert {str(error_codes(answer)) for answer in answers} == {"[('RECEIPT_DIFFERS', ['purchase', 'externalId'])]"}
    assert deadlocks(database_url) == 0
    assert (shop.ledger(card), shop.ledger(other)) == ([("EARN", 30)], [("EARN", 30)])


def deadlocks(url: str) -> int:
    """The number of deadlocks so far; SQLite has one writer and none."""

    async def read() -> int:
        connection = await asyncpg.connect(url)
        try:
            sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            return int(await connection.fetchval(sql))
        finally:
            await connection.close()

    return 0 if url.startswith("sqlite") else asyncio.run(read())


def test_exchange_waits_for_a_purchase_being_recorded(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = opening()
    card = shop.enrol()
    begun, slowly = slow_purchases(monkeypatch)

    def behind() -> Any:
        assert begun.wait(HANGS)
        return exchange(shop, "9.00", "A")

    sold, done = shop.in_parallel([lambda: shop.buy(card, "40.00", receipt="A"), behind])
    assert (error_codes(sold), error_codes(done)) == ([], [])
    assert slowly() >= 1
    assert shop.available(card) == 9


def test_refund_finds_a_purchase_just_made_in_an_exchange(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """The purchase is held up between its look for refunds that wait and its end."""
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "40.00", receipt="A")
    begun, slowly = slow_purchases(monkeypatch)

    def behind() -> Any:
        assert begun.wait(HANGS)
        return shop.refund("B")

    done, back = shop.in_parallel([lambda: exchange(shop, "9.00", "A", receipt="B"), behind])
    assert (error_codes(done), error_codes(back)) == ([], [])
    assert slowly() >= 1
    assert shop.available(card) == 0
    query = "{ pendingRefunds { receipt } }"
    assert shop.execute(query, role=Role.STAFF)["pendingRefunds"] == []


def slow_purchases(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, Callable[[], int]]:
    """Slows purchases down after they looked for pending refunds; signals the first one and counts them."""
    look_for, begun, times = purchases.lookup_receipt, threading.Event(), [0]

    async def slowly(session: Session, **asked: Any) -> Any:
        found = await look_for(session, **asked)
        times[0] += 1
        begun.set()
        if session.dialect == "postgres":
            await asyncio.sleep(0.3)
        return found

    monkeypatch.setattr(purchases, "lookup_receipt", slowly)
    return begun, lambda: times[0]


def test_pending_refund_of_the_new_goods_is_applied_within_the_exchange(opening: Opening) -> None:
    shop = opening()
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="A", occurredAt=at())
    assert shop.refund("B", occurredAt=at(days=2), amount="4.00")["decision"] is None
    payload = exchange(shop, "9.00", "A", receipt="B", occurredAt=at(days=1))
    assert (points(payload), points(payload["refund"]), balances(payload)) == (0, 21, {"points": (5, 0)})
    assert shop.available(card) == 5


def test_ledger_verifies_after_concurrent_actions_of_one_customer(opening: Opening) -> None:
    shop = opening(SPEND, BIG, FIVE, STAMP)
    card = shop.enrol()
    for number in range(8):
        shop.buy(card, "30.00", receipt=f"R{number}", occurredAt=at(hours=number))
    calls: list[Callable[[], Any]] = [lambda n=n: exchange(shop, "20.00", f"R{n}") for n in range(6)]
    calls += [lambda n=n: shop.refund(f"R{n}") for n in range(2, 8)]
    calls += [lambda: shop.buy(card, "5.00")] * 6 + [lambda: shop.redeem(card, "five")] * 6
    answers = shop.in_parallel(calls)
    refused = Counter(code for answer in answers for code, _ in error_codes(answer))
    assert refused == {"NOTHING_TO_REFUND": 4}
    exchanged = sum(not error_codes(answer) for answer in answers[:6])
    entries, balance = entries_and_balance(shop, card)
    assert exchanged + sum(not error_codes(answer) for answer in answers[6:12]) == 8
    assert sum(number for kind, number in entries if kind == "EARN") == 8 * 30 + 6 * 5
    assert balance["available"] - balance["owed"] == sum(number for _, number in entries)


def test_exchange_during_a_merge_is_recorded(opening: Opening) -> None:
    shop = opening()
    merged, survivor = shop.enrol(), shop.enrol()
    for number in range(8):
        shop.buy(merged, "30.00", receipt=f"R{number}")
    calls: list[Callable[[], Any]] = [
        lambda n=n: exchange(shop, "20.00", f"R{n}", customer={"card": merged}) for n in range(8)
    ]
    answers = shop.in_parallel([*calls[:4], lambda: merge(shop, merged, survivor), *calls[4:]])
    assert [error_codes(answer) for answer in answers] == [[]] * 9
    assert shop.available(survivor) == 8 * 20
