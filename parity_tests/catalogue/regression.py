"""Linear models with their losses: their data, and how badly scaled it may be."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Function, Operation, chapter
from parity_tests.engine.cases import Array, Case, Draw

EVERYWHERE: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "N": 5, "D": 3, "K": 2},
    {"regime": "normal", "N": 1, "D": 4, "K": 3},
    {"regime": "large", "N": 7, "D": 1, "K": 2},
    {"regime": "offset", "N": 5, "D": 2, "K": 3},
    {"regime": "tiny", "N": 3, "D": 5, "K": 2},
)


def data(d: Draw, *, outputs: tuple[int, int] = (1, 4)) -> tuple[Array, int]:
    """x (N, D) in some regime, and K."""
    shape = (d.integer("N", 1, 7), d.integer("D", 1, 6))
    return d.array("x", shape, d.regime("large", "offset", "tiny", "wide")), d.integer("K", *outputs)


def parameters(d: Draw, x: Array, K: int) -> dict[str, Array]:
    """A weight (K, D) and a bias (K,)."""
    return {"weight": d.array("weight", (K, x.shape[1])), "bias": d.array("bias", (K,))}


def linear(d: Draw) -> Case:
    x, K = data(d)
    return d.case({"x": x, "target": d.array("target", (len(x), K)), **parameters(d, x, K)})


def logistic(d: Draw) -> Case:
    """Labels are probabilities, and some of them 0 and 1.

    Logits stay within ±600: the error of e^−Z, which is larger than e^−Z itself, must not overflow.
    """
    x, K = data(d)
    model = parameters(d, x, K)
    x = x * min(1.0, 600 / float(np.abs(x @ model["weight"].T).max()))
    target = d.array("target", (len(x), K), "unit", at=(0.0, 1.0))
    return d.case({"x": x, "target": target, **model})


def multinomial(d: Draw) -> Case:
    """The first example is of the class that looks least like it, or the loss might be 0."""
    x, K = data(d, outputs=(2, 5))
    model = parameters(d, x, K)
    target = d.integers("target", (len(x),), K)
    target[0] = np.argmin(model["weight"] @ x[0] + model["bias"])
    saturated = {
        "grad bias": "examples that are certain of each other's class cancel",
        "grad weight": "a small example that is wrong is lost in the rounding of large ones that are right",
    }
    allow_zero = saturated if d.answers["regime"] in ("large", "wide") else {}
    return d.case({"x": x, "target": target, **model}, allow_zero=allow_zero)


def least_squares(d: Draw) -> Case:
    """Four times as many examples as unknowns: the smallest singular value stays away from zero."""
    D = d.integer("D", 1, 4)
    N = 4 * (D + 1) + d.integer("more", 0, 7)
    x = d.array("x", (N, D), d.regime("offset", "tiny"))
    blurred = dict.fromkeys(("weight", "bias"), "float32 keeps three digits of a spread of 1 about 10⁴")
    offset_in_float32 = d.answers["regime"] == "offset" and d.dtype != "float64"
    target = d.array("target", (N, d.integer("K", 2, 4)))
    return d.case({"x": x, "target": target}, allow_zero=blurred if offset_in_float32 else {})


def descent(d: Draw) -> Case:
    """Few steps: the worst case of rounding grows with every one."""
    N, D, K = d.integer("N", 1, 7), d.integer("D", 1, 5), d.integer("K", 2, 4)
    x = d.array("x", (N, D), d.regime("positive", "tiny"))
    arrays = {"x": x, "target": d.array("target", (N, K)), **parameters(d, x, K)}
    return d.case(arrays, {"lr": d.real("lr", 0.02, 0.2), "steps": d.integer("steps", 1, 4)})


# A loss is a mean over the batch, and a model a fit to it: what is compared is a sum, which may cancel.
CHAPTER = chapter(
    "regression",
    Operation(
        "linear_regression",
        "torch.nn.Linear + MSELoss",
        "002; 004 ch. 1",
        linear,
        EVERYWHERE,
        family="sums",
        seed_row=True,
    ),
    Operation(
        "logistic_regression",
        "torch.nn.Linear + BCEWithLogitsLoss",
        "002; 004 ch. 3",
        logistic,
        EVERYWHERE,
        family="sums",
        seed_row=True,
    ),
    Operation(
        "multinomial_regression",
        "torch.nn.Linear + CrossEntropyLoss",
        "002",
        multinomial,
        EVERYWHERE,
        family="sums",
        seed_row=True,
    ),
    Function(
        "linear_regression_closed_form",
        "torch.linalg.lstsq",
        "002",
        least_squares,
        ({"regime": "normal", "D": 3, "K": 2}, {"regime": "offset", "D": 1, "K": 1}),
        family="sums",
    ),
    Function(
        "linear_regression_gradient_descent",
        "torch.nn.Linear + MSELoss + optim.SGD",
        "000; 002",
        descent,
        ({"regime": "normal", "N": 5, "D": 3, "K": 2, "steps": 4}, {"regime": "normal", "N": 1, "steps": 1}),
        family="sums",
        bad_options=({"lr": 0.0}, {"steps": 0}),
    ),
)
