"""The troth command, run as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.time_limits import HANGS

ROOT = Path(__file__).parents[2]


def troth(*arguments: str, url: str, code: int = 0) -> str:
    """The output of the command."""
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *arguments],
        env={**os.environ, "TROTH_DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout if code == 0 else done.stderr + done.stdout
