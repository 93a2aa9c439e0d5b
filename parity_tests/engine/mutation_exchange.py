"""Other code in the functions themselves, for a while.

Whatever holds a function (a formula that is composed of several, a partial, a table of activations) meets the
other code where it calls it. `engine.mutation.Program.rebuilt` makes copies instead, which only those meet
that call the copy.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from parity_tests.engine.mutation_reach import Unit, resolve

# Held while code is exchanged, and while anybody relies on it that it is not.
ALONE = threading.RLock()
Changes = Mapping[Unit, CodeType | Callable[..., Any]]


@contextmanager
def exchanged(changes: Changes) -> Iterator[None]:
    """While this lasts, units have the code that they are mapped to, or call the function.

    Code is that of a module with the unit's definition, as `Unit.compiled` returns it. A function that calls
    the unit itself gets the original. The units are changed for everybody in the process: other threads
    exchange nothing meanwhile, but what they call of a unit is the changed one.
    """
    with ALONE, ExitStack() as stack:
        for unit, new in changes.items():
            if not isinstance(new, CodeType):
                stack.enter_context(_calling(function_of(unit), new))
            elif isinstance(found := vars(sys.modules[unit.module])[unit.name], type):
                for name, code in _definitions(_definitions(new)[unit.name]).items():
                    if isinstance(method := vars(found).get(name), FunctionType):
                        stack.enter_context(_with_code(method, code))
            elif callable(found) and unit.name in _definitions(new):
                stack.enter_context(_with_code(function_of(unit), _definitions(new)[unit.name]))
            else:
                stack.enter_context(_with_value(unit, new))
        yield


def function_of(unit: Unit) -> FunctionType:
    """The function that a unit defines, without what its decorators put around it."""
    function = inspect.unwrap(vars(sys.modules[unit.module])[unit.name])
    assert isinstance(function, FunctionType), f"{unit.name} is no function"
    return function


def copy_of(function: FunctionType) -> FunctionType:
    """The same function, which keeps its code whatever becomes of the original."""
    copy = FunctionType(*(function.__code__, function.__globals__, function.__name__, function.__defaults__))
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _definitions(code: CodeType) -> dict[str, CodeType]:
    """The functions and classes that code defines, by name."""
    return {const.co_name: const for const in code.co_consts if isinstance(const, CodeType)}


@contextmanager
def _with_code(function: FunctionType, code: CodeType) -> Iterator[None]:
    before, function.__code__ = function.__code__, code
    try:
        yield
    finally:
        function.__code__ = before


@contextmanager
def _calling(function: FunctionType, instead: Callable[..., Any]) -> Iterator[None]:
    """Exchange its code for a call of another function; what that one calls is the original."""
    original, within = copy_of(function), False

    def once(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        if within:
            return original(*args, **kwargs)
        within = True
        try:
            return instead(*args, **kwargs)
        finally:
            within = False

    name = f"__instead_of_{function.__name__}__"
    text = f"def {function.__name__}(*args, **kwargs): return {name}(*args, **kwargs)"
    code = compile(text, function.__code__.co_filename, "exec")
    function.__globals__[name] = once
    try:
        with _with_code(function, _definitions(code)[function.__name__]):
            yield
    finally:
        del function.__globals__[name]


@contextmanager
def _with_value(unit: Unit, code: CodeType) -> Iterator[None]:
    """Give a constant another value in every module that names it."""
    namespace = dict(vars(sys.modules[unit.module]))
    before = namespace[unit.name]
    exec(code, namespace)
    named = [module for module in _package(unit) if _names(module, unit, before)]
    for module in named:
        setattr(module, unit.name, namespace[unit.name])
    try:
        yield
    finally:
        for module in named:
            setattr(module, unit.name, before)


def _package(unit: Unit) -> list[ModuleType]:
    package = unit.module.partition(".")[0]
    return [module for name, module in sys.modules.items() if name.partition(".")[0] == package]


def _names(module: ModuleType, unit: Unit, value: Any) -> bool:
    return vars(module).get(unit.name) is value and resolve(module.__name__, unit.name) is unit
