"""Checks of deep-learning algorithms: `scratch` against torch, and anybody's against `scratch`."""

from parity_tests.checking import Report, Verdict, check

__all__ = ["Report", "Verdict", "check"]
