"""Pages, cursors and ids."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from app.api.conventions.ids import decode, encode, type_and_key
from app.api.conventions.pagination import PageWindow, decode_cursor, encode_cursor, page_window

KEY = "0199d2f0-1c2b-7abc-8def-0123456789ab"


def opaque(text: str) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(st.integers(0, 10**18 - 1))
def test_cursor_decodes_to_its_position(place: int) -> None:
    assert decode_cursor(encode_cursor(place)) == place


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "====", "djE6MQ==", "djE6MQ\n", " djE6MQ", opaque("v2:1"), opaque("v1:"), opaque("v1:-1"), opaque("v1:01"), opaque("v1:1 "), opaque("1"), opaque("v1:" + "9" * 19), "A" * 10_000],
)  # fmt: skip
def test_invalid_cursor_is_rejected(cursor: str) -> None:
    with pytest.raises(GraphQLError) as refused:
        decode_cursor(cursor)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT"}


def test_page_has_the_first_20_items_by_default() -> None:
    assert page_window(first=None, after=None, last=None, before=None) == PageWindow(20, None, None, from_end=False)


def test_last_counts_from_the_end() -> None:
    expected = PageWindow(size=5, after=2, before=9, from_end=True)
    assert page_window(first=None, after=encode_cursor(2), last=5, before=encode_cursor(9)) == expected


@pytest.mark.parametrize("size", [1, 100])
def test_page_has_1_to_100_items(size: int) -> None:
    assert page_window(first=size, after=None, last=None, before=None).size == size
    assert page_window(first=None, after=None, last=size, before=None).size == size


@pytest.mark.parametrize(("first", "last"), [(0, None), (101, None), (-1, None), (None, 0), (None, 101), (1, 1)])
def test_invalid_page_arguments_are_rejected(first: int | None, last: int | None) -> None:
    with pytest.raises(GraphQLError) as refused:
        page_window(first=first, after=None, last=last, before=None)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("type_name", "key"), [("Customer", KEY), ("Terms", KEY + ".1"), ("Terms", KEY + ".0"), ("LedgerEntry", KEY)]
)
def test_id_decodes_to_its_type_and_key(type_name: str, key: str) -> None:
    opaque_id = encode(type_name, key)
    assert type_and_key(opaque_id) == (type_name, key)
    assert decode(opaque_id, type_name) == key
    assert decode(opaque_id, "Reward") is None


@pytest.mark.parametrize(
    "id",
    ["", "x", "é", "Customer:" + KEY, opaque("Customer"), opaque("Customer:"), opaque(":" + KEY), opaque("customer:" + KEY), opaque("Customer:" + KEY.upper()), opaque("Terms:1"), opaque(f"Terms:{KEY}.01"), opaque(f"Terms:{KEY}.1") + "=", opaque(f"Terms:{KEY}.1\n"), opaque(f"Terms:{KEY}.99999999999"), opaque(f"Customer:{KEY}.1"), opaque("Customer:' OR 1=1"), "A" * 10_000],
)  # fmt: skip
def test_invalid_id_finds_nothing(id: str) -> None:
    assert type_and_key(id) is None
    assert decode(id, "Customer") is None


@given(st.text(max_size=60))
def test_any_text_as_an_id_or_cursor_fails_cleanly(text: str) -> None:
    assert type_and_key(text) is None
    with suppress(GraphQLError):
        decode_cursor(text)
