"""Compare learning-rate schedules, ``lr = f(step, **options)``, at every step from 0 to the case's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import Comparison, Divergence
from parity_tests.engine.results import Tally

Array = np.ndarray

# Relative. torch steps a schedule by recursion, and closed forms stay within 4e-14 of it for 100 steps,
# while a step too many or too few is seen from 1e-2 on.
GATE = 1e-13


def check_schedule(
    subject: Callable[..., float], oracle: Callable[..., float], cases: Sequence[Case]
) -> Tally:
    """Compare the rates of `subject` and `oracle` at the steps 0, 1, … up to the option "step" of each case.

    Every rate is held to GATE of its own expected value, or of the case's extra "scale" where that is
    larger: the rate in whose digits the oracle's recursion rounds. `subject` is asked in a shuffled order,
    since a schedule is a function of the step and not of how often it was called.

    Complains of a case whose expected rate is the same at every step, which proves nothing.
    """
    tally = Tally()
    for case in cases:
        options = dict(case.options)
        steps = range(options.pop("step") + 1)
        expected = np.array([oracle(step, **options) for step in steps], np.float64)
        shuffled = np.random.default_rng(case.seed).permutation(len(steps)).tolist()
        answers = {step: subject(step, **options) for step in shuffled}
        tally.add([_compare(answers, expected, case)], case.spec, benign=case.benign)
        if np.all(np.abs(expected - expected[0]) <= GATE * np.abs(expected[0])):
            tally.complain("the expected rate is the same at every step, so nothing is proven", case.spec)
    return tally


def _compare(answers: dict[int, Any], expected: Array, case: Case) -> Comparison:
    """One trajectory against its expected one; the first step that differs is the divergence."""
    got = np.array([_number(answers[step]) for step in range(len(expected))])
    scale = np.maximum(np.abs(expected), case.extra.get("scale", 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(got == expected, 0.0, np.abs(got - expected) / scale)
    error = np.where(np.isnan(error), np.inf, error)
    wrong = np.flatnonzero(error > GATE)
    divergence = None
    if wrong.size:
        step = int(wrong[0])
        divergence = Divergence(
            "lr",
            (),
            answers[step],
            float(expected[step]),
            float(GATE * scale[step]),
            mismatched=wrong.size,
            size=expected.size,
            nans=int(np.isnan(got).sum()),
            step=step,
            case=case.spec,
        )
    return Comparison("lr", float(error.max()) / GATE, None, GATE, not expected.any(), divergence)


def _number(answer: Any) -> float:
    """What an implementation returned, as a number; NaN for what is none."""
    if isinstance(answer, np.ndarray) and answer.shape == ():
        answer = answer.item()
    return float(answer) if isinstance(answer, Real) else np.nan
