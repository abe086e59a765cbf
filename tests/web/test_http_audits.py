"""The audits of GraphQL over HTTP (the package graphql-http), all of them, against a real server.

They need Node and npm, which puts the package into a folder outside of the checkout. Without them the test is skipped, but
not in CI.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.shop import Shop, open_shop
from tests.time_limits import HANGS

FOLDER = Path(__file__).parent / "http_audits"
AUDITS = 61


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder with the installed packages."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = Path(tempfile.gettempdir()) / f"troth-http-audits-{os.getuid()}-{sha256(lock).hexdigest()[:16]}"
    if (folder / "node_modules" / "graphql-http").exists():
        return folder
    found = shutil.which("node") and shutil.which("npm")
    installed = False
    if found:
        folder.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        installed = subprocess.run(command, cwd=folder, capture_output=True, timeout=HANGS).returncode == 0
    if not installed:
        assert "CI" not in os.environ, "CI has Node, npm and a network"
        pytest.skip("THE HTTP AUDITS ARE SKIPPED: they need Node, npm and a network")
    return folder


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Shop]:
    with open_shop(sqlite_url) as opened:
        yield opened


def test_every_audit_of_graphql_over_http_is_passed(shop: Shop, packages: Path) -> None:
    command = ["node", str(FOLDER / "audit.mjs"), str(packages), f"{shop.address}/graphql"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANGS).stdout
    audits = [json.loads(line) for line in printed.splitlines()]
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == AUDITS
