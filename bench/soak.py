"""Random histories, properties and kills for SOAK_MINUTES (10): more of them than `make test` has time for.

Each round draws a new random seed. The first failure ends the run with the command that reproduces it.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count

STORED_PROGRAM = "tests/ledger/test_database_stateful.py::test_stored_program_equals_the_reference_after_every_step"
TILLS = "tests/faults/test_documented_till.py::test_till_that_follows_the_page_loses_no_receipt"
ORDERS_OF_ARRIVAL = "tests/api/test_pending_exchanges.py::test_ledger_does_not_depend_on_the_order_of_arrival"
KILLS = "tests/faults/test_kill_everything.py::test_no_acknowledged_request_is_lost_when_the_server_is_killed"


MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
"""How long to run, in minutes."""


@dataclass(frozen=True)
class Part:
    """Tests that a round runs, with the number of steps or of kills for them, or their share of SOAK_MINUTES."""

    name: str
    tests: str
    steps: int = 0
    kills: int = 0
    share: float = 0

    @property
    def environment(self) -> dict[str, str]:
        """The settings of tests/soak_settings.py."""
        return {
            "TROTH_SOAK_STEPS": str(self.steps),
            "TROTH_SOAK_KILLS": str(self.kills),
            "TROTH_SOAK_TILL_MINUTES": f"{self.share * MINUTES:g}",
        }


PARTS = (
    Part("one wallet", "tests/ledger/test_wallet_stateful.py", steps=2000),
    Part("a program in SQLite", f"{STORED_PROGRAM}[sqlite]", steps=1500),
    Part("a program in PostgreSQL", f"{STORED_PROGRAM}[postgres]", steps=1500),
    Part("properties of the terms", "tests/domain/test_properties_of_terms.py", steps=1000),
    Part("every tampering", "tests/faults/test_every_tampering.py", steps=1),
    Part("orders of arrival", ORDERS_OF_ARRIVAL, steps=1),
    Part("generated requests", "tests/api/test_fuzz.py", steps=20),
    Part("public pages in every appearance", "tests/pages/test_pages_in_a_browser.py", steps=1),
    Part("GraphiQL in every appearance", "tests/web/test_graphiql.py", steps=1),
    Part("sentences of histories", "tests/ledger/test_sentences_of_histories.py", steps=500),
    Part("figures in sentences", "tests/domain/test_figures_in_sentences.py", steps=500),
    Part("kills between purchases, redemptions and refunds", "tests/faults/test_kill.py", kills=12),
    Part("kills of jobs", "tests/faults/test_kill_jobs.py", kills=4),
    Part("tills that follow docs/errors.md, on SQLite", f"{TILLS}[sqlite]", share=0.25),
    Part("tills that follow docs/errors.md, on PostgreSQL", f"{TILLS}[postgres]", share=0.25),
    Part("kills on SQLite", f"{KILLS}[sqlite]", kills=20),
    Part("kills on PostgreSQL", f"{KILLS}[postgres]", kills=20),
)
DONE_LINE = re.compile(r"^\.?(\d+) (steps|kills)\b", re.MULTILINE)
"""The line in which a test prints how much it has done."""


def run_pytest(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The result of pytest in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )


def run_part(part: Part, *, seed: int) -> Counter[str]:
    """Run a part and print its summary; returns the steps and kills done. Exits with 1 when a test fails."""
    began = time.monotonic()
    arguments = ("-s", f"--hypothesis-seed={seed}", part.tests)
    result = run_pytest(*arguments, environment=part.environment)
    summary = " ".join(line for line in result.stdout.splitlines() if DONE_LINE.match(line)) or "done"
    print(f"{part.name}: {time.monotonic() - began:.0f} s: {summary}", flush=True)
    if result.returncode:
        settings = " ".join(f"{name}={value}" for name, value in part.environment.items())
        print(result.stdout, result.stderr, f"Again with: {settings} pytest {' '.join(arguments)}", sep="\n")
        raise SystemExit(1)
    done = Counter[str]()
    for amount, unit in DONE_LINE.findall(result.stdout):
        done[unit] += int(amount)
    return done


def soak(minutes: float) -> None:
    """Run the parts in turn until the time is up, the first one in any case."""
    began, done = time.monotonic(), Counter[str]()
    for number in count():
        if number and time.monotonic() - began > minutes * 60:
            break
        done += run_part(PARTS[number % len(PARTS)], seed=random.randrange(2**32))
    seconds = time.monotonic() - began
    print(f"{number} rounds in {seconds:.0f} s: {done['steps']:,} steps, {done['kills']:,} kills, nothing found.")


def trial() -> None:
    """Find the tests of every part and run none. Exits with 1 when a part has no tests."""
    collection = run_pytest("--collect-only", *(part.tests for part in PARTS))
    if collection.returncode:
        print(collection.stdout, collection.stderr, sep="\n")
        raise SystemExit(1)
    for part in PARTS:
        print(f"{part.name}: {collection.stdout.count(part.tests)} found")


def main() -> None:
    """Run the parts for SOAK_MINUTES, or only find their tests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true", help="find all tests and run none")
    if parser.parse_args().trial:
        trial()
    else:
        soak(MINUTES)


if __name__ == "__main__":
    main()
