"""What a case of the catalogue cannot say of preprocessing: scikit-learn's word, and that nobody gets lost.

Every check here is a function of an implementation, so that it can be shown to reject a broken one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from parity_tests.engine.cases import Case
from parity_tests.engine.compare import FACTOR
from parity_tests.engine.operations import bound
from parity_tests.engine.precision import FLOAT64
from scratch.preprocessing import (
    Examples,
    Scaled,
    Split,
    min_max_scale,
    mini_batches,
    one_hot,
    shuffle,
    standardize,
    train_validation_test_split,
)

Function = Callable[..., Any]


def tables() -> dict[str, np.ndarray]:
    """A training set whose last column is constant, and a test set that goes beyond it."""
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 2, (11, 4)), rng.normal(2, 4, (5, 4))
    train[:, -1] = 0.1  # whose mean over eleven rows is not 0.1
    return {"train": train, "test": test}


# ---- the accepted definitions ----


def min_max_as_sklearn(train: Any, test: Any, *, feature_range: tuple[float, float]) -> Scaled:
    """scikit-learn's order of operations, for the bound of its rounding: x · scale + (a − min · scale)."""
    (a, b), low = feature_range, train.min(0)
    span = train.max(0) - low
    scale = (b - a) / np.where(span == 0, np.ones_like(span), span)
    return Scaled(train * scale + (a - low * scale), None, test * scale + (a - low * scale))


def check_against_sklearn(scale: Function, scaler: Any, orders: tuple[Function, ...], **options: Any) -> None:
    """Both within the bound, which adds up those of the two orders of operations."""
    case = Case(tables(), options)
    scaled = scale(**case.arrays, **options)
    fitted = scaler.fit(case.arrays["train"])
    scales = [bound(order, case, (), FLOAT64).outputs for order in orders]
    for name, table in case.arrays.items():
        tolerance = FACTOR * FLOAT64.u * sum(outputs[name].scale for outputs in scales)
        error = np.abs(getattr(scaled, name) - fitted.transform(table))
        assert np.all(error <= tolerance), f"{name} differs from {scaler} by up to {error.max():.1e}"


def check_min_max(scale: Function) -> None:
    scaler = MinMaxScaler(feature_range=(-1, 3))
    check_against_sklearn(scale, scaler, (min_max_scale, min_max_as_sklearn), feature_range=(-1, 3))


def check_standardize(scale: Function) -> None:
    check_against_sklearn(scale, StandardScaler(), (standardize,))


def of_all_rows(scale: Function) -> Function:
    """Broken: the statistics have seen the test set."""

    def leaking(train: np.ndarray, test: np.ndarray, **options: Any) -> Scaled:
        everything = scale(np.concatenate([train, test]), **options).train
        return Scaled(everything[: len(train)], None, everything[len(train) :])

    return leaking


def each_by_itself(scale: Function) -> Function:
    """Broken: the test set is scaled by its own statistics."""

    def separate(train: np.ndarray, test: np.ndarray, **options: Any) -> Scaled:
        return Scaled(scale(train, **options).train, None, scale(test, **options).train)

    return separate


def unbiased(train: np.ndarray, test: np.ndarray) -> Scaled:
    """Broken: divides by N − 1."""
    mean, std = train.mean(0), train.std(0, ddof=1)
    std = np.where(std < 1e-12, 1, std)
    return Scaled((train - mean) / std, None, (test - mean) / std)


def zero_over_zero(train: np.ndarray, test: np.ndarray) -> Scaled:
    """Broken: takes the rounding of a constant column's mean for its spread."""
    mean, std = train.mean(0), train.std(0)
    return Scaled((train - mean) / std, None, (test - mean) / std)


def test_min_max_scale_is_sklearns() -> None:
    check_min_max(min_max_scale)


@pytest.mark.parametrize("break_it", [of_all_rows, each_by_itself])
def test_min_max_scale_check_rejects(break_it: Callable[[Function], Function]) -> None:
    with pytest.raises(AssertionError, match="differs from MinMaxScaler"):
        check_min_max(break_it(min_max_scale))


def test_standardize_is_sklearns() -> None:
    check_standardize(standardize)


@pytest.mark.parametrize(
    "broken", [of_all_rows(standardize), each_by_itself(standardize), unbiased, zero_over_zero]
)
def test_standardize_check_rejects(broken: Function) -> None:
    with pytest.raises(AssertionError, match="differs from StandardScaler"):
        check_standardize(broken)


# ---- nobody lost, nobody twice, nobody with another's target ----


