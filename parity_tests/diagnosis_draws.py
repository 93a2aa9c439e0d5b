"""What is different in an initializer, by the statistics of what it draws.

Two samples are alike if they pass for samples of one distribution: their standard deviations and their
distribution functions are as near as SIGMAS standard errors, and a constant is the same constant.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import numpy as np

from parity_tests.candidates import Asked, Candidate
from parity_tests.catalogue import find
from parity_tests.engine.cases import Case
from parity_tests.engine.initializers import KOLMOGOROV, SIGMAS
from parity_tests.engine.mutation_guard import TookTooLong
from parity_tests.engine.questions import Question
from parity_tests.verdicts import Examined

Drawn = Mapping[str, Any]
TIMES = 3  # as many draws of a candidate as there are of theirs: its own error then hardly counts
SEVERAL = 3  # cases: of fewer, two mistakes at once explain too much
# Factors that are forgotten, or one too many.
FACTORS = {"√2": math.sqrt(2), "√3": math.sqrt(3), "2": 2.0, "3": 3.0, "√6": math.sqrt(6), "4": 4.0}


@np.errstate(all="ignore")
def alike(examined: Examined) -> tuple[Asked, list[Candidate]] | None:
    """The formula, and what draws as it does: a named mistake, or two at once.

    Deviations are known to two per cent, so that of all mutants some would fit any of them by chance.
    """
    entry = find(examined.algorithm)
    cases = [(Question(case, ()), drawn) for case, drawn in examined.draws]
    if not cases:
        return None
    asked = Asked(entry, None, cases[0][0])
    right = [asked.answer(question)[0] or {} for question, _ in cases]
    if all(_all_same(theirs, ours) for (_, theirs), ours in zip(cases, right, strict=True)):
        return None

    def agreeing(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        for candidate in candidates:
            try:
                agrees = _draws_alike(asked, candidate, cases, right)
            except (Exception, TookTooLong):
                continue
            if agrees:
                yield candidate

    several = asked.pairs() if len(cases) >= SEVERAL else ()
    errata = list(agreeing(asked.errata()))
    return asked, [*errata, *islice(agreeing(chain(asked.named(), () if errata else several)), 1)]


def _draws_alike(
    asked: Asked, candidate: Candidate, cases: Sequence[tuple[Question, Drawn]], right: Sequence[Drawn]
) -> bool:
    """Whether a candidate draws as they do in all cases, and in some not as the formula."""
    differs = False
    for (question, theirs), ours in zip(cases, right, strict=True):
        drawn = asked.answer(question, candidate)[0] or {}
        if not _all_near(theirs, drawn):
            return False
        differs = differs or any(not np.array_equal(drawn[name], ours[name]) for name in ours)
        for seed in range(question.case.seed + 1, question.case.seed + TIMES):
            more = replace(question, case=replace(question.case, seed=seed))
            again = asked.answer(more, candidate)[0] or {}
            drawn = {name: np.append(drawn[name], again[name]) for name in drawn}
        if not _all_same(theirs, drawn):
            return False
    return differs


def _all_near(theirs: Drawn, ours: Drawn) -> bool:
    """Whether the deviations are no further apart than a tenth, which two alike samples never are."""
    return theirs.keys() == ours.keys() and all(
        np.isfinite(theirs[name]).all()
        and abs(np.std(theirs[name]) - np.std(ours[name])) <= 0.1 * np.std(ours[name])
        for name in ours
    )


def _all_same(theirs: Drawn, ours: Drawn) -> bool:
    return theirs.keys() == ours.keys() and all(same(theirs[name], ours[name]) for name in ours)


def same(one: Any, other: Any) -> bool:
    """Whether two samples pass for samples of one distribution, all of whose values are finite."""
    x, y = np.sort(np.ravel(one)), np.sort(np.ravel(other))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    if x[0] == x[-1] or y[0] == y[-1]:
        return bool(x[0] == x[-1] == y[0] == y[-1])
    n = x.size * y.size / (x.size + y.size)
    if abs(x.std() - y.std()) > SIGMAS * y.std() * _error(y, n):
        return False
    values = np.concatenate([x, y])
    apart = np.searchsorted(x, values, "right") / x.size - np.searchsorted(y, values, "right") / y.size
    return bool(np.abs(apart).max() <= KOLMOGOROV / math.sqrt(n))


def _error(sample: np.ndarray, n: float) -> float:
    """The standard error of a standard deviation of n values, relative to it."""
    z = (sample - sample.mean()) / sample.std()
    return math.sqrt((float((z**4).mean()) - 1) / (4 * n))


# ---- what holds of the draws ----


@np.errstate(all="ignore")
def clues(examined: Examined) -> list[str]:
    """How the deviations stand to the right ones, where one ratio explains all cases; before that, whether
    there are any."""
    values = np.concatenate([np.ravel(value) for _, drawn in examined.draws for value in drawn.values()])
    if not (finite := np.isfinite(values)).all():
        some = f"{values.size - finite.sum()} of the {values.size}" if finite.any() else "all"
        return [f"{some} values that it drew are infinite or NaN"]
    ratios = [ratio for case, drawn in examined.draws for ratio in _ratios(examined.algorithm, case, drawn)]
    if not ratios:
        return []
    if all(ratio == 0 for ratio, _ in ratios):
        return ["it draws nothing: all values are the same"]
    largest = max(ratio for ratio, _ in ratios)  # whose square may overflow
    weights = np.array([(largest / error) ** 2 for _, error in ratios])
    mean = float((weights * [ratio for ratio, _ in ratios]).sum() / weights.sum())
    error = SIGMAS * largest / math.sqrt(weights.sum())
    if any(abs(ratio - mean) > SIGMAS * own for ratio, own in ratios) or abs(mean - 1) <= error:
        return []
    known = [
        name
        for text, factor in FACTORS.items()
        for name, value in ((text, factor), (f"1 / {text}", 1 / factor))
        if abs(mean - value) <= error
    ]
    said = f", as a factor of {known[0]} would make it" if len(known) == 1 else ""
    return [f"its standard deviation is {mean:.3g} times the right one{said}"]


def _ratios(algorithm: str, case: Case, drawn: Drawn) -> Iterator[tuple[float, float]]:
    """The ratio of each deviation to the right one, with its error."""
    distribution = getattr(find(algorithm), "distribution", None)
    if distribution is None:
        return
    right = float(distribution(**case.options).std())
    for values in drawn.values():
        largest = float(np.max(np.abs(values), initial=0.0)) or 1.0  # whose square may overflow
        ratio = float(np.std(values / largest)) * (largest / right)
        yield ratio, ratio * _error(values / largest, values.size) if ratio else 1.0
