"""Judge somebody's initializer by the statistics of what it draws.

A binding's `draw(host, shape, rng=Rng(seed), **options)` gives an array, or a dict of arrays by name. Its
abilities name the options that it takes, and "rng" among them if it takes a generator or a seed; one
that does not is given a seed of NumPy's global generator.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity_tests.catalogue import Algorithm, find
from parity_tests.catalogue._entry import Initializer
from parity_tests.engine.cases import Case
from parity_tests.engine.compare import Comparison, Divergence
from parity_tests.engine.initializers import statistic, statistics
from parity_tests.people.answers import of_theirs
from parity_tests.people.binding import Absent, Beyond, Binding
from parity_tests.people.host import Host, Lost, TheirError
from parity_tests.posing import Exam
from parity_tests.sandbox.wire import Rng
from parity_tests.verdicts import Examined, Finding, Verdict

# Large enough for a few draws to tell a wrong variance, and not square, so that no fan passes for the other.
SHAPES = {1: (20_000,), 2: (120, 180), 3: (90, 50, 5), 4: (60, 40, 3, 3)}
KINDS = {1: "vector", 2: "matrix", 3: "kernel", 4: "kernel"}
DRAWS = 2  # of SHAPES
ORTHOGONAL = 1e-12  # an error of QᵀQ, relative to gain²; a QR decomposition stays far below
NORMAL = {f"{name}_normal": f"{name}_uniform" for name in ("xavier", "kaiming", "lecun")}
SIBLINGS = NORMAL | {uniform: normal for normal, uniform in NORMAL.items()}
FIXED = ("constant", "zeros", "ones")


def examine_draws(entry: Algorithm, binding: Binding, host: Host, exam: Exam) -> Examined:
    """Hold what an initializer draws against the distribution that it should have.

    A draw that has an attribute `either` may be normal or uniform, where the algorithm has such a sibling.
    """
    examined = _examine(entry, binding, host, exam)
    sibling = SIBLINGS.get(entry.name, "")
    if examined.verdict is Verdict.WRONG and sibling and getattr(binding.draw, "either", False):
        other = _examine(find(sibling), binding, host, exam)
        if other.verdict is Verdict.EXACT:
            said = f"convention: it draws as {sibling} does, with the same variance"
            return replace(other, algorithm=entry.name, remarks=(*other.remarks, said))
    return examined


def _examine(entry: Algorithm, binding: Binding, host: Host, exam: Exam) -> Examined:
    assert isinstance(entry, Initializer)
    findings: list[Finding] = []
    beyond: list[str] = []
    raised: list[Finding] = []
    refused: list[Finding] = []
    unfinished: list[str] = []
    subject = _Subject(entry, binding, host)
    cases = (
        [entry.case("float64", exam.case)]
        if exam.case
        else entry.cases("float64", examples=exam.examples, seed=exam.seed)
    )
    asked: list[tuple[Any, ...]] = []
    host.remarks.clear()
    for case in cases:
        try:
            large = subject.large(case)
            key = tuple(sorted((name, str(value)) for name, value in large.options.items()))
            if key in asked:
                continue
            asked.append(key)
            findings += subject.examined(large)
        except Beyond as error:
            beyond.append(str(error))
        except Absent as error:
            return Examined(
                entry.name, tuple(findings), tuple(beyond), absent=str(error) or "nothing is there yet"
            )
        except TheirError as error:
            if error.absent:
                unfinished.append(str(error))
                continue
            label = _label(case.options["shape"])
            kept = refused if error.kind == "ValueError" else raised
            kept.append(
                Finding("distribution", label, case, Verdict.WRONG, message=str(error), worst=math.inf)
            )
        except Lost as error:
            label = _label(case.options["shape"])
            findings.append(
                Finding("distribution", label, case, Verdict.WRONG, message=str(error), worst=math.inf)
            )
            return Examined(entry.name, tuple(findings), tuple(beyond), lost=True)
    if unfinished and not (findings or raised or refused):
        return Examined(entry.name, absent=unfinished[0])
    if findings:
        # A shape or an activation that it refuses is no mistake where it draws others.
        beyond += [finding.message for finding in refused]
    else:
        findings = refused
    findings += raised
    beyond += unfinished
    remarks = tuple(dict.fromkeys((*binding.remarks, *subject.remarks)))
    told = (tuple(findings), tuple(dict.fromkeys(beyond)), remarks)
    return Examined(entry.name, *told, draws=tuple(subject.draws))


def _label(shape: tuple[int, ...]) -> str:
    return KINDS.get(len(shape), "kernel")


@dataclass
class _Subject:
    """An initializer on its host."""

    entry: Initializer
    binding: Binding
    host: Host

    def __post_init__(self) -> None:
        self.remarks: dict[str, None] = {}
        self.draws: list[tuple[Case, Mapping[str, Any]]] = []

    def large(self, case: Case) -> Case:
        """The case in a shape that is large enough, with the options that are taken."""
        parameters = inspect.signature(self.entry.scratch).parameters
        takes = self.binding.abilities.options
        options = {
            name: value
            for name, value in case.options.items()
            if name == "shape" or takes is None or name in takes
        }
        for name, parameter in parameters.items():
            if (
                name in case.options
                and name not in options
                and parameter.default is parameter.empty
                and name != "shape"
            ):
                raise Beyond(f"it takes no {name}")
        for name, value in self.binding.abilities.fixed:
            if name in case.options and case.options[name] != value:
                raise Beyond(f"it has no other {name} than {value!r}")
            options.pop(name, None)
        options["shape"] = SHAPES[max(1, min(len(case.options["shape"]), 4))]
        return replace(case, options=options)

    def drawn(self, case: Case, seed: int, world: int) -> dict[str, np.ndarray]:
        """What it draws with one seed of the generator, and another of the global one."""
        options = dict(case.options)
        shape = options.pop("shape")
        self.host.seed(world)
        assert self.binding.draw is not None
        with of_theirs():
            value = self.binding.draw(self.host, shape, rng=Rng(seed), **options)
            drawn = dict(value) if isinstance(value, Mapping) else {"y": value}
        self.host.forget()
        return drawn

    def examined(self, case: Case) -> Iterator[Finding]:
        """A finding of the distribution, and one of each complaint about where the draws come from."""
        label = _label(case.options["shape"])
        seeds = [case.seed + 1000 * i for i in range(DRAWS)]
        draws = [self.drawn(case, seed, seed) for seed in seeds]
        messages = self._misshapen(case, draws[0])
        if messages or self.entry.name in FIXED:
            messages = messages or self._filled(case, draws[0])
        else:
            messages = self._sources(case, seeds, draws)
        for message in messages:
            wrong = Finding("distribution", label, case, Verdict.WRONG, message=message, worst=math.inf)
            yield replace(wrong, answered=True)
        if messages:
            return
        worst = 0.0
        divergences = []
        unlike = {name: _unlike([draw[name] for draw in draws]) for name in self._expected_shapes(case)}
        self.draws.append((replace(case, options=self._options(case)), unlike))
        for comparison in self._compared(case, unlike):
            worst = max(worst, comparison.worst)
            if comparison.divergence is not None:
                divergences.append(comparison.divergence)
        verdict = Verdict.WRONG if divergences else Verdict.EXACT
        yield Finding("distribution", label, case, verdict, tuple(divergences), worst=worst)

    def _expected_shapes(self, case: Case) -> dict[str, tuple[int, ...]]:
        shape = case.options["shape"]
        return {"weight": shape, "bias": shape[:1]} if self.entry.name == "linear_default" else {"y": shape}

    def _misshapen(self, case: Case, draw: Mapping[str, Any]) -> list[str]:
        return [
            f"{name} has the shape {np.shape(draw[name])}, and {shape} was asked for"
            for name, shape in self._expected_shapes(case).items()
            if np.shape(draw[name]) != shape
        ]

    def _filled(self, case: Case, draw: Mapping[str, Any]) -> list[str]:
        value = {"zeros": 0.0, "ones": 1.0}.get(self.entry.name, case.options.get("val"))
        wrong = np.flatnonzero(np.ravel(draw["y"]) != value)
        return (
            [f"an element is {np.ravel(draw['y'])[wrong[0]]!r}, and all should be {value}"]
            if wrong.size
            else []
        )

    def _sources(self, case: Case, seeds: list[int], draws: list[dict[str, np.ndarray]]) -> list[str]:
        """Complaints about draws that depend on something else than the seed, or on nothing."""
        takes = self.binding.abilities.options
        generated = takes is None or "rng" in takes
        again = self.drawn(case, seeds[0], seeds[0] + 1 if generated else seeds[0])
        messages = []
        for name in self._expected_shapes(case):
            if not np.array_equal(draws[0][name], again[name]):
                if generated:
                    messages.append(
                        f"{name} differs between two generators of one seed: it draws from another"
                    )
                else:
                    self.remarks.setdefault("no global seed repeats what it draws")
            elif np.array_equal(draws[0][name], draws[1][name]) and np.ptp(draws[0][name]) > 0:
                if generated:
                    messages.append(f"{name} is the same from two generators: it seeds one of its own")
                else:
                    self.remarks.setdefault("it seeds the generator itself: every call draws the same")
        return messages

    def _compared(self, case: Case, draws: Mapping[str, np.ndarray]) -> Iterator[Comparison]:
        if self.entry.name in FIXED or self.entry.distribution is None:
            return
        stated = self._stated(case)
        for name, values in draws.items():
            for comparison in statistics(name, values, stated):
                yield _readable(comparison, name, values, stated)
        if self.entry.name == "orthogonal":
            first = draws["y"][: math.prod(case.options["shape"])]
            yield _orthonormal(first.reshape(case.options["shape"]), self._options(case)["gain"])

    def _options(self, case: Case) -> dict[str, Any]:
        """The options with scratch's defaults for those that it does not take."""
        parameters = inspect.signature(self.entry.scratch).parameters
        defaults = {
            name: p.default
            for name, p in parameters.items()
            if p.kind is p.KEYWORD_ONLY and name not in ("rng", "dtype") and p.default is not p.empty
        }
        return {**defaults, **dict(self.binding.abilities.fixed), **case.options}

    def _stated(self, case: Case) -> Any:
        assert self.entry.distribution is not None
        return self.entry.distribution(**self._options(case))


def _unlike(draws: list[np.ndarray]) -> np.ndarray:
    """All values of two draws, or those of one where the other is the same."""
    kept = draws[:1] if np.array_equal(draws[0], draws[1]) else draws
    return np.concatenate([np.ravel(draw) for draw in kept]).astype(np.float64)


def _readable(comparison: Comparison, name: str, values: np.ndarray, stated: Any) -> Comparison:
    """A wrong variance as a wrong standard deviation, which is what people write down."""
    wrong = comparison.divergence
    if wrong is None or not comparison.tensor.startswith("variance"):
        return comparison
    got, expected = float(values.std()), float(stated.std())
    tolerance = (wrong.tolerance or 0.0) / (2 * expected)
    told = Divergence(f"standard deviation of {name}", None, got, expected, tolerance)
    return replace(comparison, divergence=told)


def _orthonormal(array: np.ndarray, gain: float) -> Comparison:
    """The largest error of QᵀQ = gain² I, or of QQᵀ where the matrix is wide."""
    matrix = array.reshape(len(array), -1)
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    error = float(np.abs(product - gain**2 * np.eye(len(product))).max())
    return statistic("QᵀQ − gain² I", error, 0.0, ORTHOGONAL * gain**2)
