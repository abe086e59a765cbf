"""Look for what no suite has the time for: machines and kills, round after round, each from other beginnings.

Run `make soak`; SOAK_MINUTES says how long (10).
"""

from __future__ import annotations

import os
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
    ("kills on SQLite", "tests/faults/test_kill_everything.py::{kill}[sqlite]", {"TROTH_SOAK_KILLS": "20"}),
    ("kills on PostgreSQL", "tests/faults/test_kill_everything.py::{kill}[postgres]", {"TROTH_SOAK_KILLS": "20"}),
)
NAMES = {
    "machine": "test_a_program_in_a_database_is_after_every_step_as_the_reference_tells_it",
    "kill": "test_nothing_acknowledged_is_lost_whatever_the_server_did_when_it_was_killed",
}
DONE = re.compile(r"^\.?(\d+) (steps|kills)\b", re.MULTILINE)


def main() -> None:
    """Go round until the time is up; the first failure ends it, with what was found and the seed that finds it again."""
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    began, done = time.monotonic(), Counter[str]()
    for number in count():
        name, where, settings = PARTS[number % len(PARTS)]
        if number and time.monotonic() - began > minutes * 60:
            break
        started = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", where.format(**NAMES)]
        found = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
        for amount, what in DONE.findall(found.stdout):
            done[what] += int(amount)
        told = " ".join(line for line in found.stdout.splitlines() if DONE.match(line)) or "done"
        print(f"{name}: {time.monotonic() - started:.0f} s: {told}", flush=True)
        if found.returncode:
            print(found.stdout, found.stderr, sep="\n")
            raise SystemExit(1)
    seconds = time.monotonic() - began
    print(f"{number} rounds in {seconds:.0f} s: {done['steps']:,} steps, {done['kills']:,} kills, nothing found.")


if __name__ == "__main__":
    main()
