"""Program settings: the owner changes them over the API, and they apply to the next request of any key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.shop import Shop, open_shop

UPDATE = """mutation($input: UpdateProgramInput!) {
  updateProgram(input: $input) { program { receiptNumbers receiptDayStarts } userErrors { code path } } }"""
SETTINGS = "{ program { receiptNumbers receiptDayStarts } }"


@pytest.fixture(params=[ProgramKind.LIVE, ProgramKind.SANDBOX])
def shop(request: pytest.FixtureRequest, database_url: str) -> Iterator[Shop]:
    """A live program and a sandbox."""
    with open_shop(database_url, kind=request.param) as opened:
        yield opened


def update(shop: Shop, *, key: str | None = None, **settings: Any) -> Any:
    """Changes settings as the owner."""
    input = {"idempotencyKey": key or uuid.uuid4().hex, **settings}
    return shop.execute(UPDATE, role=Role.OWNER, input=input)["updateProgram"]


def test_receipt_numbers_are_unique_by_default(shop: Shop) -> None:
    assert shop.execute(SETTINGS)["program"] == {"receiptNumbers": "UNIQUE", "receiptDayStarts": "00:00"}


def test_changed_setting_applies_to_the_next_request_of_any_key(shop: Shop) -> None:
    shop.execute(SETTINGS)
    changed = update(shop, receiptNumbers="PER_DAY", receiptDayStarts="04:00")
    set_now = {"receiptNumbers": "PER_DAY", "receiptDayStarts": "04:00"}
    assert changed == {"program": set_now, "userErrors": []}
    assert shop.execute(SETTINGS)["program"] == set_now
    assert shop.execute(SETTINGS, role=Role.STAFF)["program"] == set_now


def test_omitted_settings_are_unchanged(shop: Shop) -> None:
    update(shop, receiptNumbers="PER_LOCATION", receiptDayStarts="05:30")
    assert update(shop, receiptDayStarts="00:00")["program"]["receiptNumbers"] == "PER_LOCATION"
    assert update(shop, receiptNumbers="UNIQUE")["program"] == {"receiptNumbers": "UNIQUE", "receiptDayStarts": "00:00"}


def test_repeated_settings_change_is_executed_once(shop: Shop) -> None:
    update(shop, key="once", receiptNumbers="PER_DAY")
    update(shop, receiptNumbers="UNIQUE")
    assert update(shop, key="once", receiptNumbers="PER_DAY")["program"]["receiptNumbers"] == "UNIQUE"
    assert update(shop, key="once", receiptNumbers="UNIQUE")["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("role", [Role.STAFF, Role.TILL])
def test_only_the_owner_changes_settings(shop: Shop, role: Role) -> None:
    input = {"idempotencyKey": "mine", "receiptNumbers": "PER_DAY"}
    body = shop.send(UPDATE, role=role, input=input).json()
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert shop.execute(SETTINGS)["program"]["receiptNumbers"] == "UNIQUE"


def test_german_form_of_address_is_a_setting(shop: Shop) -> None:
    query = "{ program { region formOfAddress } }"
    assert shop.execute(query)["program"] == {"region": "GB", "formOfAddress": "FORMAL"}
    update(shop, formOfAddress="INFORMAL")
    assert shop.execute(query, role=Role.STAFF)["program"]["formOfAddress"] == "INFORMAL"
    update(shop, receiptNumbers="PER_DAY")
    assert shop.execute(query)["program"]["formOfAddress"] == "INFORMAL"
