"""How an erratum is proven: the machinery that `catalogue.errata` and its chapters share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from scratch.errata import ERRATA

ROUNDING = 1e-13  # relative to the largest expected value; everything here is float64 and benign
FAR_BEYOND = 1e-9


class Proof(NamedTuple):
    """What shows that an erratum is one.

    Args:
        correct: what is right, in the protocol of the misprint.
        prove: raises AssertionError unless `correct` agrees with torch to rounding and the function it
            is given (the misprint) is wrong exactly where the erratum says.
    """

    correct: Callable[..., Any]
    prove: Callable[[Callable[..., Any]], None]


PROOFS: dict[str, Proof] = {}


def proof(id: str, *, correct: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the decorated function as the proof of an erratum; it is called with the misprint.

    Raises KeyError for an id that `scratch.errata` lacks, and ValueError for a second proof.
    """
    if id in PROOFS:
        raise ValueError(f"proof: {id} has one already")
    ERRATA[id]

    def register(prove: Callable[..., None]) -> Callable[..., None]:
        PROOFS[id] = Proof(correct, prove)
        return prove

    return register


def agrees(got: Any, expected: Any) -> bool:
    """Whether two arrays of one shape are equal to rounding. NaN agrees with nothing."""
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return False
    return bool(np.all(np.abs(got - expected) <= ROUNDING * np.abs(expected).max()))


def differs(got: Any, expected: Any) -> bool:
    """Whether two arrays differ by far more than rounding, in some element or in shape."""
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape or not np.isfinite(got).all():
        return True
    return bool(np.abs(got - expected).max() > FAR_BEYOND * np.abs(expected).max())


def differing(got: Any, expected: Any) -> list[int]:
    """The places (from 1) at which two sequences of arrays differ; everywhere else they must agree."""
    wrong = [i for i, pair in enumerate(zip(got, expected, strict=True), start=1) if differs(*pair)]
    for i, (one, other) in enumerate(zip(got, expected, strict=True), start=1):
        assert i in wrong or agrees(one, other), f"neither equal to rounding nor clearly different at {i}"
    return wrong


def refuses(error: type[Exception], function: Callable[..., Any], *args: Any, **options: Any) -> bool:
    """Whether a call raises that error; any other passes through."""
    try:
        function(*args, **options)
    except error:
        return True
    return False


def tensor(array: Any) -> torch.Tensor:
    """A float64 leaf that collects gradients."""
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def normal(seed: int, *shape: int) -> np.ndarray:
    """Standard normal numbers, the same ones every time."""
    return np.random.default_rng(seed).standard_normal(shape)
