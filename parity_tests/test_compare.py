"""Comparison: every mismatch is found and told, and a comparison that could not fail is refused."""

import numpy as np
import pytest

from parity_tests.engine.compare import compare
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.results import Result, Status, Tally
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.reports.summary import Summary

MODEL = Model.of(FLOAT64)
EXPECTED = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


def outcome(got: dict, expected: dict | None = None, scale: float = 1.0, cap: float | None = None) -> Result:
    expected = {"y": EXPECTED} if expected is None else expected
    bounds = {
        name: Rounded(value, np.full(np.shape(value), scale), MODEL) for name, value in expected.items()
    }
    tally = Tally(cap)
    tally.add(compare(got, expected, bounds, FLOAT64), "seed=0", benign=True)
    return tally.result("name", "outputs", "f64-cpu")


def test_equal_arrays_pass() -> None:
    assert outcome({"y": EXPECTED.copy()}).status is Status.PASSED


def test_the_tolerance_is_four_units_of_the_scale() -> None:
    inside, outside = EXPECTED.copy(), EXPECTED.copy()
    inside[0, 0] += 4 * FLOAT64.u
    outside[0, 0] += 6 * FLOAT64.u
    assert outcome({"y": inside}).worst == pytest.approx(1)
    assert outcome({"y": outside}).status is Status.FAILED


def test_the_first_divergence_and_the_number_of_all() -> None:
    got = EXPECTED.copy()
    got[0, 2], got[1, 1], got[1, 2] = 9.0, np.nan, np.nan
    (divergence,) = outcome({"y": got}).divergences
    assert (divergence.index, divergence.got, divergence.expected) == ((0, 2), 9.0, 3.0)
    assert (divergence.mismatched, divergence.nans, divergence.size) == (3, 2, 6)
    assert str(divergence) == "y[0, 2]: got 9.0, expected 3.0 ± 4.4e-16 (3 of 6 elements, 2 NaN)"


def test_every_mismatched_tensor_is_told() -> None:
    expected = {"a": EXPECTED, "b": EXPECTED, "c": EXPECTED}
    result = outcome({"a": EXPECTED + 1, "b": EXPECTED, "c": EXPECTED - 1}, expected)
    assert [divergence.tensor for divergence in result.divergences] == ["a", "c"]


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ({}, "y: got nothing"),
        ({"y": EXPECTED, "z": EXPECTED}, "z: got a tensor"),
        ({"y": EXPECTED[0]}, "got shape (3,), expected shape (2, 3)"),
        ({"y": np.full((2, 3), np.inf)}, "got inf"),
    ],
)
def test_what_is_missing_too_much_or_of_another_shape_fails(got: dict, words: str) -> None:
    result = outcome(got)
    assert result.status is Status.FAILED
    assert words in result.message


def test_nan_equals_nan_and_an_infinity_itself() -> None:
    expected = {"y": np.array([np.nan, np.inf, 1.0])}
    assert outcome({"y": expected["y"].copy()}, expected).status is Status.PASSED
    assert outcome({"y": np.array([np.nan, -np.inf, 1.0])}, expected).status is Status.FAILED


def test_an_expected_value_of_about_zero_is_refused() -> None:
    expected = {"y": np.array([1e-17, -1e-17])}
    result = outcome({"y": np.zeros(2)}, expected)
    assert result.status is Status.FAILED
    assert "about zero" in result.message


def test_an_infinite_bound_excuses_nothing() -> None:
    assert outcome({"y": EXPECTED + 1e-9}, scale=np.inf).status is Status.FAILED


def test_a_bound_that_a_bug_inflated_is_refused() -> None:
    result = outcome({"y": EXPECTED + 1e-6}, scale=1e12, cap=3e-14)
    assert result.status is Status.FAILED
    assert "vacuous" in result.message


def test_integers_must_be_equal() -> None:
    assert outcome({"y": np.array([1, 2])}, {"y": np.array([1, 2])}).status is Status.PASSED
    assert outcome({"y": np.array([1, 3])}, {"y": np.array([1, 2])}).status is Status.FAILED


def test_nothing_compared_is_an_error_and_zero_checks_are_never_green() -> None:
    assert Tally().result("name", "outputs", "f64-cpu").status is Status.ERROR
    skipped = Result("name", "outputs", "f64-cuda", Status.SKIPPED, "no CUDA device")
    for results in ([], [skipped]):
        summary = Summary.of(results)
        assert not summary.green
        assert summary.exit_status == 2


def test_the_exit_status() -> None:
    passed, failed = (
        Result("name", "outputs", "f64-cpu", status) for status in (Status.PASSED, Status.FAILED)
    )
    assert Summary.of([passed]).exit_status == 0
    assert Summary.of([passed, failed]).exit_status == 1
    assert Summary.of([passed, Result("name", "outputs", "f64-cpu", Status.XPASS)]).exit_status == 1
