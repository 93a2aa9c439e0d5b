"""Layers of weighted sums: their inputs, options, regimes and kinks."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Function, Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to

BATCHES: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "batch": (5,)},
    {"regime": "normal", "batch": (1,)},
    {"regime": "normal", "batch": ()},
    {"regime": "normal", "batch": (2, 3)},
)
# With a bias and without one: who always takes a bias is asked about several examples, too.
BIASED: tuple[Mapping[str, Any], ...] = tuple(
    {**batch, "in": 4, "out": 3, "with_bias": biased}
    for batch, biased in zip(BATCHES, (True, False, True, True), strict=True)
)


def batch(d: Draw) -> tuple[int, ...]:
    """The axes in front of the features: none, one or two."""
    return d.shape("batch", ndim=(0, 2), side=(1, 6))


def neuron(d: Draw) -> Case:
    """Weights that leave w · x off the flat ends of the sigmoid, unless x is wide."""
    shape, D, regime = batch(d), d.integer("D", 1, 7), d.regime("tiny", "wide")
    x = d.array("x", (*shape, D), regime)
    weight = round_to(d.array("weight", (D,)) / math.sqrt(D), d.dtype)
    flat = dict.fromkeys(("y", "grad x", "grad weight", "grad bias"), "far from 0 a sigmoid is flat")
    arrays = {"x": x, "weight": weight, "bias": d.array("bias", ())}
    return d.case(arrays, allow_zero=flat if regime == "wide" else {})


def linear(d: Draw) -> Case:
    shape, D, units = batch(d), d.integer("in", 1, 7), d.integer("out", 1, 5)
    X = d.array("input", (*shape, D), d.regime("large", "offset", "tiny", "wide"))
    bias = d.array("bias", (units,)) if d.choice("with_bias", True, False) else None
    return d.case({"input": X, "weight": d.array("weight", (units, D)), "bias": bias})


def bias_trick(d: Draw) -> Case:
    shape, D, units = batch(d), d.integer("in", 1, 7), d.integer("out", 1, 5)
    x = d.array("x", (*shape, D), d.regime("large", "offset", "tiny", "wide"))
    return d.case({"x": x, "weight": d.array("weight", (units, D + 1))})


def residual_block(d: Draw) -> Case:
    """In some cases one unit gets exactly 0, where relu has its kink; another one is always alive."""
    shape, D = batch(d), d.integer("D", 2, 6)
    x = d.array("x", (*shape, D), d.regime("large", "offset", "tiny", "wide"))
    weight, bias = d.array("weight", (D, D)), d.array("bias", (D,))
    if x.reshape(-1, D)[0] @ weight[0] + bias[0] < 0:
        weight[0], bias[0] = -weight[0], -bias[0]
    if d.choice("kinks", True, False):
        d.smooth = False
        weight[-1], bias[-1] = 0, 0
    return d.case({"x": x, "weight": weight, "bias": bias})


def embedding(d: Draw) -> Case:
    """More indices than rows in some cases, so that rows repeat; some of them the row of padding."""
    V, D = d.integer("V", 2, 7), d.integer("D", 1, 5)
    indices = d.integers("input", d.shape(ndim=(0, 3), side=(1, 5)), V)
    padding_idx = d.choice("padding_idx", None, 0, V - 1, -2)
    padding = np.zeros(indices.shape, bool) if padding_idx is None else indices == padding_idx % V
    if padding.any():
        d.smooth = False  # the gradient that is left out is no derivative
    zero = {"grad weight": "all that is looked up is padding"} if padding.all() else {}
    arrays = {"input": indices, "weight": d.array("weight", (V, D), d.regime("large", "wide"))}
    return d.case(arrays, {"padding_idx": padding_idx}, allow_zero=zero)


# ---- the perceptron


def examples(d: Draw) -> dict[str, Array]:
    """Inputs and a perceptron; in some cases all whole numbers, so that w · x + b is exactly 0 at times."""
    shape, D = batch(d), d.integer("D", 1, 6)
    arrays = {
        "x": d.array("x", (*shape, D), d.regime("large", "tiny")),
        "weight": d.array("weight", (D,)),
        "bias": d.array("bias", ()),
    }
    return (
        {name: np.round(array) for name, array in arrays.items()}
        if d.choice("whole", True, False)
        else arrays
    )


def perceptron(d: Draw) -> Case:
    return d.case(examples(d), allow_zero={"y": "all examples may lie on one side"})


def perceptron_update(d: Draw) -> Case:
    arrays = examples(d)
    target = round_to(d.mask("target", arrays["x"].shape[:-1]), d.dtype)
    zero = (
        dict.fromkeys(("weight", "bias"), "whole numbers round to 0")
        if d.choice("whole", True, False)
        else {}
    )
    return d.case({**arrays, "target": target}, {"lr": d.real("lr", 0.1, 2.0)}, allow_zero=zero)


ON_THE_BORDER: tuple[Mapping[str, Any], ...] = (
    *BATCHES,
    {"regime": "normal", "batch": (6, 6), "D": 1, "whole": True},
)

# The tolerance of a lone weighted sum is that of "sums", for its terms differ in sign and may cancel.
CHAPTER = chapter(
    "linear",
    Operation("neuron", "torch.nn.Linear and Sigmoid", "004 ch. 2 and 3", neuron, BATCHES, seed_row=True),
    Function(
        "perceptron", "torch.heaviside of Linear", "004 ch. 2", perceptron, ON_THE_BORDER, seed_row=True
    ),
    Function(
        "perceptron_update",
        "torch.optim.SGD on the perceptron criterion",
        "Rosenblatt 1958",
        perceptron_update,
        ON_THE_BORDER,
        family="sums",
        seed_row=True,
        bad_options=({"lr": -1.0},),
    ),
    Operation("linear", "torch.nn.Linear", "004 ch. 2 and 3", linear, BIASED, family="sums", seed_row=True),
    Operation("bias_trick", "torch.nn.Linear", "003", bias_trick, BATCHES, family="sums", seed_row=True),
    Operation(
        "residual_block", "torch.nn.Linear and ReLU", "004 ch. 6", residual_block, BATCHES, seed_row=True
    ),
    Operation(
        "embedding",
        "torch.nn.Embedding",
        "004 ch. 9",
        embedding,
        ({"padding_idx": 0, "shape": (4, 5), "V": 6}, {"padding_idx": None}, {"padding_idx": -2}),
        seed_row=True,
        bad_options=({"padding_idx": 6}, {"padding_idx": -7}),
    ),
)
