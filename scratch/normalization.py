"""Normalization (posts 000 and 001; handbook, chapters 5 and 9).

Every function but `weight_norm` shifts and scales x to mean 0 and deviation 1 (`rms_norm` scales it to mean
square 1), and differs from the others in the values that it takes together. That is all: what was skewed
stays skewed, and nothing becomes a Gaussian (erratum batchnorm-gaussian).

The variance that divides is the biased one, Σ (x − μ)² / n, and eps stands under the root. weight and bias
are γ and β of the handbook, and each may be left out.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np

from scratch._shapes import shapes


def _require_eps(function, eps):
    if not eps >= 0:
        raise ValueError(f"{function}: eps must not be negative, got {eps}")


def _require_like(function, name, array, x, shape):
    """Raise unless this is an array of that shape in the dtype of x."""
    if not hasattr(array, "dtype"):
        raise TypeError(f"{function}: {name} must be an array, got {type(array).__name__}")
    if array.shape != shape or array.dtype != x.dtype:
        raise ValueError(
            f"{function}: {name} must be {x.dtype} {shape} to go with {x.shape}, "
            f"got {array.dtype} {array.shape}"
        )


def _affine(x_hat, weight, bias, axes):
    """y = γ x̂ + β, where γ and β belong to `axes` of x̂ and are the same along all others."""
    shape = tuple(n if axis in axes else 1 for axis, n in enumerate(x_hat.shape))
    others = tuple(axis for axis in range(x_hat.ndim) if axis not in axes)
    gamma = 1 if weight is None else weight.reshape(shape)
    beta = 0 if bias is None else bias.reshape(shape)

    def backward(dy):
        grads = {"x_hat": dy * gamma}
        if weight is not None:
            grads["weight"] = (dy * x_hat).sum(others)
        if bias is not None:
            grads["bias"] = dy.sum(others)
        return grads

    return gamma * x_hat + beta, backward


# ---- over the batch ----


class BatchNorm(NamedTuple):
    """y (N, C, ...), and the running_mean (C,), running_var (C,) and num_batches_tracked of the next call."""

    y: np.ndarray
    running_mean: np.ndarray
    running_var: np.ndarray
    num_batches_tracked: int


@shapes(x="N C ...", running_mean="C", running_var="C", weight="C", bias="C")
def batch_norm(
    x,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    *,
    training,
    momentum=0.1,
    eps=1e-5,
    num_batches_tracked=0,
):
    """y = γ (x − μ) / √(σ² + ε) + β for every channel.

    In training μ and σ² are those of the batch, with n values to a channel, and the running statistics
    follow them:  running ← (1 − momentum) · running + momentum · new,  where the new variance is the unbiased
    one, σ² n / (n − 1).  A momentum of None is 1 / (number of batches, this one included), which makes them
    the mean over all batches.  At test time, training=False, μ and σ² are the running statistics, which are
    constants to the gradient.

    x (N, C, ...), running_mean, running_var, weight, bias (C,) -> BatchNorm; only y has a gradient.
    num_batches_tracked: training batches before this one.  A new layer has mean 0, variance 1 and 0 batches.

    Posts 000 and 001; handbook, ch. 5; Ioffe & Szegedy 2015, algorithms 1 and 2.  Raises ValueError for a
    batch of one value to a channel in training, for a momentum outside [0, 1], and for an eps or a
    num_batches_tracked below 0.
    """
    _require_eps("batch_norm", eps)
    if momentum is not None and not 0 <= momentum <= 1:
        raise ValueError(f"batch_norm: momentum must be None or lie in [0, 1], got {momentum}")
    if num_batches_tracked < 0:
        raise ValueError(f"batch_norm: num_batches_tracked must not be negative, got {num_batches_tracked}")
    batch = (0, *range(2, x.ndim))
    if training:
        n = x.size // x.shape[1]
        if n == 1:
            raise ValueError(f"batch_norm: training needs more than one value to a channel, got x {x.shape}")
        mean = x.mean(batch, keepdims=True)
        centered = x - mean
        var = (centered**2).mean(batch, keepdims=True)
        inv_std = 1 / np.sqrt(var + eps)
        x_hat = centered * inv_std  # erratum batchnorm-parentheses
        num_batches_tracked = num_batches_tracked + 1
        new = 1 / num_batches_tracked if momentum is None else momentum
        unbiased = var * (n / (n - 1))  # erratum batchnorm-two-variances
        running_mean = (1 - new) * running_mean + new * mean.reshape(-1)
        running_var = (1 - new) * running_var + new * unbiased.reshape(-1)
    else:
        channel = (-1,) + (1,) * (x.ndim - 2)
        inv_std = 1 / np.sqrt(running_var.reshape(channel) + eps)
        # Multiplied out, as in torch: one multiple of x and one constant to a channel.
        x_hat = x * inv_std - running_mean.reshape(channel) * inv_std
    y, through_affine = _affine(x_hat, weight, bias, axes=(1,))

    def backward(dy):
        grads = through_affine(dy)
        dx_hat = grads.pop("x_hat")
        if training:
            through_mean = dx_hat.mean(batch, keepdims=True)
            through_var = x_hat * (dx_hat * x_hat).mean(batch, keepdims=True)
            dx_hat = dx_hat - through_mean - through_var
        return {"x": inv_std * dx_hat, **grads}

    return BatchNorm(y, +running_mean, +running_var, num_batches_tracked), backward


# ---- over each example ----


def _last_axes(function, x, normalized_shape, **parameters):
    """The axes that `normalized_shape` names, the last one if None; the parameters must have its shape."""
    if normalized_shape is None:
        normalized_shape = x.shape[-1:]
    shape = tuple(normalized_shape) if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(
            f"{function}: normalized_shape must be the last axes of x {x.shape}, got {normalized_shape}"
        )
    for name, array in parameters.items():
        if array is not None:
            _require_like(function, name, array, x, shape)
    return tuple(range(x.ndim - len(shape), x.ndim))


@shapes(x="...")
def layer_norm(x, weight=None, bias=None, *, normalized_shape=None, eps=1e-5):
    """y = γ (x − μ) / √(σ² + ε) + β for every example: μ and σ² are taken over its last axes.

    x (..., *normalized_shape), weight and bias (*normalized_shape,) -> y (..., *normalized_shape).  Without
    normalized_shape, the last axis.  Handbook, ch. 9; Ba et al. 2016, eq. 4.  Raises ValueError for a
    normalized_shape that x does not end with, and for a negative eps.
    """
    _require_eps("layer_norm", eps)
    axes = _last_axes("layer_norm", x, normalized_shape, weight=weight, bias=bias)
    centered = x - x.mean(axes, keepdims=True)
    inv_std = 1 / np.sqrt((centered**2).mean(axes, keepdims=True) + eps)
    x_hat = centered * inv_std
    y, through_affine = _affine(x_hat, weight, bias, axes)

    def backward(dy):
        grads = through_affine(dy)
        dx_hat = grads.pop("x_hat")
        through_mean = dx_hat.mean(axes, keepdims=True)
        through_var = x_hat * (dx_hat * x_hat).mean(axes, keepdims=True)
        return {"x": inv_std * (dx_hat - through_mean - through_var), **grads}

    return y, backward


@shapes(x="N C ...", weight="C", bias="C")
def group_norm(x, weight=None, bias=None, *, num_groups, eps=1e-5):
    """`layer_norm` of every group of C / num_groups channels, with γ and β to a channel.

    x (N, C, ...), weight (C,), bias (C,) -> y (N, C, ...).  Wu & He 2018, eq. 7.  Raises ValueError for a
    num_groups that does not divide C, and for a negative eps.
    """
    N, C = x.shape[:2]
    if not (isinstance(num_groups, Integral) and num_groups >= 1) or C % num_groups:
        raise ValueError(
            f"group_norm: num_groups must divide the {C} channels of x {x.shape}, got {num_groups}"
        )
    x_hat, through_norm = layer_norm(x.reshape(N, num_groups, -1), eps=eps)
    y, through_affine = _affine(x_hat.reshape(x.shape), weight, bias, axes=(1,))

    def backward(dy):
        grads = through_affine(dy)
        dx_hat = grads.pop("x_hat").reshape(N, num_groups, -1)
        return {"x": through_norm(dx_hat)["x"].reshape(x.shape), **grads}

    return y, backward


@shapes(x="N C L ...", weight="C", bias="C")
def instance_norm(x, weight=None, bias=None, *, eps=1e-5):
    """`group_norm` with every channel a group of its own: each channel of each example by itself.

    x (N, C, L, ...), weight (C,), bias (C,) -> y (N, C, L, ...).  Ulyanov et al. 2016, eq. 1.  Raises
    ValueError for channels of one value, and for a negative eps.
    """
    C = x.shape[1]
    if x.size == x.shape[0] * C:
        raise ValueError(f"instance_norm: a channel must have more than one value, got x {x.shape}")
    return group_norm(x, weight, bias, num_groups=C, eps=eps)


@shapes(x="...")
def rms_norm(x, weight=None, *, normalized_shape=None, eps=None):
    """y = γ x / √(mean of x² + ε) for every example, the mean over its last axes; nothing is centred.

    x (..., *normalized_shape), weight (*normalized_shape,) -> y (..., *normalized_shape).  Without
    normalized_shape, the last axis.  eps: if None, the machine epsilon of float64 for float64, and that of
    float32 for all other dtypes.  Zhang & Sennrich 2019, eq. 4; eps is torch's.  Raises ValueError as
    `layer_norm`.
    """
    if eps is None:
        eps = 2.0**-52 if x.dtype == np.float64 else 2.0**-23
    _require_eps("rms_norm", eps)
    axes = _last_axes("rms_norm", x, normalized_shape, weight=weight)
    inv_rms = 1 / np.sqrt((x**2).mean(axes, keepdims=True) + eps)
    x_hat = x * inv_rms
    y, through_affine = _affine(x_hat, weight, None, axes)

    def backward(dy):
        grads = through_affine(dy)
        dx_hat = grads.pop("x_hat")
        through_rms = x_hat * (dx_hat * x_hat).mean(axes, keepdims=True)
        return {"x": inv_rms * (dx_hat - through_rms), **grads}

    return y, backward


# ---- of weights ----


@shapes(v="...")
def weight_norm(v, g, *, axis=0):
    """w = g · v / ‖v‖, which learns the length of a weight apart from its direction.

    v (...); g has the length of v along `axis` and 1 along all others, one norm for each slice (each unit of
    a layer, for axis 0) -> w (...).  With axis None there is one norm of all, and g is ().
    Salimans & Kingma 2016, eq. 2.  Raises ValueError for an axis that v does not have (none is negative:
    torch takes −1 for None), and for a g of another shape or dtype.
    """
    if axis is not None and not 0 <= axis < v.ndim:
        raise ValueError(
            f"weight_norm: axis must be None or lie in 0 … {v.ndim - 1} for v {v.shape}, got {axis}"
        )
    others = tuple(other for other in range(v.ndim) if other != axis)
    norm = np.sqrt((v**2).sum(others, keepdims=axis is not None))
    _require_like("weight_norm", "g", g, v, norm.shape)
    direction = v / norm

    def backward(dw):
        dg = (dw * direction).sum(others, keepdims=axis is not None)
        return {"v": g / norm * (dw - direction * dg), "g": dg}

    return g * direction, backward
