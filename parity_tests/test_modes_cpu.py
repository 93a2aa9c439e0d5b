"""Modes that need no accelerator: how many rows each has, that each is what it says, and what it catches."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reference
from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.catalogue._mode import Mode
from parity_tests.checks import Row
from parity_tests.engine.operations import drive, upstream_for
from parity_tests.engine.results import Result, Status
from parity_tests.modes_cpu import (
    AUTOCAST,
    BY_ONEDNN,
    FULL,
    IMAGES,
    LARGE,
    MODES_CPU,
    NO_WORKSPACE,
    NOT_BY_FUNC,
    NOT_MAPPED,
    THREADS,
    called,
    compared,
)
from parity_tests.verify import Plan, count, verify
from reference import _modes
from reference._torch import operation

STRIDED, TRANSPOSED = _modes.on_strides, _modes.on_transposed


def ran(entry: Algorithm, *modes: str, examples: int = 1) -> list[Result]:
    return verify(entry, Plan(modes=modes, examples=examples), alone=False)


def with_mode(monkeypatch: pytest.MonkeyPatch, entry: Algorithm, mode: Mode) -> list[Result]:
    """The rows of one algorithm in a mode that MODES lacks."""
    monkeypatch.setattr("parity_tests.modes.MODES", (mode,))
    return ran(entry, mode.name)


def of(name: str, entry: Algorithm | None = None) -> Mode:
    """The mode of that name, of those that the entry has."""
    return next(mode for mode in MODES_CPU if mode.name == name and (entry is None or mode.of(entry)))


def state() -> tuple[Any, ...]:
    """All that a mode may touch."""
    transform = reference._torch._transform.get()
    return (
        torch.get_num_threads(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        transform,
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
        ("func", 358),
        ("vmap", 342),
        ("autocast", 61),
        ("compile", 217),
    ],
)
def test_no_mode_is_silently_empty(mode: str, rows: int) -> None:
    """As many rows as the catalogue says: in both full dtypes, outputs and, where there are any, gradients."""
    plan = Plan(modes=[mode])
    from parity_tests.checks import checks

    found = [
        (entry.name, kind)
        for entry in algorithms()
        for check in checks(entry, plan, alone=False)
        for kind in check.kinds
        if kind in entry.kinds
    ]
    assert len(found) == rows
