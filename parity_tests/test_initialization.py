"""Initializers against torch's, by the digit and by their statistics, and mistakes that each must catch."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given

from parity_tests.catalogue._entry import Initializer
from parity_tests.catalogue.initialization import CHAPTER
from parity_tests.engine.cases import Case
from parity_tests.engine.initializers import (
    check_distribution,
    check_drawn_dtype,
    check_draws,
    check_initializer_refusals,
)
from parity_tests.engine.operations import compare_operation
from parity_tests.engine.precision import FLOAT32, FLOAT64, PRECISIONS, Precision
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Result, Status
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.engine.strategies import cases
from scratch import initialization as scratch

ENTRIES = {entry.name: entry for entry in CHAPTER if isinstance(entry, Initializer)}
RANDOM = {name: entry for name, entry in ENTRIES.items() if entry.distribution is not None}
NUMBERS = [entry for entry in CHAPTER if not isinstance(entry, Initializer)]
Init = Callable[..., Any]


def digits(name: str, subject: Init, precision: Precision = FLOAT64) -> Result:
    """`subject` in the place of that initializer, against torch, with torch's draws."""
    entry = ENTRIES[name]
    caps = entry.caps(precision.dtype)
    tally = check_draws(
        *(entry.scratch, subject, entry.reference, entry.cases(precision.dtype), precision),
        draws=entry.draws,
        cap=caps and caps[0],
    )
    return tally.result(name, "draws", precision.short)


def statistics(name: str, subject: Init) -> Result:
    """`subject` in the place of that initializer, against the distribution that its entry states."""
    entry = ENTRIES[name]
    assert entry.distribution is not None
    tally = check_distribution(subject, entry.distribution, entry.cases("float64", examples=0))
    return tally.result(name, "distribution", "f64")


@pytest.mark.parametrize("precision", [FLOAT64, FLOAT32], ids=["f64", "f32"])
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_scratch_makes_of_torch_s_draws_what_torch_makes(entry: Initializer, precision: Precision) -> None:
    result = digits(entry.name, entry.scratch, precision)
    assert result.status is Status.PASSED, result.message
    dtype = check_drawn_dtype(entry.scratch, entry.cases(precision.dtype))
    assert dtype.result(entry.name, "dtype", precision.short).status is Status.PASSED, dtype.complaints


@pytest.mark.parametrize("entry", RANDOM.values(), ids=list(RANDOM))
def test_scratch_draws_from_its_distribution(entry: Initializer) -> None:
    result = statistics(entry.name, entry.scratch)
    assert result.status is Status.PASSED, result.message


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_scratch_refuses_what_means_nothing(entry: Initializer) -> None:
    tally = check_initializer_refusals(entry.scratch, entry.cases("float64")[0], entry.bad_options)
    assert tally.result(entry.name, "refusals", "f64").status is Status.PASSED, tally.complaints


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_no_false_alarm(entry: Initializer, dtype: str) -> None:
    @given(case=cases(entry.draw, dtype))
    def agree(case: Case) -> None:
        functions = entry.scratch, entry.scratch, entry.reference
        assert not check_draws(*functions, [case], PRECISIONS[dtype], draws=entry.draws).divergences

    agree()


@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: entry.name)
def test_fans_and_gains_are_torch_s(entry: Any) -> None:
    outputs, _ = compare_operation(
        entry.scratch, entry.scratch, entry.reference, entry.cases("float64"), FLOAT64
    )
    assert outputs.result(entry.name, "outputs", "f64").status is Status.PASSED
    refused = check_refusals(entry.scratch, entry.cases("float64")[0], entry.bad_options)
    assert refused.result(entry.name, "refusals", "f64").status is Status.PASSED, refused.complaints


@pytest.mark.parametrize("name", [name for name in ENTRIES if name != "constant"])
def test_defaults_are_those_of_torch(name: str) -> None:
    entry = ENTRIES[name]
    zero = {"y": ""} if name == "zeros" else {}
    tally = check_draws(
        *(
            entry.scratch,
            entry.scratch,
            entry.reference,
            [Case({}, {"shape": (5, 7)}, allow_zero=zero)],
            FLOAT64,
        ),
        draws=entry.draws,
    )
    assert tally.result(name, "draws", "f64").status is Status.PASSED


