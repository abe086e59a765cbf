"""The audits of GraphQL over HTTP (the package graphql-http), all of them, against a real server.

They run in the Node that Playwright brings, from a file of their package in `http_audits/`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node import run_node
from tests.shop import Shop, open_shop

FOLDER = Path(__file__).parent / "http_audits"
AUDITS = 61


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Shop]:
    with open_shop(sqlite_url) as opened:
        yield opened


def test_every_audit_of_graphql_over_http_is_passed(shop: Shop) -> None:
    printed = run_node(FOLDER / "audit.mjs", f"{shop.address}/graphql")
    audits = [json.loads(line) for line in printed.splitlines()]
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == AUDITS


def test_the_audits_are_those_of_the_package() -> None:
    for item in json.loads((FOLDER / "vendored.json").read_text(encoding="utf-8")):
        assert hashlib.sha256((FOLDER / item["file"]).read_bytes()).hexdigest() == item["sha256"], item["file"]
