"""What the handbook's networks and costs compute, of functions of `scratch`, and the cases that they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from parity_tests.engine.cases import Case
from parity_tests.people.binding import Beyond
from scratch.activations import relu, sigmoid, tanh
from scratch.linear import linear
from scratch.losses import binary_cross_entropy, l1_loss, mse_loss

Params = Mapping[str, Any]
Pair = tuple[Any, Callable[..., Any]]
HIDDEN = {"relu": relu, "tanh": tanh}


def with_bias(case: Case) -> Case:
    """The case with a bias, drawn if it has none."""
    weight, bias = case.arrays["weight"], case.arrays["bias"]
    if bias is None:
        bias = np.random.default_rng(case.seed).standard_normal(len(weight))
    return replace(case, arrays={**case.arrays, "bias": bias})


def averaged_linear(input: Any, weight: Any, bias: Any = None) -> Pair:
    """`linear` whose gradients of the parameters are means over the examples."""
    y, through = linear(input, weight, bias)
    m = max(int(np.prod(input.shape[:-1])), 1)

    def backward(dy: Any) -> dict[str, Any]:
        grads = through(dy)
        return {name: grad if name == "input" else grad / m for name, grad in grads.items()}

    return y, backward


# ---- layers of relu (or tanh), and a sigmoid at the end ----


def depth(params: Params) -> int:
    return len(params) // 2


def one_output(case: Case) -> Case:
    """The case with x as (m, D), and without all but the first unit of the last layer."""
    x, params = case.arrays["x"], case.arrays["params"]
    last = 2 * (depth(params) - 1)
    kept = {key: param[:1] if key.startswith(f"{last}.") else param for key, param in params.items()}
    return replace(case, arrays={"x": x.reshape(-1, x.shape[-1]), "params": kept})


def of_depth(*depths: int) -> Callable[[Case], Case]:
    """`one_output` of networks with so many layers: what a case has too many of is left out, and what it
    lacks is drawn."""

    def narrow(case: Case) -> Case:
        params, rng = case.arrays["params"], np.random.default_rng(case.seed)
        own = depth(params)
        wanted = own if own in depths else depths[case.seed % len(depths)]
        chosen: dict[str, Any] = {}
        width = case.arrays["x"].shape[-1]
        for layer in range(wanted):
            weight, bias = f"{2 * layer}.weight", f"{2 * layer}.bias"
            chosen[weight] = params[weight] if weight in params else rng.standard_normal((3, width))
            width = len(chosen[weight])
            chosen[bias] = params[bias] if bias in params else rng.standard_normal(width)
        return one_output(replace(case, arrays={**case.arrays, "params": chosen}))

    return narrow


TWO, THREE, TWO_OR_THREE = of_depth(2), of_depth(3), of_depth(2, 3)


def layers(
    x: Any, params: Params, hidden: str = "relu", masks: Any = None, keep_prob: float = 1.0
) -> tuple[Any, Any, Callable[[Any], Any]]:
    """Logits Z_L (m, K) and A_L, with the way back from dZ_L; gradients are means over the examples.

    masks: those of the hidden layers, for dropout, examples first.
    """
    A, count = x, depth(params)
    linears: list[Any] = []
    activations: list[Any] = []
    for layer in range(count):
        Z, through = averaged_linear(A, params[f"{2 * layer}.weight"], params[f"{2 * layer}.bias"])
        linears.append(through)
        if layer == count - 1:
            A, _ = sigmoid(Z)
        else:
            A, through_g = HIDDEN[hidden](Z)
            mask = None if masks is None else masks[layer] / keep_prob
            A = A if mask is None else A * mask
            activations.append((through_g, mask))

    def backward(dZ: Any) -> dict[str, Any]:
        grads: dict[str, Any] = {}
        for layer in reversed(range(count)):
            own = linears[layer](dZ)
            grads[f"{2 * layer}.weight"], grads[f"{2 * layer}.bias"] = own["weight"], own["bias"]
            dA = own["input"]
            if layer:
                through_g, mask = activations[layer - 1]
                dZ = through_g(dA if mask is None else dA * mask)["x"]
        return {"x": dA, "params": grads}

    return Z, A, backward


def network(x: Any, params: Params, *, hidden: str = "relu") -> Pair:
    """A_L of relu … relu, sigmoid, with one unit at the end: (m, 1).

    Its gradients are those of the exercises: of x as they are, of the parameters means over the examples.
    """
    _, A, backward = layers(x, params, hidden)

    def through_sigmoid(dA: Any) -> dict[str, Any]:
        return backward(dA * A * (1 - A))

    return A, through_sigmoid


def labels(m: int) -> np.ndarray:
    """Labels for m examples, (m, 1)."""
    return (np.arange(m) % 3 != 1).astype(np.float64).reshape(-1, 1)


def cost_of_network(
    x: Any,
    params: Params,
    *,
    hidden: str = "relu",
    lambd: float = 0.0,
    keep_prob: float = 1.0,
) -> Pair:
    """The mean cross-entropy of `network` and the labels, ½ λ/m ΣW² included, with the gradients of the
    parameters. With keep_prob < 1 the hidden layers have dropout with `dropout_masks`."""
    m = len(x)
    masks = None if keep_prob == 1.0 else dropout_masks(m, params, keep_prob)
    Z, A, backward = layers(x, params, hidden, masks, keep_prob)
    Y = labels(m)
    loss = (np.log1p(np.exp(-np.abs(Z))) + np.maximum(Z, 0) - Y * Z).sum() / m
    weights = [param for name, param in params.items() if name.endswith("weight")]
    for W in weights if lambd else []:
        loss = loss + (W**2).sum() * (lambd / (2 * m))

    def through(dloss: Any) -> dict[str, Any]:
        grads = backward((A - Y) * dloss)["params"]
        decayed = {
            name: grad + params[name] * (dloss * lambd / m) if name.endswith("weight") and lambd else grad
            for name, grad in grads.items()
        }
        return {"params": decayed}

    return loss, through


def dropout_masks(m: int, params: Params, keep_prob: float) -> list[np.ndarray]:
    """The masks of the hidden layers, (m, units) each, as ``np.random.seed(1)`` and ``rand`` draw them."""
    random = np.random.RandomState(1)
    sizes = [len(params[f"{2 * layer}.bias"]) for layer in range(depth(params) - 1)]
    return [(random.rand(size, m) < keep_prob).astype(np.float64).T for size in sizes]


def dropped_network(x: Any, params: Params, *, keep_prob: float) -> Any:
    """`network` with dropout between its layers."""
    masks = dropout_masks(len(x), params, keep_prob)
    return layers(x, params, "relu", masks, keep_prob)[1]


KEEP_PROB, LAMBD = 0.75, 0.7
DROPPED = partial(dropped_network, keep_prob=KEEP_PROB)
COST_WITH_DROPOUT = partial(cost_of_network, keep_prob=KEEP_PROB)
COST_WITH_PENALTY = partial(cost_of_network, lambd=LAMBD)
NETWORKS = {hidden: partial(network, hidden=hidden) for hidden in HIDDEN}
COSTS = {hidden: partial(cost_of_network, hidden=hidden) for hidden in HIDDEN}


# ---- costs ----


def inside(case: Case) -> Case:
    """Probabilities strictly between 0 and 1 with their labels, (1, m): the formula takes the logarithm."""
    A, Y = case.arrays["input"], case.arrays["target"]
    kept = (A > 0) & (A < 1)
    if not kept.any():
        raise Beyond("log 0 is no part of the formula")
    arrays = {"input": A[kept].reshape(1, -1), "target": Y[kept].reshape(1, -1), "weight": None}
    return replace(case, arrays=arrays, options={})


def labelled(case: Case) -> Case:
    """The same with labels of 0 and 1, and no probabilities for labels."""
    case = inside(case)
    return replace(case, arrays={**case.arrays, "target": np.round(case.arrays["target"])})


total_cost = partial(binary_cross_entropy, reduction="sum")

A3 = np.array([[0.4, 0.07, 0.61, 0.36, 0.8]])
Y3 = np.array([[1.0, 0.0, 1.0, 0.0, 0.0]])


def cost_with_penalty(weight: Any, *, alpha: float, reduction: str = "mean") -> Any:
    """The cross-entropy of five examples, and λ/2m ΣW²."""
    loss = binary_cross_entropy(A3, Y3, reduction=reduction)[0]
    return (weight**2).sum() * (alpha / (2 * A3.size)) + loss


cost_with_penalty_summed = partial(cost_with_penalty, reduction="sum")


def sum_of_absolute(input: Any, target: Any) -> Any:
    """Σ |y − ŷ|."""
    return l1_loss(input, target, reduction="sum")[0]


def sum_of_squares(input: Any, target: Any) -> Any:
    """Σ (y − ŷ)²."""
    return mse_loss(input, target, reduction="sum")[0]


def propagated(x: Any, target: Any, weight: Any, bias: Any) -> Pair:
    """The cost of logistic regression, with the gradients of the parameters alone."""
    from scratch.regression import logistic_regression  # noqa: PLC0415 (it would hide the chapter's name)

    loss, through = logistic_regression(x, target, weight, bias)

    def backward(dloss: Any) -> dict[str, Any]:
        grads = through(dloss)
        return {"weight": grads["weight"], "bias": grads["bias"]}

    return loss, backward
