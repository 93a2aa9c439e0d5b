"""Every kind of check catches a deliberately broken implementation, and says where.

Nothing here is a mistake that cannot happen: each has been seen in somebody's code.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import scratch.optimizers
from parity_tests.catalogue import find
from parity_tests.engine.differences import check_differences
from parity_tests.engine.operations import check_dtype, check_unchanged, compare_operation
from parity_tests.engine.precision import FLOAT64
from parity_tests.engine.refusals import check_refusals
from parity_tests.engine.results import Result, Status, Tally
from parity_tests.engine.trajectories import check_resumed, check_steps_keep, check_trajectory
from scratch.activations import leaky_relu, sigmoid, softmax
from scratch.optimizers import AdamState, SGDState, adam, adam_init


def compared(name: str, broken: Callable[..., Any]) -> tuple[Tally, Tally]:
    """`broken` as the subject of the checks that `name` faces, with scratch as the oracle."""
    entry = find(name)
    return compare_operation(entry.scratch, broken, entry.scratch, entry.cases("float64"), FLOAT64)


def failed(tally: Tally, kind: str) -> Result:
    result = tally.result("broken", kind, "f64")
    assert result.status is Status.FAILED
    assert result.reproduce.startswith(f"parity verify broken --only {kind}")
    return result


def test_the_correct_implementation_passes_all_of_them() -> None:
    for tally in compared("softmax", softmax):
        assert tally.result("softmax", "outputs", "f64").status is Status.PASSED


# ---- outputs and gradients ----


def test_outputs_a_slope_wrong_in_the_thirteenth_digit() -> None:
    def broken(x: Any, *, negative_slope: float = 0.01) -> Any:
        return leaky_relu(x, negative_slope=negative_slope * (1 + 1e-13))

    outputs, gradients = compared("leaky_relu", broken)
    assert "y[" in failed(outputs, "outputs").message
    assert "grad x[" in failed(gradients, "gradients").message


def test_gradients_the_mean_subtracted_in_place_of_the_weighted_one() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        y, _ = softmax(x, axis=axis)
        return y, lambda dy: {"x": y * (dy - dy.mean(axis, keepdims=True))}

    outputs, gradients = compared("softmax", broken)
    assert not outputs.divergences
    failed(gradients, "gradients")


def test_gradients_a_softmax_backward_that_returns_zeros() -> None:
    """It would pass with an upstream gradient of ones: the rows of a softmax sum to one."""

    def broken(x: Any, *, axis: int = -1) -> Any:
        return softmax(x, axis=axis)[0], lambda dy: {"x": np.zeros_like(dy)}

    with_ones = softmax(np.array([[0.3, -1.2, 0.7]]))[1](np.ones((1, 3)))["x"]
    assert np.allclose(with_ones, 0)
    failed(compared("softmax", broken)[1], "gradients")


def test_gradients_one_is_missing() -> None:
    def broken(x: Any, weight: Any) -> Any:
        y, backward = find("prelu").scratch(x, weight)
        return y, lambda dy: {"x": backward(dy)["x"]}

    assert "grad weight: got nothing" in failed(compared("prelu", broken)[1], "gradients").message


def test_outputs_a_softmax_without_the_maximum_is_told_by_its_nans() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            exp = np.exp(x)
            y = exp / exp.sum(axis, keepdims=True)
        return y, softmax(x, axis=axis)[1]

    result = failed(compared("softmax", broken)[0], "outputs")
    assert any(divergence.nans for divergence in result.divergences)


def test_differences_a_derivative_taken_twice() -> None:
    """σ′ applied to the activation once more."""

    def broken(x: Any) -> Any:
        y, _ = sigmoid(x)
        return y, lambda dy: {"x": dy * sigmoid(y)[0] * (1 - sigmoid(y)[0])}

    assert (
        "differences say"
        in failed(check_differences(broken, find("sigmoid").smooth_cases()), "differences").message
    )


def test_differences_a_gradient_that_is_off_by_a_millionth() -> None:
    def broken(x: Any) -> Any:
        y, backward = sigmoid(x)
        return y, lambda dy: {"x": backward(dy)["x"] * (1 + 1e-6)}

    failed(check_differences(broken, find("sigmoid").smooth_cases()), "differences")


# ---- properties ----


def test_dtype_a_constant_of_float64() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        y, backward = softmax(x, axis=axis)
        return y * np.float64(1.0), backward

    result = failed(check_dtype(broken, find("softmax").cases("float32")), "dtype")
    assert result.message == "y is float64, the inputs are float32"


def test_dtype_only_the_gradient() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        y, backward = softmax(x, axis=axis)
        return y, lambda dy: {"x": backward(dy)["x"].astype(float)}

    assert (
        "grad x is float64" in failed(check_dtype(broken, find("softmax").cases("float32")), "dtype").message
    )


def test_unchanged_the_maximum_subtracted_in_place() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        x -= x.max(axis, keepdims=True)
        return softmax(x, axis=axis)

    assert (
        "x was changed in place"
        in failed(check_unchanged(broken, find("softmax").cases("float64")), "unchanged").message
    )


def test_unchanged_backward_that_overwrites_its_upstream_gradient() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        y, _ = softmax(x, axis=axis)

        def backward(dy: Any) -> Any:
            dy -= (dy * y).sum(axis, keepdims=True)
            return {"x": y * dy}

        return y, backward

    assert (
        "was changed in place"
        in failed(check_unchanged(broken, find("softmax").cases("float64")), "unchanged").message
    )


def test_unchanged_a_result_that_is_its_input() -> None:
    def broken(x: Any) -> Any:
        return x, lambda dy: {"x": dy}

    assert (
        "shares memory"
        in failed(check_unchanged(broken, find("identity").cases("float64")), "unchanged").message
    )


def test_refusals_anything_goes() -> None:
    def broken(x: Any, weight: Any) -> Any:
        return x * weight

    broken.shapes = {"x": "N D", "weight": "D"}  # type: ignore[attr-defined]
    case = find("prelu").cases("float64")[0]
    result = failed(check_refusals(broken, case), "refusals")
    assert "accepted" in result.message or "instead of a ValueError" in result.message


def test_refusals_words_that_do_not_name_the_shape() -> None:
    def broken(x: Any, *, axis: int = -1) -> Any:
        if x.ndim > 2 or x.dtype.kind != "f":
            raise ValueError("bad input")
        return softmax(x, axis=axis)

    broken.shapes = {"x": "N D"}  # type: ignore[attr-defined]
    result = failed(check_refusals(broken, find("softmax").cases("float64")[0]), "refusals")
    assert "does not say (1, 3, 5)" in result.message


def test_refusals_an_upstream_gradient_that_is_broadcast() -> None:
    def broken(x: Any) -> Any:
        y = np.tanh(x)
        return y, lambda dy: {"x": dy * (1 - y**2)}

    broken.shapes = {"x": "..."}  # type: ignore[attr-defined]
    result = failed(check_refusals(broken, find("tanh").cases("float64")[0]), "refusals")
    assert "x of integers is accepted" in result.message


def test_refusals_an_option_that_means_nothing() -> None:
    case = find("leaky_relu").cases("float64")[0]
    assert (
        "accepted" in failed(check_refusals(leaky_relu, case, [{"negative_slope": 7.0}]), "refusals").message
    )


# ---- optimizers ----


def trajectory(broken: Callable[..., Any]) -> Result:
    formula = partial(scratch.optimizers.step, adam)
    tally = check_trajectory(formula, broken, formula, find("adam").cases("float64"), FLOAT64)
    return failed(tally, "trajectory")


def every_parameter(update: Callable[..., Any]) -> Callable[..., Any]:
    """A stepper from an update of one array that has Adam's state."""

    def step(params: Any, grads: Any, states: Any, **options: Any) -> Any:
        params, states = dict(params), dict(states)
        for name, grad in grads.items():
            if grad is not None:
                state = states.get(name) or adam_init(params[name])
                params[name], states[name] = update(params[name], grad, state, **options)
        return params, states

    return step


