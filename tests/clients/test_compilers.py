"""Relay's compiler, graphql-codegen and tsc make the clients of the present schema anew, which then spend a till's day.

They come from npm (`make clients`, 290 MB). Where they are not installed, these tests are skipped, in CI they fail. What the
compilers made before is committed and run by `test_javascript_clients.py`, always.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.graphql_server.execution.persisted_documents import PersistedDocuments, read_trusted_documents
from tests.cli.command import ROOT
from tests.clients.days import HERE, LEDGER, arguments, assert_day_as_expected
from tests.node import NODE, run_node
from tests.shop import open_shop
from tests.time_limits import HANGS

INSTALLED = HERE / "node" / "node_modules"
LOUD = "THE COMPILERS OF RELAY AND TYPESCRIPT WERE NOT TRIED: `make clients` INSTALLS THEM, AND NEEDS npm AND A NETWORK"


MISTAKES = (
    ("quantity: '1' }", "quantity: 1 }", "Type 'number' is not assignable to type 'string'"),
    ("reward: { key: 'coffee' }", "reward: { key: 'coffee', id: 'x' }", "Types of property 'id' are incompatible"),
    ("redeemReward?.redemption?.id", "redeemReward.redemption.id", "is possibly 'null'"),
    ("outcome === 'GRANTED'", "outcome === 'GRANTD'", "no overlap"),
)
"""Parts of the typed day, mistakes in their place, and what tsc says about each."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the JavaScript clients without what was made before, in a copy of as much of the repository as they need."""
    if not (INSTALLED / ".package-lock.json").exists():
        if os.environ.get("CI"):
            pytest.fail(LOUD, pytrace=False)
        pytest.skip(LOUD)
    copy = tmp_path / "tests" / "clients"
    ignored = shutil.ignore_patterns("node_modules", "__generated__", "generated", "*.py", "__pycache__")
    shutil.copytree(HERE, copy, ignore=ignored)
    shutil.copyfile(ROOT / "schema.graphql", tmp_path / "schema.graphql")
    (copy / "node" / "node_modules").symlink_to(INSTALLED)
    return copy / "node"


def test_relay_compiles_for_the_present_schema_and_spends_a_day(folder: Path, sqlite_url: str) -> None:
    (folder / "relay" / "__generated__").mkdir()
    (folder / "relay" / "trusted.json").write_text("{}", encoding="utf-8")
    run_node(INSTALLED / "relay-compiler" / "cli.js", "relay.config.json", folder=folder, may_warn=True)
    trusted = read_trusted_documents(folder / "relay" / "trusted.json")
    assert set(trusted) == set(read_trusted_documents(HERE / "node" / "relay" / "trusted.json")), "make clients"
    with open_shop(sqlite_url, persisted=PersistedDocuments(trusted=trusted)) as shop:
        printed = run_node(folder / "relay.mjs", *arguments(shop))
    with open_shop(sqlite_url, program=shop.program) as shop:
        spent = assert_day_as_expected(printed, shop, asks_for_the_card=False)
    assert [entry for entry in reversed(spent.ledger) if entry[1]] == LEDGER


def tsc(folder: Path) -> str:
    """What the TypeScript compiler finds wrong, with `strict` and more."""
    command = [
        str(NODE),
        str(INSTALLED / "typescript" / "bin" / "tsc"),
        "--project",
        "tsconfig.json",
        "--pretty",
        "false",
    ]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=HANGS)
    assert (result.returncode == 0) is (result.stdout == "")
    return result.stdout


def test_codegen_types_the_present_schema_and_the_day_is_strictly_typed(folder: Path, sqlite_url: str) -> None:
    run_node(
        INSTALLED / "@graphql-codegen" / "cli" / "esm" / "bin.js",
        "--config",
        "codegen.json",
        folder=folder,
        may_warn=True,
    )
    assert tsc(folder) == ""
    with open_shop(sqlite_url) as shop:
        printed = run_node(folder / "typed" / "day.ts", *arguments(shop))
        assert_day_as_expected(printed, shop, asks_for_the_card=True)
    day = folder / "typed" / "day.ts"
    text = day.read_text(encoding="utf-8")
    for right, wrong, _ in MISTAKES:
        assert right in text
        text = text.replace(right, wrong)
    day.write_text(text, encoding="utf-8")
    found = tsc(folder)
    assert [wrong for _, wrong, error in MISTAKES if error not in found] == []
