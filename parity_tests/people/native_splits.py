"""The ways to round the sizes of training, validation and test sets that are no mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity_tests.people.binding import Beyond
from scratch import preprocessing


@dataclass(frozen=True)
class SplitAt:
    """A split of examples that rounds its sizes in another way; equal where it does the same."""

    sizes: Callable[[int, Any], tuple[int, int]]

    def __call__(self, x: Any, target: Any, permutation: Any, *, fractions: Any = (0.6, 0.2, 0.2)) -> Any:
        first, second = self.sizes(len(permutation), fractions)
        parts = np.split(permutation, [first, first + second])
        if not all(map(len, parts)):
            raise Beyond("a set would be empty")
        return preprocessing.Split(*(preprocessing.Examples(x[part], target[part]) for part in parts))


def _rest_to_test(count: int, fractions: Any) -> tuple[int, int]:
    return int(count * fractions[0]), int(count * fractions[1])


def _rest_to_training(count: int, fractions: Any) -> tuple[int, int]:
    second, third = int(count * fractions[1]), int(count * fractions[2])
    return count - second - third, second


def _cut_at_sums(count: int, fractions: Any) -> tuple[int, int]:
    first = int(count * fractions[0])
    return first, int(count * (fractions[0] + fractions[1])) - first


def _rounded(count: int, fractions: Any) -> tuple[int, int]:
    return round(count * fractions[0]), round(count * fractions[1])


SPLITS = (
    ("what is left over goes to the last set", SplitAt(_rest_to_test)),
    ("what is left over goes to the first set", SplitAt(_rest_to_training)),
    ("the sums of its fractions are rounded down", SplitAt(_cut_at_sums)),
    ("its sizes are rounded to the nearest", SplitAt(_rounded)),
)
