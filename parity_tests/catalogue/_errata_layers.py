"""The errata on activations, losses, layers, weights, regularization, data and models, proven against torch.

Outputs and gradients are torch's own, by autograd from a random upstream gradient; a set of names says
which of them a misprint gets wrong.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from sklearn.preprocessing import MinMaxScaler
from torch.nn import functional

from parity_tests.catalogue._proof import agrees, differs, normal, proof, refuses, tensor
from scratch import (
    activations,
    autograd,
    initialization,
    linear,
    losses,
    models,
    preprocessing,
    regularization,
)

X = normal(0, 4, 3)
PROBABILITIES = 1 / (1 + np.exp(-X))
LABELS = (normal(1, 4, 3) > 0) * 1.0
WEIGHT, BIAS = normal(2, 2, 3), normal(3, 2)


def wrong(
    function: Callable[..., Any], judge: Callable[..., torch.Tensor], arrays: Mapping[str, Any], *rest: Any
) -> set[str]:
    """What a function gets wrong: "y", or the name of an argument whose gradient is. All else agrees.

    A gradient that the function does not give is not wrong.
    """
    tensors = {name: tensor(array) for name, array in arrays.items()}
    expected = judge(*tensors.values())
    upstream = normal(9, *expected.shape)
    grads = torch.autograd.grad(expected, list(tensors.values()), torch.tensor(upstream))
    y, backward = function(*arrays.values(), *rest)
    got = {"y": y, **backward(upstream)}
    pairs = {"y": expected.detach(), **dict(zip(tensors, grads, strict=True))}
    names = {name for name in got if differs(got[name], pairs[name].numpy())}
    assert all(agrees(got[name], pairs[name].numpy()) for name in got if name not in names)
    return names


# ---- activations ----


@proof("sigmoid-sign", correct=activations.sigmoid)
def sigmoid_sign(misprint: Callable[..., Any]) -> None:
    assert not wrong(activations.sigmoid, torch.sigmoid, {"x": X})
    assert wrong(misprint, torch.sigmoid, {"x": X}) == {"y", "x"}
    y, backward = misprint(X)
    expected = torch.sigmoid(torch.tensor(X)).numpy()
    assert (np.abs(y - expected) > 0.1).all(), "wrong for every input"
    assert not np.isfinite(misprint(np.zeros(1))[0]).any(), "a pole at 0"
    dy = normal(1, 4, 3)
    assert agrees(backward(dy)["x"], dy * y * (1 - y)), "the end result, A (1 − A), is right"


@proof("sigmoid-derivative", correct=activations.sigmoid)
def sigmoid_derivative(misprint: Callable[..., Any]) -> None:
    assert not wrong(activations.sigmoid, torch.sigmoid, {"x": X})
    assert wrong(misprint, torch.sigmoid, {"x": X}) == {"x"}
    slope = misprint(X)[1](np.ones_like(X))["x"]
    assert (slope < 0).all(), "the sigmoid rises everywhere"
    assert not np.isfinite(misprint(np.zeros(1))[1](np.ones(1))["x"]).any(), "a pole at 0"


@proof("chain-rule-dz", correct=activations.sigmoid)
def chain_rule_dz(misprint: Callable[..., Any]) -> None:
    assert not wrong(activations.sigmoid, torch.sigmoid, {"x": X})
    assert wrong(misprint, torch.sigmoid, {"x": X}) == {"x"}
    _, backward = misprint(X)
    assert np.array_equal(backward(normal(1, 4, 3))["x"], backward(normal(2, 4, 3))["x"]), "no dA in it"


@proof("softmax-hidden", correct=activations.relu)
def softmax_hidden(misprint: Callable[..., Any]) -> None:
    active = np.abs(X[0])  # units that let everything pass
    n = len(active)
    assert not wrong(lambda x: activations.softmax(x, axis=-1), lambda x: torch.softmax(x, -1), {"x": X})
    for activation, rank in ((torch.relu, n), (lambda x: torch.softmax(x, -1), n - 1)):
        jacobian: Any = torch.autograd.functional.jacobian(activation, torch.tensor(active))
        assert int(torch.linalg.matrix_rank(jacobian)) == rank
    _, backward = misprint(active)
    assert np.linalg.matrix_rank(np.stack([backward(row)["x"] for row in np.eye(n)])) == n - 1
    assert agrees(misprint(active + 5)[0], misprint(active)[0]), "it does not see what all units share"


# ---- losses ----


@proof("cost-not-averaged", correct=losses.binary_cross_entropy)
def cost_not_averaged(misprint: Callable[..., Any]) -> None:
    batch = {"input": PROBABILITIES, "target": LABELS}
    assert not wrong(losses.binary_cross_entropy, functional.binary_cross_entropy, batch)
    assert wrong(_input_only(misprint), functional.binary_cross_entropy, batch) == {"y", "input"}
    m = LABELS.size
    _, expected = losses.binary_cross_entropy(PROBABILITIES, LABELS)
    assert misprint(PROBABILITIES, LABELS)[0].shape == LABELS.shape, "one value for every example"
    assert agrees(misprint(PROBABILITIES, LABELS)[1](1.0)["input"], m * expected(np.ones(()))["input"])
    one = (PROBABILITIES[:1, :1], LABELS[:1, :1])
    assert agrees(misprint(*one)[0].sum(), losses.binary_cross_entropy(*one)[0]), "right for a batch of one"


def _input_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operation whose upstream gradient is taken as it is and whose gradient is that of the input."""

    def operation(*arrays: Any) -> Any:
        y, backward = function(*arrays)
        return y, lambda dy: {"input": backward(dy)["input"]}

    return operation


