"""What holds of a wrong answer, where no mutant explains it: a factor, a sign, a transpose, a condition.

Every clue is an exact agreement over all the questions that it speaks of, to within their tolerances, and is
only given where it could have failed: a guess is worse than none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np

from parity_tests.engine.clue_conditions import CLOSE, conditions
from parity_tests.engine.compare import compare
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.questions import Answer, Part, Question, all_of_float32
from parity_tests.engine.trees import flatten

Array = np.ndarray
FEWER_BITS = 20  # than the 24 of float32
Pair = tuple[Question, Answer]


@dataclass(frozen=True)
class Wrong:
    """A tensor that differs in one part of one question."""

    question: Question
    part: Part
    tensor: str
    got: Array
    expected: Array

    @property
    def where(self) -> str:
        return f"{self.part.kind} {self.tensor}"


def clues(pairs: Sequence[Pair]) -> list[str]:
    """What holds of the answers, the most telling first; empty where nothing does."""
    wrong = [found for pair in pairs for found in _wrong_tensors(*pair)]
    if not wrong:
        return []
    by_tensor: dict[str, list[Wrong]] = {}
    for found in wrong:
        by_tensor.setdefault(found.tensor, []).append(found)
    told = list(_only_some(pairs, by_tensor))
    if all(all_of_float32(*pair) for pair in pairs) and _digits_of_float32(wrong):
        told.append("every number that came back is one of float32: it computes in float32")
    for tensor, cases in by_tensor.items():
        plain = all(array.dtype.kind in "fiub" for case in cases for array in (case.got, case.expected))
        relation = next(_relations(cases), "") if plain else ""
        if relation:
            told.append(f"{_readable(tensor)} {relation}")
    told += _from_step(wrong)
    told += conditions(pairs)
    return list(dict.fromkeys(told))


def _wrong_tensors(question: Question, answer: Answer) -> Iterator[Wrong]:
    for part, got in zip(question.parts, answer, strict=True):
        if got is None:
            continue
        given = {name: value for name, value in got.items() if value is not None}
        compared = compare(given, dict(part.expected), dict(part.scales), FLOAT64, part.factor, floor=CLOSE)
        for comparison in compared:
            if comparison.divergence and comparison.tensor in given and comparison.tensor in part.expected:
                name = comparison.tensor
                yield Wrong(question, part, name, np.asarray(got[name]), np.asarray(part.expected[name]))


def _digits_of_float32(wrong: Sequence[Wrong]) -> bool:
    """Whether some wrong number has more digits than numbers have that are made without rounding, such as 0,
    1 or a small multiple of a power of two."""
    with np.errstate(all="ignore"):
        values = np.concatenate([case.got.astype(float).ravel() for case in wrong])
        mantissas = np.frexp(values[np.isfinite(values)])[0] * 2.0**FEWER_BITS
    return bool(np.any(mantissas != np.round(mantissas)))


def _readable(tensor: str) -> str:
    """ "the gradient of x" for "grad x"."""
    if tensor.startswith("grad "):
        return f"the gradient of {tensor.removeprefix('grad ')}"
    return "the output" if tensor == "y" else tensor.removeprefix("param.")


def _only_some(pairs: Sequence[Pair], wrong: Mapping[str, Sequence[Wrong]]) -> Iterator[str]:
    """Which tensors are wrong, where others are right everywhere."""
    parts = [
        (part, got or {})
        for question, answer in pairs
        for part, got in zip(question.parts, answer, strict=True)
    ]
    asked = {(part.kind, name) for part, _ in parts for name in part.expected}
    answered = {
        (part.kind, name) for part, got in parts for name in part.expected if got.get(name) is not None
    }
    bad = {(found.part.kind, name) for name, cases in wrong.items() for found in cases}
    good = answered - bad
    if not good:
        return
    outputs_right = all(kind != "outputs" for kind, _ in bad) and any(kind == "outputs" for kind, _ in good)
    are = f"{_listed([_readable(name) for _, name in sorted(bad)])} {'is' if len(bad) == 1 else 'are'}"
    those = " that came back" if any(kind == "gradients" for kind, _ in asked - answered) else ""
    others = f" and the other gradients{those}" if any(kind == "gradients" for kind, _ in good) else ""
    if outputs_right and len(bad) == sum(kind == "gradients" for kind, _ in answered):
        yield f"the outputs are right, and all of the gradients{those} are wrong"
    elif outputs_right:
        yield f"only {are} wrong: the outputs{others} are right"
    elif all(kind == "trajectory" for kind, _ in bad):
        yield f"only {are} wrong: the other parameters are right"
    elif len(bad) <= 3:
        yield f"only {are} wrong"


def _listed(names: Sequence[str]) -> str:
    """ "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _relations(cases: Sequence[Wrong]) -> Iterator[str]:
    """How the values stand to the right ones, in all of the cases."""
    if all(not np.any(case.got) for case in cases):
        yield "is all zeros"
    if all(case.got.shape == case.expected.shape for case in cases):
        yield from _factors(cases)
        yield from _reordered(cases)
        yield from _offset(cases)
        yield from _in_places(cases)
        yield from _alike_along(cases)
    elif all(_same(case.got.T, case.expected) for case in cases):
        yield "is transposed"
    elif all(
        case.got.size == case.expected.size and _same(case.got.ravel(), case.expected.ravel())
        for case in cases
    ):
        yield "has the right numbers in another shape"


