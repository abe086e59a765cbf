"""gql, and the client that ariadne-codegen makes of the present schema, spend a till's day with a real server.

Both need an older graphql-core than the server, so `make test` sets up an environment of their own for them.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import ROOT
from tests.clients.days import HERE, arguments, assert_day_as_expected
from tests.shop import open_shop
from tests.time_limits import HANGS

BIN = ROOT / ".venv-clients" / "bin"
LOUD = "THE PYTHON CLIENTS WERE NOT TRIED: `make test` SETS .venv-clients UP FOR THEM"


@pytest.fixture
def installed() -> None:
    """The environment is there; in CI it always is."""
    if not (BIN / "python").exists():
        if os.environ.get("CI"):
            pytest.fail(LOUD, pytrace=False)
        pytest.skip(LOUD)


def run(*command: str | Path, **variables: str) -> str:
    """What a command of that environment prints. Raises AssertionError with all it said when it fails."""
    given = [str(BIN / command[0]), *map(str, command[1:])]
    result = subprocess.run(
        given, env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=HANGS
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_gql_spends_a_day(installed: None, sqlite_url: str) -> None:
    with open_shop(sqlite_url) as shop:
        printed = run("python", HERE / "python" / "with_gql.py", *arguments(shop))
        assert_day_as_expected(printed, shop, asks_for_the_card=True)


CONFIG = """
[tool.ariadne-codegen]
schema_path = "{root}/schema.graphql"
queries_path = "{root}/tests/clients/till.graphql"
target_package_path = "{target}"
target_package_name = "till_client"
client_name = "Client"
async_client = false
include_all_inputs = false
include_all_enums = false

[tool.ariadne-codegen.scalars.Decimal]
type = "decimal.Decimal"

[tool.ariadne-codegen.scalars.DateTime]
type = "datetime.datetime"
"""


def test_ariadne_codegen_makes_a_client_that_spends_a_day(installed: None, sqlite_url: str, tmp_path: Path) -> None:
    config = tmp_path / "codegen.toml"
    config.write_text(CONFIG.format(root=ROOT, target=tmp_path), encoding="utf-8")
    run("ariadne-codegen", "--config", config)
    with open_shop(sqlite_url) as shop:
        printed = run("python", HERE / "python" / "with_ariadne_codegen.py", *arguments(shop), PYTHONPATH=str(tmp_path))
        assert_day_as_expected(printed, shop, asks_for_the_card=True)
