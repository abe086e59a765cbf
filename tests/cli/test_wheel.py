"""The wheel has everything that runs: it is built, installed into an empty folder, and its demo started from another one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from tests.cli.command import ROOT
from tests.live_server import free_port
from tests.time_limits import HANGS, eventually

BALANCE = '{ customer(by: { externalId: "17850" }) { wallet { balances { available } } } }'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=HANGS)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_has_every_file_of_the_application(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "app", "migrations"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not re.match(r"troth-[\w.]+\.dist-info/", name)}
    assert set(listed) - names == set()
    assert {name.partition("/")[0] for name in names} == {"app", "migrations"}


def test_demo_of_the_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    install = ["install", "--quiet", "--no-deps", "--no-index", "--target", str(installed), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, timeout=HANGS)
    troth = str(installed / "bin" / "troth")
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(installed), "PORT": str(port)}
    environment.pop("TROTH_DATABASE_URL", None)
    where = [sys.executable, "-c", "import app; print(app.__file__)"]
    for command, expected in (
        ([troth, "--version"], f"troth {version('troth')}"),
        (where, f"{installed}/app/__init__.py"),
    ):
        shown = subprocess.run(command, cwd=elsewhere, env=environment, check=True, capture_output=True, text=True)
        assert shown.stdout.strip() == expected
    demo = subprocess.Popen([troth, "demo"], cwd=elsewhere, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        lines = iter(demo.stdout.readline, "")
        key = next(line.strip().partition("=")[2] for line in lines if line.startswith("export TROTH_TILL_KEY="))

        def answer() -> httpx.Response | None:
            try:
                return httpx.post(
                    f"http://127.0.0.1:{port}/graphql",
                    json={"query": BALANCE},
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=HANGS,
                )
            except httpx.TransportError:
                return None

        body = eventually(answer).json()
        assert body["data"]["customer"]["wallet"]["balances"][0]["available"] > 5_000, (
            "the sample's purchases are there"
        )
    finally:
        demo.terminate()
        demo.wait(HANGS)
    assert list(elsewhere.iterdir()) == []
