"""Limits of time that hold on a busy machine: multiples of what the same machine did in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

HANGS = 300.0
"""Seconds after which a wait is given up. It ends a test that hangs and measures nothing."""


def seconds_of(work: Callable[[], object]) -> float:
    """How long the work takes, on the wall clock."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def usual_seconds(work: Callable[[], object], *, times: int = 5) -> float:
    """How long the work usually takes here and now: the median after a first time, which may fill caches."""
    work()
    return statistics.median(seconds_of(work) for _ in range(times))
