"""Whole networks: depths, widths, activations and the shapes of their batches."""

from itertools import pairwise

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw
from scratch.models import ACTIVATIONS

KINKED = ("relu", "leaky_relu", "elu", "selu", "hardtanh")  # with a jump in the first or second derivative
SOMETIMES_FLAT = ("relu", "hardtanh")


def mlp_params(d: Draw, sizes: tuple[int, ...]) -> dict[str, Array]:
    """Weights and biases for layers of these sizes, of an order that keeps the activations moderate."""
    params: dict[str, Array] = {}
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        weight = d.array(f"weight_{i}", (fan_out, fan_in))
        params[f"{2 * i}.weight"] = (weight / np.sqrt(fan_in)).astype(weight.dtype)
        params[f"{2 * i}.bias"] = d.array(f"bias_{i}", (fan_out,))
    return params


def mlp(d: Draw) -> Case:
    *batch, features = d.shape(ndim=(1, 3), side=(1, 5))
    sizes = (features, *d.shape("hidden", ndim=(0, 2), side=(2, 7)), d.integer("outputs", 1, 4))
    activation = d.choice("activation", *ACTIVATIONS)
    d.smooth = activation not in KINKED
    regime = d.regime("large", "tiny")
    x, params = d.array("x", (*batch, features), regime), mlp_params(d, sizes)
    flat = regime == "large" or activation in SOMETIMES_FLAT
    below = ["grad x", *(f"grad params.{key}" for key in params)] if flat else []
    allow_zero = dict.fromkeys(below, "units that are off or saturated pass nothing on")
    return d.case({"x": x, "params": params}, {"activation": activation}, allow_zero=allow_zero)


CHAPTER = chapter(
    "models",
    Operation(
        "mlp",
        "torch.nn.Sequential(Linear, …)",
        "003; 004 ch. 3",
        mlp,
        (
            {"shape": (5, 4), "hidden": (3,), "outputs": 1, "activation": "tanh", "regime": "normal"},
            {"shape": (7, 3), "hidden": (4,), "outputs": 2, "activation": "sigmoid", "regime": "normal"},
            {"shape": (1, 2), "hidden": (5, 3, 4), "outputs": 3, "activation": "gelu", "regime": "normal"},
            {"shape": (6, 5), "hidden": (7, 4), "outputs": 3, "activation": "relu", "regime": "normal"},
            {"shape": (2, 3, 1), "hidden": (), "outputs": 2, "activation": "tanh", "regime": "normal"},
            {"shape": (4, 3), "hidden": (1, 5), "outputs": 1, "activation": "silu", "regime": "tiny"},
        ),
        family="sums",
        seed_row=True,
        bad_options=({"activation": "softmax"}, {"activation": "__doc__"}),
    ),
)
