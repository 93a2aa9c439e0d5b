"""Compare initializers, ``y = f(shape, rng=…, dtype=…, **options)``: the arithmetic with the draws given,
and the draws by their statistics.

The first tells a wrong formula to the last digit, but only where `subject` asks its generator for the same
base draws in the same order as the oracle; the second tells one that is off by two per cent, however it
comes by its draws. A case has the option "shape" and nothing among its arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import Comparison, Divergence, compare, located
from parity_tests.engine.precision import FLOAT64, Precision
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Tally
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.trees import flatten

Array = np.ndarray

DRAWS = 100_000  # of which the standard deviation is known to 0.3 per cent
SIGMAS = 5.0
# The distance between the two distribution functions that is as rare as SIGMAS, times √n.
KOLMOGOROV = math.sqrt(math.log(2 / math.erfc(SIGMAS / math.sqrt(2))) / 2)


class RoundedDraws:
    """The draws of a generator as arrays that carry their error.

    A uniform draw has few enough bits to be exact. A normal one is rounded: torch computes it in float64
    and may scale it before it rounds.
    """

    def __init__(self, rng: Any, model: Model) -> None:
        self.rng, self.model = rng, model

    def random(self, shape: Any, dtype: Any = np.float64) -> Rounded:
        return Rounded.exact(self.rng.random(shape, dtype), self.model)

    def standard_normal(self, shape: Any, dtype: Any = np.float64) -> Rounded:
        draw = self.rng.standard_normal(shape, dtype)
        return Rounded(draw, np.abs(draw), self.model)


def check_draws(
    formula: Callable[..., Any],
    subject: Callable[..., Any],
    oracle: Callable[..., Any],
    cases: Sequence[Case],
    precision: Precision,
    *,
    draws: Callable[[int], Any],
    cap: float | None = None,
) -> Tally:
    """Compare `subject` with `oracle` on every case, each with the same base draws.

    Args:
        formula: the NumPy code whose rounding is bounded.
        subject, oracle: implementations in the dtype of `precision`.
        cases: their shapes and options.
        draws: gives a generator for a seed.
        cap: the largest tolerance that is still worth something, relative to the largest value.
    """
    tally = Tally(cap)
    for case in cases:
        rounded = RoundedDraws(draws(case.seed), Model.of(precision))
        scales = _drawn(formula, case, rounded, precision.dtype)
        expected = _drawn(oracle, case, draws(case.seed), precision.dtype)
        got = _drawn(subject, case, draws(case.seed), precision.dtype)
        found = [
            located(comparison, case=case.spec) for comparison in compare(got, expected, scales, precision)
        ]
        tally.add(found, case.spec, benign=case.benign, allow_zero=case.allow_zero)
    return tally


def _drawn(function: Callable[..., Any], case: Case, rng: Any, dtype: str) -> dict[str, Any]:
    options = dict(case.options)
    return flatten(function(options.pop("shape"), rng=rng, dtype=np.dtype(dtype), **options))


def check_distribution(
    subject: Callable[..., Any], distribution: Callable[..., Any], cases: Sequence[Case]
) -> Tally:
    """Hold at least DRAWS values of every output of each case against the distribution they should have.

    Mean, variance and the largest distance between the two distribution functions (Kolmogorov-Smirnov)
    must be as near as SIGMAS standard errors of as many independent draws, and no value may be outside the
    support. Complains, too, of draws that do not depend on the generator alone.

    Args:
        subject: draws in float64 from a `np.random.Generator`.
        distribution: takes the case's options, and says what scipy.stats says of a distribution.
        cases: the shapes and options.
    """
    tally = Tally()
    for case in cases:
        rng = np.random.default_rng(case.seed)
        first = _drawn(subject, case, rng, FLOAT64.dtype)
        again = _drawn(subject, case, np.random.default_rng(case.seed), FLOAT64.dtype)
        times = max(2, -(-DRAWS // min(np.size(leaf) for leaf in first.values())))
        drawn = [first, *(_drawn(subject, case, rng, FLOAT64.dtype) for _ in range(times - 1))]
        stated = distribution(**case.options)
        found: list[Comparison] = []
        for name, leaf in first.items():
            if not np.array_equal(leaf, again[name]):
                tally.complain(
                    f"{name} differs between two generators of one seed: it draws from another", case.spec
                )
            if np.array_equal(leaf, drawn[1][name]):
                tally.complain(f"{name} is the same in two draws from one generator", case.spec)
            values = np.concatenate([np.ravel(draw[name]) for draw in drawn]).astype(np.float64)
            found += statistics(name, values, stated)
        tally.add([located(comparison, case=case.spec) for comparison in found], case.spec, benign=False)
    return tally


def statistics(name: str, values: Array, stated: Any) -> Iterator[Comparison]:
    n, mean, variance = values.size, float(stated.mean()), float(stated.var())
    low, high = (float(end) for end in stated.support())
    excess = float(stated.stats("k"))
    yield statistic(f"mean of {name}", float(values.mean()), mean, SIGMAS * math.sqrt(variance / n))
    spread = SIGMAS * variance * math.sqrt((excess + 2) / n)
    yield statistic(f"variance of {name}", float(np.mean((values - mean) ** 2)), variance, spread)
    distance = _kolmogorov(values, stated.cdf)
    yield statistic(f"Kolmogorov-Smirnov distance of {name}", distance, 0.0, KOLMOGOROV / math.sqrt(n))
    if math.isfinite(low) and math.isfinite(high):
        rounding = 16 * FLOAT64.u * max(abs(low), abs(high))
        outside = max(low - float(values.min()), float(values.max()) - high, 0.0)
        yield statistic(f"{name} beyond its bounds", outside, 0.0, rounding)


def _kolmogorov(values: Array, cdf: Callable[[Array], Array]) -> float:
    """The largest distance between the distribution function and that of the values."""
    expected = cdf(np.sort(values))
    above = np.arange(1, values.size + 1) / values.size - expected
    return float(max(above.max(), (1 / values.size - above).max()))


def statistic(name: str, got: float, expected: float, tolerance: float) -> Comparison:
    error = abs(got - expected)
    within = error <= tolerance  # not so for NaN
    divergence = None if within else Divergence(name, None, got, expected, tolerance)
    worst = error / tolerance if math.isfinite(error) else math.inf
    return Comparison(name, worst, None, 0.0, False, divergence)


def check_drawn_dtype(subject: Callable[..., Any], cases: Sequence[Case]) -> Tally:
    """Everything that comes out has the dtype that was asked for."""
    tally = Tally()
    for case in cases:
        tally.cases += 1
        for name, leaf in _drawn(subject, case, np.random.default_rng(case.seed), case.dtype).items():
            tally.tensors += 1
            dtype = np.asarray(leaf).dtype
            if dtype != case.dtype:
                tally.complain(f"{name} is {dtype}, and {case.dtype} was asked for", case.spec)
    return tally


def check_initializer_refusals(
    subject: Callable[..., Any], case: Case, bad_options: Sequence[Mapping[str, Any]]
) -> Tally:
    """Shapes without fans and options that mean nothing raise ValueError."""
    return check_refusals(partial(subject, rng=np.random.default_rng(case.seed)), case, bad_options)
