"""Losses: their inputs, targets, options, regimes and kinks."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw, round_to

REDUCTIONS = ("none", "mean", "sum")
EACH: tuple[Mapping[str, Any], ...] = tuple({"reduction": name, "regime": "normal"} for name in REDUCTIONS)
BAD_REDUCTION: Mapping[str, Any] = {"reduction": "average"}


def reduction(d: Draw, *others: str) -> dict[str, Any]:
    return {"reduction": d.choice("reduction", *REDUCTIONS, *others)}


def weights(d: Draw, label: str, shape: tuple[int, ...]) -> Array | None:
    """Positive weights, or none."""
    return d.array(label, shape, "positive") if d.choice(f"with_{label}", True, False) else None


# ---- regression


def regression(option: str = "", low: float = 0.0, high: float = 0.0) -> Callable[[Draw], Case]:
    """Errors of every size, some of them 0 or just where the parabola ends, at `option`."""

    def draw(d: Draw) -> Case:
        options = {option: d.real(option, low, high)} if option else {}
        ends = (0.0, *options.values())
        shape, regime = d.shape(side=(1, 6)), d.regime("large", "offset", "tiny", "wide")
        x = d.array("input", shape, regime, at=(*ends, *(-end for end in ends)))
        target = d.array("target", shape, "normal" if regime == "large" else regime)
        at_kink = np.isin(np.abs(x), round_to(np.array(ends), d.dtype))
        return d.case({"input": x, "target": np.where(at_kink, 0, target)}, options | reduction(d))

    return draw


# ---- probabilities


def labels_or_probabilities(d: Draw, shape: tuple[int, ...]) -> Array:
    """Targets that are each 0 or 1, or from 0.02 to 0.98."""
    target = d.array("target", shape, "unit")
    return np.round(target) if d.choice("labels", True, False) else target


def binary_cross_entropy(d: Draw) -> Case:
    """Probabilities from 1e-11 to 1 − 1e-11, and 0 and 1. In float64 these two meet a target that is equal:
    elsewhere torch divides by 1e-12 rounded to float32, which is a relative 4e-9 off."""
    shape = d.shape(side=(1, 6))
    if d.regime("edges") == "normal":
        A = d.array("input", shape, "unit", at=(0.0, 1.0))
    else:
        small = np.clip(np.abs(d.array("input", shape, "wide")), 1e-11, 0.7)
        small.flat[0] = 0.25  # one that is moderate, or all may be zero
        A = round_to(np.where(d.mask("above", shape), 1 - small, small), d.dtype)
    target = labels_or_probabilities(d, shape)
    if d.dtype != "float32":
        target = np.where((A == 0) | (A == 1), A, target)
    return d.case({"input": A, "target": target, "weight": weights(d, "weight", shape)}, reduction(d))


def binary_cross_entropy_with_logits(d: Draw) -> Case:
    """Logits of every size, but none far below 0 where the target is about 0: there torch subtracts two
    numbers that are nearly equal, and is left with 0 from −33.5 down in float64 (pytorch#195529)."""
    shape = d.shape(side=(1, 6))
    Z = d.array("input", shape, d.regime("large", "tiny", "wide"), at=(0.0,))
    target = labels_or_probabilities(d, shape)
    Z = np.where((target < 0.25) & (Z < -1), -Z, Z)
    weight, pos_weight = weights(d, "weight", shape), weights(d, "pos_weight", shape[-1:])
    if pos_weight is not None:  # torch loses bits of a small one in 1 + (pos_weight − 1) · target
        pos_weight = round_to(pos_weight + 0.5, d.dtype)
    return d.case({"input": Z, "target": target, "weight": weight, "pos_weight": pos_weight}, reduction(d))


def kl_div(d: Draw) -> Case:
    shape, log_target = d.shape(side=(1, 6)), d.choice("log_target", False, True)
    log_q = d.array("input", shape, d.regime("large", "tiny"), at=(0.0,))
    target = d.array("target", shape) if log_target else d.array("target", shape, "unit", at=(0.0, 1.0))
    options = {"log_target": log_target} | reduction(d, "batchmean")
    return d.case({"input": log_q, "target": target}, options)


# ---- classes


def scores(d: Draw, regime: str, *, ndim: tuple[int, int] = (1, 3)) -> tuple[Array, Array]:
    """An input (N, C, ...) and targets (N, ...)."""
    C, (N, *extra) = d.integer("C", 2, 7), d.shape(ndim=ndim, side=(1, 5))
    return d.array("input", (N, C, *extra), regime), d.integers("target", (N, *extra), C)


def with_some_ignored(d: Draw, target: Array, C: int) -> tuple[Array, int, dict[str, str]]:
    """Targets of which some, none or all are ignored; the index that says so, which may be that of a
    class; and what is zero if no target is left."""
    ignore_index = d.choice("ignore_index", -100, C - 1)
    keep = {"some": 0.7, "none": 1.0, "all": 0.0}[d.choice("ignored", "some", "none", "all")]
    target = np.where(d.mask("kept", target.shape, keep), target, ignore_index)
    if (target != ignore_index).any():
        return target, ignore_index, {}
    d.smooth = False  # a mean over nothing is NaN
    return target, ignore_index, dict.fromkeys(("y", "grad input"), "no target is left")


def nll_loss(d: Draw) -> Case:
    x, target = scores(d, d.regime("large", "tiny"))
    C = x.shape[1]
    target, ignore_index, zero = with_some_ignored(d, target, C)
    arrays = {"input": -np.abs(x), "target": target, "weight": weights(d, "weight", (C,))}
    return d.case(arrays, {"ignore_index": ignore_index} | reduction(d), allow_zero=zero)


def cross_entropy(d: Draw) -> Case:
    """Classes, or rows of probabilities; in some cases logits of −inf rule some wrong classes out."""
    regime = d.regime("large", "offset", "tiny")
    Z, target = scores(d, regime)
    C = Z.shape[1]
    certain = dict.fromkeys(("y", "grad input"), "the target may be the only likely class")
    zero = certain if regime == "large" else {}
    smoothed = d.choice("smoothed", False, True)
    options: dict[str, Any] = {"label_smoothing": d.real("label_smoothing", 0.02, 0.4)} if smoothed else {}
    if d.choice("targets", "classes", "probabilities") == "probabilities":
        target = d.array("probabilities", Z.shape, "positive")
        target = round_to(target / target.sum(1, keepdims=True), d.dtype)
    else:
        if not smoothed and d.choice("ruled_out", False, True):
            wrong = np.moveaxis(target[..., None] != np.arange(C), -1, 1)
            Z = np.where(wrong & d.mask("out", Z.shape, 0.3), -np.inf, Z)
            zero = certain
        target, options["ignore_index"], nothing_left = with_some_ignored(d, target, C)
        zero = zero | nothing_left
    arrays = {"input": Z, "target": target, "weight": weights(d, "weight", (C,))}
    return d.case(arrays, options | reduction(d), allow_zero=zero)


# ---- margins


def signs(d: Draw, shape: tuple[int, ...]) -> Array:
    """Labels of −1 and 1."""
    return round_to(np.where(d.mask("target", shape), 1, -1), d.dtype)


def hinge_loss(d: Draw) -> Case:
    shape = d.shape(side=(1, 6))
    f = d.array("input", shape, d.regime("large", "tiny", "wide"), at=(1.0, -1.0))
    target = signs(d, shape)
    target.flat[0] = -np.copysign(1, f.flat[0])  # one that is wrong, or all may be zero
    return d.case({"input": f, "target": target}, reduction(d))


def hinge_embedding_loss(d: Draw) -> Case:
    shape, margin = d.shape(side=(1, 6)), d.real("margin", 0.3, 2.5)
    distance = np.abs(d.array("input", shape, d.regime("large", "tiny", "wide"), at=(margin,)))
    target = signs(d, shape)
    target.flat[0] = 1  # or all may be zero
    return d.case({"input": distance, "target": target}, {"margin": margin} | reduction(d))


def multi_margin_loss(d: Draw) -> Case:
    margin = d.choice("margin", 0.375, 1.0, 2.5)
    x, target = scores(d, d.regime("large", "tiny"), ndim=(1, 1))
    if d.choice("kinks", True, False):
        d.smooth = False
        x = round_to(np.round(x) * margin, d.dtype)  # differences of just one margin
    target[0] = x[0].argmin()  # one that is wrong, or all may be zero
    arrays = {"input": x, "target": target, "weight": weights(d, "weight", x.shape[1:])}
    return d.case(arrays, {"p": d.choice("p", 1, 2), "margin": margin} | reduction(d))


# The tolerance of an output is "sums" where its terms differ in sign and may cancel.
CHAPTER = chapter(
    "losses",
    Operation(
        "mse_loss",
        "torch.nn.MSELoss",
        "004 ch. 2 and 3",
        regression(),
        EACH,
        seed_row=True,
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "l1_loss", "torch.nn.L1Loss", "torch.nn.L1Loss", regression(), EACH, bad_options=(BAD_REDUCTION,)
    ),
    Operation(
        "smooth_l1_loss",
        "torch.nn.SmoothL1Loss",
        "Girshick 2015",
        regression("beta", 0.3, 2.5),
        (*EACH, {"beta": 0.0}),
        bad_options=(BAD_REDUCTION, {"beta": -1.0}),
    ),
    Operation(
        "huber_loss",
        "torch.nn.HuberLoss",
        "Huber 1964",
        regression("delta", 0.3, 2.5),
        EACH,
        bad_options=(BAD_REDUCTION, {"delta": 0.0}),
    ),
    Operation(
        "binary_cross_entropy",
        "torch.nn.BCELoss",
        "004 ch. 3",
        binary_cross_entropy,
        (*EACH, {"regime": "edges"}, {"regime": "normal", "kinks": True}),
        seed_row=True,
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "binary_cross_entropy_with_logits",
        "torch.nn.BCEWithLogitsLoss",
        "004 ch. 3",
        binary_cross_entropy_with_logits,
        (*EACH, {"regime": "large", "labels": True}),
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "kl_div",
        "torch.nn.KLDivLoss",
        "Kullback & Leibler 1951",
        kl_div,
        (
            *EACH,
            {"reduction": "batchmean", "shape": (2, 5)},
            {"log_target": False, "kinks": True, "shape": (9, 9)},
        ),
        family="sums",
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "nll_loss",
        "torch.nn.NLLLoss",
        "002",
        nll_loss,
        (*EACH, {"ignored": "all", "reduction": "mean"}, {"shape": (3, 2, 4), "ignored": "some"}),
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "cross_entropy",
        "torch.nn.CrossEntropyLoss",
        "002",
        cross_entropy,
        (
            *({"targets": "classes", "smoothed": True, "with_weight": True, **each} for each in EACH),
            *({"targets": "probabilities", "smoothed": True, "with_weight": True, **each} for each in EACH),
            {"targets": "classes", "ignored": "all", "reduction": "mean"},
            {"targets": "classes", "smoothed": False, "ruled_out": True, "shape": (3, 2), "ignored": "none"},
        ),
        seed_row=True,
        bad_options=(BAD_REDUCTION, {"label_smoothing": 1.5}),
    ),
    Operation(
        "hinge_loss",
        "scikit-learn's hinge_loss in torch",
        "Cortes & Vapnik 1995",
        hinge_loss,
        EACH,
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "hinge_embedding_loss",
        "torch.nn.HingeEmbeddingLoss",
        "torch.nn.HingeEmbeddingLoss",
        hinge_embedding_loss,
        EACH,
        bad_options=(BAD_REDUCTION,),
    ),
    Operation(
        "multi_margin_loss",
        "torch.nn.MultiMarginLoss",
        "Weston & Watkins 1999",
        multi_margin_loss,
        (*EACH, {"regime": "normal", "kinks": True, "p": 1, "C": 6, "shape": (20,)}),
        bad_options=(BAD_REDUCTION, {"p": 3}),
    ),
)
