"""Getting data ready: scaling, splitting, shuffling, mini-batches, one-hot targets (posts 001 and 003).

Statistics come from the training set alone. x and its target travel together. What is random comes in
as a permutation of the examples, which `rng.permutation(len(x))` draws:

    train, validation, test = train_validation_test_split(x, target, rng.permutation(len(x)))
    for batch in mini_batches(train.x, train.target, rng.permutation(len(train.x)), batch_size=32): ...
"""

import math
from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes


class Scaled(NamedTuple):
    """The arrays that went in, scaled alike; None where none went in."""

    train: np.ndarray
    validation: np.ndarray | None
    test: np.ndarray | None


class Examples(NamedTuple):
    """x (N, ...) and the target (N, ...) of each."""

    x: np.ndarray
    target: np.ndarray


class Split(NamedTuple):
    """Three sets that share no example."""

    train: Examples
    validation: Examples
    test: Examples


# ---- scaling ----


@shapes(train="N D", validation="M D", test="L D")
def min_max_scale(train, validation=None, test=None, *, feature_range=(0, 1)):
    """Map each column's range in the training set onto feature_range = (a, b).

    y = a + (b − a) · (x − min) / (max − min).  train (N, D), validation (M, D), test (L, D), in the
    columns' own units -> Scaled, without units; what lies outside the training range lies outside
    (a, b) too. A column without a range is divided by 1.  Post 001; scikit-learn's MinMaxScaler.
    Raises ValueError unless a < b.
    """
    a, b = feature_range
    if not a < b:
        raise ValueError(f"min_max_scale: feature_range must go from low to high, got {feature_range}")
    low, span = train.min(0), train.max(0) - train.min(0)  # (D,)
    span = np.where(span == 0, np.ones_like(span), span)  # erratum scaling-constant-feature

    def scale(x):
        return a + (b - a) * ((x - low) / span)

    return _each(scale, train, validation, test)


@shapes(train="N D", validation="M D", test="L D")
def standardize(train, validation=None, test=None):
    """Give each column of the training set mean 0 and standard deviation 1:  y = (x − mean) / std.

    train (N, D), validation (M, D), test (L, D), in the columns' own units -> Scaled, in standard
    deviations.  std divides by N. A constant column is divided by 1.  Post 001; scikit-learn's
    StandardScaler.
    """
    mean = train.mean(0)  # (D,)
    std = np.sqrt(((train - mean) ** 2).mean(0))
    # Of a constant column the mean is rounded, and what is left of std is rounding alone.
    std = np.where(train.max(0) == train.min(0), np.ones_like(std), std)

    def scale(x):
        return (x - mean) / std

    return _each(scale, train, validation, test)


def _each(scale, train, validation, test):
    validation = None if validation is None else scale(validation)
    return Scaled(scale(train), validation, None if test is None else scale(test))


# ---- who is in which set, and in which order ----

# A target per example: a class, a number, or a row of either.
X, TARGET = "N ... | int N ...", "int N | N | int N K | N K"


@shapes(x=X, target=TARGET, permutation="int N")
def shuffle(x, target, permutation):
    """Example `permutation[i]` becomes example i, in x and target alike.

    x (N, ...), target (N,) or (N, K), permutation (N,) -> Examples of the same shapes.  Post 001.
    Raises ValueError for what is no permutation of 0 … N − 1.
    """
    _require_permutation("shuffle", permutation)
    return Examples(x[permutation], target[permutation])


@shapes(x=X, target=TARGET, permutation="int N")
def train_validation_test_split(x, target, permutation, *, fractions=(0.6, 0.2, 0.2)):
    """The first examples of the permutation train, the next validate, the last test.

    x (N, ...), target (N,) or (N, K), permutation (N,) -> Split.  Post 003.
    Each set has ⌊fraction · N⌋ examples; what this leaves over goes to the first sets, one each, as in
    torch's random_split.  Raises ValueError unless the fractions are three positive ones that sum to 1
    and leave no set empty, and for what is no permutation of 0 … N − 1.
    """
    _require_permutation("train_validation_test_split", permutation)
    N = len(permutation)
    if len(fractions) != 3 or not min(fractions) > 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(
            f"train_validation_test_split: fractions must be three positive ones of sum 1, got {fractions}"
        )
    sizes = [math.floor(N * fraction) for fraction in fractions]
    left_over = N - sum(sizes)
    sizes = [size + 1 if i < left_over else size for i, size in enumerate(sizes)]
    if min(sizes) == 0:
        raise ValueError(
            f"train_validation_test_split: fractions {fractions} of {N} examples leave a set empty"
        )
    train, validation, test = np.split(permutation, [sizes[0], sizes[0] + sizes[1]])
    return Split(*(Examples(x[chosen], target[chosen]) for chosen in (train, validation, test)))


@shapes(x=X, target=TARGET, permutation="int N")
def mini_batches(x, target, permutation=None, *, batch_size, drop_last=False):
    """The examples in the order of the permutation, `batch_size` at a time: one epoch.

    x (N, ...), target (N,) or (N, K), permutation (N,) or None for the order as it is -> a list of
    Examples. The last batch is short where batch_size does not divide N; drop_last leaves it out.
    Post 001.  Raises ValueError for a batch_size below 1 and for what is no permutation of 0 … N − 1.
    """
    if not batch_size >= 1:
        raise ValueError(f"mini_batches: batch_size must be at least 1, got {batch_size}")
    order = np.arange(len(x)) if permutation is None else permutation
    _require_permutation("mini_batches", order)
    N = len(order)
    end = N - N % batch_size if drop_last else N
    batches = [order[start : start + batch_size] for start in range(0, end, batch_size)]
    return [Examples(x[chosen], target[chosen]) for chosen in batches]


def _require_permutation(function, permutation):
    """An index left out or named twice would lose an example, or put it on both sides of a split."""
    N = len(permutation)
    if not np.array_equal(np.sort(permutation), np.arange(N)):
        raise ValueError(
            f"{function}: permutation must name each of 0 … {N - 1} once, "
            f"got {len(np.unique(permutation))} of them from {permutation.min()} to {permutation.max()}"
        )


# ---- targets ----


@shapes(target="int ...")
def one_hot(target, *, num_classes, dtype="int64"):
    """y[..., c] = 1 where target = c, else 0.

    target (...) of classes 0 … num_classes − 1 -> y (..., num_classes) in `dtype`.
    Raises ValueError for a target that is no class.
    """
    if not num_classes >= 1:
        raise ValueError(f"one_hot: num_classes must be at least 1, got {num_classes}")
    if not ((target >= 0) & (target < num_classes)).all():
        raise ValueError(
            f"one_hot: target must hold classes from 0 to {num_classes - 1}, "
            f"got some from {target.min()} to {target.max()}"
        )
    return (target[..., None] == np.arange(num_classes)).astype(dtype)
