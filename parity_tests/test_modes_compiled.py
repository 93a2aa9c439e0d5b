"""torch.compile, which runs when it is asked for: what it computes, what it has wrong, what keeps it out."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from parity_tests.catalogue import find
from parity_tests.deviations import DEVIATIONS
from parity_tests.engine.results import Status
from parity_tests.modes_cpu import (
    DIFFERS,
    LEFT,
    MODES_CPU,
    NOT_COMPILED,
    UNDROPPED,
    mode_called,
    unfit_to_compile,
)
from parity_tests.test_modes_catch import statuses
from parity_tests.test_modes_cpu import ran
from parity_tests.test_modes_left_out import said
from parity_tests.verify import count
from reference._torch import operation

needs_compiler = pytest.mark.skipif(bool(unfit_to_compile()), reason="no C++ compiler")
BY_ID = {deviation.id: deviation for deviation in DEVIATIONS}
MASKED = (*UNDROPPED, "transformer")
REPLICATED = {"padding": "number", "padding_mode": "replicate"}
# Algorithm, the deviation, and the cases that show it: of 40 small inputs some are small enough.
DEVIATING: list[tuple[str, str, Mapping[str, Any]]] = [
    ("elu", "compiled-elu-near-zero", {}),
    ("selu", "compiled-elu-near-zero", {}),
    ("conv2d", "compiled-padding-by-replication", REPLICATED),
]


def test_without_a_compiler_the_rows_are_skipped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    results = ran("linear", "compile")
    assert [result.status for result in results] == [Status.SKIPPED] * 2
    assert {result.message for result in results} == {"no C++ compiler"}


def test_nothing_is_compiled_unless_asked_for() -> None:
    assert [mode.name for mode in MODES_CPU if not mode.default] == ["compile"]
    assert not any("compile" in result.setting for result in ran("relu"))


@needs_compiler
@pytest.mark.parametrize("name", ["linear", "layer_norm", "conv2d", "scaled_dot_product_attention"])
def test_compiled(name: str) -> None:
    assert {result.status for result in ran(name, "compile")} == {Status.PASSED}


@needs_compiler
def test_what_is_wrong_once_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def tanh(x: Any) -> Any:
        return torch.tanh(x) * (1.001 if torch.compiler.is_compiling() else 1)

    monkeypatch.setattr("reference.activations.tanh", operation(tanh))
    found = statuses("tanh", "plain", "compile")
    assert found == {"plain": {Status.PASSED}, "compile": {Status.FAILED}}


@needs_compiler
@pytest.mark.parametrize(("name", "deviation", "cases"), DEVIATING)
def test_what_the_compiler_has_wrong(name: str, deviation: str, cases: Mapping[str, Any]) -> None:
    assert name in BY_ID[deviation].algorithms
    gives = BY_ID[deviation].gives
    assert re.search(gives if isinstance(gives, str) else DIFFERS, said("compile", name, cases))


@needs_compiler
@pytest.mark.parametrize("name", [name for name, says in NOT_COMPILED.items() if says == LEFT])
def test_what_keeps_the_compiler_out(name: str) -> None:
    assert LEFT in said("compile", name)


@needs_compiler
@pytest.mark.parametrize(
    ("name", "cases"),
    [*((name, {"dropout": True}) for name in MASKED), ("conv2d", {"padding": "same"})],
)
def test_cases_that_keep_the_compiler_out(name: str, cases: Mapping[str, Any]) -> None:
    assert LEFT in said("compile", name, cases)


def test_nothing_is_left_out_without_a_reason() -> None:
    deviating = {name for name, *_ in DEVIATING}
    assert {name for name, says in NOT_COMPILED.items() if says != LEFT} | {"conv2d"} == deviating
    assert mode_called("compile").fixed.keys() == {*MASKED, "conv2d"}


def test_what_is_asked_for_is_counted_among_those_that_there_are() -> None:
    few = [find("relu")]
    assert count(few, ["cpu"], ["compile"]) - count(few, ["cpu"]) == 2
    assert count(few, ["cpu"], ["strided"]) == count(few, ["cpu"])
