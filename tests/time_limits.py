"""Time limits that hold on a busy machine: multiples of what the same machine did in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

HANGS = 300.0
"""Seconds after which a wait is given up. It ends a test that hangs and measures nothing."""


def seconds_of(work: Callable[[], object]) -> float:
    """The elapsed seconds of some work."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def usual_seconds(work: Callable[[], object], *, times: int = 5) -> float:
    """The median seconds of some work here and now, after a first run that may fill caches."""
    work()
    return statistics.median(seconds_of(work) for _ in range(times))


def eventually(look: Callable[[], T | None], *, seconds: float = HANGS) -> T:
    """What `look` returns as soon as that is not None; it is called again and again."""
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"nothing after {seconds:.0f} s")
