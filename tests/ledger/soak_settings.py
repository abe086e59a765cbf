"""How long the ledger's properties are tried: moderately, or as long as TROTH_SOAK_STEPS says."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

STEPS = int(os.environ.get("TROTH_SOAK_STEPS", "0"))
"""Steps of the machine and examples of each property; 0: moderately."""


def moderately(examples: int) -> settings:
    """So many examples, or as many as are asked for."""
    return settings(
        max_examples=STEPS or examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
