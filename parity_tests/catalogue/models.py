"""Whole networks: depths, widths, activations and the shapes of their batches."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to
from scratch.models import (
    ACTIVATIONS,
    character_model_shapes,
    convnet_shapes,
    mlp_shapes,
    residual_network_shapes,
    sequence_classifier_shapes,
)

Layout = Mapping[str, tuple[int, ...]]
KINKED = ("relu", "leaky_relu", "elu", "selu", "hardtanh")  # with a jump in the first or second derivative
SOMETIMES_FLAT = ("relu", "hardtanh")
PIECEWISE_LINEAR = ("identity", "relu", "leaky_relu")


def params_of(d: Draw, layout: Layout, *, bias: str = "normal") -> dict[str, Array]:
    """Parameters of an order that keeps the activations moderate, and none that is 0 or 1.

    bias: the regime of what is added to weighted sums.
    """
    return {key: _param(d, key, layout, bias) for key in layout}


def _param(d: Draw, key: str, layout: Layout, bias: str) -> Array:
    layer, _, name = key.rpartition(".")
    shape = layout[key]
    if name == "num_batches_tracked":
        return np.array(d.integer("batches_before", 0, 3))
    if len(layout.get(f"{layer}.weight", ())) == 1:
        return _of_norm(d, key, name, shape)
    if len(shape) == 1:
        return d.array(key, shape, bias)
    scale = 1 if layer.endswith("embedding") else np.sqrt(np.prod(shape[1:]))
    return round_to(d.array(key, shape) / scale, d.dtype)


def _of_norm(d: Draw, key: str, name: str, shape: tuple[int, ...]) -> Array:
    """Gains and variances from 0.5 to 1.5, and small biases: a channel that a norm leaves nearly constant is
    all rounding after the next. What a block adds is small beside what it adds it to."""
    if name in ("weight", "running_var"):
        gain = 0.25 if key.endswith("bn2.weight") else 1.0
        return round_to(gain * (0.5 + d.array(key, shape, "unit")), d.dtype)
    return round_to((0.3 if name == "bias" else 1.0) * d.array(key, shape), d.dtype)


def mlp_params(d: Draw, sizes: tuple[int, ...]) -> dict[str, Array]:
    """Weights and biases for layers of these sizes."""
    return params_of(d, mlp_shapes(sizes))


def off_or_saturated(d: Draw, activation: str, layout: Layout, regime: str, *others: str) -> dict[str, str]:
    """The gradients that may be zero in this case; and a kinked activation makes no smooth case."""
    d.smooth = activation not in KINKED
    flat = regime == "large" or activation in SOMETIMES_FLAT
    below = ["x", *others, *(f"params.{key}" for key in layout)] if flat else []
    return {f"grad {name}": "units that are off or saturated pass nothing on" for name in below}


def mlp(d: Draw) -> Case:
    *batch, features = d.shape(ndim=(1, 3), side=(1, 5))
    sizes = (features, *d.shape("hidden", ndim=(0, 2), side=(2, 7)), d.integer("outputs", 1, 4))
    activation = d.choice("activation", *ACTIVATIONS)
    regime = d.regime("large", "tiny")
    allow_zero = off_or_saturated(d, activation, mlp_shapes(sizes), regime)
    x, params = d.array("x", (*batch, features), regime), mlp_params(d, sizes)
    return d.case({"x": x, "params": params}, {"activation": activation}, allow_zero=allow_zero)


def convnet(d: Draw) -> Case:
    """Images that are just large enough, or larger by up to three pixels.

    Where x is large or tiny, a saturated activation would make pixels equal but for a rounding, and either
    of them the largest. What comes back to the first of two convolutions may be little: no case to demand
    tight bounds of.
    """
    regime = d.regime("large", "tiny")
    activation = d.choice("activation", *(ACTIVATIONS if regime == "normal" else PIECEWISE_LINEAR))
    kernel_size, pool_size = d.integer("kernel_size", 1, 3), d.integer("pool_size", 1, 3)
    padding = d.integer("padding", 0, kernel_size // 2)
    how = {"padding": padding, "pool_size": pool_size}
    channels = d.shape("channels", ndim=(1, 2), side=(1, 4))
    smallest = 1
    for _ in channels:
        smallest = max(1, smallest * pool_size + kernel_size - 1 - 2 * padding)
    C, H, W = d.integer("C", 1, 3), *(smallest + d.integer(f"{side}_more", 0, 3) for side in "HW")
    sizes = (*d.shape("hidden", ndim=(0, 1), side=(2, 5)), d.integer("outputs", 1, 4))
    layout = convnet_shapes((C, H, W), channels, sizes, kernel_size=kernel_size, **how)
    allow_zero = off_or_saturated(d, activation, layout, regime)
    x = d.array("x", (d.integer("N", 1, 3), C, H, W), regime)
    params = params_of(d, layout, bias="tiny" if regime == "tiny" else "normal")
    options = {"activation": activation, **how}
    return d.case({"x": x, "params": params}, options, allow_zero=allow_zero, benign=len(channels) == 1)


def residual_network(d: Draw) -> Case:
    """The bound of the outputs is a worst case, which every norm of a batch multiplies: three blocks would
    leave nothing of it in float32, and one is benign only where a sigmoid shrinks it in between. Of a single
    image there is nothing to learn: the mean of a channel that is normalised is its bias."""
    activation, training = d.choice("activation", *ACTIVATIONS), d.choice("training", True, False)
    blocks = d.choice("blocks", (1,), (2,), (1, 1), *([] if training else [(1, 2)]))
    channels = [d.integer(f"channels_{stage}", 1, 4) for stage, _ in enumerate(blocks, 1)]
    N, C = d.integer("N", 1 + training, 3), d.integer("C", 1, 2)
    H, W = d.integer("H", 4, 6), d.integer("W", 4, 6)
    layout = residual_network_shapes(C, channels, blocks, d.integer("outputs", 1, 4))
    regime, momentum = d.regime("tiny"), d.choice("momentum", 0.1, 0.3, None)
    allow_zero = off_or_saturated(d, activation, layout, regime)
    arrays = {"x": d.array("x", (N, C, H, W), regime), "params": params_of(d, layout)}
    options = {
        "training": training,
        "activation": activation,
        "momentum": momentum,
        "eps": d.choice("eps", 1e-5, 1e-2),
    }
    benign = blocks == (1,) and (not training or (activation == "sigmoid" and momentum is not None))
    return d.case(arrays, options, allow_zero=allow_zero, benign=benign)


def tokens(d: Draw, vocabulary: int, *, shortest: int = 1) -> Array:
    """Sequences in which tokens are repeated."""
    return d.integers("tokens", (d.integer("N", 1, 4), d.integer("T", shortest, 7)), vocabulary)


def sequence_classifier(d: Draw) -> Case:
    """Two timesteps at least for one of the sequences: the recurrent weights must meet an h that is not zero.

    Gradients that are single sums may cancel, and little comes back to the first of two layers: no cases to
    demand tight bounds of.
    """
    V, E, H, K = d.integer("V", 2, 6), d.integer("E", 1, 5), d.integer("H", 1, 5), d.integer("K", 1, 4)
    stacked = {
        "num_layers": d.integer("num_layers", 1, 2),
        "bidirectional": d.choice("both_ways", False, True),
    }
    x, padding_idx = tokens(d, V, shortest=2), d.choice("padding_idx", None, 0, -1)
    padding = np.zeros(x.shape, bool) if padding_idx is None else x == padding_idx % V
    arrays = {"tokens": x, "params": params_of(d, sequence_classifier_shapes(V, E, H, K, **stacked))}
    if d.choice("with_lengths", False, True):
        arrays["lengths"] = lengths = 1 + d.integers("lengths", x.shape[:1], x.shape[1])
        lengths[0] = max(lengths[0], 2)
        padding |= np.arange(x.shape[1]) >= lengths[:, None]
    if padding_idx is not None:
        d.smooth = False  # the gradient that is left out is no derivative
    zero = {"grad params.embedding.weight": "all that is looked up is padding"} if padding.all() else {}
    benign = min(H, K) > 1 and stacked["num_layers"] == 1 and padding_idx is None
    return d.case(arrays, {"padding_idx": padding_idx}, allow_zero=zero, benign=benign)


def character_model(d: Draw) -> Case:
    """Either a state or two timesteps, for the same reason; of one character there is nothing to tell."""
    V, E, H = d.integer("V", 2, 6), d.integer("E", 1, 5), d.integer("H", 1, 5)
    num_layers, x = d.integer("num_layers", 1, 2), tokens(d, V)
    arrays = {"tokens": x, "params": params_of(d, character_model_shapes(V, E, H, num_layers=num_layers))}
    if x.shape[1] == 1 or d.choice("with_h_0", True, False):
        arrays["h_0"] = d.array("h_0", (num_layers, len(x), H))
    return d.case(arrays, benign=H > 1)


SMALL: dict[str, Any] = {"regime": "normal", "N": 2, "C": 1}
CONVNETS: tuple[Mapping[str, Any], ...] = (
    {**SMALL, "kernel_size": 3, "padding": 1, "pool_size": 2, "channels": (2, 3), "hidden": (4,)},
    # Pixels left over by the pooling, no hidden layer, and no pooling at all.
    {**SMALL, "kernel_size": 2, "padding": 0, "pool_size": 3, "channels": (3,), "H_more": 2, "W_more": 1},
    {**SMALL, "kernel_size": 3, "padding": 0, "pool_size": 2, "channels": (2,), "hidden": (), "W_more": 3},
    {**SMALL, "kernel_size": 1, "padding": 0, "pool_size": 1, "channels": (1, 1), "N": 1, "C": 3},
    {**SMALL, "kernel_size": 2, "padding": 1, "pool_size": 2, "channels": (4,), "activation": "tanh"},
    {**SMALL, "kernel_size": 2, "padding": 0, "pool_size": 1, "channels": (2, 3, 2), "N": 2},
    {"regime": "large", "activation": "relu", "channels": (2, 2)},
)
IN_TRAINING: dict[str, Any] = {**SMALL, "training": True, "outputs": 3, "momentum": 0.3}
AT_TEST_TIME: dict[str, Any] = {**SMALL, "training": False, "outputs": 2}
RESIDUAL_NETWORKS: tuple[Mapping[str, Any], ...] = (
    {**IN_TRAINING, "blocks": (1,), "channels_1": 2, "activation": "sigmoid", "batches_before": 1},
    {**IN_TRAINING, "blocks": (1, 1), "channels_1": 2, "channels_2": 3, "activation": "relu", "H": 5, "W": 4},
    {**IN_TRAINING, "blocks": (2,), "channels_1": 3, "momentum": None, "batches_before": 2},
    {**AT_TEST_TIME, "blocks": (1,), "channels_1": 3, "activation": "relu", "N": 1},
    {
        **AT_TEST_TIME,
        "blocks": (1, 2),
        "channels_1": 2,
        "channels_2": 3,
        "activation": "tanh",
        "H": 5,
        "W": 6,
    },
)
SEQUENCES: dict[str, Any] = {"N": 3, "T": 5, "V": 4, "E": 3, "H": 2}
CLASSIFIERS: tuple[Mapping[str, Any], ...] = (
    {**SEQUENCES, "num_layers": 1, "both_ways": False, "with_lengths": False, "padding_idx": None, "K": 2},
    {**SEQUENCES, "num_layers": 2, "both_ways": True, "with_lengths": True, "padding_idx": None, "K": 3},
    {**SEQUENCES, "num_layers": 1, "both_ways": True, "with_lengths": True, "padding_idx": -1, "K": 1},
    {**SEQUENCES, "num_layers": 2, "both_ways": False, "with_lengths": True, "padding_idx": 0, "N": 1},
)
CHARACTER_MODELS: tuple[Mapping[str, Any], ...] = (
    {**SEQUENCES, "num_layers": 1, "with_h_0": False},
    {**SEQUENCES, "num_layers": 2, "with_h_0": True},
    {**SEQUENCES, "num_layers": 1, "N": 1, "T": 1, "H": 4},
)
BAD_ACTIVATIONS: tuple[Mapping[str, Any], ...] = ({"activation": "softmax"}, {"activation": "__doc__"})

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
        bad_options=BAD_ACTIVATIONS,
    ),
    Operation(
        "convnet",
        "torch.nn.Sequential(Conv2d, MaxPool2d, …)",
        "000; 004 ch. 9",
        convnet,
        CONVNETS,
        family="sums",
        seed_row=True,
        bad_options=(*BAD_ACTIVATIONS, {"padding": -1}, {"padding": 9}, {"pool_size": 99}, {"pool_size": 0}),
    ),
    Operation(
        "residual_network",
        "torch.nn.Module(Conv2d, BatchNorm2d, …)",
        "004 ch. 6; He et al. 2016",
        residual_network,
        RESIDUAL_NETWORKS,
        family="sums",
        bad_options=(*BAD_ACTIVATIONS, {"momentum": 1.5}, {"eps": -1e-5}),
        through_time=True,  # through as many layers, that is
    ),
    Operation(
        "sequence_classifier",
        "torch.nn.Module(Embedding, LSTM, Linear)",
        "004 ch. 8",
        sequence_classifier,
        CLASSIFIERS,
        family="sums",
        bad_options=({"padding_idx": 99},),
        through_time=True,
    ),
    Operation(
        "character_model",
        "torch.nn.Module(Embedding, GRU, Linear)",
        "004 ch. 8",
        character_model,
        CHARACTER_MODELS,
        family="sums",
        through_time=True,
    ),
)
