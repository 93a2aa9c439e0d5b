"""Hypothesis profiles: `ci` draws the same cases every time, `default` others each time, `hunt` many."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

settings.register_profile("default", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=20, derandomize=True, database=None)
settings.register_profile(
    "hunt",
    deadline=None,
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases Hypothesis drew and torch agreed on."""
    catalogue = sys.modules.get("parity_tests.test_catalogue")
    if catalogue is not None:
        cases, algorithms = catalogue.compared.total(), len(catalogue.compared)
        terminalreporter.write_line(f"{cases} drawn cases of {algorithms} algorithms compared with torch")
