"""The chapters of the docs are executed: their requests are sent in order and their responses compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.access import Role
from tests.cli.command import ROOT
from tests.shop import open_shop
from tests.verification import discrepancies_in

_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECOND_OF_MARCH = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def steps(chapter: str) -> Iterator[tuple[str, Role, Any]]:
    """The requests with who sends them, and the answer that the chapter prints, if any."""
    blocks = _BLOCK.findall((ROOT / "docs" / chapter).read_text(encoding="utf-8"))
    for index, (kind, role, text) in enumerate(blocks):
        if kind != "graphql":
            continue
        follows = blocks[index + 1] if index + 1 < len(blocks) else ("", "", "")
        yield text, Role(role.upper()), json.loads(follows[2]) if follows[0] == "json" else None


def ids_of_response(found: Any) -> dict[str, str]:
    """The ids in a response that a later request may use, by the names of their variables."""
    parts = [part for part in found.values() if isinstance(part, dict)]
    objects = [(name, part.get(name) or {}) for part in parts for name in ("redemption", "quarantined")]
    return {name: object["id"] for name, object in objects if "id" in object}


def no_errors(found: Any) -> bool:
    """Whether nothing was refused for a technical reason, but what is kept."""
    return not any(value.get("userErrors") and not value.get("quarantined") for value in found.values())


@pytest.mark.parametrize(
    ("chapter", "answers"),
    [
        ("ledger.md", 7),
        ("stamps.md", 5),
        ("receipt-corrections.md", 2),
        ("staff.md", 1),
        ("access-keys.md", 1),
        ("offers.md", 3),
        ("numbers.md", 4),
        ("paying.md", 4),
        ("returns.md", 3),
        ("quarantine.md", 2),
    ],
)
def test_chapter_can_be_followed_request_by_request(database_url: str, chapter: str, answers: int) -> None:
    compared, ids = 0, dict[str, str]()
    with open_shop(database_url, template="blank", clock=lambda: SECOND_OF_MARCH) as shop:
        for text, role, answer in steps(chapter):
            data = shop.execute(text, role=role, **{name: id for name, id in ids.items() if f"${name}" in text})
            ids |= ids_of_response(data)
            assert no_errors(data) or data == answer, (text, data)
            if answer is not None:
                assert data == answer, text
                compared += 1
        assert discrepancies_in(shop.url) == []
    assert compared >= answers
