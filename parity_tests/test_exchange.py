"""Code is exchanged wherever it is called, and back."""

import ast
import copy
from functools import partial
from typing import Any

import numpy as np
import pytest

from parity_tests.candidates import changes_of
from parity_tests.engine.mutation_exchange import copy_of, exchanged, function_of
from parity_tests.engine.mutation_reach import source_of, unit_of
from parity_tests.engine.mutation_running import ran
from parity_tests.mistakes import Edit
from parity_tests.mutants import program
from parity_tests.people.handbook_formulas import averaged_linear
from scratch import activations, autograd, initialization

X = np.random.default_rng(0).standard_normal((3, 4))
RELU = unit_of(activations.relu)
TWICE = Edit("relu", "np.where(positive, x, 0), backward", "np.where(positive, 2 * x, 0), backward")


def chained(function: Any) -> Any:
    """A formula that holds a function in a closure, in a partial and in a dict."""
    table = {"relu": partial(function)}
    return lambda x: (function(x)[0], table["relu"](x)[0])


def test_exchanged_code_is_met_wherever_the_function_was_taken() -> None:
    formula = chained(activations.relu)
    with exchanged(changes_of(program("relu"), [TWICE])):
        assert all(np.array_equal(y, 2 * np.maximum(X, 0)) for y in formula(X))
    assert all(np.array_equal(y, np.maximum(X, 0)) for y in formula(X))


def test_code_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), exchanged(changes_of(program("relu"), [TWICE])):
        raise ZeroDivisionError
    assert np.array_equal(activations.relu(X)[0], np.maximum(X, 0))


def test_another_function_stands_in_with_its_own_state() -> None:
    original = copy_of(function_of(RELU))
    calls = []

    def counting(x: Any) -> Any:
        calls.append(x)
        return original(x)

    with exchanged({RELU: counting}):
        assert np.array_equal(activations.relu(X)[0], np.maximum(X, 0))
    activations.relu(X)
    assert len(calls) == 1


def test_methods_of_a_class_are_exchanged() -> None:
    unit = unit_of(autograd.Tensor)
    node = copy.deepcopy(unit.node)
    assert isinstance(node, ast.ClassDef)
    methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
    methods["__add__"].name = "__mul__"
    node.body = [methods["__add__"]]
    code = compile(ast.Module([node], []), unit.file, "exec")
    two = autograd.Tensor(np.float64(2.0))
    with exchanged({unit: code}):
        assert (two * two * two).value == 6
    assert (two * two * two).value == 8


def test_constants_are_exchanged_where_they_are_named() -> None:
    unit = source_of("scratch.initialization").units["GAINS"]
    before = initialization.GAINS
    code = compile("GAINS = {'relu': 7.0}", unit.file, "exec")
    with exchanged({unit: code}):
        assert initialization.calculate_gain("relu") == 7
    assert initialization.GAINS is before


def test_what_runs_is_the_same_every_time() -> None:
    def call() -> Any:
        return averaged_linear(X, X[:2])

    call()
    first, again = (ran(call, ("scratch", "parity_tests.people")) for _ in range(2))
    assert first == again
    assert [unit.name for unit in first.units if unit.name[0] != "_"][:1] == ["averaged_linear"]
    assert "linear" in [unit.name for unit in first.units]


def test_what_a_function_calls_that_stands_in_is_the_original() -> None:
    def doubled(x: Any) -> Any:
        return 2 * activations.relu(x)[0], None

    with exchanged({RELU: doubled}):
        assert np.array_equal(activations.relu(X)[0], 2 * np.maximum(X, 0))
        assert np.array_equal(activations.relu(X)[0], 2 * np.maximum(X, 0))
