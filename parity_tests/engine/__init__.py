"""How it is checked: drive, bound, compare, find the first divergence."""

from parity_tests.engine import rounding_rules  # noqa: F401 (gives `Rounded` its rules)