def test_trajectory_no_bias_correction() -> None:
    def update(
        param: Any,
        grad: Any,
        state: AdamState,
        *,
        lr: float = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        **rest: Any,
    ) -> Any:
        _, after = adam(param, grad, state, lr=lr, betas=betas, eps=eps, **rest)
        return param - lr * after.m / (np.sqrt(after.v) + eps), after

    assert "step 1, param." in trajectory(every_parameter(update)).message


def test_trajectory_the_corrected_moments_stored_back() -> None:
    """The parameters are right in every single step; only the state is not."""

    def update(param: Any, grad: Any, state: AdamState, *, betas: Any = (0.9, 0.999), **rest: Any) -> Any:
        param, after = adam(param, grad, state, betas=betas, **rest)
        return param, after._replace(m=after.m / (1 - betas[0] ** after.t))

    result = trajectory(every_parameter(update))
    assert all(divergence.tensor.startswith("state.") for divergence in result.divergences)


def test_trajectory_a_missing_gradient_taken_for_zero() -> None:
    update = every_parameter(adam)

    def step(params: Any, grads: Any, states: Any, **options: Any) -> Any:
        return update(
            params,
            {k: np.zeros_like(params[k]) if g is None else g for k, g in grads.items()},
            states,
            **options,
        )

    result = trajectory(step)
    assert {divergence.tensor.partition(".")[2][:6] for divergence in result.divergences} == {"0.bias"}
    assert all(divergence.step != 1 for divergence in result.divergences)