def _same(got: Array, expected: Array) -> bool:
    if got.shape != expected.shape:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        got, expected = got.astype(float), expected.astype(float)
        largest = np.max(np.abs(expected), initial=0.0)
        return bool(np.all(np.abs(got - expected) <= CLOSE * largest))


def _ratio(case: Wrong) -> float | None:
    """The factor that takes all of the right values to those that came back."""
    with np.errstate(all="ignore"):
        got, expected = case.got.astype(float).ravel(), case.expected.astype(float).ravel()
        at = np.abs(expected) > 1e-3 * np.max(np.abs(expected), initial=0.0)
        if not at.any() or not np.isfinite(got).all():
            return None
        ratio = float(np.median(got[at] / expected[at]))
        return ratio if ratio and _same(got, ratio * expected) else None


def _factors(cases: Sequence[Wrong]) -> Iterator[str]:
    """One factor in all the cases, or one that a size or an option of each explains."""
    ratios = [_ratio(case) for case in cases]
    known = [(case, ratio) for case, ratio in zip(cases, ratios, strict=True) if ratio is not None]
    several = sum(case.expected.size > 1 for case in cases)
    if len(known) < len(cases) or several < 2:  # of a single number every factor is right
        return
    values = [ratio for _, ratio in known]
    if _all_close(values, [values[0]] * len(values)):
        if math.isclose(values[0], -1):
            yield "has the wrong sign"
            return
        if len({case.question.case.spec for case in cases}) < 2:
            return
        yield f"is {_number(values[0])} times the right one{_halved(values[0])}"
        return
    for name in _quantities(known[0][0].question):
        for text, function in FACTORS.items():
            try:
                predicted = [function(_quantities(case.question)[name]) for case, _ in known]
            except (KeyError, ValueError, ZeroDivisionError):
                continue
            for sign in (1.0, -1.0):
                if _all_close(values, [sign * value for value in predicted]):
                    negative = "minus " if sign < 0 else ""
                    yield f"is {negative}{text.format(name)} times the right one{MEANT.get((text, name), '')}"
                    return


def _number(value: float) -> str:
    """A factor as a fraction where it is a simple one."""
    fraction = Fraction(value).limit_denominator(24)
    simple = fraction.denominator > 1 and math.isclose(fraction, value, rel_tol=1e-9)
    return f"{fraction.numerator} / {fraction.denominator}" if simple else f"{value:.6g}"


