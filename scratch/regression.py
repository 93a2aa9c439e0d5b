"""Linear, logistic and multinomial regression: a dense layer with its loss in one piece (posts 002 and 003).

N examples of D features, K outputs; the weight has torch's layout (K, D). Each model returns its mean
loss and ``backward``; `backward(dloss)` gives dZ, then everything that Z = x weightᵀ + bias was made of.
Linear regression also has a closed form, and the descent that approaches it.
"""

from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes
from scratch.activations import log_softmax, sigmoid
from scratch.preprocessing import one_hot


class LinearModel(NamedTuple):
    """weight (K, D) and bias (K,) of Z = x weightᵀ + bias."""

    weight: np.ndarray
    bias: np.ndarray


@shapes(x="N D", target="N K", weight="K D", bias="K")
def linear_regression(x, target, weight, bias):
    """J = 1/(N K) Σ (Z − target)² with Z = x weightᵀ + bias.

    x (N, D), target (N, K), weight (K, D), bias (K,) -> loss ().  Handbook, ch. 1; post 002.
    """
    Z = x @ weight.T + bias  # (N, K)
    residual = Z - target

    def backward(dloss):
        dZ = dloss * 2 * residual / residual.size
        return {"x": dZ @ weight, "target": -dZ, "weight": dZ.T @ x, "bias": dZ.sum(0)}

    return (residual**2).mean(), backward


@shapes(x="N D", target="N K", weight="K D", bias="K")
def logistic_regression(x, target, weight, bias):
    """J = −1/(N K) Σ (target · log A + (1 − target) · log(1 − A)) with A = σ(Z), Z = x weightᵀ + bias.

    x (N, D), target (N, K) in [0, 1], weight (K, D), bias (K,) -> loss ().  Handbook, ch. 3; post 002.
    Written in Z, because log A and log(1 − A) are −inf wherever A rounds to 0 or 1:
    log(1 − A) = log A − Z.
    """
    Z = x @ weight.T + bias  # (N, K)
    A, _ = sigmoid(Z)
    log_A = np.minimum(Z, 0) - np.log1p(np.exp(-np.abs(Z)))
    loss = ((1 - target) * Z - log_A).mean()  # erratum cost-not-averaged

    def backward(dloss):
        dZ = dloss * (A - target) / Z.size
        return {"x": dZ @ weight, "target": -dloss * Z / Z.size, "weight": dZ.T @ x, "bias": dZ.sum(0)}

    return loss, backward


@shapes(x="N D", target="int N", weight="K D", bias="K")
def multinomial_regression(x, target, weight, bias):
    """J = −1/N Σ_n log P[n, target_n] with P = softmax(Z) over the K classes, Z = x weightᵀ + bias.

    x (N, D), target (N,) of classes 0 … K − 1, weight (K, D), bias (K,) -> loss ().  Post 002: (D + 1) K
    parameters.  Raises ValueError for a target that is no class.
    """
    Z = x @ weight.T + bias  # (N, K)
    log_P, _ = log_softmax(Z)
    Y = one_hot(target, num_classes=weight.shape[0], dtype=x.dtype)  # (N, K)
    N = x.shape[0]

    def backward(dloss):
        dZ = dloss * (np.exp(log_P) - Y) / N
        return {"x": dZ @ weight, "weight": dZ.T @ x, "bias": dZ.sum(0)}

    return -(Y * log_P).sum() / N, backward


@shapes(x="N D", target="N K")
def linear_regression_closed_form(x, target):
    """The weight and bias of least squares:  weightᵀ = (XᵀX)⁻¹ Xᵀ Y,  bias = ȳ − weight x̄.

    X and Y are x and target without their means x̄ and ȳ, so that the bias needs no column of ones
    and an offset of x costs no digits.  x (N, D), target (N, K) -> weight (K, D), bias (K,).
    Raises ValueError unless N > D; the columns of X must be independent.
    """
    N, D = x.shape
    if not N > D:
        raise ValueError(f"linear_regression_closed_form: needs more examples than features, got {N} and {D}")
    x_mean, target_mean = x.mean(0), target.mean(0)
    X, Y = x - x_mean, target - target_mean
    weight = np.linalg.solve(X.T @ X, X.T @ Y).T  # (K, D)
    return LinearModel(weight, target_mean - weight @ x_mean)


@shapes(x="N D", target="N K", weight="K D", bias="K")
def linear_regression_gradient_descent(x, target, weight, bias, *, lr=0.01, steps=1):
    """`steps` steps of full-batch gradient descent on the loss of `linear_regression`:  θ −= lr · dJ/dθ.

    x (N, D), target (N, K), weight (K, D), bias (K,) -> weight (K, D), bias (K,).  Post 000.
    It approaches the closed form only while lr < 2/L, L the largest eigenvalue of the Hessian
    (erratum gd-convex-any-rate).  Raises ValueError unless lr > 0 and steps ≥ 1.
    """
    if not lr > 0:
        raise ValueError(f"linear_regression_gradient_descent: lr must be positive, got {lr}")
    if not steps >= 1:
        raise ValueError(f"linear_regression_gradient_descent: steps must be at least 1, got {steps}")
    for _ in range(steps):
        residual = x @ weight.T + bias - target
        dZ = 2 * residual / residual.size
        weight, bias = weight - lr * (dZ.T @ x), bias - lr * dZ.sum(0)
    return LinearModel(weight, bias)