@pytest.mark.parametrize("entry", RANDOM.values(), ids=list(RANDOM))
def test_scratch_takes_as_many_draws_as_torch(entry: Initializer) -> None:
    """Or whatever is drawn afterwards would differ."""
    for case in entry.cases("float32"):
        ours, torchs = entry.draws(case.seed), entry.draws(case.seed)
        entry.scratch(**case.options, rng=ours, dtype=np.float32)
        entry.reference(**case.options, rng=torchs, dtype=np.float32)
        assert ours.random((3,)).tolist() == torchs.random((3,)).tolist()


# ---- mistakes ----


def xavier_with_the_printed_variance(shape: Any, *, gain: float, **how: Any) -> Any:
    fan_in, fan_out = scratch.fan_in_and_fan_out(shape)
    return scratch.normal(shape, std=gain * math.sqrt(2 / math.sqrt(fan_in + fan_out)), **how)


def bound_of_one_sigma(shape: Any, *, gain: float, **how: Any) -> Any:
    fan_in, fan_out = scratch.fan_in_and_fan_out(shape)
    std = gain * math.sqrt(2 / (fan_in + fan_out))
    return scratch.uniform(shape, a=-std, b=std, **how)


def normal_where_it_is_uniform(shape: Any, *, gain: float, **how: Any) -> Any:
    return scratch.xavier_normal(shape, gain=gain, **how)


def fan_out_for_fan_in(shape: Any, *, mode: str, **how: Any) -> Any:
    return scratch.kaiming_normal(shape, mode="fan_in" if mode == "fan_out" else "fan_out", **how)


def xavier_where_he_was_asked(shape: Any, *, a: float, mode: str, nonlinearity: str, **how: Any) -> Any:
    return scratch.xavier_normal(shape, gain=scratch.calculate_gain(nonlinearity, a), **how)


def two_per_cent_too_wide(shape: Any, **how: Any) -> Any:
    return 1.02 * scratch.kaiming_normal(shape, **how)


def kernel_left_out_of_the_fan(shape: Any, **how: Any) -> Any:
    return scratch.normal(shape, std=math.sqrt(1 / shape[1]), **how)


def zero_weights(shape: Any, *, rng: Any, dtype: Any) -> Any:
    return np.zeros(shape, dtype)


def the_global_generator(shape: Any, *, rng: Any, dtype: Any) -> Any:
    return (np.random.randn(*shape) * math.sqrt(1 / np.prod(shape[1:]))).astype(dtype)


def a_generator_of_its_own(shape: Any, *, rng: Any, dtype: Any) -> Any:
    return scratch.lecun_normal(shape, rng=np.random.default_rng(0), dtype=dtype)


def bias_of_zeros(shape: Any, **how: Any) -> Any:
    weight, bias = scratch.linear_default(shape, **how)
    return scratch.LinearParameters(weight, 0 * bias)


def orthogonal_without_the_signs(shape: Any, *, gain: float, rng: Any, dtype: Any) -> Any:
    rows, columns = shape[0], math.prod(shape[1:])
    draw = rng.standard_normal((rows, columns), dtype)
    Q = np.linalg.qr(draw).Q if rows >= columns else np.linalg.qr(draw.T).Q.T
    return gain * Q.reshape(shape)


def columns_of_unit_length_only(shape: Any, *, gain: float, rng: Any, dtype: Any) -> Any:
    draw = rng.standard_normal((shape[0], math.prod(shape[1:])), dtype)
    return (gain * draw / np.sqrt((draw**2).sum(0))).reshape(shape)


def clipped_where_it_is_drawn_again(shape: Any, *, a: float, b: float, **how: Any) -> Any:
    return np.clip(scratch.normal(shape, **how), a, b)


def bounds_in_units_of_std(shape: Any, *, mean: float, std: float, a: float, b: float, **how: Any) -> Any:
    return scratch.trunc_normal(shape, mean=mean, std=std, a=mean + a * std, b=mean + b * std, **how)


MISTAKES: list[tuple[str, Init]] = [
    ("xavier_normal", xavier_with_the_printed_variance),
    ("xavier_uniform", bound_of_one_sigma),
    ("xavier_uniform", normal_where_it_is_uniform),
    ("kaiming_normal", fan_out_for_fan_in),
    ("kaiming_normal", xavier_where_he_was_asked),
    ("kaiming_normal", two_per_cent_too_wide),
    ("lecun_normal", kernel_left_out_of_the_fan),
    ("lecun_normal", zero_weights),
    ("lecun_normal", the_global_generator),
    ("lecun_normal", a_generator_of_its_own),
    ("linear_default", bias_of_zeros),
    ("orthogonal", orthogonal_without_the_signs),
    ("orthogonal", columns_of_unit_length_only),
    ("trunc_normal", clipped_where_it_is_drawn_again),
    ("trunc_normal", bounds_in_units_of_std),
]