@proof("cost-log-of-zero", correct=losses.binary_cross_entropy)
def cost_log_of_zero(misprint: Callable[..., Any]) -> None:
    inside = {"input": PROBABILITIES, "target": LABELS}
    assert not wrong(_input_only(losses.binary_cross_entropy), functional.binary_cross_entropy, inside)
    assert not wrong(_input_only(misprint), functional.binary_cross_entropy, inside), "right between 0 and 1"
    assert torch.sigmoid(torch.tensor(37.0, dtype=torch.float64)) == 1
    for A, Y in ((1.0, 1.0), (0.0, 0.0)):
        saturated = {"input": np.array([A]), "target": np.array([Y])}
        assert not wrong(_input_only(losses.binary_cross_entropy), functional.binary_cross_entropy, saturated)
        J, backward = misprint(*saturated.values())
        assert np.isnan(J), "0 · log 0"
        assert np.isnan(backward(1.0)["input"]).all(), "0 / 0"
    assert misprint(np.ones(1), np.zeros(1))[0] == np.inf
    assert losses.binary_cross_entropy(np.ones(1), np.zeros(1))[0] == 100


@proof("house-price-cross-entropy", correct=losses.mse_loss)
def house_price_cross_entropy(misprint: Callable[..., Any]) -> None:
    prices = {"input": np.array([310.0, 95.5]), "target": np.array([295.0, 120.0])}
    assert not wrong(losses.mse_loss, functional.mse_loss, prices)
    assert np.isnan(misprint(*prices.values())[0]), "the logarithm of a negative number"
    A, Y = (torch.tensor(price) for price in prices.values())
    assert refuses(RuntimeError, functional.binary_cross_entropy, A, Y), "torch will not have prices"
    perfect = np.array([0.3, 0.8])  # in millions
    assert functional.mse_loss(torch.tensor(perfect), torch.tensor(perfect)) == 0
    assert misprint(perfect, perfect)[0] > 0.1, "a perfect prediction is not free"


# ---- layers ----


@proof("bias-gradient-unsummed", correct=linear.linear)
def bias_gradient_unsummed(misprint: Callable[..., Any]) -> None:
    arrays = {"input": X, "weight": WEIGHT, "bias": BIAS}
    assert not wrong(linear.linear, functional.linear, arrays)
    assert wrong(misprint, functional.linear, arrays) == {"bias"}
    assert misprint(*arrays.values())[1](normal(1, 4, 2))["bias"].shape == (4, 2)


