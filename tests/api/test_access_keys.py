"""Access keys are listed, created, rotated and revoked over the API, and end when they should."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import code_of
from tests.shop import Shop, open_shop

CREATE = """mutation($input: CreateAccessKeyInput!) { createAccessKey(input: $input) {
  token accessKey { id role label state expiresAt customer { id } } userErrors { code path } } }"""
ROTATE = """mutation($input: RotateAccessKeyInput!) { rotateAccessKey(input: $input) {
  token accessKey { id role label expiresAt replaces { id } } replaced { id state expiresAt } userErrors { code path } } }"""
REVOKE = """mutation($input: RevokeAccessKeyInput!) { revokeAccessKey(input: $input) {
  accessKey { id state revokedAt } userErrors { code path } } }"""
KEYS = """query($role: Role, $state: AccessKeyState, $first: Int, $after: String) {
  accessKeys(role: $role, state: $state, first: $first, after: $after) {
    nodes { id role label state lastUsedAt createdBy { role } } pageInfo { hasNextPage endCursor } } }"""
VIEWER = "{ viewer { role customer { id } } }"
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """The clock of a server; a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """The time, a millisecond later than the one before."""
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the shop."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop whose server's clock the test moves."""
    with open_shop(database_url, clock=clock) as opened:
        yield opened


def create(shop: Shop, *, key: str | None = None, idempotency_key: str = "c", **input: Any) -> Any:
    """The payload of createAccessKey, by default with the owner's key."""
    given = {"idempotencyKey": idempotency_key, **input}
    return shop.execute(CREATE, role=Role.OWNER, key=key, input=given)["createAccessKey"]


def created(shop: Shop, **input: Any) -> tuple[str, str]:
    """The id and the token of a new key."""
    payload = create(shop, **input)
    assert payload["userErrors"] == []
    return payload["accessKey"]["id"], payload["token"]


def revoke(shop: Shop, id: str, *, key: str | None = None, idempotency_key: str = "r") -> Any:
    """The payload of revokeAccessKey, by default with the owner's key."""
    given = {"idempotencyKey": idempotency_key, "accessKey": id}
    return shop.execute(REVOKE, role=Role.OWNER, key=key, input=given)["revokeAccessKey"]


def rotate(shop: Shop, id: str, *, idempotency_key: str = "o", **input: Any) -> Any:
    """The payload of rotateAccessKey with the owner's key."""
    given = {"idempotencyKey": idempotency_key, "accessKey": id, **input}
    return shop.execute(ROTATE, role=Role.OWNER, input=given)["rotateAccessKey"]


def opens(shop: Shop, token: str) -> bool:
    """Whether a token opens the program."""
    answer = shop.send(VIEWER, key=token).json()
    if "errors" not in answer:
        return True
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    return False


def in_days(days: float) -> str:
    """A time after the start of the clock."""
    return (START + timedelta(days=days)).isoformat()


def test_owner_creates_and_lists_keys_without_their_secrets(shop: Shop) -> None:
    id, token = created(shop, role="TILL", label="Till 2")
    assert token.startswith("troth_till_")
    assert shop.execute(VIEWER, key=token) == {"viewer": {"role": "TILL", "customer": None}}
    listed = shop.execute(KEYS, role=Role.OWNER)["accessKeys"]
    assert [(key["role"], key["label"], key["state"]) for key in listed["nodes"]] == [
        ("OWNER", "owner", "ACTIVE"),
        ("STAFF", "staff", "ACTIVE"),
        ("TILL", "till", "ACTIVE"),
        ("TILL", "Till 2", "ACTIVE"),
    ]
    assert [key["createdBy"] for key in listed["nodes"]] == [None, None, None, {"role": "OWNER"}]
    page = shop.execute(KEYS, role=Role.OWNER, first=3)["accessKeys"]
    rest = shop.execute(KEYS, role=Role.OWNER, after=page["pageInfo"]["endCursor"])["accessKeys"]
    assert [key["id"] for key in rest["nodes"]] == [id]
    tills = shop.execute(KEYS, role=Role.OWNER, state=None, first=1)["accessKeys"]
    assert tills["pageInfo"]["hasNextPage"]
    assert token not in shop.send(KEYS, role=Role.OWNER).text


