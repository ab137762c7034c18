"""Hypothesis profiles: the same examples on every change, fresh ones at night.

`HYPOTHESIS_PROFILE=nightly` chooses the second. No example has a deadline, nor is a slow generator an error: how fast
the machine is on the day says nothing about whether the code is right.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly",
    max_examples=1_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
