"""Normalization: batches, examples and weights, and statistics that run from one batch to the next."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to
from scratch.normalization import batch_norm as layer

TWO_VALUES = "two values come out as −1 and 1 whatever they are, so that only eps lets a gradient through"
EITHER = ("both", "both", "none", "weight", "bias")
NOT_BIAS_ALONE = ("both", "both", "none", "weight")  # torch's group_norm has no backward for a lone bias


def affine(d: Draw, shape: tuple[int, ...], choices: tuple[str, ...] = EITHER) -> dict[str, Any]:
    """γ and β, which are neither 1 nor 0; or one of them, or none."""
    present = d.choice("affine", *choices)
    return {name: d.array(name, shape) if present in ("both", name) else None for name in ("weight", "bias")}


def normalized(d: Draw, arrays: dict[str, Any], options: dict[str, Any], values: int) -> Case:
    """The case, for normalization over so many values at a time; torch is not exact over a single one.

    A few values often lie so close together that only their last digits tell them apart.
    """
    return d.case(
        arrays, options, benign=values > 3, allow_zero={"grad x": TWO_VALUES} if values == 2 else {}
    )


def eps(d: Draw) -> float:
    return float(d.choice("eps", 1e-5, 1e-3, 0.1))


def statistics(d: Draw, C: int, regime: str, training: bool) -> tuple[Array, Array, int]:
    """What a layer has kept of up to three batches: drawn, or from the batches themselves.

    At test time there was at least one, for the mean of a new layer is zero and shows nothing.
    """
    batches = d.integer("batches_before", 0 if training else 1, 3)
    if not d.choice("from_batches", False, True):
        return d.array("running_mean", (C,)), d.array("running_var", (C,), "positive"), batches
    mean, var = (round_to(values, d.dtype) for values in (np.zeros(C), np.ones(C)))
    for step in range(batches):
        batch = d.array(f"batch_{step}", (3, C, 2), regime)
        _, mean, var, _ = layer(batch, mean, var, training=True, momentum=0.3)[0]
    return mean, var, batches


def batch_norm(d: Draw) -> Case:
    """Batches of every number of axes, one channel perhaps constant."""
    training, constant = d.choice("training", True, True, False), d.choice("constant", False, False, True)
    spatial = d.shape("spatial", ndim=(0, 3), side=(1, 4))
    N = d.integer("N", 2 if training and np.prod(spatial) == 1 else 1, 4)
    C = d.integer("C", 2 if constant else 1, 4)
    regime = d.regime("large", "offset", "tiny", "wide")
    x = d.array("x", (N, C, *spatial), regime)
    if constant:
        x[:, 0], d.benign = 1.5, False
    mean, var, batches = statistics(d, C, regime, training)
    arrays = {"x": x, "running_mean": mean, "running_var": var, **affine(d, (C,))}
    options = {
        "training": training,
        "momentum": d.real("momentum", 0.05, 0.9) if d.choice("with_momentum", True, True, False) else None,
        "eps": eps(d),
        "num_batches_tracked": batches,
    }
    return normalized(d, arrays, options, x.size // C if training else 99)


def last_axes(d: Draw) -> tuple[Array, tuple[int, ...], dict[str, Any]]:
    """x, the shape of its last axes, and the option that names them, unless it is the last alone."""
    examples = d.shape("examples", ndim=(0, 2), side=(1, 4))
    last = d.shape("last", ndim=(1, 3), side=(2, 6))
    x = d.array("x", (*examples, *last), d.regime("large", "offset", "tiny", "wide"))
    if len(last) > 1:
        return x, last, {"normalized_shape": last}
    return (
        x,
        last,
        d.choice("normalized_shape", {}, {"normalized_shape": last}, {"normalized_shape": last[0]}),
    )


def layer_norm(d: Draw) -> Case:
    x, last, options = last_axes(d)
    return normalized(d, {"x": x, **affine(d, last)}, {**options, "eps": eps(d)}, int(np.prod(last)))


def rms_norm(d: Draw) -> Case:
    x, last, options = last_axes(d)
    arrays = {"x": x, "weight": affine(d, last)["weight"]}
    return d.case(arrays, {**options, "eps": d.choice("eps", None, None, 1e-5, 0.1)})


def channels(d: Draw, *, grouped: bool) -> tuple[dict[str, Any], int, int]:
    """x with its channels' γ and β, the number of groups, and how many values there are in each."""
    groups = d.integer("num_groups", 1, 3)
    spatial = d.shape("spatial", ndim=(0 if grouped else 1, 3), side=(1, 4))
    pixels = int(np.prod(spatial))
    if not grouped and pixels == 1:
        spatial, pixels = (*spatial[:-1], 2), 2
    per_group = d.integer("per_group", 2 if pixels == 1 else 1, 4) if grouped else 1
    C = groups * per_group
    x = d.array("x", (d.integer("N", 1, 3), C, *spatial), d.regime("large", "offset", "tiny", "wide"))
    return {"x": x, **affine(d, (C,), NOT_BIAS_ALONE)}, groups, per_group * pixels


def group_norm(d: Draw) -> Case:
    arrays, groups, values = channels(d, grouped=True)
    return normalized(d, arrays, {"num_groups": groups, "eps": eps(d)}, values)


def instance_norm(d: Draw) -> Case:
    arrays, _, values = channels(d, grouped=False)
    return normalized(d, arrays, {"eps": eps(d)}, values)


