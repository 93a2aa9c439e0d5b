"""Whole networks: depths, widths, activations and the shapes of their batches."""

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw
from scratch.models import ACTIVATIONS

KINKED = ("relu", "leaky_relu", "elu", "selu", "hardtanh")  # with a jump in the first or second derivative
SOMETIMES_FLAT = ("relu", "hardtanh")


def mlp_params(d: Draw, sizes: tuple[int, ...]) -> dict[str, Array]:
    """Weights and biases for layers of these sizes, of an order that keeps the activations moderate."""
    params: dict[str, Array] = {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        weight = d.array(f"weight_{i}", (fan_out, fan_in))
        params[f"{2 * i}.weight"] = (weight / np.sqrt(fan_in)).astype(weight.dtype)
        params[f"{2 * i}.bias"] = d.array(f"bias_{i}", (fan_out,))
    return params


def mlp(d: Draw) -> Case:
    *batch, features = d.shape(ndim=(1, 3), side=(1, 5))
    sizes = (features, *d.shape("hidden", ndim=(0, 4), side=(1, 7)), d.integer("outputs", 1, 4))
    activation = d.choice("activation", *ACTIVATIONS)
    d.smooth = activation not in KINKED
    arrays = {"x": d.array("x", (*batch, features), d.regime("large", "tiny")), "params": mlp_params(d, sizes)}
    flat = ["grad x", *(f"grad params.{key}" for key in arrays["params"])] if activation in SOMETIMES_FLAT else []
    return d.case(arrays, {"activation": activation}, allow_zero=dict.fromkeys(flat, "units that are off pass nothing on"))


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
