"""Compare named arrays element by element, each element at its own tolerance.

|got − expected| ≤ 4·u·E + 6·η, where E is the error scale that `rounding` gives for that very element,
u the unit roundoff and η the smallest subnormal of the dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.engine.precision import Precision
from parity_tests.engine.rounding import Rounded

Array = np.ndarray
# name, expected value, error scale E -> what each element may be off by
Tolerance = Callable[[str, Array, Array], Array]
FACTOR = 4.0  # twice what independent roundings reached in practice: 3.1 at most over all algorithms
FACTOR_THROUGH_TIME = 24.0  # for gradients through time, whose errors are added in quadrature
SUBNORMALS = 6.0
KINDS = {"f": "float", "i": "integer", "u": "integer", "b": "bool"}


@dataclass(frozen=True)
class Divergence:
    """The first element of a tensor that is beyond its tolerance, and how many others are."""

    tensor: str
    index: tuple[int, ...] | None
    got: Any
    expected: Any
    tolerance: float | None
    mismatched: int = 1
    size: int = 1
    nans: int = 0
    step: int | None = None
    case: str = ""

    def __str__(self) -> str:
        place = f"step {self.step}, " if self.step is not None else ""
        place += self.tensor + (str(list(self.index)) if self.index else "")
        text = f"{place}: got {self.got}, expected {self.expected}"
        if self.tolerance is not None:
            text += f" ± {self.tolerance:.2g}"
        if self.index is not None:
            text += f" ({self.mismatched} of {self.size} elements"
            text += f", {self.nans} NaN)" if self.nans else ")"
        return text


@dataclass(frozen=True)
class Comparison:
    """One tensor against its expected value.

    `worst` is the largest error in units of its tolerance, `rounding` the same in units of u·E (None
    where the tolerance is not made of u·E).
    `tightness` is the largest tolerance over the largest expected value. `vacuous` says that an answer
    of all zeros would have passed as well.
    """

    tensor: str
    worst: float
    rounding: float | None
    tightness: float
    vacuous: bool
    divergence: Divergence | None


def compare(
    got: dict[str, Any],
    expected: dict[str, Any],
    bounds: dict[str, Any],
    precision: Precision,
    factor: float = FACTOR,
    *,
    floor: float = 0.0,
    tolerance: Tolerance | None = None,
) -> list[Comparison]:
    """Every tensor of `expected` against its namesake in `got`; one that is missing or too many diverges.

    Args:
        got, expected: arrays by name.
        bounds: the error scale of each, as `Rounded` arrays (or None where a value must be exact).
        precision: the dtype that both were computed in.
        factor: how many u·E are allowed.
        floor: what is allowed anyway, relative to the largest value of a tensor. For torch it is 0;
            people's code may be right by another formula, which rounds otherwise.
        tolerance: another one than factor·u·E + 6η.
    """

    def standard(_: str, expected: Array, scale: Array) -> Array:
        largest = float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected)))
        return np.maximum(factor * precision.u * scale + SUBNORMALS * precision.eta, floor * largest)

    comparisons = []
    for name, value in expected.items():
        if name in got:
            bound = bounds.get(name)
            comparisons.append(_compare_one(name, got[name], value, bound, precision, tolerance or standard))
        else:
            comparisons.append(_missing(name, "nothing", f"a tensor {np.shape(value)}"))
    for name in sorted(got.keys() - expected.keys()):
        comparisons.append(_missing(name, f"a tensor {np.shape(got[name])}", "nothing"))
    return comparisons


def _missing(name: str, got: str, expected: str) -> Comparison:
    return Comparison(name, np.inf, np.inf, 0.0, False, Divergence(name, None, got, expected, None))


def _compare_one(
    name: str, got: Any, expected: Any, bound: Any, precision: Precision, tolerated: Tolerance
) -> Comparison:
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return _missing(name, f"shape {got.shape}", f"shape {expected.shape}")
    if KINDS.get(got.dtype.kind) != KINDS.get(expected.dtype.kind):
        return _missing(name, f"a dtype of {got.dtype}", f"one of {expected.dtype}")
    if expected.dtype.kind != "f":
        return _exact(name, got, expected)
    scale = bound.scale if isinstance(bound, Rounded) else np.zeros(expected.shape)
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    largest = float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected)))
    tolerance = tolerated(name, expected, scale)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(
            (got == expected) | (np.isnan(got) & np.isnan(expected)), 0.0, np.abs(got - expected)
        )
    error = np.where(np.isnan(error), np.inf, error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(error == 0, 0.0, np.where(np.isfinite(tolerance), error / tolerance, np.inf))
        rounding = np.where(error <= SUBNORMALS * precision.eta, 0.0, error / (precision.u * scale))
    by_chance = (
        0.1 if expected.size < 4 else 0.0
    )  # one or two values may be small, and be well known all the same
    return Comparison(
        name,
        worst=float(np.max(ratio, initial=0.0)),
        rounding=float(np.max(rounding, initial=0.0)),
        tightness=float(np.max(tolerance, initial=0.0)) / max(largest, by_chance) if largest else 0.0,
        vacuous=bool(np.all(np.abs(expected) <= tolerance)),
        divergence=_first(name, ratio > 1, got, expected, tolerance),
    )


def _exact(name: str, got: Array, expected: Array) -> Comparison:
    wrong = got != expected
    worst = np.inf if wrong.any() else 0.0
    return Comparison(
        name, worst, worst, 0.0, False, _first(name, wrong, got, expected, np.zeros(expected.shape))
    )


def _first(name: str, wrong: Array, got: Array, expected: Array, tolerance: Array) -> Divergence | None:
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    nans = int(np.sum(np.isnan(got) & ~np.isnan(expected))) if got.dtype.kind == "f" else 0
    return Divergence(
        name,
        index,
        got[index].item(),
        expected[index].item(),
        float(tolerance[index]),
        mismatched=int(wrong.sum()),
        size=wrong.size,
        nans=nans,
    )


def located(comparison: Comparison, *, case: str = "", step: int | None = None) -> Comparison:
    """The same comparison with its divergence told where it happened."""
    if comparison.divergence is None:
        return comparison
    return replace(comparison, divergence=replace(comparison.divergence, case=case, step=step))
