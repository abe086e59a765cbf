"""The command starts quickly: its help needs nothing but Typer, and each command is imported when it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pytest
from typer.testing import CliRunner

from app.cli import COMMANDS, app
from tests.time_limits import HANGS

TWO_COMMANDS = """
import typer

app = typer.Typer()


@app.command()
def greet(name: str = "you") -> None:
    "Greet somebody."


@app.command()
def part(name: str = "you") -> None:
    "Say goodbye."


app()
"""

TROTH = "from app.cli import main; main()"

ROUNDS = 5


def processor_time(*arguments: str) -> float:
    """The processor time, in seconds, of a Python process with the arguments."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=HANGS)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def output(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", TROTH, *arguments], check=True, capture_output=True, text=True, timeout=HANGS
    )
    return finished.stdout


def test_help_costs_at_most_twice_that_of_two_commands(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO_COMMANDS, encoding="utf-8")
    rounds = [(processor_time(str(script), "--help"), processor_time("-c", TROTH, "--help")) for _ in range(ROUNDS)]
    two_commands, troth = (median(times) for times in zip(*rounds, strict=True))
    print(
        f"--help: {troth:.2f} s of processor time; two commands {two_commands:.2f} s: {troth / two_commands:.2f} times"
    )
    assert troth < 2 * two_commands


def test_help_imports_no_command() -> None:
    listed = (
        "import sys; from app.cli import COMMANDS; print(*(name for name in sys.modules if name.startswith('app')))"
    )
    imported = subprocess.run([sys.executable, "-c", listed], check=True, capture_output=True, text=True).stdout.split()
    assert set(imported) == {"app", "app.cli", "app.cli.lazy_commands"}


def test_short_help_and_version() -> None:
    assert output("-h") == output("--help")
    assert output("--version") == f"troth {version('troth')}\n"


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "-h"])
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert f"Usage: root {name}" in shown.stdout
    assert "completion" not in shown.stdout