def test_repetition_of_create_answers_the_key_without_its_token(shop: Shop) -> None:
    first = create(shop, role="STAFF", label="Ana")
    again = create(shop, role="STAFF", label="Ana")
    assert first["token"] is not None
    assert again == {**first, "token": None}
    assert create(shop, role="TILL", label="Ana")["userErrors"] == [
        {"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "idempotencyKey"]}
    ]


def test_revoked_key_stops_at_once_on_this_server(shop: Shop) -> None:
    id, token = created(shop, role="TILL")
    assert opens(shop, token)
    payload = revoke(shop, id)
    assert (payload["accessKey"]["state"], payload["userErrors"]) == ("REVOKED", [])
    assert not opens(shop, token)
    assert shop.send(VIEWER, key=token).json()["errors"][0]["message"] == "This access key was revoked."
    assert revoke(shop, id, idempotency_key="r2") == payload, "once more changes nothing"
    listed = shop.execute(KEYS, role=Role.OWNER, state="REVOKED")["accessKeys"]["nodes"]
    assert [key["id"] for key in listed] == [id]


def test_key_ends_when_it_expires(shop: Shop, clock: Clock) -> None:
    _, token = created(shop, role="TILL", expiresAt=in_days(10))
    assert opens(shop, token)
    # What is cached until then is cached by the time of the machine.
    clock.now = START + timedelta(days=10, milliseconds=-300)
    _, other = created(shop, idempotency_key="c2", role="TILL", expiresAt=in_days(10))
    assert opens(shop, other)
    clock.now = START + timedelta(days=10)
    time.sleep(0.3)
    assert not opens(shop, other)
    assert shop.send(VIEWER, key=other).json()["errors"][0]["message"] == "This access key has expired."
    assert [key["state"] for key in shop.execute(KEYS, role=Role.OWNER, state="EXPIRED")["accessKeys"]["nodes"]] == [
        "EXPIRED",
        "EXPIRED",
    ]


def test_clock_of_a_sandbox_ends_no_key(shop: Shop) -> None:
    _, token = created(shop, role="TILL", expiresAt=in_days(10))
    move = "mutation($input: AdvanceClockInput!) { advanceClock(input: $input) { userErrors { code } } }"
    shop.execute(move, role=Role.OWNER, input={"idempotencyKey": "m", "to": in_days(30)})
    assert opens(shop, token)


def test_rotation_overlaps_for_the_stated_time(shop: Shop, clock: Clock) -> None:
    id, token = created(shop, role="TILL", label="Till 2", expiresAt=in_days(100))
    clock.now = START + timedelta(days=90)
    payload = rotate(shop, id, overlapMinutes=60)
    assert payload["userErrors"] == []
    assert (payload["accessKey"]["role"], payload["accessKey"]["label"]) == ("TILL", "Till 2")
    assert payload["accessKey"]["replaces"] == {"id": id}
    ends = datetime.fromisoformat(payload["replaced"]["expiresAt"])
    assert timedelta(0) <= ends - (START + timedelta(days=90, minutes=60)) < timedelta(seconds=5)
    lasts = datetime.fromisoformat(payload["accessKey"]["expiresAt"]) - (START + timedelta(days=190))
    assert abs(lasts) < timedelta(seconds=5), "as long as the old one was meant to last"
    assert opens(shop, token)
    assert opens(shop, payload["token"])
    clock.now = ends
    assert rotate(shop, id, idempotency_key="o2")["userErrors"] == [
        {"code": "ACCESS_KEY_ENDED", "path": ["input", "accessKey"]}
    ]
    assert rotate(shop, id, overlapMinutes=60)["token"] is None, "a repetition"
    assert not opens(shop, token)
    assert opens(shop, payload["token"])


def test_rotated_key_is_not_rotated_again(shop: Shop) -> None:
    id, _ = created(shop, role="TILL")
    newer = rotate(shop, id)
    assert newer["replaced"]["state"] == "ACTIVE"
    assert rotate(shop, id, idempotency_key="o2")["userErrors"][0]["code"] == "ACCESS_KEY_ENDED"
    assert rotate(shop, newer["accessKey"]["id"], idempotency_key="o3")["userErrors"] == []
    at_once = rotate(shop, created(shop, idempotency_key="c2", role="TILL")[0], idempotency_key="o4", overlapMinutes=0)
    assert at_once["replaced"]["state"] == "EXPIRED"
    assert rotate(shop, id, idempotency_key="o5", overlapMinutes=-1)["userErrors"] == [
        {"code": "INVALID_INPUT", "path": ["input", "overlapMinutes"]}
    ]


@pytest.mark.parametrize("by", ["card", "phone", "email", "externalId"])
def test_customers_key_is_for_one_customer_by_any_identity(shop: Shop, by: str) -> None:
    values = {"card": "CARD0001", "phone": "+447400123456", "email": "ann@example.com", "externalId": "4711"}
    enrol = "mutation($input: EnrolCustomerInput!) { enrolCustomer(input: $input) { customer { id } } }"
    ann = shop.execute(enrol, input={"idempotencyKey": "e", "identities": [{by: values[by]}]})["enrolCustomer"]
    _, token = created(shop, role="CUSTOMER", customer={by: values[by]}, expiresAt=in_days(90))
    assert shop.execute(VIEWER, key=token) == {"viewer": {"role": "CUSTOMER", "customer": ann["customer"]}}


def test_customers_key_needs_a_customer_and_an_end(shop: Shop) -> None:
    card = shop.enrol()

    def errors(**input: Any) -> Any:
        found = [(error["code"], error["path"][-1]) for error in create(shop, role="CUSTOMER", **input)["userErrors"]]
        return found[0]

    assert errors(expiresAt=in_days(1)) == ("INVALID_INPUT", "customer")
    assert errors(customer={"card": card}) == ("INVALID_INPUT", "expiresAt")
    assert errors(customer={"card": card}, expiresAt=in_days(-1)) == ("INVALID_INPUT", "expiresAt")
    assert errors(customer={"card": card}, expiresAt=in_days(400)) == ("INVALID_INPUT", "expiresAt")
    assert errors(customer={"card": "NOBODY01"}, expiresAt=in_days(1)) == ("CUSTOMER_NOT_FOUND", "customer")
    assert errors(customer={"card": card}, expiresAt=in_days(1), label="x" * 101) == ("INVALID_INPUT", "label")
    assert create(shop, role="CUSTOMER", customer={"card": card}, expiresAt=in_days(366))["userErrors"] == []


def test_key_of_another_role_can_be_tied_to_its_holder(shop: Shop) -> None:
    card = shop.enrol()
    _, token = created(shop, role="STAFF", customer={"card": card})
    adjust = "mutation($input: AdjustPointsInput!) { adjustPoints(input: $input) { userErrors { code } } }"
    given = {"idempotencyKey": "a", "customer": {"card": card}, "points": 5, "reason": "mine"}
    assert shop.execute(adjust, key=token, input=given) == {"adjustPoints": {"userErrors": [{"code": "OWN_CARD"}]}}


def test_integration_lets_customers_in_and_sees_none_of_them(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00")
    integration_id, integration = created(shop, role="INTEGRATION", label="App")
    payload = create(
        shop, key=integration, idempotency_key="c2", role="CUSTOMER", customer={"card": card}, expiresAt=in_days(30)
    )
    assert payload["userErrors"] == []
    assert payload["accessKey"]["customer"] is None, "whose key it is, it knows; what they have is not its business"
    own = payload["token"]
    assert opens(shop, own)
    for query in (
        "query($by: CustomerBy!) { customer(by: $by) { id } }",
        "query($by: CustomerBy!) { rewards(for: $by) { nodes { cost } } }",
        "query($by: CustomerBy!) { basketCheck(customer: $by, basket: { lines: [] }) { decision { outcome } } }",
    ):
        assert set(shop.execute(query, key=integration, by={"card": card}).values()) == {None}
    assert shop.execute("{ terms { version } rewards { nodes { cost } } }", key=integration)["terms"] is not None
    for role in (role for role in Role if role is not Role.CUSTOMER):
        given = {"idempotencyKey": f"x-{role}", "role": role.value}
        assert code_of(shop, CREATE, key=integration, input=given) == "FORBIDDEN"
    assert code_of(shop, KEYS, key=integration) == "FORBIDDEN"
    assert code_of(shop, ROTATE, key=integration, input={"idempotencyKey": "x", "accessKey": integration_id}) == (
        "FORBIDDEN"
    )
    refused = revoke(shop, integration_id, key=integration)
    assert [error["code"] for error in refused["userErrors"]] == ["ACCESS_KEY_NOT_FOUND"]
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert shop.execute(node, key=integration, id=integration_id) == {"node": None}
    assert shop.execute(node, key=integration, id=payload["accessKey"]["id"])["node"] is not None
    assert revoke(shop, payload["accessKey"]["id"], key=integration, idempotency_key="r2")["userErrors"] == []
    assert not opens(shop, own)


@pytest.mark.parametrize("role", [Role.STAFF, Role.TILL, Role.CUSTOMER])
def test_other_roles_have_nothing_to_do_with_keys(shop: Shop, role: Role) -> None:
    card = shop.enrol()
    own = created(shop, role="CUSTOMER", customer={"card": card}, expiresAt=in_days(1))
    key = own[1] if role is Role.CUSTOMER else shop.program.token(role)
    given = {"idempotencyKey": "x", "role": "CUSTOMER", "customer": {"card": card}, "expiresAt": in_days(1)}
    assert code_of(shop, KEYS, key=key) == "FORBIDDEN"
    assert code_of(shop, CREATE, key=key, input=given) == "FORBIDDEN"
    for mutation in (ROTATE, REVOKE):
        assert code_of(shop, mutation, key=key, input={"idempotencyKey": "y", "accessKey": own[0]}) == "FORBIDDEN"
    assert shop.execute("query($id: ID!) { node(id: $id) { id } }", key=key, id=own[0]) == {"node": None}


def test_key_that_does_not_exist_cannot_be_ended(shop: Shop) -> None:
    reward = shop.execute("{ rewards { nodes { reward { id } } } }")["rewards"]["nodes"][0]["reward"]["id"]
    for id in ("x", reward):
        expected = [{"code": "ACCESS_KEY_NOT_FOUND", "path": ["input", "accessKey"]}]
        assert revoke(shop, id, idempotency_key=f"r-{id}")["userErrors"] == expected
        assert rotate(shop, id, idempotency_key=f"o-{id}")["userErrors"] == expected