def _halved(value: float) -> str:
    return ": the 2 of the derivative of a square, perhaps" if math.isclose(value, 0.5) else ""


MEANT = {
    ("{}", "the batch size"): ": a sum over the batch where the mean is meant",
    ("1 / {}", "the batch size"): ": a mean over the batch where the sum is meant",
    ("({} − 1) / {}", "the batch size"): ": n − 1 where n is meant, or the reverse",
    ("{} / ({} − 1)", "the batch size"): ": n − 1 where n is meant, or the reverse",
}
FACTORS: dict[str, Any] = {
    "{}": lambda n: n,
    "1 / {}": lambda n: 1 / n,
    "√({})": math.sqrt,
    "1 / √({})": lambda n: 1 / math.sqrt(n),
    "({} − 1) / {}": lambda n: (n - 1) / n,
    "{} / ({} − 1)": lambda n: n / (n - 1),
    "1 − {}": lambda n: 1 - n,
    "1 / (1 − {})": lambda n: 1 / (1 - n),
    "({})²": lambda n: n * n,
}


def _all_close(values: Sequence[float], others: Sequence[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(values, others, strict=True))


def _quantities(question: Question) -> dict[str, float]:
    """Sizes and options of a case that a factor may be made of."""
    quantities: dict[str, float] = {}
    for name, leaf in flatten(question.case.arrays).items():
        shape = np.shape(leaf)
        if isinstance(leaf, np.ndarray) and shape:
            first = "the batch size" if not quantities else f"the first size of {name}"
            quantities[first] = shape[0]
            quantities[f"the last size of {name}"] = shape[-1]
            quantities[f"the number of elements of {name}"] = math.prod(shape)
    for name, value in question.case.options.items():
        several = value if isinstance(value, tuple) else (value,)
        for i, number in enumerate(several, start=1):
            if isinstance(number, int | float) and not isinstance(number, bool):
                quantities[f"number {i} of {name}" if isinstance(value, tuple) else name] = number
    return quantities


def _reordered(cases: Sequence[Wrong]) -> Iterator[str]:
    """The right numbers in another order: transposed, flipped, blocks such as gates exchanged."""
    if any(case.expected.ndim == 0 for case in cases):
        return
    if all(
        case.expected.ndim >= 2
        and case.expected.shape[-1] == case.expected.shape[-2]
        and _same(case.got, np.swapaxes(case.expected, -1, -2))
        for case in cases
    ):
        yield "is transposed"
    axes = min(case.expected.ndim for case in cases)
    for axis in range(-1, -axes - 1, -1):
        if all(_same(np.flip(case.got, axis), case.expected) for case in cases):
            yield f"is reversed along axis {axis}"
    if max(len(case.expected) for case in cases) > 2 and all(_rows_reordered(case) for case in cases):
        yield "has the right rows in another order"
    for axis in range(-1, -axes - 1, -1):
        for blocks in (2, 3, 4):
            if any(case.expected.shape[axis] % blocks for case in cases):
                continue
            for order in permutations(range(blocks)):
                if order != tuple(range(blocks)) and all(
                    _same(_permuted(case.got, order, axis), case.expected) for case in cases
                ):
                    yield f"has its {blocks} blocks along axis {axis} in another order: {list(order)}"
                    return


def _rows_reordered(case: Wrong) -> bool:
    """Whether each row along axis 0 is some row of the right one, each taken once."""
    rows, right = (np.asarray(a, float).reshape(len(a), -1) for a in (case.got, case.expected))
    distances = np.abs(rows[:, None] - right).max(-1)
    return bool((np.sort(distances.argmin(1)) == np.arange(len(rows))).all()) and bool(
        np.all(distances.min(1) <= CLOSE * np.max(np.abs(right), initial=0.0))
    )


def _permuted(values: Array, order: Sequence[int], axis: int) -> Array:
    blocks = np.split(values, len(order), axis)
    return np.concatenate([blocks[i] for i in order], axis)


def _offset(cases: Sequence[Wrong]) -> Iterator[str]:
    """The right values and a number."""
    differences = []
    for case in cases:
        with np.errstate(all="ignore"):
            difference = case.got.astype(float) - case.expected
        if difference.size < 2 or not np.isfinite(difference).all():
            return
        if not _same(case.got.astype(float), case.expected + difference.flat[0]):
            return
        differences.append(float(difference.flat[0]))
    if len(differences) > 1 and _all_close(differences, [differences[0]] * len(differences)):
        yield f"is the right one plus {differences[0]:.6g} everywhere"
    elif len(differences) > 1:
        yield "differs from the right one by the same number everywhere"


def _in_places(cases: Sequence[Wrong]) -> Iterator[str]:
    """What stands in the wrong places, where the others are right; and whether those are at an end."""
    wrong = [_wrong_places(case) for case in cases]
    if not all(places.any() and not places.all() for places in wrong):
        return
    values = [case.got[places] for case, places in zip(cases, wrong, strict=True)]
    if all(value.dtype.kind == "f" and np.isnan(value).all() for value in values):
        yield "is NaN in some places, and right elsewhere"
        return
    if not any(value.any() for value in values):
        yield "is 0 in some places, and right elsewhere"
        return
    for axis in range(-1, -min(case.expected.ndim for case in cases) - 1, -1):
        where = [np.unique(np.nonzero(places)[axis]) for places in wrong]
        sizes = [case.expected.shape[axis] for case in cases]
        if min(sizes) < 2:
            continue
        if all((at == 0).all() for at in where):
            yield f"is wrong only at the start of axis {axis}"
            return
        if all((at == size - 1).all() for at, size in zip(where, sizes, strict=True)):
            yield f"is wrong only at the end of axis {axis}"
            return


def _wrong_places(case: Wrong) -> Array:
    got, expected = case.got.astype(float), case.expected.astype(float)
    largest = np.max(np.abs(expected), initial=0.0)
    with np.errstate(invalid="ignore"):
        return ~(np.abs(got - expected) <= CLOSE * largest)


def _alike_along(cases: Sequence[Wrong]) -> Iterator[str]:
    """The same numbers along an axis, where the right ones differ."""
    for axis in range(-1, -min(case.expected.ndim for case in cases) - 1, -1):
        if all(
            case.expected.shape[axis] > 1
            and _constant(case.got, axis)
            and not _constant(case.expected, axis)
            and np.any(case.got)
            for case in cases
        ):
            yield f"is the same all along axis {axis}, where the right one is not"


def _constant(values: Array, axis: int) -> bool:
    return bool(np.all(values == np.take(values, [0], axis)))


def _from_step(wrong: Sequence[Wrong]) -> Iterator[str]:
    """In trajectories: how long it is right; in schedules: whether it is early or late."""
    rates = [found for found in wrong if found.tensor == "lr" and found.expected.ndim == 1]
    for shift, text in ((1, "one step behind"), (-1, "one step ahead")):
        if rates and all(_shifted(found, shift) for found in rates):
            yield f"the schedule is {text}"
    steps = [found.part.step for found in wrong if found.part.step is not None]
    if not steps:
        return
    by_case: dict[str, int] = {}
    for found in wrong:
        if found.part.step is not None:
            spec = found.question.case.spec
            by_case[spec] = min(by_case.get(spec, found.part.step), found.part.step)
    first = min(by_case.values())
    if first > 1:
        those = "the first step is" if first == 2 else f"the first {first - 1} steps are"
        yield f"{those} right: look at what is carried to the next"
    else:
        yield "it is wrong from the first step on"


def _shifted(found: Wrong, shift: int) -> bool:
    got, expected = found.got, found.expected
    if got.shape != expected.shape or got.size < 3:
        return False
    return _same(got[1:], expected[:-1]) if shift > 0 else _same(got[:-1], expected[1:])
