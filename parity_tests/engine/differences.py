"""Central differences: a third opinion on gradients, from the outputs alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.operations import bound, drive, upstream_for
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.results import Tally
from parity_tests.engine.trees import flatten, fresh

STEP = 2e-4
WIDEST = 1e-5  # of the derivative: a wider interval would prove nothing


def check_differences(function: Callable[..., Any], cases: Sequence[Case]) -> Tally:
    """Σ upstream·y along a random direction of each argument, against backward's answer.

    Richardson extrapolation of two central differences, (4 D(h/2) − D(h)) / 3. Its tolerance is what
    the two disagree by (truncation) plus what rounding makes of the difference, u·Σ|upstream|E / h.
    float64 only.
    """
    tally = Tally()
    for case in cases:
        upstream = upstream_for(function, case)
        if not upstream:
            continue
        tally.cases += 1
        answer = drive(function, case, upstream)
        scales = bound(function, case, upstream, FLOAT64).outputs
        noise = FLOAT64.u * sum(
            float(np.sum(np.abs(dy) * scales[name].scale))
            for dy, name in zip(upstream, answer.outputs, strict=False)
        )
        for name, gradient in answer.gradients.items():
            tally.tensors += 1
            _check_one(tally, function, case, upstream, name.removeprefix("grad "), gradient, noise)
    return tally


def _check_one(
    tally: Tally,
    function: Callable[..., Any],
    case: Case,
    upstream: Sequence[Any],
    name: str,
    gradient: Any,
    noise: float,
) -> None:
    rng = np.random.default_rng([case.seed, zlib.crc32(name.encode())])
    direction = rng.standard_normal(np.shape(gradient))
    along = float(np.sum(gradient * direction))

    def slope(h: float) -> float:
        up, down = (_objective(function, case, upstream, name, sign * h * direction) for sign in (0.5, -0.5))
        return (up - down) / h

    coarse, fine = slope(STEP), slope(STEP / 2)
    richardson = (4 * fine - coarse) / 3
    size = float(np.sqrt(np.sum(np.square(gradient)))) or 1.0
    tolerance = abs(richardson - fine) + 8 * noise / STEP + 1e-11 * size
    if tolerance > WIDEST * size:
        tally.complain(
            f"grad {name}: differences are uncertain by {tolerance / size:.0e} of it here", case.spec
        )
    error = abs(along - richardson)
    tally.worst = max(tally.worst, error / tolerance)
    if not error <= tolerance:
        tally.complain(
            f"grad {name} along a direction: {along!r}, differences say {richardson!r} ± {tolerance:.1g}",
            case.spec,
        )


def _objective(
    function: Callable[..., Any], case: Case, upstream: Sequence[Any], name: str, shift: Any
) -> float:
    arrays = fresh(case.arrays)
    _at(arrays, name)[...] += shift
    outputs = drive(function, case, upstream, arrays=arrays).outputs
    return sum(float(np.sum(dy * y)) for dy, y in zip(upstream, outputs.values(), strict=False))


def _at(arrays: dict[str, Any], name: str) -> Any:
    """The array that `flatten` calls `name`."""
    for path, leaf in flatten(arrays).items():
        if path == name:
            return leaf
    raise KeyError(f"a gradient is called {name!r}, but the arguments are {', '.join(flatten(arrays))}")
