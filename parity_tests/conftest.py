"""Hypothesis profiles: `ci` draws the same cases every time, `default` others each time, `hunt` many."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=20, derandomize=True, database=None)
settings.register_profile(
    "hunt",
    deadline=None,
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("ci" if os.environ.get("CI") else "default")
