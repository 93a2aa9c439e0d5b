"""Which code runs: the units that are executed, how much of it that is, and which expressions of them."""

from __future__ import annotations

import ast
import importlib
import numbers
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import numpy as np

from parity_tests.engine.mutation import Mutant, Span
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


# ---- expressions ----


@dataclass
class Watched:
    """What was seen of some modules while they ran: the spans that were executed, and the kinds of value
    that each name had."""

    executed: dict[str, set[Span]]
    kinds: dict[str, dict[str, set[str]]]

    def reaches(self, mutant: Mutant) -> bool:
        """Whether anything that the mutant changes was executed."""
        if isinstance(mutant.unit.node, ast.Assign):
            return True
        line, column, end_line, end_column = mutant.span
        return any(
            (line, column) <= (a, b) and (c, d) <= (end_line, end_column)
            for a, b, c, d in self.executed[mutant.unit.module]
        )

    def confusable(self, mutant: Mutant) -> bool:
        """Whether a name that stands for another is of the same kind: nobody takes a flag for an array.
        A vector is its own transpose."""
        kinds = self.kinds[mutant.unit.module]
        if mutant.operator == "transpose":
            transposed = (
                mutant.instead.removesuffix(".T") if mutant.instead.endswith(".T") else mutant.instead
            )
            operand = transposed.rpartition("@")[2].strip() if mutant.instead.endswith(".T") else ""
            return "vector" not in kinds.get(operand, set())
        if mutant.operator != "name":
            return True
        one, other = kinds.get(mutant.reads, set()), kinds.get(mutant.instead, set())
        return not one or not other or bool((one & other) - {"vector"})


def kind_of(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "flag"
    if isinstance(value, numbers.Real):
        return "number"
    if isinstance(value, np.ndarray):
        return "number" if value.dtype.kind == "f" else f"array of {value.dtype.kind}"
    return type(value).__name__


@contextmanager
def watched(modules: Iterable[str]) -> Iterator[Watched]:
    """While this lasts, what is executed of these modules is written down."""
    names = {importlib.import_module(module).__file__: module for module in modules}
    found = Watched(
        {name: set() for name in names.values()}, {name: defaultdict(set) for name in names.values()}
    )
    positions: dict[CodeType, list[Any]] = {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        module = names.get(frame.f_code.co_filename)
        if module is None:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            if frame.f_code not in positions:
                positions[frame.f_code] = list(frame.f_code.co_positions())
            line, end_line, column, end_column = positions[frame.f_code][frame.f_lasti // 2]
            if None not in (line, end_line, column, end_column):
                found.executed[module].add((line, column, end_line, end_column))
        elif event == "return":
            for name, value in frame.f_locals.items():
                found.kinds[module][name].add(kind_of(value))
                if isinstance(value, np.ndarray) and value.ndim < 2:
                    found.kinds[module][name].add("vector")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield found
    finally:
        sys.settrace(before)
