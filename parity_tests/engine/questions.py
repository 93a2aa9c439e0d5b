"""Questions: the inputs of one case, the right answers to them, and how far off each element may be.

A question is posed once and put to any number of implementations: a person's, a mutant, torch. An answer is
plain data, a dict of arrays for each part of the question (or None for a part that was left out), so that it
can be judged more than once, by more than one measure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import (
    FACTOR,
    FACTOR_THROUGH_TIME,
    Comparison,
    compare,
    located,
)
from parity_tests.engine.operations import bound, drive, upstream_for
from parity_tests.engine.precision import FLOAT64, Precision
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.schedules import GATE
from parity_tests.engine.trajectories import Moment, Stepper, moments, rounded
from parity_tests.engine.trees import flatten

Tensors = Mapping[str, Any]
Answer = Sequence[Tensors | None]


@dataclass(frozen=True)
class Part:
    """What is asked for: the right values by name, and the error scale of each.

    `kind` is the check that it belongs to, `step` where in a trajectory it stands.
    """

    kind: str
    expected: Tensors
    scales: Tensors
    factor: float = FACTOR
    step: int | None = None


@dataclass(frozen=True)
class Question:
    """One case as it is put to an implementation; the upstream gradients are among what goes in."""

    case: Case
    parts: tuple[Part, ...]
    upstream: tuple[Any, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.kind for part in self.parts))

    @property
    def regime(self) -> str:
        """Where its inputs live: the label of the check that it belongs to."""
        words = dict(word.partition("=")[::2] for word in self.case.spec.split())
        return "defaults" if words.get("defaults") == "True" else words.get("regime", "normal")


def pose_operation(
    formula: Callable[..., Any], oracle: Callable[..., Any], case: Case, *, through_time: bool = False
) -> Question:
    """Outputs and gradients of ``y, backward = f(*arrays, **options)``."""
    upstream = upstream_for(formula, case)
    scales = bound(formula, case, upstream, FLOAT64, through_time=through_time)
    expected = drive(oracle, case, upstream)
    parts = [Part("outputs", expected.outputs, scales.outputs)]
    if expected.gradients:
        factor = FACTOR_THROUGH_TIME if through_time else FACTOR
        parts.append(Part("gradients", expected.gradients, scales.gradients, factor))
    return Question(case, tuple(parts), tuple(upstream))


def pose_trajectory(formula: Stepper, oracle: Stepper, case: Case) -> Question:
    """The parameters after every step of a run of its own; the bound grows with the steps taken."""
    start = rounded(Moment(0, case.arrays["params"], {}, {}, {}), Model.of(FLOAT64))
    carried = replace(case, arrays={**case.arrays, "params": start.params})
    after = zip(list(moments(oracle, case))[1:], list(moments(formula, carried))[1:], strict=True)
    parts = [
        Part("trajectory", flatten({"param": exact.params}), flatten({"param": bounds.params}), step=number)
        for number, (exact, bounds) in enumerate(after, start=1)
    ]
    return Question(case, tuple(parts))


def pose_schedule(formula: Callable[..., Any], oracle: Callable[..., Any], case: Case) -> Question:
    """The rates from step 0 to the case's last."""
    options = dict(case.options)
    steps = range(options.pop("step") + 1)
    rates = np.array([oracle(step, **options) for step in steps], np.float64)
    scale = GATE * np.maximum(np.abs(rates), case.extra.get("scale", 0.0)) / (FACTOR * FLOAT64.u)
    return Question(
        case, (Part("trajectory", {"lr": rates}, {"lr": Rounded(rates, scale, Model.of(FLOAT64))}),)
    )


@dataclass(frozen=True)
class Judgement:
    """How one kind of an answer compares: `worst` is in units of the tolerance."""

    kind: str
    comparisons: tuple[Comparison, ...]

    @property
    def worst(self) -> float:
        return max((comparison.worst for comparison in self.comparisons), default=0.0)

    @property
    def divergences(self) -> tuple[Any, ...]:
        return tuple(c.divergence for c in self.comparisons if c.divergence is not None)


def judge(
    question: Question, answer: Answer, *, floor: float = 0.0, precision: Precision = FLOAT64
) -> list[Judgement]:
    """Every kind of the question that was answered; a part or a tensor that is None is left out."""
    judged: dict[str, list[Comparison]] = {}
    for part, got in zip(question.parts, answer, strict=True):
        if got is None or (not got and part.kind == "gradients"):
            continue
        given = {name: value for name, value in got.items() if value is not None}
        asked = {name: value for name, value in part.expected.items() if name in given or name not in got}
        compared = compare(given, asked, dict(part.scales), precision, part.factor, floor=floor)
        judged.setdefault(part.kind, []).extend(
            located(comparison, case=question.case.spec, step=part.step) for comparison in compared
        )
    return [Judgement(kind, tuple(comparisons)) for kind, comparisons in judged.items()]


def all_of_float32(question: Question, answer: Answer) -> bool:
    """Whether every number that came back is one of float32, as it is where float32 was computed in."""
    values = [
        np.asarray(got[name])
        for part, got in zip(question.parts, answer, strict=True)
        if got is not None
        for name, value in part.expected.items()
        if got.get(name) is not None and np.asarray(value).dtype.kind == "f"
    ]
    with np.errstate(all="ignore"):
        return bool(values) and all(
            value.dtype.kind == "f" and np.array_equal(value.astype(np.float32), value, equal_nan=True)
            for value in values
        )


def summary(answer: Answer) -> bytes:
    """All numbers to seven digits."""
    digest = hashlib.sha256()
    with np.errstate(all="ignore"):
        for part in answer:
            for name, leaf in sorted((part or {}).items()):
                values = np.asarray(leaf)
                digest.update(f"{name} {values.shape}".encode())
                digest.update(values.astype(np.float32).tobytes() if values.dtype.kind in "fiub" else b"?")
    return digest.digest()


def proves_something(question: Question) -> bool:
    """Whether an answer of zeros would fail: not so where all of the right values are about zero, and should
    not be."""
    named = vacuous = 0
    for part in question.parts:
        same = compare(dict(part.expected), dict(part.expected), dict(part.scales), FLOAT64, part.factor)
        named += len(same)
        vacuous += sum(c.vacuous and c.tensor not in question.case.allow_zero for c in same)
    return not named or vacuous < named
