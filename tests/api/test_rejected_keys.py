"""Keys that open nothing are counted, and logged by their beginning alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app.api.rejected_keys import LOG_LIMIT, RejectedKeys
from app.domain.access import Role
from app.queries.programs.authentication import KeyRejection, RejectedKey
from tests.api.test_access_keys import created, revoke
from tests.shop import Shop, open_shop

TOKEN = "troth_till_01900000aaaabbbbccccddddeeeeffff_" + "s" * 43 + "01234567"


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Shop]:
    """A shop on SQLite."""
    with open_shop(sqlite_url) as opened:
        yield opened


def test_a_line_has_the_beginning_of_a_key_and_nothing_else_of_it() -> None:
    rejected, at = RejectedKeys(clock=lambda: 0.0), RejectedKey(KeyRejection.UNKNOWN)
    with structlog.testing.capture_logs() as lines:
        rejected.note(TOKEN, at)
        rejected.note("ada.lovelace@example.com", RejectedKey(KeyRejection.MALFORMED))
    assert [(line["why"], line["prefix"], line["count"]) for line in lines] == [
        ("UNKNOWN", "troth_till_01900000", 1),
        ("MALFORMED", None, 1),
    ]
    assert "aaaabbbb" not in str(lines)
    assert "lovelace" not in str(lines)


def test_a_flood_is_counted_and_does_not_fill_the_log() -> None:
    at = [0.0]
    rejected = RejectedKeys(clock=lambda: at[0])
    with structlog.testing.capture_logs() as lines:
        for _ in range(1_000):
            rejected.note(TOKEN, RejectedKey(KeyRejection.UNKNOWN))
        assert len(lines) == LOG_LIMIT.capacity
        at[0] = 1.5
        rejected.note(TOKEN, RejectedKey(KeyRejection.UNKNOWN))
    assert rejected.counts == {"UNKNOWN": 1_001}
    assert (lines[-1]["count"], lines[-1]["unlogged"]) == (1_001, 1_000 - LOG_LIMIT.capacity)


def test_use_of_a_revoked_key_is_logged_with_its_id(shop: Shop) -> None:
    id, token = created(shop, role=Role.TILL.value)
    revoke(shop, id)
    with structlog.testing.capture_logs() as lines:
        shop.send("{ viewer { role } }", key=token)
    found: list[Any] = [line for line in lines if line["event"] == "access key rejected"]
    assert [(line["why"], line["access_key"].replace("-", "")) for line in found] == [("REVOKED", token.split("_")[2])]
    assert token.split("_", 3)[3] not in str(lines)
