"""Compare two trainings that run freely, side by side, each on its own parameters.

A single step is held to the bound of its rounding elsewhere (`trajectories`); what remains to be seen is
whether a whole training stays where it belongs, with its batches, its schedule and whatever it keeps from
one step to the next. Rounding grows along the way, so the tolerance is one figure for the whole run, and
a run is only fit for it while training is not chaotic: float64, a smooth network, a few hundred steps.

A run is an iterator of steps; a step is a named tuple with at least the field `params`, and all of it is
compared. The two are taken in lockstep, so that neither has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import FACTOR, Comparison, compare, located
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.trees import flatten, fresh

Run = Iterable[Any]

GATE = 1e-12  # of the largest value of a tensor so far: 25 times what rounding was seen to do


def check_runs(
    subject: Callable[..., Run], oracle: Callable[..., Run], cases: Sequence[Case], *, gate: float = GATE
) -> Tally:
    """`check_run` for every case: both start from fresh copies of its arrays."""
    tally = Tally()
    for case in cases:
        runs = (start(**fresh(case.arrays), **case.options) for start in (subject, oracle))
        check_run(*runs, gate=gate, case=case.spec, tally=tally)
    return tally


def check_run(
    subject: Run, oracle: Run, *, gate: float = GATE, case: str = "", tally: Tally | None = None
) -> Tally:
    """Take two runs in lockstep until they end or part, and say at which step, tensor and element.

    Args:
        subject, oracle: two runs from the same start.
        gate: the largest difference of an element, relative to the largest value that its tensor has had
            so far. Integers must be equal.
        case: the line that draws the case again.
        tally: what to add to, where several runs make one result.

    Complains of an oracle that proves nothing: no longer finite, or with a parameter that stays put.
    """
    tally = Tally() if tally is None else tally
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}

    def watched() -> Iterator[Any]:
        for step in oracle:
            last.update(flatten(step.params, "params"))
            for name, leaf in last.items():
                first.setdefault(name, leaf)
            yield step

    compared = [located(found, case=case, step=number) for number, found in _in_lockstep(subject, watched(), gate)]
    states = {found.tensor for found in compared if found.tensor.startswith("states.")}  # an unused one is zero
    tally.add(compared, case, benign=False, allow_zero=states)
    if any(found.divergence for found in compared):
        return tally
    for name, leaf in last.items():
        if not np.isfinite(leaf).all():
            tally.complain(f"{name} of the oracle does not stay finite, so nothing is proven", case)
        elif leaf is not first[name] and np.array_equal(leaf, first[name]):
            tally.complain(f"{name} of the oracle stays put, so nothing is proven", case)
    return tally


def _in_lockstep(subject: Run, oracle: Run, gate: float) -> Iterator[tuple[int, Comparison]]:
    """The comparisons of every step, up to and with the first that diverges."""
    largest: dict[str, float] = {}
    for number, steps in enumerate(zip_longest(subject, oracle), start=1):
        got, expected = ({} if step is None else flatten(step) for step in steps)
        for name, leaf in expected.items():
            largest[name] = max(largest.get(name, 0.0), float(np.max(np.abs(leaf), initial=0.0)))
        bounds = {name: _flat_bound(leaf, gate * largest[name]) for name, leaf in expected.items()}
        comparisons = compare(got, expected, bounds, FLOAT64)
        yield from ((number, comparison) for comparison in comparisons)
        if any(comparison.divergence for comparison in comparisons):
            return


def _flat_bound(leaf: Any, tolerance: float) -> Rounded:
    """A bound that allows every element of a tensor the same."""
    return Rounded(leaf, np.full(np.shape(leaf), tolerance / (FACTOR * FLOAT64.u)), Model.of(FLOAT64))


def largest_difference(got: Mapping[str, Any], expected: Mapping[str, Any]) -> float:
    """The largest difference of an element, relative to the largest value of its tensor."""
    return max(_relative(got[name], leaf) for name, leaf in expected.items())


def _relative(got: np.ndarray, expected: np.ndarray) -> float:
    error, size = float(np.max(np.abs(got - expected))), float(np.max(np.abs(expected)))
    return error / size if size else error