@proof("weight-gradient-is-dz", correct=linear.linear)
def weight_gradient_is_dz(misprint: Callable[..., Any]) -> None:
    arrays = {"input": X, "weight": WEIGHT, "bias": BIAS}
    assert not wrong(linear.linear, functional.linear, arrays)
    assert wrong(misprint, functional.linear, arrays) == {"weight"}


@proof("bias-trick", correct=linear.bias_trick)
def bias_trick(misprint: Callable[..., Any]) -> None:
    with_bias = np.concatenate([WEIGHT, BIAS[:, None]], 1)
    expected = functional.linear(*map(torch.tensor, (X, WEIGHT, BIAS))).numpy()
    assert agrees(linear.bias_trick(X, with_bias)[0], expected)
    for features in (1, 3, 7):
        x, weight = normal(1, 4, features), normal(2, 2, features + 1)
        assert refuses(ValueError, misprint, x, weight), "the shapes do not fit"
        assert refuses(ValueError, misprint, x, weight[:, :-1]), "nor do they if W comes without its bias"


@proof("residual-gradient", correct=linear.residual_block)
def residual_gradient(misprint: Callable[..., Any]) -> None:
    arrays = {"x": X, "weight": normal(2, 3, 3), "bias": normal(3, 3)}

    def judge(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(functional.linear(x, weight, bias))

    assert not wrong(linear.residual_block, judge, arrays)
    assert wrong(misprint, judge, arrays) == {"x"}
    dy = normal(1, 4, 3)
    _, right = linear.residual_block(*arrays.values())
    _, printed = misprint(*arrays.values())
    assert agrees(right(dy)["x"] - printed(dy)["x"], dy), "what is lost is the identity path"


@proof("backprop-example", correct=autograd.computation_graph)
def backprop_example(misprint: Callable[..., Any]) -> None:
    arrays = {"x": np.array(-2.0), "y": np.array(5.0), "z": np.array(-4.0)}

    def judge(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return (x + y) * z

    assert not wrong(autograd.computation_graph, judge, arrays)
    assert wrong(misprint, judge, arrays) == {"z"}
    f, backward = misprint(*arrays.values())
    assert f == -12
    assert backward(1.0) == {"x": -4, "y": -4, "z": -3}, "the numbers that are printed"


class _TorchDraws:
    """What torch's generator draws after seed 0, for an initializer of `scratch`."""

    def standard_normal(self, shape: Any, dtype: Any) -> np.ndarray:
        generator = torch.Generator().manual_seed(0)
        return torch.empty(shape, dtype=torch.float64).normal_(generator=generator).numpy().astype(dtype)


@proof("xavier-variance", correct=initialization.xavier_normal)
def xavier_variance(misprint: Callable[..., Any]) -> None:
    fan_out, fan_in = shape = (200, 300)
    weight = torch.empty(shape, dtype=torch.float64)
    torch.nn.init.xavier_normal_(weight, gain=1.5, generator=torch.Generator().manual_seed(0))
    expected = weight.numpy()
    assert agrees(initialization.xavier_normal(shape, rng=_TorchDraws(), gain=1.5), expected)
    got = misprint(shape, rng=_TorchDraws(), gain=1.5)
    assert agrees(got, (fan_in + fan_out) ** 0.25 * expected)
    assert got.var() > 10 * expected.var(), "every draw"
    torch.nn.init.xavier_uniform_(weight, generator=torch.Generator().manual_seed(0))
    right, printed = 2 / (fan_in + fan_out), 2 / math.sqrt(fan_in + fan_out)
    assert abs(weight.var().item() / right - 1) < 0.05  # the deviation of this estimate is 0.4 %
    assert weight.var().item() < 0.1 * printed, "the uniform distribution too"


@proof("relu-layers-collapse", correct=models.mlp)
def relu_layers_collapse(misprint: Callable[..., Any]) -> None:
    sizes = (3, 5, 4, 2)
    params = {
        key: p * 0 if key.endswith("bias") else p
        for key, p in models.mlp_init(sizes, rng=np.random.default_rng(0)).items()
    }
    W = [torch.tensor(params[f"{i}.weight"]) for i in (0, 2, 4)]
    x = torch.tensor(X)
    expected = (torch.relu(torch.relu(x @ W[0].T) @ W[1].T) @ W[2].T).numpy()
    assert agrees(models.mlp(X, params, activation="relu")[0], expected)
    got = misprint(X, params, activation="relu")[0]
    assert agrees(got, (x @ (W[2] @ W[1] @ W[0]).T).numpy()), "W X, with one W for all layers"
    assert all(differs(row, right) for row, right in zip(got, expected, strict=True))
    assert np.array_equal(misprint(-X, params)[0], -got), "odd, as every W X is"


# ---- regularization and data ----


def _expected_in_training(dropout: Callable[..., Any], x: Any, p: float) -> Any:
    """The exact mean of the training output over all masks."""
    total = np.zeros_like(x)
    for keep in itertools.product((True, False), repeat=x.size):
        mask = np.array(keep)
        total += np.prod(np.where(mask, 1 - p, p)) * dropout(x, mask, p=p, training=True)[0]
    return total


def _as_tested(dropout: Callable[..., Any], p: float) -> bool:
    """Whether the test output is what the training output is on average."""
    x = X[0]
    return agrees(dropout(x, np.ones(3, bool), p=p, training=False)[0], _expected_in_training(dropout, x, p))


def _dropout_agrees(p: float) -> None:
    x = torch.tensor(normal(4, 1000))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        y = functional.dropout(x, p).numpy()
    assert agrees(regularization.dropout(x.numpy(), y != 0, p=p)[0], y)
    assert agrees(
        regularization.dropout(x.numpy(), y != 0, p=p, training=False)[0],
        functional.dropout(x, p, training=False).numpy(),
    )
    assert _as_tested(regularization.dropout, p)


@proof("dropout-test-scale", correct=regularization.dropout)
def dropout_test_scale(misprint: Callable[..., Any]) -> None:
    for p in (0.2, 0.5, 0.7):
        _dropout_agrees(p)
        assert _as_tested(misprint, p) == (p == 0.5)


@proof("dropout-no-rescale", correct=regularization.dropout)
def dropout_no_rescale(misprint: Callable[..., Any]) -> None:
    for p in (0.2, 0.5, 0.7):
        _dropout_agrees(p)
        assert not _as_tested(misprint, p)
        assert agrees(_expected_in_training(misprint, X[0], p), (1 - p) * X[0])


def _penalised_step(weight: Any, *, lr: float, alpha: float) -> Any:
    _, backward = regularization.l1_penalty(weight, alpha=alpha)
    return weight - lr * backward(np.ones(()))["weight"]


@proof("l1-exact-zeros", correct=_penalised_step)
def l1_exact_zeros(misprint: Callable[..., Any]) -> None:
    leaf = tensor(X[0])
    stepped = torch.optim.SGD([leaf], lr=0.1)
    descended = promised = X[0]
    for _ in range(100):
        stepped.zero_grad()
        (0.5 * leaf.abs().sum()).backward()
        stepped.step()
        descended = _penalised_step(descended, lr=0.1, alpha=0.5)
        promised = misprint(promised, lr=0.1, alpha=0.5)
    expected = leaf.detach().numpy()
    assert np.abs(descended - expected).max() < 1e-13
    assert np.count_nonzero(expected) == expected.size, "no zeros in torch"
    assert np.abs(expected).max() <= 0.05, "but all within lr · λ"
    assert not promised.any(), "the promise: exact zeros"


@proof("scaling-constant-feature", correct=preprocessing.min_max_scale)
def scaling_constant_feature(misprint: Callable[..., Any]) -> None:
    train = np.stack([X[:, 0], np.full(4, 3.0)], 1)
    expected = MinMaxScaler().fit_transform(train)
    assert agrees(preprocessing.min_max_scale(train).train, expected)
    got = misprint(train).train
    assert agrees(got[:, 0], expected[:, 0])
    assert np.isnan(got[:, 1]).all(), "0 / 0"
    assert np.isfinite(expected[:, 1]).all()
    assert np.isfinite(preprocessing.standardize(train).train).all()
