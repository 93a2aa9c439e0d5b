"""Which code runs: the units that are executed, and how much of it that is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from parity_tests.engine.mutation_reach import Unit, source_of


@dataclass(frozen=True)
class Ran:
    """What was executed: the units, in the order of their first calls, and the number of calls, those of
    built-in functions included. That number is the same on every machine."""

    units: tuple[Unit, ...]
    calls: int


def ran(call: Callable[[], Any], packages: Iterable[str]) -> Ran:
    """What a call executes of these packages."""
    prefixes = tuple(f"{package}." for package in packages)
    modules = {
        getattr(module, "__file__", None): name
        for name, module in sys.modules.items()
        if name.startswith(prefixes)
    }
    codes: dict[CodeType, None] = {}
    calls = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        if event == "call":
            calls += 1
            codes.setdefault(frame.f_code)
        elif event == "c_call":
            calls += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(before)
    units: dict[Unit, None] = {}
    for code in codes:
        module = modules.get(code.co_filename)
        unit = module and source_of(module).units.get(code.co_qualname.partition(".")[0])
        if unit:
            units.setdefault(unit)
    return Ran(tuple(units), calls)