def test_trajectory_a_rate_that_is_off_by_1e_13_shows_in_the_update() -> None:
    def update(param: Any, grad: Any, state: AdamState, *, lr: float = 1e-3, **rest: Any) -> Any:
        return adam(param, grad, state, lr=lr * (1 + 1e-13), **rest)

    result = trajectory(every_parameter(update))
    assert any(divergence.tensor.startswith("update.") for divergence in result.divergences)


def test_trajectory_one_step_counter_for_all_parameters() -> None:
    counter = {"t": 0}

    def update(param: Any, grad: Any, state: AdamState, **options: Any) -> Any:
        counter["t"] += 1
        return adam(param, grad, state._replace(t=counter["t"] - 1), **options)

    trajectory(every_parameter(update))


def test_trajectory_a_later_rate_ignored() -> None:
    first: dict[str, float] = {}

    def update(param: Any, grad: Any, state: AdamState, *, lr: float = 1e-3, **rest: Any) -> Any:
        if state.t == 0:
            first["lr"] = lr
        return adam(param, grad, state, lr=first["lr"], **rest)

    result = trajectory(every_parameter(update))
    assert min(d.step for d in result.divergences if d.step) == 4, "the rate changes after half of six steps"


@pytest.mark.parametrize("name", ["softmax", "adam"])
def test_a_bound_that_a_wrong_rule_inflated_fails_the_check(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing differs, but at that tolerance nothing could."""
    from parity_tests.engine import rounding_rules
    from parity_tests.verify import Plan, verify

    right = rounding_rules.UFUNCS["divide"]
    monkeypatch.setitem(rounding_rules.UFUNCS, "divide", lambda *operands: 1e6 * right(*operands))
    results = verify(find(name), Plan(dtypes=["float64"], kinds=["outputs", "trajectory"]))
    assert {result.status for result in results} == {Status.FAILED}
    assert all("the bound is vacuous" in result.message for result in results)


def test_resumed_a_velocity_kept_outside_the_state() -> None:
    kept: dict[Any, Any] = {}

    def step(params: Any, grads: Any, states: Any, **options: Any) -> Any:
        for name, grad in grads.items():
            if grad is not None:
                kept[name] = 0.9 * kept.get(name, 0) + grad
        return {name: param - 0.1 * kept.get(name, 0) for name, param in params.items()}, states

    result = failed(check_resumed(step, find("sgd").cases("float64")), "resumed")
    assert "after the training was saved and resumed" in result.message


def test_steps_that_change_their_parameters_in_place_or_widen_them() -> None:
    def update(param: Any, grad: Any, state: AdamState, *, lr: float = 1e-3, **_: Any) -> Any:
        param -= lr * grad
        return param.astype(float), state

    dtype, unchanged = check_steps_keep(every_parameter(update), find("adam").cases("float32"))
    assert "is float64, the parameters are float32" in failed(dtype, "dtype").message
    assert "was changed in place at step 1" in failed(unchanged, "unchanged").message


def test_steps_that_share_memory_with_the_gradient() -> None:
    def update(param: Any, grad: Any, state: AdamState, *, lr: float = 1e-3, **_: Any) -> Any:
        return param - lr * grad, SGDState(state.t + 1, grad)

    _, unchanged = check_steps_keep(every_parameter(update), find("sgd").cases("float32"))
    assert "shares memory with grads" in failed(unchanged, "unchanged").message


@pytest.mark.parametrize("name", ["softmax", "adam"])
def test_what_raises_is_an_error_of_that_check_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from parity_tests.verify import Plan, verify

    entry = find(name)

    def raises(*_: Any, **__: Any) -> Any:
        raise RuntimeError("not today")

    raises.__name__ = name
    monkeypatch.setattr(importlib.import_module(f"reference.{entry.chapter}"), name, raises)
    if name == "adam":
        monkeypatch.setattr("reference.optimizers.step", raises)
    results = {result.kind: result for result in verify(entry, Plan(dtypes=["float64"]))}
    compared = "trajectory" if name == "adam" else "outputs"
    assert results[compared].status is Status.ERROR
    assert "RuntimeError: not today" in results[compared].message
    assert results["refusals"].status is Status.PASSED
