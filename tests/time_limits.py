"""Time limits that hold on a busy machine: multiples of what the same machine did in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

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