def labelled(N: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N examples that carry their own number, as x and as target, and a permutation of them."""
    numbers = np.arange(N)
    return np.stack([numbers, -numbers], 1) * 1.0, numbers * 10, np.random.default_rng(N).permutation(N)


def check_pairs(examples: Examples) -> list[int]:
    """The numbers of these examples, each with its own target."""
    numbers = examples.x[:, 0].astype(int)
    assert np.array_equal(examples.target, numbers * 10), "an example has another's target"
    return numbers.tolist()


def check_split(split: Function, N: int) -> None:
    """A partition: every example in one set, and in one alone."""
    parts = split(*labelled(N), fractions=(0.5, 0.3, 0.2))
    numbers = [check_pairs(part) for part in parts]
    everyone = np.concatenate(numbers).tolist()
    assert sorted(everyone) == list(range(N)), "an example is lost, or in two sets"
    assert all(abs(len(part) - N * f) < 1 for part, f in zip(numbers, (0.5, 0.3, 0.2), strict=True)), "sizes"
    assert everyone != list(range(N)), "the permutation is not used"


def check_epoch(batches: Function, N: int, batch_size: int) -> None:
    """Every example once in an epoch, in batches of one size but for the last."""
    epoch = [check_pairs(batch) for batch in batches(*labelled(N), batch_size=batch_size)]
    everyone = np.concatenate(epoch).tolist()
    assert sorted(everyone) == list(range(N)), "an example is lost, or comes twice"
    assert all(len(batch) == batch_size for batch in epoch[:-1]), "sizes"
    assert everyone == labelled(N)[2].tolist(), "the order is not the permutation's"


@pytest.mark.parametrize("N", [7, 10, 23])
def test_split_is_a_partition(N: int) -> None:
    check_split(train_validation_test_split, N)


@pytest.mark.parametrize(("N", "batch_size"), [(7, 3), (6, 3), (5, 1), (5, 8)])
def test_an_epoch_is_everyone_once(N: int, batch_size: int) -> None:
    check_epoch(mini_batches, N, batch_size)


def test_shuffle_keeps_pairs() -> None:
    x, target, permutation = labelled(9)
    assert check_pairs(shuffle(x, target, permutation)) == permutation.tolist()


def targets_stay(x: np.ndarray, target: np.ndarray, permutation: np.ndarray, **options: Any) -> Split:
    """Broken: x is shuffled, target is not."""
    split = train_validation_test_split(x, target, permutation, **options)
    others = train_validation_test_split(x, target, np.arange(len(x)), **options)
    return Split(*(Examples(a.x, b.target) for a, b in zip(split, others, strict=True)))


def overlapping(x: np.ndarray, target: np.ndarray, permutation: np.ndarray, **_: Any) -> Split:
    """Broken: the validation set starts one example early, so that the last of training validates too."""
    half, rest = len(x) // 2, len(x) * 8 // 10
    parts = permutation[:half], permutation[half - 1 : rest], permutation[rest:]
    return Split(*(Examples(x[part], target[part]) for part in parts))


def unshuffled(x: np.ndarray, target: np.ndarray, _: np.ndarray, **options: Any) -> Split:
    """Broken: the sets are the first, the middle and the last of the file."""
    return train_validation_test_split(x, target, np.arange(len(x)), **options)


@pytest.mark.parametrize(
    ("broken", "says"),
    [(targets_stay, "another's target"), (overlapping, "in two sets"), (unshuffled, "not used")],
)
def test_split_check_rejects(broken: Function, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_split(broken, 10)


def last_batch_dropped(*arrays: np.ndarray, batch_size: int) -> list[Examples]:
    """Broken: what batch_size does not divide is never seen."""
    return mini_batches(*arrays, batch_size=batch_size, drop_last=True)


def drawn_again(
    x: np.ndarray, target: np.ndarray, permutation: np.ndarray, *, batch_size: int
) -> list[Examples]:
    """Broken: each batch is drawn from everyone, so that some come twice and others never."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(x), batch_size) for _ in range(0, len(x), batch_size)]
    return [Examples(x[draw], target[draw]) for draw in draws]


@pytest.mark.parametrize("broken", [last_batch_dropped, drawn_again])
def test_epoch_check_rejects(broken: Function) -> None:
    with pytest.raises(AssertionError, match="lost"):
        check_epoch(broken, 7, 3)


# ---- refusals of values, which no shape can tell ----


@pytest.mark.parametrize("permutation", [[0, 1, 1], [1, 2, 3], [-1, 0, 1]])
@pytest.mark.parametrize(
    ("function", "options"),
    [(shuffle, {}), (train_validation_test_split, {}), (mini_batches, {"batch_size": 2})],
)
def test_what_is_no_permutation_is_refused(
    function: Function, options: dict[str, Any], permutation: list[int]
) -> None:
    x, target, _ = labelled(3)
    with pytest.raises(ValueError, match=f"{function.__name__}: permutation must name each of 0 … 2 once"):
        function(x, target, np.array(permutation), **options)


@pytest.mark.parametrize("target", [[0, 3], [-1, 2]])
def test_what_is_no_class_is_refused(target: list[int]) -> None:
    with pytest.raises(ValueError, match="one_hot: target must hold classes from 0 to 2"):
        one_hot(np.array(target), num_classes=3)


def test_of_too_few_examples_a_set_would_be_empty() -> None:
    with pytest.raises(ValueError, match="leave a set empty"):
        train_validation_test_split(*labelled(4), fractions=(0.9, 0.05, 0.05))
