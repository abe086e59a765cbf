"""How many examples and steps the random tests try: enough for `make test`, or the number that `make soak` sets."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

STEPS = int(os.environ.get("TROTH_SOAK_STEPS", "0"))
"""Examples of each property and steps of each state machine, from TROTH_SOAK_STEPS; 0: each test's own number."""

KILLS = int(os.environ.get("TROTH_SOAK_KILLS", "0"))
"""Kills in each fault test that repeats them, from TROTH_SOAK_KILLS; 0: each test's own number."""

TILL_MINUTES = float(os.environ.get("TROTH_SOAK_TILL_MINUTES", "0"))
"""Minutes for which tills follow docs/errors.md, from TROTH_SOAK_TILL_MINUTES; 0: the test's own time."""


def property_settings(examples: int) -> settings:
    """Settings for a property: a number of examples, or TROTH_SOAK_STEPS of them."""
    return settings(
        max_examples=STEPS or examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
