"""Regularization: weights, masks, validation losses and images, each drawn apart from the arithmetic."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Function, Operation, chapter
from parity_tests.catalogue._mode import PLAIN, Mode
from parity_tests.engine.cases import Array, Case, Draw, round_to

EVERYWHERE: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "shape": (4, 5)},
    {"regime": "normal", "shape": (3, 1, 7)},
    {"regime": "large", "shape": (4, 25)},
    {"regime": "wide", "shape": (60,)},
)


def on_weight(**ranges: tuple[float, float]) -> Callable[[Draw], Case]:
    """A weight of any shape in every regime, some of it zero; each option from its range."""

    def draw(d: Draw) -> Case:
        weight = d.array("weight", d.shape(), d.regime("large", "tiny", "wide"), at=(0.0,))
        return d.case({"weight": weight}, {name: d.real(name, *bounds) for name, bounds in ranges.items()})

    return draw


def max_norm(d: Draw) -> Case:
    """Some slices are longer than allowed and some shorter; the first may be just as long.

    maxnorm is five times a power of two, so that a slice with (3, 4)/5 of it is exactly so long.
    """
    shape = d.shape(ndim=(2, 4))
    axis = d.integer("axis", -len(shape), len(shape) - 1)
    weight = d.array("weight", shape, d.regime("large", "tiny", "wide"))
    maxnorm = d.choice("maxnorm", 2.5, 1.25, 0.625)
    slices = np.moveaxis(weight, axis, 0).reshape(shape[axis], -1)
    if d.choice("just_as_long", True, False):
        slices[0], slices[0, :2] = 0, (maxnorm / 5 * 3, maxnorm / 5 * 4)
    others = [n for i, n in enumerate(shape) if i != axis % len(shape)]
    weight = np.moveaxis(slices.reshape(shape[axis], *others), 0, axis)
    return d.case({"weight": np.ascontiguousarray(weight)}, {"maxnorm": maxnorm, "axis": axis})


def drop(d: Draw, x: Array, shape: tuple[int, ...]) -> Case:
    """A mask of this shape, drawn as p says: it keeps all at 0, nothing at 1, something between."""
    p, training = d.real("p", 0.1, 0.8), d.choice("training", True, True, False)
    mask = d.mask("mask", shape, keep=1 - p)
    mask.flat[:1] = p < 1
    dropped = dict.fromkeys(("y", "grad x"), "p = 1 drops everything") if p == 1 and training else {}
    return d.case({"x": x, "mask": mask}, {"p": p, "training": training}, allow_zero=dropped)


def dropout(d: Draw) -> Case:
    x = d.array("x", d.shape(), d.regime("large", "tiny", "wide"))
    return drop(d, x, x.shape)


def dropout2d(d: Draw) -> Case:
    x = images(d)
    return drop(d, x, x.shape[:2])


def label_smoothing(d: Draw) -> Case:
    """Probabilities, whose sum is of no matter here, and one-hot targets among them."""
    target = d.array("target", d.shape(side=(1, 6)), "unit", at=(0.0, 1.0))
    return d.case({"target": target}, {"eps": d.real("eps", 0.02, 0.6)})


def early_stopping(d: Draw) -> Case:
    """A loss that falls and rises in steps of ⅛, so that it is now and then exactly at the threshold."""
    rng, T = d.rng("losses"), d.integer("T", 1, 20)
    losses = 4 + np.cumsum(rng.integers(-3, 4, T)) / 8
    if d.choice("nan", False, False, True):
        losses[rng.integers(0, T)] = np.nan
    options = {"patience": d.integer("patience", 1, 4), "min_delta": d.choice("min_delta", 0.0, 0.125, 0.25)}
    return d.case({"losses": round_to(losses, d.dtype)}, options)


def images(d: Draw, *, smallest: int = 1) -> Array:
    """x (N, C, H, W)."""
    shape = (
        d.integer("N", 1, 4),
        d.integer("C", 1, 3),
        d.integer("H", smallest, 6),
        d.integer("W", smallest, 7),
    )
    return d.array("x", shape, d.regime("large", "tiny", "wide"))


def flip(d: Draw) -> Case:
    x = images(d)
    return d.case({"x": x, "flip": d.mask("flip", x.shape[:1])})


def crop(d: Draw) -> Case:
    """Crops larger than the margin, so that there is some image in each."""
    x = images(d, smallest=3)
    _, _, H, W = x.shape
    padding = d.integer("padding", 0, 2)
    size = (d.integer("height", padding + 1, H), d.integer("width", padding + 1, W))
    room = (H + 2 * padding - size[0], W + 2 * padding - size[1])
    offsets = d.rng("offsets").integers(0, room, (len(x), 2), endpoint=True)
    return d.case({"x": x, "offsets": offsets}, {"size": size, "padding": padding})


def noise(d: Draw) -> Case:
    x = d.array("x", d.shape(), d.regime("large", "offset", "tiny", "wide"))
    return d.case({"x": x, "noise": d.array("noise", x.shape)}, {"std": d.real("std", 0.05, 2.0)})


# AdamW's eps of 1e-8 is zero in float16, and a gradient of zero gives 0/0.
BUT_HALF = ("float64", "float32", "bfloat16")
ADAMW = Mode("adamw", {"optimizer": "AdamW"}, {"cpu": BUT_HALF, "cuda": BUT_HALF})

CHAPTER = chapter(
    "regularization",
    Operation(
        "l1_penalty",
        "|w|.sum() by autograd",
        "004 ch. 5",
        on_weight(alpha=(0.01, 2.5)),
        EVERYWHERE,
        seed_row=True,
        bad_options=({"alpha": -0.1},),
    ),
    Operation(
        "l2_penalty",
        "(w²).sum() by autograd",
        "004 ch. 5; 002",
        on_weight(alpha=(0.01, 2.5)),
        EVERYWHERE,
        seed_row=True,
        bad_options=({"alpha": -0.1},),
    ),
    Operation(
        "elastic_net",
        "both by autograd",
        "004 ch. 5",
        on_weight(alpha=(0.01, 2.5), l1_ratio=(0.1, 0.9)),
        (*EVERYWHERE, {"regime": "normal", "l1_ratio": 0.0}, {"regime": "normal", "l1_ratio": 1.0}),
        seed_row=True,
        bad_options=({"alpha": -0.1}, {"l1_ratio": 1.1}, {"l1_ratio": -0.1}),
    ),
    Function(
        "weight_decay",
        "torch.optim.SGD, AdamW",
        "003",
        on_weight(lr=(0.01, 0.9), weight_decay=(0.01, 0.9)),
        EVERYWHERE,
        seed_row=True,
        bad_options=({"lr": -0.1}, {"weight_decay": -0.1}),
        variants=(PLAIN, ADAMW),
    ),
    Function(
        "max_norm",
        "torch.renorm",
        "Srivastava et al. 2014",
        max_norm,
        (
            {"regime": "normal", "shape": (5, 3), "axis": 0, "maxnorm": 2.5, "just_as_long": True},
            {"regime": "normal", "shape": (2, 3, 4), "axis": 1, "maxnorm": 0.625, "just_as_long": True},
            {"regime": "large", "shape": (3, 2, 2, 3), "axis": -1},
        ),
        bad_options=({"maxnorm": -1.0},),
    ),
    Operation(
        "dropout",
        "torch.nn.Dropout",
        "004 ch. 5; 002; 003",
        dropout,
        (
            *EVERYWHERE,
            *({"regime": "normal", "p": p, "training": True} for p in (0.0, 1.0)),
            {"training": False},
        ),
        seed_row=True,
        bad_options=({"p": -0.1}, {"p": 1.1}),
    ),
    Operation(
        "dropout2d",
        "torch.nn.Dropout2d",
        "Tompson et al. 2015",
        dropout2d,
        (
            {"regime": "normal", "N": 3, "C": 2, "H": 2, "W": 3, "training": True},
            {"p": 1.0},
            {"training": False},
        ),
        bad_options=({"p": -0.1}, {"p": 1.1}),
    ),
    Operation(
        "label_smoothing",
        "torch.nn.CrossEntropyLoss's target",
        "Szegedy et al. 2016",
        label_smoothing,
        (
            {"shape": (3, 5)},
            {"shape": (4,)},
        ),
        bad_options=({"eps": -0.1}, {"eps": 1.1}),
    ),
    Function(
        "early_stopping",
        "torch.optim.lr_scheduler.ReduceLROnPlateau",
        "002; 003",
        early_stopping,
        (
            {"T": 20, "patience": 1, "min_delta": 0.0, "nan": False},
            {"T": 20, "patience": 2, "min_delta": 0.25, "nan": False},
            {"T": 20, "patience": 3, "min_delta": 0.125, "nan": True},
            {"T": 1, "patience": 1, "nan": True},
            {"T": 2, "patience": 4},
        ),
        seed_row=True,
        bad_options=({"patience": 0}, {"min_delta": -0.1}),
    ),
    Operation(
        "random_horizontal_flip",
        "torch.flip by autograd",
        "004 ch. 5",
        flip,
        ({"regime": "normal", "N": 4, "W": 5}, {"regime": "normal", "N": 3, "W": 1}),
        seed_row=True,
    ),
    Operation(
        "random_crop",
        "torch.nn.functional.pad, narrow",
        "004 ch. 5",
        crop,
        (
            {"regime": "normal", "N": 3, "H": 5, "W": 4, "padding": 2, "height": 4, "width": 3},
            {"regime": "normal", "N": 2, "H": 3, "W": 5, "padding": 0, "height": 3, "width": 5},
            {
                "regime": "normal",
                "N": 40,
                "H": 2,
                "W": 1,
                "padding": 3,
                "height": 2,
                "width": 2,
            },  # wide margins
        ),
        seed_row=True,
        bad_options=({"size": (0, 2)}, {"size": (3, 99)}, {"padding": -1}),
    ),
    Operation(
        "add_noise",
        "torch.add by autograd",
        "Bishop 1995",
        noise,
        EVERYWHERE,
        seed_row=True,
        bad_options=({"std": -0.1},),
    ),
)
