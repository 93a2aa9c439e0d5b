"""Activation functions (handbook, chapter 2).

Each takes x and returns ``y, backward``; ``backward(dy)`` returns the gradient by argument name.
Where a function has a kink, its gradient there is torch's: 0 for relu and for hardtanh at either end,
that of the negative side for all others.
"""

import math

import numpy as np

from scratch._shapes import shapes

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@shapes(x="...")
def identity(x):
    """f(x) = x, the linear activation of an output layer.  x (...) -> y (...).  Handbook, ch. 2."""

    def backward(dy):
        return {"x": +dy}

    return +x, backward


@shapes(x="...")
def sigmoid(x):
    """σ(x) = 1 / (1 + e^−x).  x (...) -> y (...).  Handbook, ch. 2.

    e^−x overflows to infinity for very negative x, and 1 / inf is the 0 that is wanted there.
    """
    with np.errstate(over="ignore"):
        y = 1 / (1 + np.exp(-x))  # erratum sigmoid-sign

    def backward(dy):
        return {"x": dy * y * (1 - y)}  # erratum sigmoid-derivative

    return y, backward


@shapes(x="...")
def relu(x):
    """f(x) = max(0, x).  x (...) -> y (...).  Handbook, ch. 2; posts 002 and 003."""
    positive = x > 0

    def backward(dy):
        return {"x": np.where(positive, dy, 0)}

    return np.where(positive, x, 0), backward


@shapes(x="...")
def leaky_relu(x, *, negative_slope=0.01):
    """f(x) = x where x > 0, negative_slope · x elsewhere.  x (...) -> y (...).  Handbook, ch. 2."""
    slope = np.where(x > 0, np.ones_like(x), negative_slope)

    def backward(dy):
        return {"x": dy * slope}

    return x * slope, backward


@shapes(x="N C ...", weight="C | 1")
def prelu(x, weight):
    """f(x) = x where x > 0, weight · x elsewhere, with a weight per channel or one for all.

    x (N, C, ...), weight (C,) or (1,) -> y (N, C, ...).  He et al. 2015, eq. 1.
    """
    negative = x <= 0
    per_channel = weight.reshape((-1,) + (1,) * (x.ndim - 2))  # (C, 1, ...) or (1, 1, ...)

    def backward(dy):
        dweight = np.where(negative, dy * x, 0)
        if weight.shape == (1,):
            return {"x": np.where(negative, dy * per_channel, dy), "weight": dweight.sum().reshape(1)}
        channels = dweight.sum((0, *range(2, x.ndim)))  # (C,)
        return {"x": np.where(negative, dy * per_channel, dy), "weight": channels}

    return np.where(negative, x * per_channel, x), backward


@shapes(x="...")
def elu(x, *, alpha=1.0):
    """f(x) = x where x > 0, alpha · (e^x − 1) elsewhere.  x (...) -> y (...).  Clevert et al. 2016."""
    negative = x <= 0
    y = np.where(negative, alpha * np.expm1(np.minimum(x, 0)), x)

    def backward(dy):
        return {"x": np.where(negative, dy * (y + alpha), dy)}

    return y, backward


@shapes(x="...")
def selu(x):
    """f(x) = s · x where x > 0, s·α · (e^x − 1) elsewhere; s and α keep mean 0 and variance 1.

    x (...) -> y (...).  Klambauer et al. 2017, eq. 2.
    """
    positive = x > 0
    y = np.where(positive, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(x, 0)))

    def backward(dy):
        return {"x": np.where(positive, dy * SELU_SCALE, dy * (y + SELU_SCALE * SELU_ALPHA))}

    return y, backward


@shapes(x="...")
def tanh(x):
    """f(x) = (e^x − e^−x) / (e^x + e^−x).  x (...) -> y (...).  Handbook, ch. 2."""
    y = np.tanh(x)

    def backward(dy):
        return {"x": dy * (1 - y**2)}

    return y, backward


@shapes(x="...")
def gelu(x, *, approximate="none"):
    """f(x) = x · Φ(x), Φ the normal distribution; approximate="tanh" replaces Φ by a tanh.

    "none": Φ(x) = (1 + erf(x/√2)) / 2.   "tanh": Φ(x) ≈ (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
    x (...) -> y (...).  Hendrycks & Gimpel 2016.  Raises ValueError for another `approximate`.
    """
    if approximate == "none":
        from scipy.special import erf  # noqa: PLC0415 (scipy would triple the time of the import)

        Phi = (1 + erf(x * math.sqrt(0.5))) * 0.5
        dPhi = np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
    elif approximate == "tanh":
        beta, kappa = math.sqrt(2 / math.pi), 0.044715
        inner = np.tanh(beta * (x + kappa * x * x * x))
        Phi = (1 + inner) * 0.5
        dPhi = (1 - inner**2) * 0.5 * beta * (1 + 3 * kappa * x * x)
    else:
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")

    def backward(dy):
        return {"x": dy * (Phi + x * dPhi)}

    return x * Phi, backward


@shapes(x="...")
def silu(x):
    """f(x) = x · σ(x), also called swish.  x (...) -> y (...).  Elfwing et al. 2017."""
    sigma, _ = sigmoid(x)

    def backward(dy):
        return {"x": dy * sigma * (1 + x * (1 - sigma))}

    return x * sigma, backward


@shapes(x="...")
def softplus(x, *, beta=1.0, threshold=20.0):
    """f(x) = log(1 + e^(beta·x)) / beta, and x itself where beta·x > threshold, as torch has it.

    x (...) -> y (...).  Dugas et al. 2001.
    """
    linear = x * beta > threshold
    exp = np.exp(np.minimum(x * beta, threshold))

    def backward(dy):
        return {"x": np.where(linear, dy, dy * exp / (exp + 1))}

    return np.where(linear, x, np.log1p(exp) / beta), backward


@shapes(x="...")
def hardtanh(x, *, min_val=-1.0, max_val=1.0):
    """f(x) = min(max(x, min_val), max_val).  x (...) -> y (...).  Collobert 2004.

    Raises ValueError unless min_val < max_val.
    """
    if not min_val < max_val:
        raise ValueError(f"hardtanh: min_val must be below max_val, got {min_val} and {max_val}")
    inside = (x > min_val) & (x < max_val)

    def backward(dy):
        return {"x": np.where(inside, dy, 0)}

    return np.clip(x, min_val, max_val), backward


@shapes(x="...")
def softmax(x, *, axis=-1):
    """y_i = e^(x_i) / Σ_j e^(x_j) along `axis`; a constant added to a row changes nothing.

    x (...) -> y (...), each row along `axis` sums to 1.  The Jacobian is diag(y) − y yᵀ.
    Handbook, ch. 2; post 002.
    """
    # The row's maximum goes first, so that e^x cannot overflow.
    exp = np.exp(x - x.max(axis, keepdims=True))
    y = exp / exp.sum(axis, keepdims=True)

    def backward(dy):
        return {"x": y * (dy - (dy * y).sum(axis, keepdims=True))}

    return y, backward


@shapes(x="...")
def log_softmax(x, *, axis=-1):
    """y_i = x_i − log Σ_j e^(x_j) along `axis`.  x (...) -> y (...).  Post 002.

    Written without the logarithm of a softmax, which is −inf wherever the softmax underflows.
    """
    shifted = x - x.max(axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))

    def backward(dy):
        return {"x": dy - np.exp(y) * dy.sum(axis, keepdims=True)}

    return y, backward
