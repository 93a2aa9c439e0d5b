"""Bad input must be refused, in words that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.engine.operations import split, upstream_for
from parity_tests.engine.results import Tally
from parity_tests.engine.trees import fresh


def check_refusals(
    function: Callable[..., Any], case: Case, bad_options: Sequence[Mapping[str, Any]] = ()
) -> Tally:
    """Wrong shapes raise ValueError naming both, wrong dtypes TypeError, wrong options ValueError.

    Which shapes are wrong follows from the function's own `shapes` patterns: an axis that two arguments
    share, made longer in one of them, and an axis too many where none may be added. An upstream gradient of
    another shape than the output's is refused as well.
    """
    tally = Tally(cases=1)
    patterns: dict[str, str] = getattr(function, "shapes", {})
    for description, arrays, error, words in _bad_arrays(patterns, case.arrays):
        _expect(tally, function, arrays, case.options, description, error, words, case.spec)
    for options in bad_options:
        description = ", ".join(f"{name}={value!r}" for name, value in options.items())
        _expect(
            tally,
            function,
            fresh(case.arrays),
            {**case.options, **options},
            description,
            ValueError,
            (),
            case.spec,
        )
    _, backward = split(function(**fresh(case.arrays), **case.options))
    if backward is not None and patterns:
        upstream = {str(i): dy for i, dy in enumerate(upstream_for(function, case))}
        for name, dy in upstream.items():
            wrong = {**upstream, name: dy[None]}
            description = f"an upstream gradient of shape {dy[None].shape}"
            words = [str(dy[None].shape), "must be"]
            _expect(
                tally,
                lambda **dys: backward(*dys.values()),
                wrong,
                {},
                description,
                ValueError,
                words,
                case.spec,
            )
    return tally


def _expect(
    tally: Tally,
    function: Callable[..., Any],
    arrays: Mapping[str, Any],
    options: Mapping[str, Any],
    description: str,
    error: type[Exception],
    words: Sequence[str],
    spec: str,
) -> None:
    tally.tensors += 1
    try:
        function(**arrays, **options)
    except error as refusal:
        missing = [word for word in words if word not in str(refusal)]
        if missing:
            tally.complain(f"{description} is refused, but {str(refusal)!r} does not say {missing[0]}", spec)
    except Exception as other:  # the wrong kind of refusal is what this check is after
        wanted = error.__name__
        tally.complain(f"{description}: {type(other).__name__} instead of a {wanted}: {other}", spec)
    else:
        tally.complain(f"{description} is accepted", spec)


def _bad_arrays(
    patterns: Mapping[str, str], arrays: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any], type[Exception], list[str]]]:
    """Descriptions, the arrays, the error that they must raise, and what it must say."""
    axes = {
        name: [axis for axis in pattern.split() if axis not in ("int", "bool")]
        for name, pattern in patterns.items()
        if "|" not in pattern and isinstance(arrays.get(name), np.ndarray)
    }
    shared = [axis for letters in axes.values() for axis in letters]
    for name, letters in axes.items():
        array = arrays[name]
        wrong = []
        if "..." not in letters or shared.count("...") > 1:
            wrong.append(array[None])
        for place, axis in enumerate(letters):
            if axis != "..." and (axis.isdigit() or shared.count(axis) > 1):
                position = place - len(letters) if "..." in letters[:place] else place
                wrong.append(np.concatenate([array, array.take([0], position)], position))
        for other in wrong:
            words = [str(other.shape), "must be"]
            yield f"{name} of shape {other.shape}", {**fresh(arrays), name: other}, ValueError, words
        if array.dtype.kind == "f":
            integers = np.ones(array.shape, int)
            yield f"{name} of integers", {**fresh(arrays), name: integers}, TypeError, [name, "int64"]
