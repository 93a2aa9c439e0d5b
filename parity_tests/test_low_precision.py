"""bfloat16 and float16: what torch has there, what the bounds allow, and what they catch."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from parity_tests.catalogue import Algorithm, algorithms, find
from parity_tests.catalogue._low import DTYPES
from parity_tests.catalogue._mode import PLAIN
from parity_tests.checks import Row
from parity_tests.engine.cases import Draw
from parity_tests.engine.compare import compare
from parity_tests.engine.low_precision import as_a_whole, compare_in_low_precision, in_float64, rounded_once
from parity_tests.engine.operations import bound, drive, upstream_for
from parity_tests.engine.precision import BFLOAT16, FLOAT16, FLOAT32, PRECISIONS, Precision
from parity_tests.engine.results import Result, Status
from parity_tests.engine.rounding import Model, Rounded
from parity_tests.verify import Plan, verify
from reference._torch import operation
from reference.attention import scaled_dot_product_attention
from reference.optimizers import ADAM, Optimizer
from reference.recurrent import lstm

LACKING = [
    (entry, dtype, says) for entry in algorithms() for dtype, says in entry.low.absent.get("cpu", {}).items()
]


def rows(name: str, *dtypes: str, mode: str = "plain") -> list[Result]:
    return verify(find(name), Plan(dtypes=dtypes or DTYPES, modes=[mode]), alone=False)


# ---- what torch has ----


@pytest.mark.parametrize(
    ("entry", "dtype", "says"), LACKING, ids=[f"{entry.name}-{dtype}" for entry, dtype, _ in LACKING]
)
def test_torch_really_lacks_it(entry: Algorithm, dtype: str, says: str) -> None:
    """What is not compared in a dtype raises there, and says why."""
    assert dtype not in entry.low.dtypes("cpu")
    row = Row(entry, Plan(examples=0), dtype, PLAIN)
    for case in row.cases[:2]:
        upstream = upstream_for(entry.scratch, replace(case, arrays=in_float64(case.arrays)))
        with row.inside(), pytest.raises((RuntimeError, NotImplementedError), match=says):
            drive(row.reference, case, upstream)


def test_everything_else_is_compared_in_both_dtypes() -> None:
    compared = {"operation", "function", "optimizer"}
    without = [
        entry.name
        for entry in algorithms()
        if entry.protocol in compared and tuple(entry.low.dtypes("cpu")) != DTYPES
    ]
    assert set(without) == {entry.name for entry, _, _ in LACKING} | {
        entry.name for entry in algorithms() if entry.low.pointless
    }
    assert len(without) < len(algorithms()) / 10


def test_what_is_said_of_tensors_is_said_of_tensors_that_there_are() -> None:
    for entry in algorithms():
        said = {*entry.low.once, *entry.low.whole}
        if not said:
            continue
        seen: set[str] = set()
        for case in Row(entry, Plan(examples=8), "float16", PLAIN).cases:
            wide = replace(case, arrays=in_float64(case.arrays))
            answer = drive(entry.scratch, wide, in_float64(upstream_for(entry.scratch, wide)))
            seen |= {name.partition(".")[0] for name in (*answer.outputs, *answer.gradients)}
        assert said <= seen, entry.name


# ---- the tolerances ----


@pytest.mark.parametrize("precision", [BFLOAT16, FLOAT16], ids=lambda precision: precision.short)
def test_one_rounding_is_within_the_tolerance_and_one_and_a_tenth_is_not(precision: Precision) -> None:
    y = np.array([1.0, -3.0, 0.125])
    scale = {"y": Rounded(y, np.ones(3), Model.of(precision))}
    tolerance = rounded_once(precision, 4.0, ["y"])
    for error, passes in ((1.0, True), (1.1, False)):
        (found,) = compare(
            {"y": y * (1 + error * precision.u)}, {"y": y}, scale, precision, tolerance=tolerance
        )
        assert (found.divergence is None) is passes
    (loose,) = compare(
        {"y": y * (1 + 1.1 * precision.u)},
        {"y": y},
        scale,
        precision,
        tolerance=rounded_once(precision, 4.0, []),
    )
    assert loose.divergence is None


def test_a_tensor_as_a_whole() -> None:
    expected: dict[str, Any] = {
        "grad params.a": np.ones(9),
        "grad params.b": np.zeros(4),
        "y": np.ones(1),
    }
    for size, passes in ((7.9, True), (8.1, False)):
        got = {**expected, "grad params.b": np.full(4, size * BFLOAT16.u * 3 / 2)}
        (found,) = as_a_whole(got, expected, BFLOAT16, ["grad params"])
        assert (found.divergence is None) is passes
    for got in ({"grad params.a": np.ones(9)}, {**expected, "grad params.a": np.ones((3, 3))}):
        (found,) = as_a_whole(got, expected, BFLOAT16, ["grad params"])
        assert found.worst == np.inf
    got = {**expected, "grad params.a": np.full(9, np.nan)}
    (found,) = as_a_whole(got, expected, BFLOAT16, ["grad params"])
    assert found.divergence is not None


def test_a_decision_that_rounding_could_turn_is_doubtful() -> None:
    def doubts(function: Callable[..., Any], *values: float) -> list[str]:
        found: list[str] = []
        model = Model.of(BFLOAT16)._replace(doubts=found)
        function(Rounded.exact(np.array(values), model))
        return found

    def masked(x: Any) -> Any:
        return np.where(3 * x - 1 > 0, x, 0.0)

    assert not doubts(masked, 1.0, -1.0)
    assert doubts(masked, 1.0, 0.334) == ["greater"]
    assert not doubts(lambda x: x > 0, 0.0, 1e-30)  # an input is what it is
    assert doubts(lambda x: (3 * x).argmax(0), 1.0, 1.001) == ["argmax"]
    assert not doubts(lambda x: (3 * x).argmax(0), 1.0, 1.5)
    assert not doubts(lambda x: x.argmax(0), 1.0, 1.0)
    assert doubts(lambda x: np.sign(3 * x - 1), 0.334) == ["sign"]
    assert not doubts(lambda x: np.sign(3 * x - 1), 3.0)


def test_doubtful_cases_are_left_out_and_a_row_of_nothing_else_fails() -> None:
    entry = find("residual_block")
    fixed = {"regime": "normal"}
    cases = [entry.draw(Draw("bfloat16", seed, fixed)) for seed in range(12)]

    def doubtful(case: Any) -> bool:
        found: list[str] = []
        wide = in_float64(case.arrays)
        again = replace(case, arrays=wide)
        bound(entry.scratch, again, in_float64(upstream_for(entry.scratch, again)), BFLOAT16, doubts=found)
        return bool(found)

    torn, decided = ([case for case in cases if doubtful(case) is wanted] for wanted in (True, False))
    assert torn
    assert decided
    outputs, _ = compare_in_low_precision(entry.scratch, entry.scratch, cases, BFLOAT16)
    assert outputs.cases == len(decided)
    outputs, _ = compare_in_low_precision(entry.scratch, entry.scratch, torn, BFLOAT16, more=iter(cases))
    assert outputs.cases == 1
    outputs, _ = compare_in_low_precision(entry.scratch, entry.scratch, torn, BFLOAT16)
    result = outputs.result("residual_block", "outputs", "bf16-cpu")
    assert result.status is Status.FAILED
    assert "rounding could turn a decision, so nothing is proven" in result.message


def test_what_is_never_more_than_rounding_is_refused() -> None:
    def tiny(x: Any) -> Any:
        return (x + 1) - x - 1, None

    def function(x: Any) -> Any:
        return tiny(x)[0]

    case = find("tanh").cases("bfloat16")[0]
    outputs, _ = compare_in_low_precision(function, function, [case], BFLOAT16)
    assert "nothing is proven" in outputs.result("tiny", "outputs", "bf16-cpu").message


# ---- what they catch ----


def too_warm(x: Any, *, axis: int = -1) -> Any:
    return nn.Softmax(dim=axis)(x * 1.05)


def without_bias(input: Any, weight: Any, bias: Any = None) -> Any:
    return input @ weight.T + 0 * (0 if bias is None else bias)


def rounded_before_the_bias(input: Any, weight: Any, bias: Any = None) -> Any:
    y = input @ weight.T
    return y if bias is None else y + bias


def approximate(x: Any, *, approximate: str = "none") -> Any:
    return x * torch.sigmoid(1.702 * x)


def variance_of_a_sample(
    x: Any, weight: Any = None, bias: Any = None, *, normalized_shape: Any = None, eps: float = 1e-5
) -> Any:
    shape = (x.shape[-1],) if normalized_shape is None else tuple(np.atleast_1d(normalized_shape))
    axes = tuple(range(-len(shape), 0))
    y = (x - x.mean(axes, keepdim=True)) / (x.var(axes, correction=1, keepdim=True) + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def sharper(query: Any, key: Any, *args: Any, scale: Any = None, **how: Any) -> Any:
    scale = 1.02 * (query.shape[-1] ** -0.5 if scale is None else scale)
    return inspect.unwrap(scaled_dot_product_attention)(query, key, *args, scale=scale, **how)


def with_a_heavier_memory(x: Any, params: Any, *args: Any, **how: Any) -> Any:
    heavier = {name: 1.1 * p if name.startswith("weight_hh") else p for name, p in params.items()}
    return inspect.unwrap(lstm)(x, heavier, *args, **how)


def bound_to(broken: Any, right: Any) -> Any:
    """With the signature of the right one, by which arguments are told apart."""
    return functools.wraps(right)(broken)


BROKEN = [
    ("activations", "softmax", too_warm, "outputs"),
    ("activations", "gelu", approximate, "outputs"),
    ("linear", "linear", without_bias, "outputs"),
    ("linear", "linear", rounded_before_the_bias, "outputs"),
    ("normalization", "layer_norm", variance_of_a_sample, "outputs"),
    (
        "attention",
        "scaled_dot_product_attention",
        bound_to(sharper, scaled_dot_product_attention),
        "gradients",
    ),
    ("recurrent", "lstm", bound_to(with_a_heavier_memory, lstm), "outputs"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("chapter", "name", "broken", "kind"), BROKEN, ids=lambda part: getattr(part, "__name__", None)
)
def test_a_broken_implementation_fails(
    chapter: str, name: str, broken: Any, kind: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {result.status for result in rows(name, dtype)} == {Status.PASSED}
    monkeypatch.setattr(f"reference.{chapter}.{name}", operation(broken))
    failed = {result.kind for result in rows(name, dtype) if result.status is Status.FAILED}
    assert kind in failed


def swapped(grads: Any, **options: Any) -> Any:
    """The two decays the other way round, not far from each other."""
    return grads, {**options, "betas": options.get("betas", (0.9, 0.999))[::-1]}


BROKEN_STEPS = {
    "decoupled decay": Optimizer(torch.optim.AdamW, ADAM),
    "betas swapped": Optimizer(torch.optim.Adam, ADAM, adapt=swapped),
    "a rate that is off by a quarter": Optimizer(
        torch.optim.Adam, ADAM, adapt=lambda grads, lr=1e-3, **how: (grads, {"lr": 1.25 * lr, **how})
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mistake", BROKEN_STEPS)
def test_a_broken_step_fails(mistake: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference.optimizers.adam", BROKEN_STEPS[mistake])
    (result,) = rows("adam", dtype)
    assert result.status is Status.FAILED
    assert result.divergences[0].step is not None


def test_rows_say_how_to_see_them_again() -> None:
    results = rows("softmax", "bfloat16")
    assert [result.id for result in results] == ["softmax/outputs[bf16-cpu]", "softmax/gradients[bf16-cpu]"]
    entry = find("softmax")
    for case in Row(entry, Plan(), "bfloat16", PLAIN).cases:
        assert repr(entry.case("bfloat16", case.spec).arrays) == repr(case.arrays)


def test_the_dtypes_by_size() -> None:
    assert [precision.low for precision in (FLOAT32, FLOAT16, BFLOAT16)] == [False, True, True]
    assert all(PRECISIONS[dtype].low for dtype in DTYPES)
