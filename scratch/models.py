"""Whole networks (handbook, chapters 1–3, 6, 8 and 9; posts 000 and 003).

A model is an operation on x and on a dict of parameters that has torch's keys and layouts, so that
``load_state_dict(strict=True)`` takes them as they are:

    params = mlp_init((4, 3, 1), rng=np.random.default_rng(0))   # "0.weight" (3, 4), "0.bias" (3,), …
    y, backward = mlp(x, params, activation="relu")
    grads = backward(dy)                                         # {"x": …, "params": {"0.weight": …, …}}

The depth of a model is that of its parameters. For every model a function says what they are,
`mlp_shapes`, `convnet_shapes` and so on, and `init_params` draws them.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from scratch import activations
from scratch._params import check_keys, check_params, prefixed, under
from scratch._residual import block, block_shapes, conv_norm, conv_norm_shapes
from scratch._shapes import shapes
from scratch.convolution import conv2d, global_avg_pool2d, max_pool2d
from scratch.linear import embedding, linear
from scratch.recurrent import gru, lstm

ACTIVATIONS = (
    *("identity", "sigmoid", "relu", "leaky_relu", "elu", "selu", "tanh"),
    *("gelu", "silu", "softplus", "hardtanh"),
)


def _activation(model, name):
    """The activation function of that name, or a refusal that names them all."""
    if name not in ACTIVATIONS:
        raise ValueError(f"{model}: activation must be one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return getattr(activations, name)


def _sizes(params, key):
    """How many rows and columns a parameter has, 0 if it is missing: the check of the names is to say so."""
    return (*(params[key].shape if key in params else ()), 0, 0)[:2]


# ---- initialization ----


def init_params(layout, *, rng, dtype=np.float64):
    """Parameters of these shapes, drawn as torch's modules draw them.

    layout {"0.weight" (3, 4), "0.bias" (3,), …} -> params with the same keys. What a layer multiplies and
    adds comes from U(±1/√fan_in), all of a recurrent layer from U(±1/√H), an embedding from N(0, 1). Norms
    begin with weight 1, bias 0, running mean 0 and variance 1.  rng: an np.random.Generator.
    """
    params = {}
    for key, shape in layout.items():
        layer, _, name = key.rpartition(".")
        if name == "num_batches_tracked":
            params[key] = np.zeros(shape, int)
        elif f"{layer}.weight_hh_l0" in layout:
            bound = 1 / math.sqrt(layout[f"{layer}.weight_hh_l0"][1])
            params[key] = rng.uniform(-bound, bound, shape).astype(dtype)
        elif layer.endswith("embedding"):
            params[key] = rng.standard_normal(shape).astype(dtype)
        elif len(layout[f"{layer}.weight"]) == 1:
            params[key] = np.full(shape, 1.0 if name in ("weight", "running_var") else 0.0, dtype)
        else:
            bound = 1 / math.sqrt(math.prod(layout[f"{layer}.weight"][1:]))
            params[key] = rng.uniform(-bound, bound, shape).astype(dtype)
    return params


def layer_shapes(name, *weight):
    """The shapes of the weight and of the bias of a layer."""
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}


# ---- multi-layer perceptron ----


def _linear_layers(model, features, params):
    """The numbers of the linear layers, 0, 2, 4, …, once every width is known to fit the one before."""
    named = [key for key in params if key.endswith((".weight", ".bias"))]
    layers = range(0, max(len(named) + len(named) % 2, 2), 2)
    check_keys(model, params, [f"{i}.{name}" for i in layers for name in ("weight", "bias")])
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


def mlp_shapes(sizes):
    """The shapes of the parameters of an `mlp` of these numbers of units, the input first."""
    layers = {}
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        layers |= layer_shapes(2 * i, fan_out, fan_in)
    return layers


def mlp_init(sizes, *, rng, dtype=np.float64):
    """Parameters for `mlp`, all from U(±1/√fan_in), as torch.nn.Linear draws them.

    sizes: how many units each layer has, the input first; (4, 3, 1) is 4 features, 3 hidden units and
    1 output. rng: an np.random.Generator. Raises ValueError for fewer than two sizes or a size below 1.
    """
    if len(sizes) < 2 or not all(size >= 1 for size in sizes):
        raise ValueError(f"mlp_init: sizes must be two or more numbers of units, got {sizes}")
    return init_params(mlp_shapes(sizes), rng=rng, dtype=dtype)


# ---- convolutional network ----


@shapes(x="N C H W")
def convnet(x, params, *, activation="relu", padding=1, pool_size=2):
    """A_l = max_pool(g(conv(A_{l−1}))) for every convolution, A_0 = x, and an `mlp` on all of the last A.

    x (N, C, H, W), params {"features.0.weight" (O, C, kh, kw), "features.0.bias" (O,), "features.3.weight"
    (…, O, kh, kw), …, "classifier.0.weight" (…, pixels of the last A), …} -> y (N, units of the last layer).
    The keys are those of Sequential(features, flatten, classifier) with features = Sequential(Conv2d,
    activation, MaxPool2d, Conv2d, …).  padding: of every convolution, see `conv2d`.  pool_size: the side of
    the windows that are pooled, and how far they lie apart.

    Post 000; handbook, ch. 9; LeCun et al. 1998.  Raises ValueError for keys that are missing or too many,
    for layers that do not fit one another, and for images too small for all the pooling.
    """
    g = _activation("convnet", activation)
    named = [key for key in params if not key.startswith("classifier.")]
    layers = range(0, 3 * max(math.ceil(len(named) / 2), 1), 3)
    check_keys("convnet", named, [f"features.{i}.{name}" for i in layers for name in ("weight", "bias")])
    A, through_conv, through_activation, through_pool = x, {}, {}, {}
    for i in layers:
        weight, bias = params[f"features.{i}.weight"], params[f"features.{i}.bias"]
        Z, through_conv[i] = conv2d(A, weight, bias, padding=padding)
        A, through_activation[i] = g(Z)
        A, through_pool[i] = max_pool2d(A, kernel_size=pool_size)
    flat = A.reshape(len(x), -1)
    y, through_classifier = mlp(flat, under("classifier.", params), activation=activation)

    def backward(dy):
        grads = through_classifier(dy)
        dparams = prefixed("classifier.", grads["params"])
        dA = grads["x"].reshape(A.shape)
        for i in reversed(layers):
            dZ = through_activation[i](through_pool[i](dA)["input"])["x"]
            from_conv = through_conv[i](dZ)
            dA = from_conv.pop("input")
            dparams |= prefixed(f"features.{i}.", from_conv)
        return {"x": dA, "params": dparams}

    return y, backward


def convnet_shapes(image, channels, sizes, *, kernel_size=3, padding=1, pool_size=2):
    """The shapes of the parameters of a `convnet`.

    image: (C, H, W) of what comes in. channels: how many each convolution makes. sizes: units of the hidden
    layers of the classifier, if any, and of its last; (32, 10) is 32 hidden units and 10 outputs.
    Raises ValueError for images too small for all the pooling.
    """
    (C, *sides), layers = image, {}
    for i, O in enumerate(channels):
        layers |= layer_shapes(f"features.{3 * i}", O, C, kernel_size, kernel_size)
        sides = [(side + 2 * padding - kernel_size + 1) // pool_size for side in sides]
        C = O
    if min(sides) < 1:
        raise ValueError(f"convnet_shapes: images {image} must be larger to be pooled {len(channels)} times")
    return layers | prefixed("classifier.", mlp_shapes((C * math.prod(sides), *sizes)))


# ---- residual network ----


class ResidualNetwork(NamedTuple):
    """The logits y (N, K), and the buffers of the next call: the running statistics by their keys."""

    y: np.ndarray
    buffers: dict[str, np.ndarray]


@shapes(x="N C H W")
def residual_network(x, params, *, training, activation="relu", momentum=0.1, eps=1e-5):
    """A = g(norm(conv(x))),  then for every block A ← g(S(A) + norm(conv(g(norm(conv(A)))))),

    then the mean of every channel and a linear layer. S(A) = A; but the first block of every stage after the
    first halves the image by a stride of 2, and there S is a 1×1 convolution of that stride with a norm.

    x (N, C, H, W), params as `residual_network_shapes` says: "layer2.0.conv1.weight" is the first convolution
    in the first block of the second stage -> ResidualNetwork. Among the params are the buffers of the norms,
    "bn1.running_mean", "bn1.running_var" and "bn1.num_batches_tracked", which have no gradients;
    ``params | buffers`` is what the next call takes.  training, momentum, eps: see `batch_norm`.

    Handbook, ch. 6; He et al. 2016, sec. 3 and 4.2.  Raises ValueError for parameters that do not fit.
    """
    g = _activation("residual_network", activation)
    blocks = _blocks(params)
    channels = [_sizes(params, f"layer{stage}.0.conv1.weight")[0] for stage, _ in enumerate(blocks, 1)]
    wanted = residual_network_shapes(x.shape[1], channels, blocks, _sizes(params, "fc.weight")[0])
    check_params("residual_network", params, wanted)
    norm = {"training": training, "momentum": momentum, "eps": eps}
    Z, buffers, through_stem = conv_norm(x, params, "conv1", "bn1", **norm)
    A, through_g = g(Z)
    through_block = {}
    for name in (f"layer{stage}.{i}." for stage, n in enumerate(blocks, 1) for i in range(n)):
        A, after, through_block[name] = block(A, under(name, params), g, **norm)
        buffers |= prefixed(name, after)
    pooled, through_pool = global_avg_pool2d(A)
    y, through_fc = linear(pooled, params["fc.weight"], params["fc.bias"])

    def backward(dy):
        from_fc = through_fc(dy)
        dA = through_pool(from_fc.pop("input"))["input"]
        dparams = prefixed("fc.", from_fc)
        for name in reversed(through_block):
            from_block = through_block[name](dA)
            dA = from_block["x"]
            dparams |= prefixed(name, from_block["params"])
        from_stem = through_stem(through_g(dA)["x"])
        return {"x": from_stem["x"], "params": dparams | from_stem["params"]}

    return ResidualNetwork(y, buffers), backward


def _blocks(params):
    """How many blocks each stage has; 1 stage of 1 block at least, to name what is missing."""
    firsts = [key for key in params if key.startswith("layer") and key.endswith(".conv1.weight")]
    stages = max(1, len({key.split(".")[0] for key in firsts}))
    return [max(1, sum(key.startswith(f"layer{s}.") for key in firsts)) for s in range(1, stages + 1)]


def residual_network_shapes(in_channels, channels, blocks, outputs):
    """The shapes of the parameters of a `residual_network`, buffers among them.

    channels and blocks: how many channels each stage makes, and how many blocks it has.
    """
    layers, before = conv_norm_shapes("conv1", "bn1", channels[0], in_channels, 3, 3), channels[0]
    for stage, (C, n) in enumerate(zip(channels, blocks, strict=True), 1):
        for i in range(n):
            projected = stage > 1 and i == 0
            layers |= prefixed(f"layer{stage}.{i}.", block_shapes(before, C, projected=projected))
            before = C
    return layers | layer_shapes("fc", outputs, before)


# ---- recurrent networks ----


@shapes(tokens="int N T", lengths="int N")
def sequence_classifier(tokens, params, lengths=None, *, padding_idx=None):
    """An `lstm` reads the embeddings of a sequence, and a linear layer makes logits of its last h_t.

    tokens (N, T), lengths (N,) where sequences end early, params as `sequence_classifier_shapes` says
    -> y (N, K). Of several layers it is the last h_t of the uppermost; of two directions that of each, side
    by side.  padding_idx: a token whose embedding learns nothing, see `embedding`.

    Handbook, ch. 8.  Raises ValueError for parameters that do not fit, for a token without an embedding, and
    for lengths outside 1 … T.
    """
    directions = 2 if "lstm.weight_ih_l0_reverse" in params else 1
    num_layers = _check_recurrent("sequence_classifier", params, "lstm", directions)
    x, through_embedding = embedding(tokens, params["embedding.weight"], padding_idx=padding_idx)
    (output, h_n, c_n), through_lstm = lstm(
        *(x, under("lstm.", params), None, None, lengths),
        num_layers=num_layers,
        bidirectional=directions == 2,
        batch_first=True,
    )
    last = np.concatenate([h_n[k] for k in range(-directions, 0)], -1)  # (N, directions · H)
    y, through_output = linear(last, params["output.weight"], params["output.bias"])

    def backward(dy):
        from_output = through_output(dy)
        d_h_n = np.zeros_like(h_n)
        d_h_n[-directions:] = np.stack(np.split(from_output.pop("input"), directions, -1))
        from_lstm = through_lstm(np.zeros_like(output), d_h_n, np.zeros_like(c_n))
        dparams = {
            **prefixed("embedding.", through_embedding(from_lstm["x"])),
            **prefixed("lstm.", from_lstm["params"]),
            **prefixed("output.", from_output),
        }
        return {"params": dparams}

    return y, backward


class CharacterModel(NamedTuple):
    """Logits (N, T, V) of what follows each character, and the last states h_n (layers, N, H)."""

    y: np.ndarray
    h_n: np.ndarray


@shapes(tokens="int N T", h_0="layers N H")
def character_model(tokens, params, h_0=None):
    """A `gru` reads the embeddings of a text, and a linear layer makes logits of every h_t.

    tokens (N, T), numbers of characters, h_0 (layers, N, H), the states that the text before them left or
    zero, params as `character_model_shapes` says -> CharacterModel.

    Handbook, ch. 8; Sutskever et al. 2011.  Raises ValueError for parameters that do not fit, and for a
    character without an embedding.
    """
    num_layers = _check_recurrent("character_model", params, "gru", 1)
    x, through_embedding = embedding(tokens, params["embedding.weight"])
    (h, h_n), through_gru = gru(x, under("gru.", params), h_0, num_layers=num_layers, batch_first=True)
    y, through_output = linear(h, params["output.weight"], params["output.bias"])

    def backward(dy, dh_n):
        from_output = through_output(dy)
        from_gru = through_gru(from_output.pop("input"), dh_n)
        dparams = {
            **prefixed("embedding.", through_embedding(from_gru.pop("x"))),
            **prefixed("gru.", from_gru.pop("params")),
            **prefixed("output.", from_output),
        }
        return {"params": dparams, **from_gru}  # of the gru that of h_0 is left, if there is one

    return CharacterModel(y, h_n), backward


def _check_recurrent(model, params, cell, directions):
    """The number of layers, once all parameters are known to fit one another."""
    cells = sum(key.startswith(f"{cell}.weight_ih_l") for key in params)
    num_layers = max(1, math.ceil(cells / directions))
    (V, E), (_, H) = _sizes(params, "embedding.weight"), _sizes(params, f"{cell}.weight_hh_l0")
    K, _ = _sizes(params, "output.weight")
    check_params(model, params, _recurrent_shapes(cell, V, E, H, K, num_layers, directions))
    return num_layers


def _recurrent_shapes(cell, V, E, H, K, num_layers, directions):
    layers, features, rows = {"embedding.weight": (V, E)}, E, {"lstm": 4, "gru": 3}[cell] * H
    for layer in range(num_layers):
        cells = {"weight_ih": (rows, features), "weight_hh": (rows, H)}
        cells |= dict.fromkeys(("bias_ih", "bias_hh"), (rows,))
        for direction in ("", "_reverse")[:directions]:
            layers |= {f"{cell}.{name}_l{layer}{direction}": shape for name, shape in cells.items()}
        features = directions * H
    return layers | layer_shapes("output", K, features)


def sequence_classifier_shapes(tokens, features, hidden, outputs, *, num_layers=1, bidirectional=False):
    """The shapes of the parameters of a `sequence_classifier`.

    tokens: how many there are. features: of each embedding. hidden: units of each layer and direction.
    """
    return _recurrent_shapes("lstm", tokens, features, hidden, outputs, num_layers, 1 + bidirectional)


def character_model_shapes(characters, features, hidden, *, num_layers=1):
    """The shapes of the parameters of a `character_model`, which has a logit for each of the characters."""
    return _recurrent_shapes("gru", characters, features, hidden, characters, num_layers, 1)
