"""Compare two trainings that run freely, side by side, each on its own parameters.

A single step is held to the bound of its rounding elsewhere (`trajectories`); what remains to be seen is
whether a whole training stays where it belongs, with its batches, its schedule and whatever it keeps from
one step to the next. Rounding grows along the way, so the tolerance is one figure for the whole run, and
a run is only fit for it while training is not chaotic: float64, a smooth network, a few hundred steps.
For any other training `Drift` finds out what it makes of a rounding.

A run is an iterator of steps; a step is a named tuple with at least the field `params`, and all of it is
compared. The two are taken in lockstep, so that neither has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import FACTOR, Comparison, compare, located
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.trees import flatten, fresh

Run = Iterable[Any]
Params = Mapping[str, Any]

GATE = 1e-12  # of the largest value of its kind so far: 25 times what rounding was seen to do


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
        gate: the largest difference of an element, relative to the largest value of its kind so far (all
            parameters, all first moments, …: a single bias may pass through zero). Integers must be equal.
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

    steps = _in_lockstep(subject, watched(), gate)
    compared = [located(found, case=case, step=number) for number, found in steps]
    unused = {found.tensor for found in compared if found.tensor.startswith("states.")}
    tally.add(compared, case, benign=False, allow_zero=unused)
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
            size = float(np.max(np.abs(leaf), initial=0.0))
            largest[_kind(name)] = max(largest.get(_kind(name), 0.0), size)
        bounds = {name: _flat_bound(leaf, gate * largest[_kind(name)]) for name, leaf in expected.items()}
        comparisons = compare(got, expected, bounds, FLOAT64)
        yield from ((number, replace(comparison, rounding=None)) for comparison in comparisons)
        if any(comparison.divergence for comparison in comparisons):
            return


def _kind(name: str) -> str:
    """What a tensor is one of: parameters, gradient norms, or one moment of the states."""
    field, *key = name.split(".")
    return f"{field} {key[-1]}" if field == "states" else field


def _flat_bound(leaf: Any, tolerance: float) -> Rounded:
    """A bound that allows every element of a tensor the same."""
    return Rounded(leaf, np.full(np.shape(leaf), tolerance / (FACTOR * FLOAT64.u)), Model.of(FLOAT64))


def largest_difference(got: Params, expected: Params) -> float:
    """The largest difference of an element of any tensor, relative to the largest of all expected values."""
    difference = _largest({name: got[name] - leaf for name, leaf in expected.items()}) / _largest(expected)
    return difference if np.isfinite(difference) else np.inf


def _largest(params: Params) -> float:
    return float(np.max([np.max(np.abs(leaf)) for leaf in params.values()]))


@dataclass
class Drift:
    """How far two free runs have drifted apart, and how far rounding alone may have carried them.

    What a training makes of its roundings depends on the training. A twin of the first run, which starts
    from parameters that are moved by one rounding each, measures it: the two runs may differ by
    ALLOWANCE times as much as the twin does. Where that reaches CHAOS a comparison proves nothing any
    more, and no step from there on is judged. All are relative to the largest parameter, and never shrink.

    `worst` is the largest difference in units of what was allowed; `parted` is the first step beyond it, or
    after which one of the two alone is finite; `chaotic` is the first that was not judged.
    """

    difference: float = 0.0
    twin: float = 0.0
    worst: float = 0.0
    judged: int = 0
    parted: int | None = None
    chaotic: int | None = None

    ALLOWANCE: ClassVar[float] = 1000.0  # 28 is the most that was seen of correct trainings in float64
    CHAOS: ClassVar[float] = 0.1

    @property
    def allowed(self) -> float:
        return self.ALLOWANCE * self.twin

    def add(self, step: int, got: Params, expected: Params, twin: Params) -> None:
        """Take in the parameters of the two runs, and of the twin of the first, after a step."""
        self.difference = max(self.difference, largest_difference(got, expected))
        self.twin = max(self.twin, largest_difference(twin, got))
        if self.parted is None and np.isfinite(_largest(got)) != np.isfinite(_largest(expected)):
            self.parted = step
        if self.chaotic is None and self.allowed >= self.CHAOS:
            self.chaotic = step
        if self.chaotic is None:
            self.judged += 1
            self.worst = max(self.worst, self.difference / self.allowed)
            if self.parted is None and self.worst > 1:
                self.parted = step


def moved_by_a_rounding(params: Params, rng: np.random.Generator) -> dict[str, Any]:
    """Every element moved to the next number of its dtype, up or down."""
    towards = {key: rng.choice([-np.inf, np.inf], p.shape).astype(p.dtype) for key, p in params.items()}
    return {key: np.nextafter(p, towards[key]) for key, p in params.items()}
