"""The Node that Playwright brings: tests that run JavaScript need neither another one nor npm."""

from __future__ import annotations

import subprocess
from pathlib import Path

import playwright

from tests.time_limits import HANGS

NODE = Path(playwright.__file__).parent / "driver" / "node"


def run_node(*arguments: str | Path, folder: Path | None = None, may_warn: bool = False) -> str:
    """What a script prints. Raises AssertionError with all it said when it fails, or warns where it may not."""
    command = [str(NODE), *map(str, arguments)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=HANGS)
    assert result.returncode == 0, result.stdout + result.stderr
    assert may_warn or result.stderr == ""
    return result.stdout
