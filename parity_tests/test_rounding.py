"""The bound itself: float32 code stays within u·E of the exact result, and no operation slips through."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erf

from parity_tests.engine import rounding_rules
from parity_tests.engine.precision import FLOAT32, FLOAT64
from parity_tests.engine.rounding import Model, Rounded

MODEL = Model.of(FLOAT32)

ONE_ARGUMENT: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": lambda x: np.log(np.abs(x)),
    "log1p": lambda x: np.log1p(np.abs(x)),
    "expm1": np.expm1,
    "tanh": np.tanh,
    "erf": erf,
    "sin": np.sin,
    "cos": np.cos,
    "sqrt": lambda x: np.sqrt(np.abs(x)),
    "square": np.square,
    "power": lambda x: np.abs(x) ** 1.7,
    "cube": lambda x: x**3,
    "constant": lambda x: 0.1 * x + 0.7,
    "sum": lambda x: x.sum(-1),
    "sum of all": lambda x: x.sum(),
    "mean": lambda x: x.mean((0, 1), keepdims=True),
    "variance": lambda x: x.var(-1, ddof=1),
    "maximum of rows": lambda x: (3 * x).max(-1, keepdims=True),
    "minimum": lambda x: np.min(x / 3, axis=0),
    "where": lambda x: np.where(x > 0, x * 1.1, x / 3),
    "clip": lambda x: np.clip(x * 1.1, -0.3, 0.4),
    "concatenate": lambda x: np.concatenate([x * 0.3, x], -1),
    "pad": lambda x: np.pad(x * 0.3, ((0, 0), (1, 2))),
    "take": lambda x: np.take_along_axis(x * 0.3, np.zeros((x.shape[0], 1), int), 1),
    "cancellation": lambda x: (x + 1e3) - 1e3,
    "quotient": lambda x: (x + 0.1) / (x * x + 0.5),
    "matmul": lambda x: x @ x.T,
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "norm": lambda x: np.linalg.norm(x, axis=1),
    "softmax": lambda x: (
        np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)
    ),
}


@pytest.mark.parametrize("name", ONE_ARGUMENT)
@given(seed=st.integers(0, 2**20), offset=st.sampled_from([0.0, 3.0]))
def test_float32_stays_within_the_bound(name: str, seed: int, offset: float) -> None:
    """|float32 − float64| ≤ u·E for every element: one computation, so a factor of one."""
    rng = np.random.default_rng(seed)
    x = (offset + rng.standard_normal((rng.integers(1, 6), rng.integers(2, 8)))).astype(np.float32)
    bound = ONE_ARGUMENT[name](Rounded.exact(x, MODEL))
    got = ONE_ARGUMENT[name](x)
    assert got.dtype == np.float32
    assert np.shape(got) == bound.shape
    error = np.abs(got.astype(np.float64) - bound.value)
    assert np.all(error <= FLOAT32.u * bound.scale * (1 + 1e-5) + FLOAT32.eta)


@pytest.mark.parametrize("rule", ["add", "multiply", "divide", "exp", "tanh", "matmul"])
def test_a_rule_that_forgets_its_own_rounding_is_seen(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound test above can fail: without the rounding of one operation float32 exceeds it."""
    monkeypatch.setitem(rounding_rules.UFUNCS, rule, lambda model, z, *operands: np.zeros(z.shape))
    functions: dict[str, Callable[[Any], Any]] = {
        "add": lambda x: x + x[::-1],
        "multiply": lambda x: x * x[::-1],
        "divide": lambda x: x / x[::-1],
        "exp": np.exp,
        "tanh": np.tanh,
        "matmul": lambda x: x @ x.T,
    }
    x = np.random.default_rng(3).standard_normal((9, 9)).astype(np.float32)
    bound = functions[rule](Rounded.exact(x, MODEL))
    assert np.any(np.abs(functions[rule](x) - bound.value) > FLOAT32.u * bound.scale + FLOAT32.eta)


def test_addition_at_repeated_indices() -> None:
    x = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    index = np.random.default_rng(1).integers(0, 4, 50)
    got: Any = np.zeros((5, 3), np.float32)
    bound: Any = Rounded.exact(np.zeros((5, 3)), MODEL)
    np.add.at(got, index, x)
    np.add.at(bound, index, Rounded.exact(x, MODEL))
    error = np.abs(got - bound.value)
    assert error.max() > 0
    assert np.all(error <= FLOAT32.u * bound.scale)
    assert np.all(bound.scale[4] == 0)


def test_linear_systems() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((6, 6)).astype(np.float32)
    b = rng.standard_normal(6).astype(np.float32)
    bound: Any = np.linalg.solve(Rounded.exact(a, MODEL), Rounded.exact(b, MODEL))
    error = np.abs(np.linalg.solve(a, b) - bound.value)
    assert error.max() > 0
    assert np.all(error <= FLOAT32.u * bound.scale)


def test_constants_of_many_bits_are_rounded_and_short_ones_are_not() -> None:
    x = Rounded.exact(np.array([3.0]), MODEL)
    assert (x * 0.1).scale > 1.9 * (0.1 * 3.0)  # the constant's own rounding and the product's
    assert (x * 0.125).scale < 1.1 * (0.125 * 3.0)


def test_quadrature_is_the_tighter_of_the_two() -> None:
    x = np.random.default_rng(0).standard_normal((20, 20))
    worst, independent = (
        (Rounded.exact(x, Model.of(FLOAT64, quadrature=q)) @ x.T @ x).scale.max() for q in (False, True)
    )
    assert independent < worst / 2


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (np.arctan, "arctan"),
        (np.cumsum, "cumsum"),
        (np.median, "median"),
        (lambda x: np.multiply.outer(x, x), "multiply"),
    ],
)
def test_an_operation_without_a_rule_is_refused_by_name(operation: Any, name: str) -> None:
    x = Rounded.exact(np.ones(3), MODEL)
    with pytest.raises(TypeError, match=f"no rounding rule for np.{name}"):
        operation(x)


def test_a_rounded_array_does_not_vanish_into_a_plain_one() -> None:
    with pytest.raises(TypeError, match="zeros_like"):
        np.zeros(3)[:] = Rounded.exact(np.ones(3), MODEL)


def test_infinities_are_exact_and_poison_nothing() -> None:
    with np.errstate(over="ignore"):
        y: Any = 1 / (1 + np.exp(-Rounded.exact(np.array([-1e4, 0.0, 1e4]), MODEL)))
    assert np.all(np.isfinite(y.scale))
    assert y.value.tolist() == [0.0, 0.5, 1.0]


def test_a_square_root_near_zero_has_a_finite_error() -> None:
    y: Any = np.sqrt(Rounded(np.array([0.0, 1e-12]), np.array([1.0, 1.0]), MODEL))
    assert np.all(y.scale <= math.sqrt(1 / FLOAT32.u) + 1)
