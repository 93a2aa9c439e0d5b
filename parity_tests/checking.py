"""Hold anybody's implementation against the handbook's, and say how well it agrees.

    report = parity_tests.check(my_softmax, as_="softmax")
    print(report)
    report.raise_if_failed()

The oracle is `scratch` in float64, which `parity verify` holds against torch; so no torch is needed.
The implementation has the protocol of its namesake in `scratch`: see `parity explain NAME`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, find
from parity_tests.engine.cases import Case
from parity_tests.engine.operations import compare_operation, split
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.results import Result, Status, Tally
from parity_tests.engine.trajectories import compare_freely
from parity_tests.engine.trees import fresh

# A correct implementation by another formula loses some digits; a wrong one moves the result by 1e-6 or more.
FAR_BELOW_ANY_BUG = 1e-9


class Verdict(StrEnum):
    """How an implementation agrees with the formula."""

    EXACT = "exact to rounding"
    LOSES = "correct, but loses digits"
    UNSTABLE = "correct, but unstable at extreme inputs"
    WRONG = "wrong"


@dataclass(frozen=True)
class Report:
    """What the checks of one implementation say."""

    algorithm: str
    verdict: Verdict
    results: tuple[Result, ...]
    bits_lost: int = 0

    @property
    def passed(self) -> bool:
        return self.verdict is not Verdict.WRONG

    def raise_if_failed(self) -> None:
        """Raise AssertionError with the whole report if the implementation is wrong."""
        if not self.passed:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        verdict = (
            f"correct, but loses {self.bits_lost} bits" if self.verdict is Verdict.LOSES else self.verdict
        )
        lines = [f"{self.algorithm}: {verdict}"]
        for result in self.results:
            if result.status is not Status.PASSED:
                lines += [f"  {result.kind}", *(f"    {d}" for d in result.divergences[:5])]
                lines += [f"    {result.message}"] if not result.divergences else []
        return "\n".join(lines)


def check(function: Callable[..., Any], *, as_: str, examples: int = 4, seed: int = 0) -> Report:
    """Check an implementation of the algorithm called `as_`.

    Args:
        function: ``y, backward = f(*arrays, **options)`` or ``y = f(…)`` alone for an operation,
            ``param, state = f(param, grad, state, **options)`` for an optimizer, whose first state is
            None and whose later ones are its own affair.
        as_: the name in the catalogue.
        examples: how many drawn cases beside the curated ones.
        seed: where the drawn cases begin.

    Raises ValueError for a name that the catalogue lacks or has no such check for.
    """
    entry = find(as_)
    cases = entry.cases("float64", examples=examples, seed=seed)
    benign = [case for case in cases if case.benign]
    exact = _compare(entry, function, cases, floor=0.0)
    if all(_right(result) for result in exact):
        return Report(as_, Verdict.EXACT, exact)
    loose = _compare(entry, function, benign, floor=FAR_BELOW_ANY_BUG)
    if not all(_right(result) for result in loose):
        return Report(as_, Verdict.WRONG, loose)
    if not all(_right(result) for result in _compare(entry, function, cases, floor=FAR_BELOW_ANY_BUG)):
        return Report(as_, Verdict.UNSTABLE, exact)
    worst = max(result.worst or 0.0 for result in exact)
    return Report(as_, Verdict.LOSES, exact, bits_lost=math.ceil(math.log2(worst)))


def _right(result: Result) -> bool:
    return result.status is Status.PASSED


def _compare(
    entry: Algorithm, function: Callable[..., Any], cases: Sequence[Case], *, floor: float
) -> tuple[Result, ...]:
    if entry.protocol not in COMPARE:
        raise ValueError(f"check takes an {' or a '.join(COMPARE)}, and {entry.name} is a {entry.protocol}")
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the result
            tallies = COMPARE[entry.protocol](entry, function, cases, floor)
    except Exception as error:  # somebody else's code may raise anything
        message = f"{type(error).__name__}: {error}"
        return (Result(entry.name, entry.kinds[0], "f64", Status.ERROR, message),)
    results = [tally.result(entry.name, kind, "f64") for kind, tally in tallies.items()]
    return tuple(result for result in results if result.cases)


def _compare_values(
    entry: Algorithm, function: Callable[..., Any], cases: Sequence[Case], floor: float
) -> dict[str, Tally]:
    options: Any = {"through_time": entry.through_time, "floor": floor}
    outputs, gradients = compare_operation(entry.scratch, function, entry.scratch, cases, FLOAT64, **options)
    forward_only = split(function(**fresh(cases[0].arrays), **cases[0].options))[1] is None
    return {"outputs": outputs} if forward_only else {"outputs": outputs, "gradients": gradients}


def _compare_steps(
    entry: Algorithm, function: Callable[..., Any], cases: Sequence[Case], floor: float
) -> dict[str, Tally]:
    import scratch.optimizers  # noqa: PLC0415 (the chapters are imported when they are needed)

    def step(params: Any, grads: Any, states: Any, **options: Any) -> Any:
        params, states = dict(params), dict(states)
        for name, grad in grads.items():
            if grad is not None:
                params[name], states[name] = function(params[name], grad, states.get(name), **options)
        return params, states

    formula = partial(scratch.optimizers.step, entry.scratch)
    return {"trajectory": compare_freely(formula, step, cases, FLOAT64, floor=floor)}


COMPARE = {"optimizer": _compare_steps, "operation": _compare_values, "function": _compare_values}
