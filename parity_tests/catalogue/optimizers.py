"""Optimizers: trajectories through gradients of every size, with all options off their defaults.

At its first step from nothing Adam's betas cancel, and with default options many a wrong optimizer
looks right: so there are six steps or more, rates that change on the way, several parameters, and a
step in which one of them has no gradient.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parity_tests.catalogue._entry import Optimizer, chapter
from parity_tests.catalogue._mode import PLAIN, Mode
from parity_tests.engine.cases import Case, Draw, round_to

# Two of one shape, so that whoever keeps a state by shape is found out.
SHAPES = {"0.weight": (3, 4), "0.bias": (3,), "2.weight": (3, 4), "2.scale": ()}
STEPS = 6
RADAM_STEPS = 9  # the rectification begins at the sixth, and what it leaves behind must be seen


def gradients(d: Draw, steps: int) -> list[dict[str, Any]]:
    """Gradients in one regime, some of their elements zero; in one step one parameter has none."""
    regime = d.regime("tiny", "wide", "denormal")
    missing = d.integer("missing_in_step", 2, steps)
    grads: list[dict[str, Any]] = []
    for t in range(1, steps + 1):
        grads.append({})
        for name, shape in SHAPES.items():
            label = f"grad {t} {name}"
            size = np.ones(shape)
            if regime == "denormal":
                size[d.rng(f"{label} size").random(shape) < 0.5] = float(np.finfo(d.dtype).tiny) / 8
            size[d.rng(f"{label} zero").random(shape) < 0.1] = 0
            size.flat[0] = 1  # or all of a small parameter may have no gradient to speak of
            g = d.array(label, shape, "normal" if regime == "denormal" else regime)
            grads[-1][name] = round_to(g * size, d.dtype)
        if t == missing:
            grads[-1]["0.bias"] = None
    return grads


def trajectory(
    lr: tuple[float, float] = (0.05, 0.2),
    draw_options: Callable[[Draw], Mapping[str, Any]] = lambda d: {},
    steps: int = STEPS,
) -> Callable[[Draw], Case]:
    """Several parameters, their gradients, a rate that changes after half the steps, and the options."""

    def draw(d: Draw) -> Case:
        params = {name: d.array(name, shape) for name, shape in SHAPES.items()}
        grads = gradients(d, steps)
        benign = d.answers["regime"] in ("normal", "tiny")
        defaults = d.choice("defaults", False, False, False, True)
        first, then = d.real("lr", *lr), d.real("lr_later", *lr)
        lrs = None if defaults else [first] * (steps // 2) + [then] * (steps - steps // 2)
        options = {} if defaults else dict(draw_options(d))
        return d.case({"params": params, "grads": grads}, options, extra={"lrs": lrs}, benign=benign)

    return draw


def common(d: Draw) -> dict[str, Any]:
    return {
        "weight_decay": d.choice("weight_decay", 0.0, 0.1, 0.3),
        "maximize": d.choice("maximize", False, False, True),
    }


def sgd(d: Draw) -> dict[str, Any]:
    nesterov = d.choice("nesterov", False, True)
    momentum = d.real("momentum", 0.3, 0.95) if nesterov else d.choice("momentum", 0.0, 0.4, 0.9)
    dampening = 0.0 if nesterov else d.choice("dampening", 0.0, 0.25)
    return {"momentum": momentum, "dampening": dampening, "nesterov": nesterov, **common(d)}


def momentum_only(d: Draw) -> dict[str, Any]:
    return {"momentum": d.real("momentum", 0.3, 0.95)}


def adagrad(d: Draw) -> dict[str, Any]:
    return {"lr_decay": d.real("lr_decay", 0.05, 0.5), "eps": d.choice("eps", 1e-10, 1e-3), **common(d)}


def rmsprop(d: Draw) -> dict[str, Any]:
    return {
        "alpha": d.real("alpha", 0.6, 0.95),
        "eps": d.choice("eps", 1e-3, 1e-2),
        "momentum": d.choice("momentum", 0.0, 0.7),
        "centered": d.choice("centered", False, True),
        **common(d),
    }


def adadelta(d: Draw) -> dict[str, Any]:
    return {"rho": d.real("rho", 0.6, 0.95), "eps": d.choice("eps", 1e-6, 1e-3), **common(d)}


def adam(d: Draw) -> dict[str, Any]:
    betas = (d.real("beta1", 0.6, 0.95), d.real("beta2", 0.85, 0.99))
    return {"betas": betas, "eps": d.choice("eps", 1e-8, 1e-3, 1e-2), **common(d)}


def nadam(d: Draw) -> dict[str, Any]:
    return {"momentum_decay": d.real("momentum_decay", 0.01, 0.3), **adam(d)}


def radam(d: Draw) -> dict[str, Any]:
    # The rectification begins at the sixth step, and with a beta2 of 0.8 at the seventh.
    betas = (d.real("beta1", 0.6, 0.95), d.real("beta2", 0.98, 0.999))
    return {**adam(d), "betas": betas}


WHERE: tuple[Mapping[str, Any], ...] = (
    {"regime": "normal", "defaults": False},
    {"regime": "normal", "defaults": True},
    {"regime": "tiny", "defaults": False},
    {"regime": "wide", "defaults": False},
    {"regime": "denormal", "defaults": False},
)
ADAM = (
    {
        "regime": "normal",
        "defaults": False,
        "beta1": 0.8,
        "beta2": 0.95,
        "eps": 1e-3,
        "weight_decay": 0.1,
        "lr": 0.1,
    },
    *WHERE,
)
RMSPROP = (
    *WHERE,
    {"regime": "normal", "defaults": False, "centered": True, "momentum": 0.7},
    {"regime": "normal", "defaults": False, "centered": False, "momentum": 0.0},
)
SGD = (
    *WHERE,
    {"regime": "normal", "defaults": False, "nesterov": True, "weight_decay": 0.1},
    {"regime": "normal", "defaults": False, "nesterov": False, "momentum": 0.9, "dampening": 0.25},
)
NEGATIVE = ({"lr": -0.1}, {"weight_decay": -0.1})
RADAM = (*WHERE, {"regime": "normal", "defaults": False, "beta2": 0.8})
BAD = (*NEGATIVE, {"eps": -1e-8})
BAD_BETAS = (*BAD, {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)})

ALL = ("float64", "float32", "bfloat16", "float16")
FOREACH = (PLAIN, Mode("foreach", {"foreach": True}))
FUSED = (*FOREACH, Mode("fused", {"fused": True}))
CAPTURABLE = (
    Mode("capturable", {"capturable": True}, {"cuda": ALL}),
    Mode("foreach_capturable", {"foreach": True, "capturable": True}, {"cuda": ALL}),
)

CHAPTER = chapter(
    "optimizers",
    Optimizer(
        *("gradient_descent", "torch.optim.SGD", "000; 004 ch. 4", trajectory(), WHERE),
        seed_row=True,
        bad_options=({"lr": -0.1},),
        variants=FUSED,
    ),
    Optimizer(
        *("sgd", "torch.optim.SGD", "000; 001; 004 ch. 4", trajectory(draw_options=sgd), SGD),
        seed_row=True,
        bad_options=(*NEGATIVE, {"nesterov": True, "momentum": 0.0}, {"nesterov": True, "dampening": 0.5}),
        variants=FUSED,
    ),
    Optimizer(
        *(
            "momentum_lr_inside",
            "torch.optim.SGD",
            "001; 004 ch. 4",
            trajectory(draw_options=momentum_only),
            WHERE,
        ),
        seed_row=True,
        bad_options=({"lr": -0.1}, {"momentum": -0.5}),
        variants=FOREACH,
    ),
    Optimizer(
        *("momentum_ema", "torch.optim.SGD", "004 ch. 4", trajectory(draw_options=momentum_only), WHERE),
        seed_row=True,
        bad_options=({"lr": -0.1}, {"momentum": -0.5}),
        variants=FOREACH,
    ),
    Optimizer(
        *("adagrad", "torch.optim.Adagrad", "003", trajectory(draw_options=adagrad), WHERE),
        seed_row=True,
        bad_options=(*BAD, {"lr_decay": -0.1}),
        variants=FUSED,
    ),
    Optimizer(
        *("rmsprop", "torch.optim.RMSprop", "001; 003; 004 ch. 4", trajectory(draw_options=rmsprop), RMSPROP),
        seed_row=True,
        bad_options=(*BAD, {"alpha": 1.5}, {"momentum": -0.1}),
        variants=(*FOREACH, *CAPTURABLE),
    ),
    Optimizer(
        *("adam", "torch.optim.Adam", "001; 003; 004 ch. 4", trajectory(draw_options=adam), ADAM),
        seed_row=True,
        bad_options=BAD_BETAS,
        variants=(*FUSED, *CAPTURABLE),
    ),
    Optimizer(
        *("adamw", "torch.optim.AdamW", "004 ch. 4", trajectory(draw_options=adam), ADAM),
        seed_row=True,
        bad_options=BAD_BETAS,
        variants=(*FUSED, *CAPTURABLE),
    ),
    Optimizer(
        *(
            "amsgrad",
            "torch.optim.Adam(amsgrad=True)",
            "Reddi et al. 2018",
            trajectory(draw_options=adam),
            ADAM,
        ),
        bad_options=BAD_BETAS,
        variants=(*FUSED, *CAPTURABLE),
    ),
    Optimizer(
        *("adadelta", "torch.optim.Adadelta", "Zeiler 2012", trajectory((0.3, 1.5), adadelta), WHERE),
        bad_options=(*BAD, {"rho": 1.1}),
        variants=(*FOREACH, *CAPTURABLE),
    ),
    Optimizer(
        *("adamax", "torch.optim.Adamax", "Kingma & Ba 2015", trajectory(draw_options=adam), ADAM),
        bad_options=BAD_BETAS,
        variants=(*FOREACH, *CAPTURABLE),
    ),
    Optimizer(
        *("nadam", "torch.optim.NAdam", "Dozat 2016", trajectory(draw_options=nadam), ADAM),
        bad_options=(*BAD_BETAS, {"momentum_decay": -0.1}),
        variants=(*FOREACH, *CAPTURABLE),
    ),
    Optimizer(
        *(
            "radam",
            "torch.optim.RAdam",
            "Liu et al. 2020",
            trajectory(draw_options=radam, steps=RADAM_STEPS),
            RADAM,
        ),
        bad_options=BAD_BETAS,
        variants=(*FOREACH, *CAPTURABLE),
    ),
)
