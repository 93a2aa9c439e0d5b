"""Layers of weighted sums (handbook, chapters 2, 6 and 9; post 003).

Weights have torch's layout, (out, in). Functions that torch has too take torch's argument names,
`input` among them; the others take x.
"""

from typing import NamedTuple

import numpy as np

from scratch._shapes import check_indices, check_labels, shapes
from scratch.activations import relu, sigmoid


@shapes(x="... D", weight="D", bias="")
def neuron(x, weight, bias):
    """y = σ(w · x + b), one neuron.

    x (..., D), weight (D,), bias () -> y (...).  Handbook, ch. 2 and 3.
    """
    z = x @ weight + bias
    y, through_sigmoid = sigmoid(z)

    def backward(dy):
        dz = through_sigmoid(dy)["x"]  # erratum chain-rule-dz
        batch = tuple(range(dz.ndim))
        dweight = (dz[..., None] * x).sum(batch)
        return {"x": dz[..., None] * weight, "weight": dweight, "bias": dz.sum()}

    return y, backward


@shapes(x="... D", weight="D", bias="")
def perceptron(x, weight, bias):
    """y = 1 where w · x + b > 0, 0 elsewhere.

    x (..., D), weight (D,), bias () -> y (...).  Rosenblatt 1958.  The step has no gradient to learn
    from; `perceptron_update` is its learning rule.
    """
    z = x @ weight + bias
    return np.where(z > 0, np.ones_like(z), 0)


class Perceptron(NamedTuple):
    """The weight (D,) and the bias () of a perceptron."""

    weight: np.ndarray
    bias: np.ndarray


@shapes(x="... D", target="...", weight="D", bias="")
def perceptron_update(x, target, weight, bias, *, lr=1.0):
    """w ← w + lr · (t − y) · x,  b ← b + lr · (t − y),  where y is the perceptron's own answer.

    x (..., D), target (...) of 0 and 1, weight (D,), bias () -> weight (D,), bias ().  One example (D,)
    at a time is Rosenblatt's rule (1958); the corrections of a batch are added up.  Raises ValueError for
    other targets and for a negative lr.
    """
    if not lr >= 0:
        raise ValueError(f"perceptron_update: lr must not be negative, got {lr}")
    check_labels("perceptron_update", target, 0, 1)
    error = target - perceptron(x, weight, bias)
    batch = tuple(range(error.ndim))
    return Perceptron(weight + lr * (error[..., None] * x).sum(batch), bias + lr * error.sum())


@shapes(input="... in", weight="out in", bias="out")
def linear(input, weight, bias=None):
    """Z = X Wᵀ + b, a dense layer; without a bias, Z = X Wᵀ.

    input (..., in), weight (out, in), bias (out,) -> y (..., out).  Handbook, ch. 2 and 3.
    """
    y = input @ weight.T if bias is None else input @ weight.T + bias

    def backward(dy):
        X, dZ = input.reshape(-1, input.shape[-1]), dy.reshape(-1, dy.shape[-1])
        grads = {"input": dy @ weight, "weight": dZ.T @ X}  # erratum weight-gradient-is-dz
        if bias is not None:
            grads["bias"] = dZ.sum(0)  # erratum bias-gradient-unsummed
        return grads

    return y, backward


@shapes(x="... in", weight="out columns")
def bias_trick(x, weight):
    """Z = [X 1] Wᵀ, a dense layer whose bias is the last column of its weight.

    x (..., in), weight (out, in + 1) -> y (..., out).  Post 003.
    """
    ones = np.ones_like(x[..., :1])
    y, through_linear = linear(np.concatenate([x, ones], -1), weight)  # erratum bias-trick

    def backward(dy):
        grads = through_linear(dy)
        return {"x": grads["input"][..., :-1], "weight": grads["weight"]}

    return y, backward


@shapes(x="...")
def residual_connection(x, branch):
    """y = x + F(x) for any F that keeps the shape of x.

    x (...); ``branch(x)`` returns F(x) and its backward, which gives a gradient for "x" among those of
    F's parameters -> y (...).  Handbook, ch. 6; He et al. 2016, eq. 1.
    Raises ValueError if F(x) has another shape than x.
    """
    F, through_branch = branch(x)
    if F.shape != x.shape:
        raise ValueError(
            f"residual_connection: the branch made {F.shape} of x {x.shape}; it must keep the shape"
        )

    def backward(dy):
        grads = through_branch(dy)
        return {**grads, "x": dy + grads["x"]}  # erratum residual-gradient

    return x + F, backward


@shapes(x="... D", weight="D D", bias="D")
def residual_block(x, weight, bias):
    """y = x + relu(x Wᵀ + b), a dense layer with a residual connection around it.

    x (..., D), weight (D, D), bias (D,) -> y (..., D).  Handbook, ch. 6.
    """

    def branch(x):
        Z, through_linear = linear(x, weight, bias)
        A, through_relu = relu(Z)

        def backward(dA):
            grads = through_linear(through_relu(dA)["x"])
            return {"x": grads["input"], "weight": grads["weight"], "bias": grads["bias"]}

        return A, backward

    return residual_connection(x, branch)


@shapes(input="int ...", weight="V D")
def embedding(input, weight, *, padding_idx=None):
    """y[...] = weight[input[...]], a row for each index.

    input (...) of indices below V, weight (V, D) -> y (..., D).  Handbook, ch. 9.  The row padding_idx
    (from the end, if negative) is looked up like the others but gets no gradient.
    Raises ValueError for an index or a padding_idx that names no row.
    """
    rows = weight.shape[0]
    check_indices("embedding", "input", input, rows)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"embedding: padding_idx must lie in {-rows} … {rows - 1}, got {padding_idx}")

    def backward(dy):
        dweight = np.zeros_like(weight)
        np.add.at(dweight, input, dy)
        if padding_idx is not None:
            dweight[padding_idx] = 0
        return {"weight": dweight}

    return weight[input], backward
