"""Random histories, properties and kills for as long as SOAK_MINUTES says (10): what `make test` has no time for.

Each round draws a new random seed; the first failure ends the run with the command that reproduces it.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from itertools import count

PARTS = (
    ("the pure machine", "tests/ledger/test_machine.py", {"TROTH_SOAK_STEPS": "2000"}),
    ("a program in SQLite", "tests/ledger/test_database_machine.py::{machine}[sqlite]", {"TROTH_SOAK_STEPS": "1500"}),
    (
        "a program in PostgreSQL",
        "tests/ledger/test_database_machine.py::{machine}[postgres]",
        {"TROTH_SOAK_STEPS": "1500"},
    ),
    ("properties of the terms", "tests/domain/test_properties_of_terms.py", {"TROTH_SOAK_STEPS": "1000"}),
    ("sentences of histories", "tests/ledger/test_sentences_of_histories.py", {"TROTH_SOAK_STEPS": "500"}),
    ("figures in sentences", "tests/domain/test_figures_in_sentences.py", {"TROTH_SOAK_STEPS": "500"}),
    ("kills between sales, redemptions and refunds", "tests/faults/test_kill.py", {"TROTH_SOAK_KILLS": "12"}),
    ("kills of jobs", "tests/faults/test_kill_jobs.py", {"TROTH_SOAK_KILLS": "4"}),
    ("kills on SQLite", "tests/faults/test_kill_everything.py::{kill}[sqlite]", {"TROTH_SOAK_KILLS": "20"}),
    ("kills on PostgreSQL", "tests/faults/test_kill_everything.py::{kill}[postgres]", {"TROTH_SOAK_KILLS": "20"}),
)
NAMES = {
    "machine": "test_stored_program_equals_the_reference_after_every_step",
    "kill": "test_no_acknowledged_request_is_lost_when_the_server_is_killed",
}
DONE = re.compile(r"^\.?(\d+) (steps|kills)\b", re.MULTILINE)


def main() -> None:
    """Run the parts in turn until the time is up or one fails; a failure exits with 1."""
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    began, done = time.monotonic(), Counter[str]()
    for number in count():
        name, where, settings = PARTS[number % len(PARTS)]
        if number and time.monotonic() - began > minutes * 60:
            break
        started = time.monotonic()
        seed = f"--hypothesis-seed={random.randrange(2**32)}"
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", seed, where.format(**NAMES)]
        result = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
        for amount, what in DONE.findall(result.stdout):
            done[what] += int(amount)
        summary = " ".join(line for line in result.stdout.splitlines() if DONE.match(line)) or "done"
        print(f"{name}: {time.monotonic() - started:.0f} s: {summary}", flush=True)
        if result.returncode:
            print(result.stdout, result.stderr, f"Again with: {' '.join(command[2:])}", sep="\n")
            raise SystemExit(1)
    seconds = time.monotonic() - began
    print(f"{number} rounds in {seconds:.0f} s: {done['steps']:,} steps, {done['kills']:,} kills, nothing found.")


if __name__ == "__main__":
    main()
