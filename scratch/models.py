"""Whole networks (handbook, chapters 1–3; post 003).

A model is an operation on x and on a dict of parameters that has torch's keys and layouts, so that
``load_state_dict(strict=True)`` takes them as they are:

    params = mlp_init((4, 3, 1), rng=np.random.default_rng(0))   # "0.weight" (3, 4), "0.bias" (3,), …
    y, backward = mlp(x, params, activation="relu")
    grads = backward(dy)                                         # {"x": …, "params": {"0.weight": …, …}}
"""

import math
from itertools import pairwise

import numpy as np

from scratch import activations
from scratch._shapes import shapes
from scratch.linear import linear

ACTIVATIONS = (
    *("identity", "sigmoid", "relu", "leaky_relu", "elu", "selu", "tanh"),
    *("gelu", "silu", "softplus", "hardtanh"),
)


def _activation(model, name):
    """The activation function of that name, or a refusal that names them all."""
    if name not in ACTIVATIONS:
        raise ValueError(f"{model}: activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return getattr(activations, name)


def _check_keys(model, params, wanted):
    """Refuse parameters of other names than torch's module has."""
    wrong = [f"{key} is missing" for key in wanted if key not in params]
    wrong += [f"{key} is unexpected" for key in params if key not in wanted]
    if wrong:
        raise ValueError(f"{model}: params must have the keys {', '.join(wanted)}, but {' and '.join(wrong)}")


def _linear_layers(model, features, params):
    """The numbers of the linear layers, 0, 2, 4, …, once every width is known to fit the one before."""
    named = [key for key in params if key.endswith((".weight", ".bias"))]
    layers = range(0, max(len(named) + len(named) % 2, 2), 2)
    _check_keys(model, params, [f"{i}.{name}" for i in layers for name in ("weight", "bias")])
    before = f"the {features} features of x"
    for i in layers:
        weight, bias = params[f"{i}.weight"].shape, params[f"{i}.bias"].shape
        if len(weight) != 2 or weight[1] != features:
            raise ValueError(
                f"{model}: {i}.weight is {weight}, but must be (out, {features}) to take {before}"
            )
        if bias != weight[:1]:
            raise ValueError(
                f"{model}: {i}.bias is {bias}, but must be {weight[:1]}, as {i}.weight is {weight}"
            )
        features, before = weight[0], f"the {weight[0]} units of layer {i}"
    return layers


@shapes(x="... D")
def mlp(x, params, *, activation="tanh"):
    """A multi-layer perceptron:  Z_l = A_{l−1} W_lᵀ + b_l,  A_l = g(Z_l),  A_0 = x,  y = Z of the last layer.

    x (..., D), params {"0.weight" (H, D), "0.bias" (H,), "2.weight" (…, H), …} -> y (..., units of the
    last layer). The keys are those of torch.nn.Sequential(Linear, activation, Linear, …, Linear).
    Handbook, ch. 3; post 003.  Raises ValueError for keys that are missing or too many, for widths that
    do not chain, and for another activation than those of `ACTIVATIONS`.
    """
    g = _activation("mlp", activation)
    layers = _linear_layers("mlp", x.shape[-1], params)
    A, through_linear, through_activation = x, {}, {}
    for i in layers:
        Z, through_linear[i] = linear(A, params[f"{i}.weight"], params[f"{i}.bias"])
        if i == layers[-1]:
            y = Z
        else:
            A, through_activation[i] = g(Z)  # erratum relu-layers-collapse

    def backward(dy):
        grads, dZ = {}, dy
        for i in reversed(layers):
            from_linear = through_linear[i](dZ)
            grads[f"{i}.weight"], grads[f"{i}.bias"] = from_linear["weight"], from_linear["bias"]
            dA = from_linear["input"]
            if i > 0:
                dZ = through_activation[i - 2](dA)["x"]
        return {"x": dA, "params": grads}

    return y, backward


def mlp_init(sizes, *, rng, dtype=np.float64):
    """Parameters for `mlp`, all from U(±1/√fan_in), as torch.nn.Linear draws them.

    sizes: how many units each layer has, the input first; (4, 3, 1) is 4 features, 3 hidden units and
    1 output. rng: an np.random.Generator. Raises ValueError for fewer than two sizes or a size below 1.
    """
    if len(sizes) < 2 or not all(size >= 1 for size in sizes):
        raise ValueError(f"mlp_init: sizes must be two or more numbers of units, got {sizes}")
    params = {}
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        bound = 1 / math.sqrt(fan_in)
        params[f"{2 * i}.weight"] = rng.uniform(-bound, bound, (fan_out, fan_in)).astype(dtype)
        params[f"{2 * i}.bias"] = rng.uniform(-bound, bound, fan_out).astype(dtype)
    return params
