"""Checks of deep-learning algorithms: `scratch` against torch, and anybody's against `scratch`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity_tests.checking import Report, Verdict, check
    from parity_tests.plugin_parametrize import parametrize
    from parity_tests.sandbox.supplied import implements

__all__ = ["Report", "Verdict", "check", "implements", "parametrize"]

# pytest imports this package wherever it is installed: whoever does not use it must not wait for it.
_HOMES = {
    "Report": "parity_tests.checking",
    "Verdict": "parity_tests.checking",
    "check": "parity_tests.checking",
    "implements": "parity_tests.sandbox.supplied",
    "parametrize": "parity_tests.plugin_parametrize",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
