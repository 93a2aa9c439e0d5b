"""Turn what somebody's code returned into an answer with the question's own names and shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from parity_tests.engine.questions import Answer, Part, Question
from parity_tests.people.binding import Absent
from parity_tests.people.complaints import Complaint
from parity_tests.people.host import TheirError
from parity_tests.sandbox.wire import Record, Ref


def answer(question: Question, outputs: Any, gradients: Any = None) -> Answer:
    """The answer of an operation: `outputs` and `gradients` by name, by position, or alone.

    Gradients of None (or of nothing but None) are left out of the answer. Raises Absent for outputs of None.
    """
    answers: list[Mapping[str, Any] | None] = []
    for part in question.parts:
        if part.kind == "gradients":
            answers.append(None if empty(gradients) else named(part, gradients))
        else:
            if empty(outputs):
                raise Absent("it returns None")
            answers.append(named(part, outputs))
    return answers


@contextmanager
def of_theirs() -> Iterator[None]:
    """What can't be read of a returned value is theirs to answer for.  Raises TheirError."""
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise TheirError("TypeError", f"what it returned can't be read: {error}") from error


def empty(value: Any) -> bool:
    """None, or a tuple, list or dict of nothing else: what an unfinished function returns."""
    if isinstance(value, Mapping):
        return all(item is None for item in value.values())
    if isinstance(value, list | tuple):
        return all(item is None for item in value)
    return value is None


def named(part: Part, values: Any) -> dict[str, Any]:
    """Arrays by the names of `part`: from a dict by those names, a sequence in their order, or one alone."""
    names = list(part.expected)
    if isinstance(values, Record):
        values = values.fields
    if isinstance(values, Mapping):
        by_name = {_full(names, str(key)): value for key, value in values.items() if value is not None}
    elif isinstance(values, list | tuple) and len(names) > 1:
        by_name = dict(zip(names, values, strict=False))
        if len(values) > len(names):
            by_name |= {f"number {i + 1}": value for i, value in enumerate(values) if i >= len(names)}
    else:
        by_name = {names[0]: values}
    by_name = {name: value for name, value in by_name.items() if value is not None}
    return {name: fitted(value, part.expected.get(name)) for name, value in by_name.items()}


def _full(names: Sequence[str], key: str) -> str:
    """ "grad x" for "x"."""
    return next((name for name in names if key in (name, name.removeprefix("grad "))), key)


def fitted(value: Any, like: Any) -> np.ndarray:
    """The value as an array; (1, D) for (D,) and (1, 1) for () are no mistake: they are given the shape.

    Raises TheirError for what is no array of numbers.
    """
    array = tensor(value)
    shape = np.shape(like)
    if like is not None and array.shape != shape and _squeezed(array.shape) == _squeezed(shape):
        array = array.reshape(shape)
    wanted = np.asarray(like).dtype.kind if like is not None else "f"
    if wanted == "f" and array.dtype.kind in "iub" and array.dtype.kind != "b":
        array = array.astype(np.float64)  # a Python 0 or 1 is a number like any other
    elif wanted in "iu" and array.dtype.kind == "f" and np.array_equal(array, np.round(array)):
        array = array.astype(np.int64)
    elif wanted == "b" and array.dtype.kind in "iuf" and np.isin(array, (0, 1)).all():
        array = array.astype(bool)
    return array


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def tensor(value: Any) -> np.ndarray:
    """The value as an array of numbers.  Raises TheirError for anything else."""
    if isinstance(value, Ref | str | Mapping | Record) or value is None:
        kind = value.type if isinstance(value, Ref) else type(value).__name__
        raise TheirError("TypeError", f"it returned a {kind}, where an array was expected")
    try:
        array = np.asarray(value)
    except ValueError:
        raise TheirError("ValueError", "it returned a list of arrays of different shapes") from None
    if array.dtype.kind == "c":
        raise Complaint("it returned complex numbers")
    if array.dtype.kind not in "biuf":
        raise TheirError("TypeError", f"it returned {array.dtype}, where numbers were expected")
    return array
