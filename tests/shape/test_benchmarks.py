"""Every benchmark runs to its end in its smallest form, so that a change of the application cannot break one unnoticed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.time_limits import HANGS

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "bench"

LAST_LINE = {
    "engine_bench": r"decision, x a plain function +\d+\.\d +at most 30 .*",
    "http_bench": r"one redemption, p99 x p50 of R0 +\d+\.\d\d +at most 10 .*",
    "orm_bench": r"store one row: by SQL \d+ µs, through the model \d+ µs: \d+\.\d times",
    "overload_bench": r"p99 of a till beside greedy clients, x usual +\d+\.\d\d +at most 5 .*",
    "preview_bench": r"at most 20 s: met; a purchase costs \d+\.\d\d x what it costs in a quarter of them",
    "soak": r"kills on PostgreSQL: [1-9]\d* found",
    "verify_bench": r"verified in \d+\.\d s .*: \d+ entries a second",
}
"""How the output of each benchmark ends."""

SERVERS = {"bare_app", "greedy_clients"}
"""Modules that a benchmark runs in processes of their own."""


def output_of(benchmark: str, *arguments: str) -> str:
    """What the smallest form of a benchmark prints; fails unless it succeeds."""
    result = subprocess.run(
        [sys.executable, "-m", f"bench.{benchmark}", "--trial", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize(
    ("benchmark", "arguments"),
    [
        ("engine_bench", ()),
        ("orm_bench", ()),
        ("overload_bench", ("--only", "sqlite")),
        ("preview_bench", ()),
        ("soak", ()),
        ("verify_bench", ()),
    ],
)
def test_benchmark_runs_to_its_end(benchmark: str, arguments: tuple[str, ...]) -> None:
    last = output_of(benchmark, *arguments).splitlines()[-1].strip()
    assert re.fullmatch(LAST_LINE[benchmark], last), last


def test_http_benchmark_runs_to_its_end_on_sqlite(tmp_path: Path) -> None:
    assert_http_is_measured(output_of("http_bench", "--only", "sqlite", "--folder", str(tmp_path)), "SQLite")
    assert list(tmp_path.iterdir()) == []


def test_http_benchmark_runs_to_its_end_on_postgres(postgres_server: str, tmp_path: Path) -> None:
    arguments = ("--only", "postgres", "--server", postgres_server, "--folder", str(tmp_path))
    assert_http_is_measured(output_of("http_bench", *arguments), "PostgreSQL")


def assert_http_is_measured(output: str, database: str) -> None:
    """Everything was measured, and the floor ran the statements of a purchase."""
    lines = [line.strip() for line in output.splitlines()]
    assert lines[2] == database
    floor = re.fullmatch(r"R0 (\d[\d,]*)/s \((\d+) statements\), R1 (\d[\d,]*)/s", lines[3])
    assert floor is not None, lines[3]
    assert int(floor[2]) > 4
    for measured in ("recordPurchase", "redeemReward", "card look-up"):
        assert re.search(rf"{measured} [1-9][\d,]*/s", output), output
    assert re.fullmatch(LAST_LINE["http_bench"], lines[-1]), lines[-1]


def test_every_benchmark_is_tried_run_by_make_and_in_its_readme() -> None:
    sources = {path.stem: path.read_text(encoding="utf-8") for path in BENCH.glob("*.py") if path.stem != "__init__"}
    runnable = {name for name, source in sources.items() if '__name__ == "__main__"' in source}
    assert runnable == LAST_LINE.keys() | SERVERS
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"-m bench\.(\w+)", makefile)) == LAST_LINE.keys()
    readme = (BENCH / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+)\.py`", readme)) == sources.keys()
