"""Modes that need no accelerator: how many rows each has, that each is what it says, and leaves no trace."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reference
from parity_tests.catalogue import algorithms, find
from parity_tests.catalogue._mode import Mode
from parity_tests.checks import Row, checks
from parity_tests.engine.operations import drive, prepare, upstream_for
from parity_tests.engine.results import Result, Status
from parity_tests.modes_cpu import (
    AUTOCAST,
    FULL,
    IMAGES,
    LARGE,
    MODES_CPU,
    NOT_BY_FUNC,
    NOT_COMPILED,
    NOT_MAPPED,
    OUTSIDE,
    STEP_INSIDE,
    THREADS,
    compared,
    mode_called,
)
from parity_tests.verify import Plan, verify
from reference import _modes
from reference._torch import operation


def ran(name: str, *modes: str, examples: int = 1) -> list[Result]:
    """The rows of an algorithm in these modes."""
    return verify(find(name), Plan(modes=modes, examples=examples), alone=False)


def state() -> tuple[Any, ...]:
    """All that a mode may touch."""
    return (
        torch.get_num_threads(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        reference._torch._transform.get(),
        reference._torch._placement.get(),
        nn.Module.load_state_dict,
        nn.Module.to,
    )


# ---- rows ----


@pytest.mark.parametrize(
    ("mode", "rows"),
    [
        ("threads", 72),
        ("strided", 420),
        ("transposed", 420),
        ("channels_last", 60),
        ("func", 364),
        ("vmap", 342),
        ("autocast", 73),
        ("compile", 186),
    ],
)
def test_no_mode_is_silently_empty(mode: str, rows: int) -> None:
    """As many as there are outputs and gradients, in each dtype that the mode has.

    What runs by default passes in `test_catalogue`.
    """
    assert number_of_rows(mode, Plan(modes=[mode])) == rows
    assert number_of_rows(mode, Plan()) == (rows if mode_called(mode).default else 0)


def number_of_rows(mode: str, plan: Plan) -> int:
    return sum(
        kind in entry.kinds
        for entry in algorithms()
        for check in checks(entry, plan, alone=False)
        for kind in check.kinds
        if check.setting.split("-")[2:] == [mode]
    )


@pytest.mark.parametrize(
    "name", [mode.name for mode in MODES_CPU if mode.name not in ("threads", "autocast", "compile")]
)
def test_every_row_goes_through_the_transform(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not the plain row under another name."""
    seen: list[Any] = []

    def watched(f: Callable[..., Any]) -> Callable[..., Any]:
        seen.append(f)
        return f

    for attribute in ("on_strides", "on_transposed", "on_channels_last", "by_vjp", "mapped"):
        monkeypatch.setattr(_modes, attribute, watched)
    mode = mode_called(name)
    for entry in algorithms():
        if mode.of(entry):
            row = Row(entry, Plan(modes=[name], examples=0), "float64", mode)
            seen.clear()
            with row.inside():
                row.reference(**row.cases[0].arrays, **row.cases[0].options)
            assert seen, entry.name


def test_the_sets_name_algorithms_that_there_are() -> None:
    names = {entry.name for entry in algorithms() if compared(entry)}
    left_out = {*NOT_BY_FUNC, *NOT_MAPPED, *NOT_COMPILED}
    assert names >= IMAGES | AUTOCAST | STEP_INSIDE | LARGE.keys() | left_out
    assert all(names >= mode.fixed.keys() for mode in MODES_CPU)


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_what_is_outside_calls_no_function_of_tensors(name: str) -> None:
    seen: list[Any] = []

    def watched(f: Callable[..., Any]) -> Callable[..., Any]:
        seen.append(f)
        return f

    entry = find(name)
    case = entry.cases("float64", examples=0)[0]
    with reference.through(watched):
        entry.reference(**case.arrays, **case.options)
    assert not seen