@pytest.mark.parametrize("check", [digits, statistics])
@pytest.mark.parametrize(("name", "broken"), MISTAKES, ids=[broken.__name__ for _, broken in MISTAKES])
def test_a_mistake_is_caught(name: str, broken: Init, check: Callable[[str, Init], Result]) -> None:
    assert check(name, broken).status is Status.FAILED


def test_the_fourteenth_digit_counts() -> None:
    assert digits("xavier_normal", lambda *a, **o: scratch.xavier_normal(*a, **o) * (1 + 1e-14)).divergences


def test_the_statistics_say_which_of_them_is_off() -> None:
    def tallied(name: str, broken: Init) -> list[str]:
        return [divergence.tensor for divergence in statistics(name, broken).divergences]

    assert set(tallied("kaiming_normal", two_per_cent_too_wide)) == {"variance of y"}
    assert "Kolmogorov-Smirnov distance of y" in tallied("xavier_uniform", normal_where_it_is_uniform)
    assert "y beyond its bounds" in tallied("trunc_normal", bounds_in_units_of_std)
    shifted = tallied(
        "normal", lambda *a, mean, std, **o: scratch.normal(*a, mean=mean + 0.02 * std, std=std, **o)
    )
    assert "mean of y" in shifted


def test_a_draw_must_rest_on_its_generator_alone() -> None:
    def complaints(broken: Init) -> str:
        case = Case({}, {"shape": (300, 200)})
        return " ".join(check_distribution(broken, lambda shape: scipy.stats.norm(), [case]).complaints)

    assert "differs between two generators of one seed" in complaints(the_global_generator)
    assert "the same in two draws from one generator" in complaints(a_generator_of_its_own)


def test_dtype_that_was_not_asked_for() -> None:
    def widened(*shape: Any, dtype: Any, **how: Any) -> Any:
        return scratch.uniform(*shape, dtype=np.float64, **how)

    tally = check_drawn_dtype(widened, ENTRIES["uniform"].cases("float32"))
    assert "y is float64, and float32 was asked for" in tally.complaints


def test_empty_shapes_that_are_let_through() -> None:
    case = Case({}, {"shape": (3, 2)})
    tally = check_initializer_refusals(lambda shape, rng: rng.random(shape), case, [{"shape": (0, 3)}])
    assert tally.complaints == ["shape=(0, 3) is accepted"]


# ---- orthogonal matrices ----


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (7, 3), (3, 7), (2, 3, 2, 2), (50, 20)])
@pytest.mark.parametrize("precision", [FLOAT64, FLOAT32], ids=["f64", "f32"])
def test_rows_or_columns_are_orthonormal(shape: tuple[int, ...], precision: Precision) -> None:
    rng = np.random.default_rng(0)
    W = scratch.orthogonal(shape, rng=rng, dtype=np.dtype(precision.dtype), gain=0.5).reshape(shape[0], -1)
    gram = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    bound = 4 * max(W.shape) * precision.u  # Higham 2002, theorem 19.4: a small multiple of m n u at worst
    assert np.abs(gram - 0.25 * np.eye(len(gram))).max() <= bound


@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
def test_the_bound_of_a_qr_decomposition_follows_its_condition(condition: float) -> None:
    """Float32 stays within 4 u E of float64, and the bound is no more than 1000 times what it bounds."""
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(50):
        U, V = np.linalg.qr(rng.standard_normal((6, 4))).Q, np.linalg.qr(rng.standard_normal((4, 4))).Q
        A = (U * np.geomspace(1, 1 / condition, 4) @ V).astype(np.float32)
        exact = np.linalg.qr(A.astype(np.float64))
        bounds: Any = np.linalg.qr(Rounded.exact(A, Model.of(FLOAT32)))
        single = scipy.linalg.qr(A, mode="economic")  # in float32, where NumPy's own computes in float64
        ratios += [
            float(np.max(np.abs(got - z) / (FLOAT32.u * np.maximum(bound.scale, 1e-30))))
            for got, z, bound in zip(single, exact, bounds, strict=True)
        ]
    assert 4e-3 < max(ratios) < 4