def weight_norm(d: Draw) -> Case:
    """A weight of any shape; g has its own sign, and is no norm of anything."""
    shape = d.shape(ndim=(2, 4), side=(2, 5))
    axis = d.choice("axis", *range(len(shape)), None)
    v = d.array("v", shape, d.regime("large", "offset", "tiny", "wide"))
    slices = () if axis is None else tuple(n if i == axis else 1 for i, n in enumerate(shape))
    return d.case({"v": v, "g": d.array("g", slices)}, {"axis": axis})


IN_TRAINING = {"training": True, "constant": False, "affine": "both"}
BATCHES: tuple[Mapping[str, Any], ...] = (
    {**IN_TRAINING, "regime": "normal", "spatial": (3, 4), "N": 3, "C": 2, "with_momentum": True},
    {**IN_TRAINING, "regime": "normal", "spatial": (), "N": 4, "C": 3, "with_momentum": True},
    {**IN_TRAINING, "regime": "offset", "spatial": (4, 4), "N": 4, "C": 3},
    {**IN_TRAINING, "regime": "tiny", "spatial": (3,), "N": 3, "eps": 1e-5},
    # The second and the third batch of one layer, and the mean over all of them.
    *(
        {
            **IN_TRAINING,
            "regime": "normal",
            "spatial": (2, 3),
            "N": 2,
            "from_batches": True,
            "batches_before": seen,
        }
        for seen in (1, 2)
    ),
    {
        **IN_TRAINING,
        "spatial": (3,),
        "N": 2,
        "with_momentum": False,
        "from_batches": True,
        "batches_before": 3,
    },
    {**IN_TRAINING, "spatial": (3,), "N": 2, "with_momentum": False, "batches_before": 0},
    # A variance of zero; two values to a channel; one example; no γ and β.
    {**IN_TRAINING, "regime": "normal", "spatial": (2, 2), "N": 2, "C": 3, "constant": True},
    {**IN_TRAINING, "regime": "normal", "spatial": (2, 1), "N": 1, "C": 3},
    {**IN_TRAINING, "regime": "normal", "spatial": (5, 3, 2), "N": 1, "C": 2, "affine": "none"},
    # At test time, with one value to a channel too.
    {
        "training": False,
        "regime": "normal",
        "spatial": (2, 3),
        "N": 2,
        "affine": "both",
        "from_batches": False,
        "with_momentum": True,  # or nobody whose momentum is a number is asked about test time
    },
    {
        "training": False,
        "regime": "offset",
        "spatial": (),
        "N": 1,
        "from_batches": True,
        "with_momentum": False,
    },
)
EXAMPLES: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "examples": (3,), "last": (5,), "affine": "both"},
    {"regime": "normal", "examples": (2, 1), "last": (3, 4), "affine": "both"},
    {"regime": "normal", "examples": (), "last": (7,), "affine": "weight"},
    {"regime": "offset", "examples": (4,), "last": (11,), "affine": "both"},
    {"regime": "tiny", "examples": (3,), "last": (6,), "affine": "both"},
    {
        "regime": "normal",
        "examples": (3,),
        "last": (4,),
        "affine": "both",
        "normalized_shape": "{normalized_shape:4}",
    },
)
CHANNELS: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "N": 2, "spatial": (3, 4), "affine": "both"},
    {"regime": "offset", "N": 1, "spatial": (4, 4), "affine": "both"},
    {"regime": "tiny", "N": 2, "spatial": (3,), "affine": "none"},
)
BAD_SHAPES: tuple[Mapping[str, Any], ...] = (
    {"normalized_shape": 99},
    {"normalized_shape": (3,)},
    {"normalized_shape": ()},
    {"eps": -1e-5},
)

CHAPTER = chapter(
    "normalization",
    Operation(
        "batch_norm",
        "torch.nn.BatchNorm1d, 2d, 3d",
        "000; 001; 004 ch. 5",
        batch_norm,
        BATCHES,
        seed_row=True,
        bad_options=({"eps": -1e-5}, {"momentum": 1.5}, {"momentum": -0.1}, {"num_batches_tracked": -1}),
    ),
    Operation(
        "layer_norm",
        "torch.nn.LayerNorm",
        "004 ch. 9",
        layer_norm,
        EXAMPLES,
        seed_row=True,
        bad_options=BAD_SHAPES,
    ),
    Operation(
        "group_norm",
        "torch.nn.GroupNorm",
        "Wu & He 2018",
        group_norm,
        (
            *({**fixed, "num_groups": 2, "per_group": 3} for fixed in CHANNELS),
            {"spatial": (), "per_group": 4},
        ),
        bad_options=({"num_groups": 4}, {"num_groups": 0}, {"eps": -1e-5}),
    ),
    Operation(
        "instance_norm",
        "torch.nn.InstanceNorm1d, 2d, 3d",
        "Ulyanov et al. 2016",
        instance_norm,
        CHANNELS,
        bad_options=({"eps": -1e-5},),
    ),
    Operation(
        "rms_norm",
        "torch.nn.RMSNorm",
        "Zhang & Sennrich 2019",
        rms_norm,
        (*EXAMPLES, {"regime": "tiny", "examples": (3,), "last": (6,), "eps": None}),
        bad_options=BAD_SHAPES,
    ),
    Operation(
        "weight_norm",
        "torch.nn.utils.parametrizations.weight_norm",
        "Salimans & Kingma 2016",
        weight_norm,
        (
            {"regime": "normal", "shape": (4, 3), "axis": 0},
            {"regime": "normal", "shape": (2, 3, 2, 2), "axis": 1},
            {"regime": "large", "shape": (3, 5), "axis": None},
        ),
        bad_options=({"axis": -1}, {"axis": 4}),
    ),
)
