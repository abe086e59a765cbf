"""Looking up customers by what can be guessed is counted per access key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.api.customer_lookups import MISS_COST, CustomerLookups, TooManyLookups
from app.domain.access import Role
from tests.shop import BUY, ENROL, Shop, open_shop

PER_MINUTE = 60
LOOK = "query($by: CustomerBy!) { customer(by: $by) { id } }"


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Shop]:
    """A shop whose keys may look up 60 customers a minute."""
    with open_shop(sqlite_url, lookups_per_minute=PER_MINUTE) as opened:
        yield opened


def code(shop: Shop, query: str, *, role: Role = Role.TILL, **variables: Any) -> str | None:
    """The code of the first error."""
    errors = shop.send(query, role=role, **variables).json().get("errors")
    return errors[0]["extensions"]["code"] if errors else None


def batch(start: int) -> str:
    """A query for twenty telephone numbers."""
    fields = " ".join(f'c{n}: customer(by: {{ phone: "+4474{start + n:08}" }}) {{ id }}' for n in range(20))
    return f"{{ {fields} }}"


def test_500_numbers_do_not_go_through_in_25_requests(shop: Shop) -> None:
    answered = 0
    for request in range(25):
        body = shop.send(batch(request * 20)).json()
        limited = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert limited <= {"RATE_LIMITED"}
        answered += 20 - len(body.get("errors", ()))
    # What comes back while the test runs is a look-up a second.
    assert answered < 100


def test_too_many_look_ups_say_when_to_come_back_and_stop_no_other_key(shop: Shop) -> None:
    card = shop.enrol()
    shop.send(batch(0))
    response = shop.send(LOOK, by={"card": card})
    assert response.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert int(response.headers["retry-after"]) >= 1
    assert code(shop, LOOK, role=Role.STAFF, by={"card": card}) is None
    purchase = {"externalId": "r", "lines": [{"sku": "a", "quantity": "1", "unitPrice": "1.00"}]}
    given = {"idempotencyKey": "b", "customer": {"card": card}, "purchase": purchase}
    assert code(shop, BUY, input=given) == "RATE_LIMITED"
    assert code(shop, BUY, role=Role.STAFF, input=given) is None


def test_ids_are_not_counted(shop: Shop) -> None:
    card = shop.enrol()
    id = shop.execute(LOOK, by={"card": card})["customer"]["id"]
    for _ in range(PER_MINUTE + 10):
        assert shop.execute(LOOK, by={"id": id})["customer"]["id"] == id


def test_purchases_of_known_customers_are_not_counted(shop: Shop) -> None:
    card = shop.enrol()
    bought = [shop.buy(card, "1.00") for _ in range(PER_MINUTE + 10)]
    assert [payload["userErrors"] for payload in bought] == [[]] * (PER_MINUTE + 10)
    assert bought[-1]["balances"][0]["available"] == PER_MINUTE + 10


@pytest.mark.parametrize("mutation", ["recordPurchase", "enrolCustomer"])
def test_mutations_that_tell_who_is_a_member_are_counted(shop: Shop, mutation: str) -> None:
    known = shop.enrol()
    found = []
    for number in range(PER_MINUTE // MISS_COST + 10):
        key = f"k{number}"
        if mutation == "enrolCustomer":
            found.append(code(shop, ENROL, input={"idempotencyKey": key, "identities": [{"card": known}]}))
        else:
            purchase = {"externalId": key, "lines": [{"sku": "a", "quantity": "1", "unitPrice": "1.00"}]}
            given = {"idempotencyKey": key, "customer": {"card": f"NOBODY{number}"}, "purchase": purchase}
            found.append(code(shop, BUY, input=given))
    assert found[: PER_MINUTE // MISS_COST] == [None] * (PER_MINUTE // MISS_COST)
    assert found[-1] == "RATE_LIMITED"


def test_look_ups_come_back_with_time() -> None:
    at = [0.0]
    lookups = CustomerLookups(60, clock=lambda: at[0])
    lookups.charge("key", 60)
    lookups.admit("key")
    lookups.charge("key", 5)
    with pytest.raises(TooManyLookups) as early:
        lookups.admit("key")
    assert early.value.wait == pytest.approx(5.0)
    lookups.admit("another")
    at[0] = 5.01
    lookups.admit("key")
    assert lookups.blocked_until == {}
