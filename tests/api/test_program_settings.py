"""Program settings: the owner changes them over the API, and they apply to the next request of any key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.domain.programs.slug import SlugTaken
from tests.shop import Shop, create_program, open_shop

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


ADDRESS = "{ program { slug listed } }"


def test_public_name_and_listing_are_settings(shop: Shop) -> None:
    listed = shop.program.program.kind is ProgramKind.LIVE
    assert shop.execute(ADDRESS)["program"] == {"slug": "shop", "listed": listed}
    update(shop, slug="the-teapot", listed=not listed)
    assert shop.execute(ADDRESS, role=Role.STAFF)["program"] == {"slug": "the-teapot", "listed": not listed}
    update(shop, receiptNumbers="PER_DAY")
    assert shop.execute(ADDRESS)["program"] == {"slug": "the-teapot", "listed": not listed}


def test_public_name_of_another_program_is_rejected(shop: Shop) -> None:
    other = create_program(shop.url).program
    assert (other.slug, other.name) == ("shop-2", "Shop")
    taken = update(shop, slug="shop-2", listed=True)
    assert taken["userErrors"] == [{"code": "SLUG_TAKEN", "path": ["input", "slug"]}]
    assert update(shop, slug="shop", listed=True)["userErrors"] == []
    assert update(shop, slug="Shop 3")["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "slug"]}]
    with pytest.raises(SlugTaken):
        create_program(shop.url, slug="shop")


def test_two_programs_that_ask_for_one_public_name_at_once_do_not_share_it(shop: Shop) -> None:
    others = [shop, *(Shop(shop.address, create_program(shop.url), shop.client, shop.url) for _ in range(3))]
    wanted = shop.in_parallel([partial(update, other, slug="the-teapot") for other in others])
    assert sorted(answer["userErrors"] == [] for answer in wanted) == [False, False, False, True]
    slugs = [other.execute(ADDRESS)["program"]["slug"] for other in others]
    assert slugs.count("the-teapot") == 1
    created = shop.in_parallel([partial(create_program, shop.url, name="Café") for _ in range(4)])
    assert {new.program.slug for new in created} == {"cafe", "cafe-2", "cafe-3", "cafe-4"}
