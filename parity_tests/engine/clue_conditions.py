"""Under which conditions an answer is wrong: a choice of the cases that tells them from the right ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from parity_tests.engine.cases import parse_spec
from parity_tests.engine.questions import Answer, Question, judge

CLOSE = 1e-9  # relative to the largest value: far below any bug, far above any rounding
MOST_CONDITIONS = 2
KINDS = "normal, tiny, large, …"
Pair = tuple[Question, Answer]


def conditions(pairs: Sequence[Pair]) -> Iterator[str]:
    """A choice of the cases that tells the wrong ones from the right ones."""
    sides: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for question, answer in pairs:
        is_wrong = any(j.divergences for j in judge(question, answer, floor=CLOSE))
        sides[is_wrong].append(_traits(question))
    wrong, right = sides[True], sides[False]
    if len(wrong) < 2 or len(right) < 2:
        return
    told = [text for trait in wrong[0] if (text := _separates(trait, wrong, right))]
    counts = f"({len(wrong)} cases wrong, {len(right)} right)"
    for text in told[:MOST_CONDITIONS]:
        yield f"{text} {counts}"


def _separates(trait: str, wrong: Sequence[dict[str, Any]], right: Sequence[dict[str, Any]]) -> str:
    """How the trait tells the wrong cases from the right ones, if it does."""
    bad = {repr(case.get(trait)) for case in wrong}
    good = {repr(case.get(trait)) for case in right}
    if bad & good:
        return ""
    if len(bad) == 1:
        return f"it is wrong only where {_told(trait, bad.pop())}"
    if len(good) == 1:
        return f"it is right only where {_told(trait, good.pop())}"
    sizes = [[_size(case.get(trait)) for case in cases] for cases in (wrong, right)]
    if any(math.isnan(size) for side in sizes for size in side):
        return ""
    (least, most), (least_right, most_right) = ((min(side), max(side)) for side in sizes)
    if least > most_right:
        return f"it is wrong only where {trait} is above {most_right:g}"
    return f"it is wrong only where {trait} is below {least_right:g}" if most < least_right else ""


def _told(trait: str, value: str) -> str:
    if " is " in trait:
        return trait if value == "True" else trait.replace(" is ", " is not ")
    return f"{trait} is {value}"


def _size(value: Any) -> float:
    numbers = value if isinstance(value, tuple) and value else (value,)
    plain = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    return max(map(float, numbers)) if plain else math.nan


def _traits(question: Question) -> dict[str, Any]:
    """What a case has of its own: its options, which inputs are given, how large they are, how many
    examples there are."""
    traits = {name: value for name, value in question.case.options.items() if _plain(value)}
    first = next(
        (leaf for leaf in question.case.arrays.values() if isinstance(leaf, np.ndarray) and leaf.ndim), None
    )
    if first is not None:
        traits["the batch is one example"] = first.shape[0] == 1
        traits["the number of examples"] = first.shape[0]
    for name, leaf in question.case.arrays.items():
        traits[f"{name} is given"] = leaf is not None
    return traits | {f"the kind of inputs ({KINDS})": parse_spec(question.case.spec)[1].get("regime")}


def _plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | tuple | type(None))