def test_modes_share_what_does_not_hang_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """How a case rounds is found out once for all rows of a dtype, and anew for the next one."""
    seen: list[Any] = []

    def counted(formula: Any, subject: Any, case: Any, precision: Any, **options: Any) -> Any:
        seen.append((case.dtype, case.spec))
        return prepare(formula, subject, case, precision, **options)

    monkeypatch.setattr("parity_tests.checks.prepare", counted)
    entry, plan = find("tanh"), Plan(FULL["cpu"], modes=["plain", "strided", "func"])
    results = verify(entry, plan, alone=False)
    assert [result.status for result in results] == [Status.PASSED] * 12
    assert len(seen) == len(set(seen)) == sum(len(plan.cases(entry, dtype)) for dtype in plan.dtypes)


# ---- each mode is what it says ----


def test_layouts() -> None:
    x = torch.arange(24.0).reshape(2, 3, 2, 2)
    for layout, strides in (
        (_modes.strided, (24, 8, 4, 2)),
        (_modes.transposed, (1, 2, 6, 12)),
        (_modes.channels_last, (12, 1, 6, 3)),
    ):
        assert torch.equal(layout(x), x)
        assert layout(x).stride() == strides
        assert not layout(x).is_contiguous()
    memory = _modes.strided(x).as_strided((48,), (1,))
    assert memory[1::2].isnan().all()
    assert _modes.strided(torch.tensor([True])).as_strided((2,), (1,)).tolist() == [True, False]
    assert _modes.channels_last(x[0]) is not None
    assert _modes.channels_last(x[0]).is_contiguous()


def test_several_threads_compute() -> None:
    """A sum that is split otherwise rounds otherwise."""
    mode = mode_called("threads")
    differing = set()
    for name in LARGE:
        row = Row(find(name), Plan(modes=["threads"]), "float32", mode)
        (case,) = row.cases
        upstream = upstream_for(row.entry.scratch, case)
        with _modes.threads(1):
            alone = drive(row.reference, case, upstream)
        with row.inside():
            assert torch.get_num_threads() == THREADS
            together = drive(row.reference, case, upstream)
        for one, several in zip(alone, together, strict=True):
            if any(not np.array_equal(one[tensor], several[tensor]) for tensor in one):
                differing.add(name)
    assert differing >= {"l1_penalty", "l2_penalty", "mse_loss"}


def test_autocast_has_rows_where_it_changes_anything_and_nowhere_else() -> None:
    changed = set()
    for entry in algorithms():
        if not compared(entry) or not entry.low.dtypes("cpu"):
            continue
        for case in entry.cases("bfloat16", examples=0):
            upstream = upstream_for(entry.scratch, case)
            with reference.on(dtype="float32"):
                exact = drive(entry.reference, case, upstream)
                with reference.through(_modes.autocast):
                    coarse = drive(entry.reference, case, upstream)
            for a, b in zip(exact, coarse, strict=True):
                if any(not np.array_equal(a[name], b[name], equal_nan=True) for name in a):
                    changed.add(entry.name)
    assert changed - STEP_INSIDE == AUTOCAST


# ---- flags are put back ----


@pytest.mark.parametrize("mode", MODES_CPU, ids=lambda mode: mode.name)
def test_all_is_put_back_after_an_exception(mode: Mode) -> None:
    entry = next(entry for entry in algorithms() if mode.of(entry))
    (dtype, *_) = mode.dtypes["cpu"]
    before = state()
    with Row(entry, Plan(), dtype, mode).inside():
        assert state() != before
    assert state() == before
    with pytest.raises(ZeroDivisionError), Row(entry, Plan(), dtype, mode).inside():
        raise ZeroDivisionError
    assert state() == before


@pytest.mark.parametrize("name", ["threads", "strided", "func", "vmap"])
def test_all_is_put_back_after_a_reference_that_raises(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @operation
    def sigmoid(x: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("reference.activations.sigmoid", sigmoid)
    before = state()
    assert {result.status for result in ran("sigmoid", name)} == {Status.ERROR}
    assert state() == before


def test_all_is_put_back_after_autocast_that_raises() -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    before = state()
    with pytest.raises(ZeroDivisionError):
        _modes.autocast(broken)()
    assert state() == before
